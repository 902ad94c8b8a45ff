/** What a workload finds on a system that has run for a while, and that it is drawn. */
import { describe, expect, test } from 'vitest';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import type { Point } from '../../../src/lab/results/points.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import type { CacheState, SlabAllocator } from '../../../src/slab/allocator.ts';
import { kernels } from '../../../src/slab/kernels.ts';

const names = ['dentry', 'inode_cache', 'filp', 'bio-184', 'names_cache'];
const trace = readTrace(
  names.flatMap((name, i) => [
    `t-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${i + 1}00 name=${name} bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`,
    `t-1 [000] ..... 1.0: kmem_cache_free: call_site=f ptr=${i + 1}00 name=${name}`,
  ]),
  'trace',
);

const specificationOf = (version: string, ...keys: string[]) =>
  parseSpecification(
    `{ ${[
      'name: x, machine: { model: pentium-iii, memory: 16M }',
      `kernel: { version: ${version} }, touch: init-head, alignment: word`,
      ...(keys.some((key) => key.startsWith('workload')) ? [] : ['workload: { name: replay, trace: t }']),
      ...keys,
    ].join(', ')} }`,
    'x.yaml',
  );

/** The caches as the workload's first operation finds them, newest first. */
function found(specification: ReturnType<typeof specificationOf>, changes: Partial<Point> = {}): CacheState[] {
  let caches: CacheState[] = [];
  const measured = (allocator: SlabAllocator) => {
    caches = allocator.caches();
  };
  const point = { ...points(specification)[0]!, ...changes } as Point;
  runPoint(specification, trace, point, { poweredOn: () => {}, measured });
  return caches;
}

const namesOf = (caches: readonly CacheState[]) => caches.map(({ name }) => name);
const ownOf = (caches: readonly CacheState[]) => caches.filter(({ name }) => names.includes(name));
const isBoots = (name: string) => !/^size-|^kmem_cache$/.test(name) && !names.includes(name);

test.each([...kernels.keys()])('%s: where touches are recorded, caches begin with any of their colours', (version) => {
  const touched = readTrace(['# touch trace 1', 'c 1 6208 task_struct', 'a 0 1 6208 -'], 't');
  const specification = { ...specificationOf(version), touch: 'recorded' as const, seeds: 12 };
  const shares: number[] = [];
  for (const point of points(specification)) {
    const measured = (allocator: SlabAllocator) => {
      const { slabs, colour_off, colour } = allocator.caches().find(({ name }) => name === 'task_struct')!;
      if (slabs.length > 0) shares.push(slabs[0]!.colouroff / colour_off / colour);
    };
    runPoint(specification, touched, point, { poweredOn: () => {}, measured });
  }
  expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.6);
});

describe.each([...kernels.keys()])('%s', (version) => {
  const established = specificationOf(version);

  test('fresh: the caches of the trace are the last, in its order, and have no slab yet', () => {
    const caches = ownOf(found(specificationOf(version, 'history: fresh')));
    expect(namesOf(caches)).toEqual([...names].reverse());
    expect(caches.flatMap(({ slabs }) => slabs)).toEqual([]);
  });

  test('established: caches of the boot stand around them, half of those known at least; each name is there once', () => {
    const found0 = namesOf(found(established));
    expect(new Set(found0).size).toBe(found0.length);
    expect(found0.filter(isBoots).length).toBeGreaterThanOrEqual(15);
    expect(ownOf(found(established)).map(({ name }) => name)).not.toEqual([...names].reverse());
  });

  test('which ones, their order, and what stands in all caches are drawn by the seed, and by nothing else', () => {
    const [first, second] = [found(established, { seed: 0 }), found(established, { seed: 1 })];
    expect(namesOf(first)).not.toEqual(namesOf(second));
    expect(ownOf(first)).not.toEqual(ownOf(second));
    expect(found(established, { seed: 0 })).toEqual(first);
  });

  test('named and general caches have live objects, partial slabs, and free objects out of order', () => {
    const caches = [0, 1, 2].flatMap((seed) => found(established, { seed }));
    const slabsOf = (isWanted: (name: string) => boolean) =>
      caches.filter(({ name }) => isWanted(name)).flatMap(({ slabs }) => slabs);
    for (const isWanted of [(name: string) => names.includes(name), (name: string) => /^size-\d+$/.test(name)]) {
      const partial = slabsOf(isWanted).filter(({ list }) => list === 'partial');
      expect(partial.length).toBeGreaterThan(5);
      const isAscending = (indices: readonly number[]) => indices.every((each, i) => i === 0 || each > indices[i - 1]!);
      expect(partial.some(({ freeObjects }) => !isAscending(freeObjects))).toBe(true);
    }
  });

  test('arrays of both CPUs hold objects, in different numbers under each seed', () => {
    const levels = [0, 1, 2].map((seed) =>
      ownOf(found(established, { seed })).map(({ cpuArrays }) => cpuArrays.map((array) => array?.avail)),
    );
    expect(new Set(levels.map(String)).size).toBe(3);
    for (const cpu of [0, 1]) expect(levels.flat().some((array) => array[cpu]! > 0)).toBe(true);
  });

  test('a cache that the workload makes for itself is new, and stands anywhere among the others', () => {
    const own = specificationOf(version, 'workload: { name: churn, objects: 1, operations: 1 }');
    const places = [0, 1, 2, 3].map((seed) => {
      const caches = found(own, { seed });
      const churned = caches.find(({ name }) => name === 'churned')!;
      expect(churned.slabs.length).toBe(1);
      return caches.indexOf(churned);
    });
    expect(new Set(places).size).toBeGreaterThan(2);
  });

  test('colouring changes nothing of what is drawn', () => {
    const shape = (colouring: string) =>
      found(established, { colouring }).map(({ name, slabs }) => [name, slabs.map(({ inuse }) => inuse)]);
    expect(shape('off')).toEqual(shape('on'));
  });
});
