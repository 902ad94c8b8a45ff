/** One point of an experiment, on a trace of two threads that share a few caches. */
import { describe, expect, test, vi } from 'vitest';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import type { Point } from '../../../src/lab/results/points.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { eachOperation } from '../../../src/lab/traces/operations.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import type { ReplayOptions } from '../../../src/lab/workloads/trace-replay.ts';
import type { WorkloadContext } from '../../../src/lab/workloads/workload.ts';
import type { CacheState, SlabAllocator } from '../../../src/slab/allocator.ts';

/** What each replay began with: the kernel, its caches, the context. */
interface Begun {
  readonly cacheCache: number;
  readonly caches: CacheState[];
  readonly context: WorkloadContext;
}
const begun = vi.hoisted((): Begun[] => []);
vi.mock('../../../src/lab/workloads/trace-replay.ts', async (importOriginal) => {
  const { Replay } = await importOriginal<typeof import('../../../src/lab/workloads/trace-replay.ts')>();
  return {
    Replay: class extends Replay {
      constructor(context: WorkloadContext, options: ReplayOptions) {
        const caches = context.allocator.caches();
        begun.push({ cacheCache: caches[0]!.cachep, caches, context });
        super(context, options);
      }
    },
  };
});

/** 300 rounds of three allocations; what one thread allocated is freed by another a few rounds later. */
const lines = Array.from({ length: 300 }, (_, i) => {
  const event = (thread: number, text: string) => `task-${thread + 1} [00${thread % 4}] ..... 1.0: ${text}`;
  const alloc = (name: string, object: number, size: number) =>
    event(
      i % 5,
      `kmem_cache_alloc: call_site=f ptr=${object.toString(16).padStart(8, '0')} name=${name} bytes_req=${size} bytes_alloc=64 gfp_flags=GFP_KERNEL`,
    );
  const free = (object: number) => event((i + 1) % 5, `kfree: call_site=f ptr=${object.toString(16).padStart(8, '0')}`);
  const base = 16 * (i + 1);
  const old = base - 16 * 40;
  return [
    ...[alloc('of-8', base, 8), alloc('of-36', base + 1, 36), alloc('of-600', base + 2, 600)],
    ...(old > 0 ? [free(old), free(old + 2)] : []),
  ];
}).flat();
const trace = readTrace(lines, 'trace.txt');
const operations = [...eachOperation(trace.operations)];

const specificationOf = (...more: string[]) =>
  parseSpecification(
    [
      'name: x',
      ...(more.some((key) => key.startsWith('workload')) ? [] : ['workload: { name: replay, trace: t }']),
      'machine: { model: pentium-iii, memory: 8M }',
      ...more,
    ].join('\n'),
    'x.yaml',
  );
const specification = specificationOf();
const point: Point = { touch: 'hot-fields', alignment: 'word', colouring: 'on', seed: 0 };

/** What the replay of a point began with. */
function begin(changes: Record<string, string | number> = {}, of = specification): Begun {
  runPoint(of, trace, { ...point, ...changes });
  return begun.at(-1)!;
}

test('the points are all combinations, seed by seed', () => {
  const small = specificationOf('touch: [init-all]', 'alignment: [word, whole-line]', 'seeds: 2');
  expect(points(small).map(({ alignment, colouring, seed }) => `${alignment} ${colouring} ${seed}`)).toEqual([
    ...['word on 0', 'word off 0', 'whole-line on 0', 'whole-line off 0'],
    ...['word on 1', 'word off 1', 'whole-line on 1', 'whole-line off 1'],
  ]);
});

describe('a point', () => {
  test('is a pure function of the specification, the trace and its combination', () => {
    expect(runPoint(specification, trace, point)).toEqual(runPoint(specificationOf(), trace, { ...point }));
  });

  test('is another under another seed', () => {
    expect(runPoint(specification, trace, { ...point, seed: 1 }).counts).not.toEqual(
      runPoint(specification, trace, point).counts,
    );
  });

  test.each(points(specificationOf('seeds: 1')))('has counts that add up: %o', (combination) => {
    const { point, counts } = runPoint(specification, trace, combination);
    expect(point).toEqual(combination);
    expect(counts.cold + counts.capacity + counts.conflict + counts.trueSharing + counts.falseSharing).toBe(
      counts.misses,
    );
    expect(counts.hits + counts.misses).toBe(counts.lineAccesses);
    expect(counts.lineAccesses).toBeGreaterThanOrEqual(counts.accesses);
    expect(counts.peakPages).toBeGreaterThanOrEqual(counts.pages);
    expect(counts).toMatchObject({ operations: operations.length, failed: 0 });
  });
});

describe('colouring', () => {
  const coloursOf = (colouring: string) => begin({ colouring }).caches.map(({ colour }) => colour);

  test('off has stored 0 in the colour of every cache, those of boot too', () => {
    expect(new Set(coloursOf('off'))).toEqual(new Set([0]));
  });

  test('on has not', () => {
    expect(coloursOf('on').filter((colour) => colour > 0).length).toBeGreaterThan(3);
  });
});

test('the kernel was built for the line of the model, unless a number is given', () => {
  const { points: all, lines } = linesOf('machine: { model: [pentium-iii, athlon], memory: 8M }', '[model, 32, 128]');
  expect(all.map((point) => `${point['machine.model']} ${point['kernel.l1_cache_bytes']}`)).toEqual([
    ...['pentium-iii model', 'pentium-iii 32', 'pentium-iii 128', 'athlon model', 'athlon 32', 'athlon 128'],
  ]);
  expect(lines).toEqual([32, 32, 128, 64, 32, 128]);
});

test('for lines shorter than any kernel was built for it is 16 bytes', () => {
  const l1 = '{ size: 8K, ways: 2, line: 8 }';
  const model = `{ l1: ${l1}, cycles: { l1: 1, l2: 10, memory: 50, transfer: 40 } }`;
  expect(linesOf(`machine: { model: ${model}, memory: 8M }`, 'model').lines).toEqual([16]);
});

/** The points that `machine` and `l1_cache_bytes` make, and what the kernel of each was built for. */
function linesOf(machine: string, l1_cache_bytes: string) {
  const text = `name: x\nworkload: { name: churn, operations: 1 }\n${machine}\nkernel: { l1_cache_bytes: ${l1_cache_bytes} }\n`;
  const of = parseSpecification(`${text}touch: init-head\nalignment: word\ncolouring: on\nseeds: 1`, 'x.yaml');
  const lines: number[] = [];
  const measured = ({ kernel }: SlabAllocator) => lines.push(kernel.config.L1_CACHE_BYTES);
  for (const point of points(of)) runPoint(of, null, point, { poweredOn: () => {}, measured });
  return { points: points(of), lines };
}

test('a number of colours is the most that any cache has', () => {
  const { caches } = begin({ colouring: 2 }, specificationOf('colouring: [2]'));
  expect(Math.max(...caches.map(({ colour }) => colour))).toBe(2);
});

test('a replay that is warmed up counts the same operations, and hardly a cold miss', () => {
  const [cold, warm] = [0, 1].map((passes) => {
    const of = specificationOf(`workload: { name: replay, trace: t, warm_up: ${passes} }`, 'touch: init-head');
    return runPoint(of, trace, { ...point, touch: 'init-head' }).counts;
  });
  expect(warm!.operations).toBe(cold!.operations);
  expect(cold!.cold / cold!.misses).toBeGreaterThan(0.5);
  expect(warm!.cold / warm!.misses).toBeLessThan(0.1);
});

describe('per-CPU arrays', () => {
  const limits = (...keys: string[]) =>
    begin({}, specificationOf(...keys)).caches.map(({ name, cpuArrays }) => [name, cpuArrays[0]?.limit ?? null]);
  const tuned = (limit: number | null) => [
    ['of-600', limit],
    ['of-36', limit],
    ['of-8', limit],
  ];

  test('of the workload have the limit that is asked for', () => {
    expect(limits('limit: 7')).toEqual(expect.arrayContaining(tuned(7)));
  });

  test('of a limit of 0 are not there', () => {
    expect(limits('limit: 0')).toEqual(expect.arrayContaining(tuned(null)));
  });

  test('of other caches are those of the kernel', () => {
    const others = (all: (string | number | null)[][]) => all.filter(([name]) => !String(name).startsWith('of-'));
    expect(others(limits('limit: 7'))).toEqual(others(limits()));
  });
});

describe('alignment', () => {
  const sizesOf = (alignment: string | number, named: boolean) =>
    begin({ alignment }, specificationOf('history: fresh', 'alignment: [word, line-fraction, whole-line, 4, 16, 128]'))
      .caches.filter(({ name }) => name.startsWith('of-') === named)
      .map(({ name, objsize }) => `${name}: ${objsize}`);

  test.each([
    ['word', ['of-600: 600', 'of-36: 36', 'of-8: 8']],
    ['line-fraction', ['of-600: 608', 'of-36: 64', 'of-8: 16']],
    ['whole-line', ['of-600: 608', 'of-36: 64', 'of-8: 32']],
    [4, ['of-600: 600', 'of-36: 36', 'of-8: 8']],
    [16, ['of-600: 608', 'of-36: 48', 'of-8: 16']],
    [128, ['of-600: 640', 'of-36: 128', 'of-8: 128']],
  ])('%s gives objects of these sizes', (alignment, sizes) => {
    expect(sizesOf(alignment, true)).toEqual(sizes);
  });

  test('beyond a line makes colours steps of it', () => {
    const { caches } = begin({ alignment: 128 }, specificationOf('alignment: [128]'));
    expect(caches.filter(({ name }) => name.startsWith('of-')).map(({ colour_off }) => colour_off)).toEqual([
      128, 128, 128,
    ]);
  });

  test('never changes a general cache', () => {
    expect(sizesOf('line-fraction', false)).toEqual(sizesOf('word', false));
    expect(sizesOf('whole-line', false)).toEqual(sizesOf('word', false));
  });
});

describe('placement', () => {
  const placed = ({ context }: Begun) => operations.map((operation) => context.placement.cpuOf(operation));

  test('trace keeps the recorded CPU, folded onto the CPUs there are', () => {
    expect(placed(begin({}, specificationOf('placement: trace')))).toEqual(operations.map(({ cpu }) => cpu % 2));
  });

  test('thread keeps each thread on one CPU, which the seed draws', () => {
    const bySeed = [0, 1, 2, 3].map((seed) => placed(begin({ seed })));
    for (const cpus of bySeed) {
      const pairs = new Set(operations.map(({ thread }, i) => `thread ${thread} on cpu${cpus[i]}`));
      expect(pairs.size).toBe(trace.threads.length);
    }
    expect(new Set(bySeed.map(String)).size).toBeGreaterThan(1);
  });
});

test('the points of one seed share its draws: threads on CPUs, statics in memory', () => {
  const draws = (changes: Record<string, string | number>) => {
    const { cacheCache, context } = begin(changes);
    return [cacheCache, ...operations.map((operation) => context.placement.cpuOf(operation))];
  };
  expect(draws({ colouring: 'off', alignment: 'whole-line', touch: 'init-all' })).toEqual(draws({}));
  expect(draws({ seed: 1 })[0]).not.toBe(draws({})[0]);
});

describe('misses by the role of what was missed', () => {
  const owned = specificationOf('owners: on');
  const result = runPoint(owned, trace, point);

  test('are told where the specification asks for owners, and add up to all', () => {
    const { missesByRole } = result;
    expect(Object.values(missesByRole!).reduce((sum, misses) => sum + misses, 0)).toBe(result.counts.misses);
    expect(Object.keys(missesByRole!)).toEqual(
      expect.arrayContaining(['object', 'slab descriptor', 'cache descriptor']),
    );
  });

  test('change nothing that is counted', () => {
    const { missesByRole: _, ...rest } = result;
    expect(rest).toEqual(runPoint(specification, trace, point));
  });
});

test.each([
  ['passes before the one that is counted', 'workload: { name: replay, trace: t, warm_up: 2 }'],
  ['no pass before it', 'workload: { name: replay, trace: t }'],
])('user mode is left out of what is counted, with %s', (_what, workload) => {
  const common = [workload, 'touch: init-head', 'alignment: word', 'colouring: on'];
  const [none, some] = ['interference: 0', 'interference: 25'].map((key) => {
    const specification = specificationOf(...common, key);
    return runPoint(specification, trace, points(specification)[0]!).counts;
  });
  // The buffer of user mode takes pages from the same allocator, which then may go another way for a few accesses.
  expect(Math.abs(some!.accesses / none!.accesses - 1)).toBeLessThan(0.0005);
  expect(some!.misses).toBeGreaterThan(none!.misses);
  // 16 KB in lines of 32 bytes are 512.
  expect(some!.userLoads).toBe(128 * none!.operations);
});
