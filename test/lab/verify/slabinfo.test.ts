/** Dumps of real kernels, cut to a few telling rows, and machines to go with them. */
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { MiB, NULL } from '../../../src/hw/memory.ts';
import { breakOrderOf, cpuArrayLimit, slabGeometry } from '../../../src/lab/verify/linux-2.4/slab-geometry.ts';
import { verifySlabinfo } from '../../../src/lab/verify/slabinfo.ts';
import { parseSlabinfo } from '../../../src/lab/verify/slabinfo-text.ts';
import { kmem_cache_create } from '../../../src/slab/linux-2.4/create.ts';
import { i386 } from '../../../src/slab/linux-2.4/estimate.ts';
import { peekCache } from '../../../src/slab/linux-2.4/inspect.ts';
import { booted } from '../../machines.ts';

const ON_SLAB = 'raw size below PAGE_SIZE/8 (management on-slab)';

const xeon = {
  kernelVersion: '2.4.20',
  wordBytes: 4,
  pageSizeBytes: 4096,
  smp: true,
  cpus: 4,
  ram: '4 GB',
  likelyL1CacheBytes: 32,
  configDebugSlab: false,
};
const athlon = {
  ...xeon,
  kernelVersion: '2.4.19-pre10-ac',
  smp: false,
  cpus: 1,
  ram: '630 MB',
  likelyL1CacheBytes: 64,
};
const debugPentium = { ...athlon, ram: '32 MB', likelyL1CacheBytes: 32, configDebugSlab: true };
const itanium = { ...xeon, wordBytes: 8, pageSizeBytes: 16384, cpus: null, likelyL1CacheBytes: 64 };

const up = (...rows: string[]) => ['slabinfo - version: 1.1', ...rows].join('\n');
const smp = (...rows: string[]) => ['slabinfo - version: 1.1 (SMP)', ...rows].join('\n');
const debug = (...rows: string[]) => ['slabinfo - version: 1.1 (statistics)', ...rows].join('\n');

const verify = (dump: string, machine: object) =>
  verifySlabinfo(dump, 'linux-test.txt', 'linux-test.json', () => machine);
const agrees = (rows: number) => expect.objectContaining({ compared: rows, differences: 0, first: null });

describe('a dump as text', () => {
  const onlyRow = (dump: string) => parseSlabinfo(dump, 'dump.txt').rows[0];

  test('tells of each cache its objects, slabs and arrays', () => {
    expect(onlyRow(smp('skbuff_head_cache    822   1200    160   49   50    1 :  252  126'))).toEqual({
      number: 2,
      text: 'skbuff_head_cache    822   1200    160   49   50    1 :  252  126',
      name: 'skbuff_head_cache',
      activeObjects: 822,
      objects: 1200,
      objectSize: 160,
      activeSlabs: 49,
      slabs: 50,
      pagesPerSlab: 1,
      arrays: { limit: 252, batchcount: 126 },
    });
  });

  test.each(['file lock cache', 'raid5/md5', 'biovec-(256)', 'size-64(DMA)', 'dm io 2', 'a_name_of_more_than_17'])(
    'may name a cache %s',
    (name) => {
      expect(onlyRow(up(`${name.padEnd(17)}      0      0     92    0    0    1`)).name).toBe(name);
    },
  );

  test('of a debug SMP kernel has four groups of numbers', () => {
    const row = 'filp 421 442 112 13 13 1 : 421 421 13 0 0 : 252 126 : 9 8 7 6';
    const dump = parseSlabinfo(`slabinfo - version: 1.1 (statistics) (SMP)\n${row}\n`, 'dump.txt');
    expect(dump).toMatchObject({ statistics: true, smp: true, rows: [{ arrays: { limit: 252, batchcount: 126 } }] });
  });

  test('may have lost its padding, and ended its lines with a carriage return', () => {
    expect(parseSlabinfo('slabinfo - version: 1.1\r\nfilp 2 2 112 1 1 1\r\n', 'dump.txt').rows).toHaveLength(1);
  });

  test.each<[what: string, dump: string, message: RegExp]>([
    ['an empty file', '', /^dump:1: not the header of \/proc\/slabinfo; the first line is /],
    ['another version', 'slabinfo - version: 1.2\nfilp 2 2 112 1 1 1', /^dump:1: not the header/],
    ['an unknown mark', 'slabinfo - version: 1.1 (NUMA)\nfilp 2 2 112 1 1 1', /^dump:1: not the header/],
    ['a header alone', up(), /^dump:1: no caches after the header/],
    ['a blank line', up('filp 2 2 112 1 1 1', '', 'sock 2 2 112 1 1 1'), /^dump:3: not a cache: ""/],
    ['a number too few', up('filp 2 2 112 1 1'), /^dump:2: not a cache: "filp 2 2 112 1 1"; expected name, active/],
    ['a number too many', up('filp 9 2 2 112 1 1 1'), /^dump:2: not a cache/],
    ['the same, padded', up('filp                   9      2      2    112    1    1    1'), /^dump:2: not a cache/],
    ['no name', up('2 2 112 1 1 1'), /^dump:2: not a cache/],
    ['a number below zero', up('filp 2 2 112 -1 1 1'), /^dump:2: not a cache/],
    ['a word for a number', up('filp 2 2 many 1 1 1'), /^dump:2: not a cache/],
    ['arrays without SMP', up('filp 2 2 112 1 1 1 : 252 126'), /^dump:2: not a cache/],
    ['SMP without arrays', smp('filp 2 2 112 1 1 1'), /^dump:2: not a cache.*: limit, batchcount$/],
    ['a torn line', smp('filp 2 2 112 1 1 1 : 252 126', 'sock 2 2 112 1 1 1 :  25'), /^dump:3: not a cache/],
    ['objects without size', up('filp 2 2 0 1 1 1'), /^dump:2: objects of 0 bytes/],
    ['3 pages', up('filp 2 2 112 1 1 3'), /^dump:2: 3 pages per slab; a slab has 1, 2, 4/],
    ['64 pages', up('filp 2 2 112 1 1 64'), /^dump:2: 64 pages per slab/],
    ['slabs of unequal numbers', up('filp 2 7 112 1 2 1'), /^dump:2: 7 objects in 2 slabs; all slabs/],
    ['objects in no slab', up('filp 0 7 112 0 0 1'), /^dump:2: 7 objects in 0 slabs/],
    ['slabs of no objects', up('filp 0 0 112 0 2 1'), /^dump:2: 0 objects in 2 slabs/],
    ['more active slabs than slabs', up('filp 2 2 112 2 1 1'), /^dump:2: 2 active slabs of 1/],
    [
      'more active objects than fit',
      up('filp 3 4 112 1 2 1'),
      /^dump:2: 3 active objects in 1 active slabs; .* 1 to 2/,
    ],
    ['an active slab without any', up('filp 1 4 112 2 2 1'), /^dump:2: 1 active objects in 2 active slabs/],
    ['a batch above the limit', smp('filp 2 2 112 1 1 1 : 60 126'), /^dump:2: batchcount 126 above limit 60/],
  ])('with %s is refused at its line', (_, dump, message) => {
    expect(() => parseSlabinfo(dump, 'dump')).toThrow(InputError);
    expect(() => parseSlabinfo(dump, 'dump')).toThrow(message);
  });
});

describe('the emulated kernel agrees with', () => {
  test('a Xeon of four CPUs: its descriptor, arrays, general caches, slabs of 1 to 32 pages', () => {
    const dump = smp(
      'kmem_cache            80     80    244    5    5    1 :  252  126',
      'sock                 272    272    928   68   68    1 :  124   62',
      'sigqueue             628    754    132   23   26    1 :  252  126',
      'signal_act           258    258   1312   86   86    1 :   60   30',
      'size-131072(DMA)       0      0 131072    0    0   32 :    0    0',
      'size-8192              4      5   8192    4    5    2 :    0    0',
      'size-4096             37     37   4096   37   37    1 :   60   30',
      'size-32             1443   1695     32   15   15    1 :  252  126',
    );
    expect(verify(dump, xeon)).toEqual(agrees(8));
  });

  test('an Athlon: one CPU, lines of 64 bytes, and a cache whose 512 bytes were fewer when asked for', () => {
    const dump = up(
      'kmem_cache            60     68    112    2    2    1',
      'sock                 271    279    832   31   31    2',
      'inode_cache        35683  55398    512 7914 7914    1',
      'size-512              59     64    512    8    8    1',
      'size-32             6906  12862     64  160  218    1',
    );
    expect(verify(dump, { ...athlon, rowsNeedingAFlag: [{ name: 'inode_cache', needs: ON_SLAB }] })).toEqual(agrees(5));
    expect(verify(dump, athlon)).toMatchObject({ differences: 1, first: { got: { objectsPerSlab: 8 } } });
  });

  test('a debug kernel: red zones and statistics', () => {
    const dump = debug(
      'kmem_cache            58     84    136    3    3    1 :     58      58     3    0    0',
      'revoke_table           6    169     20    1    1    1 :      6       6     1    0    0',
      'inode_cache           63    104    476   13   13    1 :   1531   59580   213    0    0',
      'sock                   4      9    832    1    1    2 :     30   25520     7    6    0',
      'size-256               8     15    264    1    1    1 :     98   64087    53   52    0',
      'a cache of one word    0      0      8    0    0    1 :      0       0     0    0    0',
    );
    expect(verify(dump, debugPentium)).toEqual(agrees(6));
  });

  test.each([
    ['32 CPUs allowed', '80 80 244 5 5 1 : 252 126', '2.4.20'],
    ['8 CPUs allowed', '26 26 148 1 1 1 : 252 126', '2.4.20'],
    ['as many CPUs allowed as there are', '29 29 132 1 1 1 : 252 126', '2.4.20'],
    ['32 CPUs, before 2.4.10, when a cache had one list of slabs', '68 68 232 4 4 1 : 252 126', '2.4.5'],
    ['the same, though the sidecar does not know it', '17 17 232 1 1 1 : 252 126', '2.4-vendor'],
    ['8 CPUs, before 2.4.10', '28 28 136 1 1 1 : 252 126', '2.4.5'],
    ['three lists, though the version is from before them', '16 16 244 1 1 1 : 252 126', '2.4.9-ac18'],
  ])("a kernel whose kmem_cache's row tells its build: %s", (_, row, kernelVersion) => {
    expect(verify(smp(`kmem_cache ${row}`), { ...xeon, kernelVersion })).toEqual(agrees(1));
  });

  test.each([
    ['gcc 2.95', '34 34 112 1 1 1'],
    ['gcc 3', '36 36 108 1 1 1'],
    ['gcc 2.95, before 2.4.10', '39 39 100 1 1 1'],
  ])('a uniprocessor kernel by %s', (_, row) => {
    expect(verify(up(`kmem_cache ${row}`), { ...athlon, likelyL1CacheBytes: 32 })).toEqual(agrees(1));
  });

  test('no kernel whose descriptor is of no build: that row differs from the likeliest one', () => {
    const differs = { differences: 1, first: { got: { objectSize: 244 } } };
    expect(verify(smp('kmem_cache 17 17 230 1 1 1 : 252 126'), xeon)).toMatchObject(differs);
    expect(verify(smp('kmem_cache 15 15 248 1 1 1 : 252 126'), xeon)).toMatchObject(differs);
    expect(verify(smp('kmem_cache 33 33 116 1 1 1 : 252 126'), xeon)).toMatchObject(differs);
  });

  test('caches whose names it would not take: too long, twice there, or its own', () => {
    const row = (name: string) => `${name.padEnd(17)}    336    336    160   14   14    1 :  252  126`;
    const dump = smp(row('a_name_of_more_than_18'), row('twice'), row('twice'), row('line 4'));
    expect(verify(dump, xeon)).toEqual(agrees(4));
  });
});

test('a machine of 32 MB takes smaller slabs than one of more', () => {
  const dump = up('events 0 0 3000 0 0 4');
  expect(verify(dump, athlon)).toEqual(agrees(1));
  expect(verify(dump, { ...athlon, ram: '32 MB' })).toMatchObject({
    differences: 1,
    first: { got: { pagesPerSlab: 2 } },
  });
});

test('an Itanium, whose words and pages are not those of i386, is compared by geometry alone, and said to be', () => {
  const dump = smp(
    'kmem_cache           111    111    432    3    3    1 :  124   62',
    'revoke_table           2    816     16    1    1    1 :  252  126',
    'size-131072            0      0 131072    0    0    8 :    0    0',
    'size-16384             1      1  16384    1    1    1 :   60   30',
    'size-2048            232    232   2048   29   29    1 :   60   30',
    'size-1024            720    720   1024   48   48    1 :  124   62',
  );
  const outcome = verify(dump, itanium);
  expect(outcome).toEqual(agrees(6));
  expect(outcome.name).toBe('slabinfo/linux-test (geometry alone)');
});

test('geometry alone is what the emulated kernel comes to', () => {
  const { machine, k } = booted({ cpus: 1, memory: 40 * MiB });
  const options = { architecture: i386, L1_CACHE_BYTES: 32, breakOrder: breakOrderOf(40 * MiB) };
  for (let size = 4; size <= 131072; size = (Math.ceil(size * 1.07) + 3) & -4) {
    const cachep = machine.run(
      machine.cpus[0],
      kmem_cache_create(k, machine.cpus[0], `c${size}`, size, 0, 0, null, null),
    );
    expect(cachep).not.toBe(NULL);
    const { num, gfporder, cpuArrays } = peekCache(k, cachep);
    expect({ size, ...slabGeometry(size, size >= 512, options) }).toEqual({ size, num, gfporder });
    expect(cpuArrayLimit(size, i386)).toBe(cpuArrays[0]?.limit ?? 0);
  }
});

test.each([
  ['objects per slab', 'filp 30 31 128 1 1 1 : 252 126', { objectsPerSlab: 31 }, { objectsPerSlab: 30 }],
  ['pages per slab', 'filp 30 30 128 1 1 2 : 252 126', { pagesPerSlab: 2 }, { pagesPerSlab: 1 }],
  ['the limit', 'filp 30 30 128 1 1 1 : 500 126', { limit: 500 }, { limit: 252 }],
  ['the batchcount', 'filp 30 30 128 1 1 1 : 252 100', { batchcount: 100 }, { batchcount: 126 }],
  ['the object size', 'size-128 30 30 136 1 1 1 : 252 126', { objectSize: 136 }, { objectSize: 128 }],
])('a difference in %s is told with its row', (_, row, expected, got) => {
  const agreed = { objectSize: 128, objectsPerSlab: 30, pagesPerSlab: 1, limit: 252, batchcount: 126 };
  expect(verify(smp('sock 0 0 928 0 0 1 : 124 62', row), xeon)).toEqual({
    ...{ name: 'slabinfo/linux-test', compared: 2, unit: 'rows', differences: 1, skipped: null },
    first: { where: `line 3: ${row}`, expected: { ...agreed, ...expected }, got: { ...agreed, ...got } },
  });
});

test('a dump of a version that no kernel prints is refused, without a look at its sidecar', () => {
  const noSidecar = () => expect.fail('read the sidecar');
  expect(() => verifySlabinfo('slabinfo - version: 3.0\n', 'linux-7.txt', 'linux-7.json', noSidecar)).toThrow(
    /^linux-7\.txt:1: not the header of \/proc\/slabinfo/,
  );
});

test.each<[what: string, machine: object, message: RegExp]>([
  ['no smp', { ...xeon, smp: undefined }, /^linux-test\.json: smp: /],
  ['words of 3 bytes', { ...xeon, wordBytes: 3 }, /^linux-test\.json: wordBytes: must be 4 or 8/],
  ['pages of 5000 bytes', { ...xeon, pageSizeBytes: 5000 }, /^linux-test\.json: pageSizeBytes: must be a power of two/],
  ['lines of 48 bytes', { ...xeon, likelyL1CacheBytes: 48 }, /likelyL1CacheBytes: must be a power of two from 16 to/],
  ['memory in acres', { ...xeon, ram: '3 acres' }, /^linux-test\.json: ram: must be like "630 MB" or "4 GB"/],
  [
    'a flag of 2.6',
    { ...xeon, rowsNeedingAFlag: [{ name: 'filp', needs: 'SLAB_RECLAIM_ACCOUNT' }] },
    /^linux-test\.json: rowsNeedingAFlag: SLAB_RECLAIM_ACCOUNT; no cache of 2\.4 has this flag/,
  ],
  ['another kind of kernel', athlon, /^linux-test\.txt:1: \(SMP\) in the header, but "smp": false in linux-test\.json/],
  ['smaller slabs', { ...xeon, wordBytes: 8 }, /^linux-test\.txt:2: objects of 4 bytes; this kernel has 8 to 131072/],
])('a sidecar with %s is refused', (_, machine, message) => {
  const attempt = () => verify(smp('filp 0 0 4 0 0 1 : 252 126'), machine);
  expect(attempt).toThrow(InputError);
  expect(attempt).toThrow(message);
});

test('a dump without a sidecar is refused, and told what should stand beside it', () => {
  const missing = () => {
    throw new InputError('a.json', 'no such file', 'name one that exists');
  };
  expect(() => verifySlabinfo(smp('filp 0 0 4 0 0 1 : 252 126'), 'a.txt', 'a.json', missing)).toThrow(
    /^a\.txt: the sidecar that describes its machine cannot be used \(a\.json: no such file/,
  );
});
