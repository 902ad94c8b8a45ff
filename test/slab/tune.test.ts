import { expect, test } from 'vitest';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import { booted } from '../machines.ts';

const EINVAL = -22;
const ENOMEM = -12;

test.each([
  ['tuned 10 5\n', 11],
  ['tuned 0 0\n', 10],
  ['tuned \n', 7], // 0 and 0
  ['tuned 12\n', EINVAL], // batchcount 0
  ['tuned  12 6\n', EINVAL], // the second blank ends limit, 0
  ['tuned 10   5\n', 13],
  ['tuned 4294967300 2\n', 19], // wraps to 4
  ['tuned -1 0\n', EINVAL],
  ['tuned 5 6\n', EINVAL],
  ['tuned 40000 2\n', ENOMEM], // no general cache holds such an array
  ['tuned\n', EINVAL],
  ['nobody 10 5\n', EINVAL],
  ['kmem_cache 10 5\n', EINVAL], // the head of the chain is skipped
  [`tuned 10 5${' '.repeat(119)}`, EINVAL], // 129 characters
])('writing %j to /proc/slabinfo gives %i', (text, result) => {
  const { machine, allocator } = booted();
  const cpu = machine.cpus[0]!;
  machine.run(cpu, allocator.create(cpu, { name: 'tuned', size: 100 }));
  expect(machine.run(cpu, allocator.tune(cpu, text))).toBe(result);
});

test('tuning gives every CPU a new array and returns what the old ones held', () => {
  const { machine, allocator } = booted();
  const cpu = machine.cpus[0]!;
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'tuned', size: 100 }));
  const objp = machine.run(cpu, allocator.alloc(cpu, cachep, 0x1f0));
  machine.run(cpu, allocator.tune(cpu, 'tuned 10 5\n'));
  const { cpuArrays, slabs } = allocator.caches().find((cache) => cache.cachep === cachep)!;
  expect(cpuArrays.map((cc) => [cc?.avail, cc?.limit])).toEqual([
    [0, 10],
    [0, 10],
  ]);
  expect(slabs.reduce((sum, { inuse }) => sum + inuse, 0)).toBe(1);
  expect(objp).not.toBe(0);
});

test('a uniprocessor kernel has nothing to tune', () => {
  const { machine, allocator } = booted({ cpus: 1, config: upConfig });
  const cpu = machine.cpus[0]!;
  expect(machine.run(cpu, allocator.tune(cpu, 'size-32 10 5\n'))).toBe(EINVAL);
});
