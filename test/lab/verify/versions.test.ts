/** Whose recordings are whose, where two versions know a file. */
import { expect, test } from 'vitest';
import { Verification } from '../../../src/lab/verify/formats.ts';

const geometry = [
  'l1_cache_bytes,memory_mb,size,flags,offset,objsize,num,gfporder,colour,colour_off,off_slab,optimize,' +
    'slabp_cache,slabp_cache_objsize,limit,batchcount',
  '32,16,4,0,0,4,506,0,0,32,0,1,,,252,126',
].join('\n');
const layouts = (field: string) =>
  JSON.stringify({
    configs: {
      up32: {
        ...{ smp: false, nr_cpus: 1, l1_cache_bytes: 32, debug: false, consts: {} },
        structs: {
          spinlock_t: { sizeof: 0, fields: {} },
          slab_t: { sizeof: 24, fields: { inuse: [16, 4] } },
          kmem_cache_t: { sizeof: field === 'firstnotfull' ? 96 : 108, fields: { [field]: [8, 4] } },
        },
      },
    },
  });

function verified(path: string, text: string) {
  const none = () => {
    throw new Error('no other file');
  };
  const verification = new Verification({ text: () => text, bytes: none, json: none }, {});
  return [...verification.verify(path)].map(({ name, differences }) => [name, differences]);
}

test.each([
  ['linux-2.4.0/geometry.csv', 'linux-2.4.0/geometry (line 32, 16 MB)'],
  ['linux-2.4.22/geometry.csv', 'linux-2.4.22/geometry (line 32, 16 MB)'],
  ['geometry.csv', 'linux-2.4.22/geometry (line 32, 16 MB)'],
])('%s, whose text fits both, is compared with the version of its folder, else with the later one', (path, name) => {
  expect(verified(path, geometry)).toEqual([[name, 0]]);
});

test.each([
  ['firstnotfull', 'linux-2.4.0/layouts (up32)'],
  ['slabs_partial', 'linux-2.4.22/layouts (up32)'],
])('layouts.json with a field %s is known by it, wherever it stands', (field, name) => {
  expect(verified('layouts.json', layouts(field))).toEqual([[name, 0]]);
});
