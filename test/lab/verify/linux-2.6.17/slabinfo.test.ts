/** Dumps of real kernels, cut to a few telling rows, and machines to go with them. */
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../../src/base/input-error.ts';
import { MiB, NULL } from '../../../../src/hw/memory.ts';
import { parseSlabinfo } from '../../../../src/lab/verify/linux-2.6.17/slabinfo-text.ts';
import { verifySlabinfo } from '../../../../src/lab/verify/slabinfo.ts';
import { kmem_cache_create } from '../../../../src/slab/linux-2.6.17/create.ts';
import { peekCache } from '../../../../src/slab/linux-2.6.17/inspect.ts';
import { booted26 } from '../../../slab/linux-2.6.17/booted.ts';

const ON_SLAB = 'raw size below PAGE_SIZE/8 (management on-slab)';

const pentium4 = {
  kernelVersion: '2.6.15-ck',
  wordBytes: 4,
  pageSizeBytes: 4096,
  smp: true,
  cpus: null,
  ram: null,
  likelyL1CacheBytes: 128,
  configDebugSlab: false,
};
const xeon = { ...pentium4, kernelVersion: '2.6.11-rc2', cpus: 4, ram: '4 GB', likelyL1CacheBytes: 32 };
const opteron = { ...xeon, wordBytes: 8, cpus: 2, likelyL1CacheBytes: 64 };
const arm = { ...pentium4, kernelVersion: '2.6.16', smp: false, cpus: 1, likelyL1CacheBytes: 32 };

const columns = '# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables : slabdata';
const dump = (...rows: string[]) => ['slabinfo - version: 2.1', columns, ...rows].join('\n');
const verify = (text: string, machine: object) =>
  verifySlabinfo(text, 'linux-test.txt', 'linux-test.json', () => machine);
const agrees = (rows: number, build: string) =>
  expect.objectContaining({
    name: `slabinfo/linux-test (geometry alone: ${build})`,
    compared: rows,
    differences: 0,
    first: null,
  });

describe('a dump of 2.6', () => {
  test('tells of each cache its objects, slabs and arrays', () => {
    const row = 'size-64(DMA) 8535 12272 64 59 1 : tunables 120 60 8 : slabdata 208 208 480';
    expect(parseSlabinfo(dump(row), 'dump.txt')).toEqual({
      statistics: false,
      rows: [
        {
          ...{ number: 3, text: row, name: 'size-64(DMA)', activeObjects: 8535, objects: 12272, objectSize: 64 },
          ...{ objectsPerSlab: 59, pagesPerSlab: 1, limit: 120, batchcount: 60, shared: 8 },
          ...{ activeSlabs: 208, slabs: 208 },
        },
      ],
    });
  });

  test('with statistics has two groups more', () => {
    const row = 'filp 1 15 256 15 1 : tunables 32 16 8 : slabdata 1 1 0';
    const counts = ' : globalstat 1 1 1 0 0 0 0 0 : cpustat 1 2 3 4';
    const text = dump(row + counts).replace('2.1', '2.1 (statistics)');
    expect(parseSlabinfo(text, 'dump.txt')).toMatchObject({ statistics: true, rows: [{ name: 'filp', limit: 32 }] });
    expect(() => parseSlabinfo(dump(row + counts), 'dump')).toThrow(/^dump:3: not a cache/);
  });

  test.each<[what: string, text: string, message: RegExp]>([
    ['no columns', 'slabinfo - version: 2.1\nfilp', /^dump:2: no names of columns/],
    ['no caches', dump(), /^dump:2: no caches after the header/],
    ['an unknown mark', dump().replace('2.1', '2.1 (SMP)'), /^dump:1: not the header/],
    ['a torn line', dump('filp 1 15 256 15 1 : tunables 32'), /^dump:3: not a cache: "filp 1 15/],
    ['objects without size', dump('filp 0 0 0 15 1 : tunables 1 1 0 : slabdata 0 0 0'), /^dump:3: objects of 0 bytes/],
    ['3 pages', dump('filp 0 0 8 15 3 : tunables 1 1 0 : slabdata 0 0 0'), /^dump:3: 3 pages per slab/],
    [
      'objects amiss',
      dump('filp 0 14 8 15 1 : tunables 1 1 0 : slabdata 0 1 0'),
      /^dump:3: 14 objects in 1 slabs of 15/,
    ],
    [
      'too many active',
      dump('filp 16 15 8 15 1 : tunables 1 1 0 : slabdata 1 1 0'),
      /^dump:3: 16 active objects of 15/,
    ],
    [
      'too many active slabs',
      dump('filp 1 15 8 15 1 : tunables 1 1 0 : slabdata 2 1 0'),
      /^dump:3: 2 active slabs of 1/,
    ],
    [
      'a batch above the limit',
      dump('filp 0 0 8 15 1 : tunables 1 2 0 : slabdata 0 0 0'),
      /^dump:3: batchcount 2 above/,
    ],
  ])('with %s is refused at its line', (_, text, message) => {
    expect(() => parseSlabinfo(text, 'dump')).toThrow(InputError);
    expect(() => parseSlabinfo(text, 'dump')).toThrow(message);
  });
});

describe('2.6.17 computes what was printed by', () => {
  test('2.6.15 on a Pentium 4, with caches whose rows do not tell all', () => {
    const rows = dump(
      'nv_pte_t             140    254     12  254    1 : tunables  120   60    8 : slabdata      1      1      0',
      'mm_struct              0      0    512    7    1 : tunables   54   27    8 : slabdata      0      0      0',
      'nfs_inode_cache        0      0    688    5    1 : tunables   54   27    8 : slabdata      0      0      0',
      'size-131072            0      0 131072    1   32 : tunables    8    4    0 : slabdata      0      0      0',
      'size-64             8535  12272     64   59    1 : tunables  120   60    8 : slabdata    208    208    480',
      'kmem_cache           210    210    128   30    1 : tunables  120   60    8 : slabdata      7      7      0',
    );
    const notes = {
      rowsNeedingAFlag: [
        { name: 'mm_struct', needs: ON_SLAB },
        { name: 'nfs_inode_cache', needs: 'SLAB_RECLAIM_ACCOUNT' },
      ],
    };
    expect(verify(rows, { ...pentium4, ...notes })).toEqual(
      agrees(6, 'bufctls of 4 bytes, slabs to order 1, NR_CPUS 2 to 11'),
    );
    expect(verify(rows, { ...pentium4, ram: '1 GB' })).toMatchObject({ differences: 2 });
  });

  test('2.6.11, when bufctls were short, and the descriptor held the lists', () => {
    const rows = dump(
      'ip_fib_alias           9    226     16  226    1 : tunables  120   60    8 : slabdata      1      1      0',
      'size-32             1415   3213     32  119    1 : tunables  120   60    8 : slabdata     27     27      0',
      'kmem_cache           175    175    160   25    1 : tunables  120   60    8 : slabdata      7      7      0',
    );
    expect(verify(rows, xeon)).toEqual(agrees(3, 'bufctls of 2 bytes, slabs to order 1, NR_CPUS 4 to 10'));
  });

  test('a kernel of 64 bits that knows nodes', () => {
    const rows = dump(
      'raid5/md5            256    260   1416    5    2 : tunables   24   12    8 : slabdata     52     52      0',
      'numa_policy           33    225     16  225    1 : tunables  120   60    8 : slabdata      1      1      0',
      'kmem_cache           150    150    256   15    1 : tunables  120   60    8 : slabdata     10     10      0',
    );
    const build = 'bufctls of 2 bytes, slabs to order 1, NR_CPUS 2 to 8, CONFIG_NUMA';
    expect(verify(rows, opteron)).toEqual(agrees(3, build));
  });

  test('2.6.16 of a uniprocessor with so little memory that slabs stay small', () => {
    const rows = dump(
      'mm_struct              3     10    384   10    1 : tunables   54   27    0 : slabdata      1      1      0',
      'ext2_inode_cache       0      0    600    6    1 : tunables   54   27    0 : slabdata      0      0      0',
      'big                    0      0   1400    2    1 : tunables   24   12    0 : slabdata      0      0      0',
      'kmem_cache           160    160     96   40    1 : tunables  120   60    0 : slabdata      4      4      0',
    );
    expect(verify(rows, arm)).toEqual(agrees(4, 'bufctls of 4 bytes, slabs to order 0, NR_CPUS 1'));
  });
});

test('what is computed is what the emulated kernel comes to', () => {
  const { k, machine } = booted26({ cpus: 2, memory: 64 * MiB });
  const [cpu] = machine.cpus;
  const rows: string[] = [];
  for (let size = 4; size <= 131072; size = (Math.ceil(size * 1.2) + 3) & -4) {
    let align = 32;
    while (align > 4 && size % align !== 0) align /= 2;
    const cachep = machine.run(cpu, kmem_cache_create(k, cpu, `c${size}`, size, align, 0, null, null));
    expect(cachep).not.toBe(NULL);
    const { num, gfporder } = peekCache(k, cachep);
    const [limit, batch, shared] = ['limit', 'batchcount', 'shared'].map((field) =>
      machine.memory.peek32(cachep + k.kmem_cache[field as 'limit']),
    );
    const tunables = `tunables ${limit} ${batch} ${shared}`;
    rows.push(`c${size} 0 0 ${size} ${num} ${1 << gfporder} : ${tunables} : slabdata 0 0 0`);
  }
  const machineHere = { ...pentium4, kernelVersion: '2.6.17', ram: '64 MB', likelyL1CacheBytes: 32 };
  expect(verify(dump(...rows), machineHere)).toEqual(
    agrees(rows.length, 'bufctls of 4 bytes, slabs to order 1, NR_CPUS unknown'),
  );
});

test.each<[what: string, machine: object, message: RegExp]>([
  ['no SMP', { ...pentium4, smp: false, cpus: 1 }, /shared arrays in the rows, but "smp": false in linux-test\.json/],
  ['DEBUG', { ...pentium4, configDebugSlab: true }, /no \(statistics\) in the header, but "configDebugSlab": true/],
  [
    'longer words',
    { ...pentium4, wordBytes: 8 },
    /^linux-test\.txt:3: objects of 4 bytes; this kernel has 8 to 131072/,
  ],
])('a sidecar that tells of %s where the dump does not is refused', (_, machine, message) => {
  const attempt = () => verify(dump('filp 0 0 4 504 1 : tunables 120 60 8 : slabdata 0 0 0'), machine);
  expect(attempt).toThrow(InputError);
  expect(attempt).toThrow(message);
});

test('a dump of a machine with other pages is skipped, and said why', () => {
  const machine = { ...pentium4, pageSizeBytes: 16384 };
  expect(verify(dump('filp 0 0 4 504 1 : tunables 120 60 8 : slabdata 0 0 0'), machine).skipped).toBe(
    'pages of 16384 bytes',
  );
});
