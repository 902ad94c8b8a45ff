/** Points on machines of several nodes, and what a kernel that knows them, keeps time and shares arrays makes of them. */
import { describe, expect, test } from 'vitest';
import { cpuModels } from '../../../src/hw/cpu-models.ts';
import { Machine } from '../../../src/hw/machine.ts';
import { MiB } from '../../../src/hw/memory.ts';
import { equalNodes, usualRemoteCycles } from '../../../src/hw/nodes.ts';
import { attributePoint } from '../../../src/lab/experiment/attribute.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import type { Counts } from '../../../src/lab/results/counts.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import type { SlabAllocator } from '../../../src/slab/allocator.ts';
import { boot } from '../../../src/slab/boot.ts';
import type { Linux2617 } from '../../../src/slab/linux-2.6.17/slab.ts';

const VERSION = '2.6.17-g4776874';

const specificationOf = (workload: string, machine: string, ...keys: string[]) =>
  parseSpecification(
    `{ ${[
      `name: x, workload: { name: ${workload} }, machine: { model: pentium-iii, memory: 16M, ${machine} }`,
      ...['alignment: line-fraction', 'colouring: on', 'seeds: 1', ...keys],
    ].join(', ')} }`,
    'x.yaml',
  );

/** The points with one touch model. */
const firstTouch = (specification: ReturnType<typeof specificationOf>) =>
  points(specification).filter(({ touch }) => touch === undefined || touch === 'init-head');

/** The counts of each point, and what `look` saw as counting began. */
function run<T>(
  specification: ReturnType<typeof specificationOf>,
  look: (allocator: SlabAllocator) => T = () => undefined as T,
): { counts: Counts; seen: T; allocator: SlabAllocator }[] {
  return firstTouch(specification).map((point) => {
    let begun: { seen: T; allocator: SlabAllocator };
    const measured = (allocator: SlabAllocator) => {
      begun = { seen: look(allocator), allocator };
    };
    const { counts } = runPoint(specification, null, point, { poweredOn: () => {}, measured });
    return { counts, ...begun! };
  });
}

describe('remote memory', () => {
  const walk = 'hot-field-walk, objects: 100, passes: 3';
  const of26 = `kernel: { version: ${VERSION} }`;

  test('costs what remote_cycles says, for each remote miss; by default two thirds of memory', () => {
    const [free, usual, dear] = run(
      specificationOf(walk, 'cpus: 4, nodes: 2, remote_cycles: [0, model, 1000]', of26),
    ).map(({ counts }) => counts);
    expect(free!.remoteMisses).toBe(0);
    // The two CPUs of the second node walk objects of the first.
    expect([usual!.remoteMisses, dear!.remoteMisses]).toEqual([200, 200]);
    // A line that comes from farther keeps others waiting longer too, who walk the same list.
    const cyclesOf = ({ cycles, lineWaitCycles }: Counts) => cycles - lineWaitCycles;
    expect([usual!, dear!].map((counts) => cyclesOf(counts) - cyclesOf(free!))).toEqual([200 * 75, 200 * 1000]);
    expect(usualRemoteCycles(cpuModels['pentium-iii'].cycles.memory)).toBe(75);
  });

  test('of one node is none, and all else is as on a machine without nodes', () => {
    const [{ counts: one }, , { counts: none }] = [
      ...run(specificationOf('churn, operations: 200', 'cpus: 2, nodes: [1, 2]', of26)),
      ...run(specificationOf('churn, operations: 200', 'cpus: 2', of26)),
    ] as [{ counts: Counts }, unknown, { counts: Counts }];
    expect(one).toEqual({ ...none, remoteMisses: 0 });
    expect('remoteMisses' in none).toBe(false);
  });

  test('has owners: theirs add up to all remote misses', () => {
    const specification = specificationOf('cache-scratch, iterations: 5', 'cpus: 4, nodes: 2', of26);
    const { counts, owners } = attributePoint(specification, null, firstTouch(specification)[0]!);
    expect(owners.reduce((sum, { remoteMisses }) => sum + remoteMisses!, 0)).toBe(counts.remoteMisses);
    expect(owners.filter(({ remoteMisses }) => remoteMisses! > 0).length).toBeGreaterThan(1);
  });

  test('is less where the kernel knows the nodes: each CPU has objects of its own', () => {
    const [on, off] = run(
      specificationOf(
        'cache-thrash, iterations: 20',
        'cpus: 4, nodes: 2',
        'object_size: 4096',
        'history: fresh',
        `kernel: { version: ${VERSION}, numa: [on, off] }`,
      ),
    ).map(({ counts }) => counts.remoteMisses!);
    expect([on, off]).toEqual([52, 322]);
  });

  test('is of no kernel without nodes, unless it is told to take all as near', () => {
    const machine = () =>
      new Machine({
        model: cpuModels['pentium-iii'],
        cpus: 2,
        memory: 16 * MiB,
        nodes: equalNodes(2, 16 * MiB, 2, 75),
      });
    expect(() => boot(machine(), '2.4.22')).toThrow(
      'kernel: 2.4.22 on a machine of 2 nodes, of which it knows nothing; it has one node, or numa: false',
    );
    expect(boot(machine(), '2.4.22', { numa: false }).caches().length).toBeGreaterThan(20);
  });
});

describe('shared arrays', () => {
  /** Of the workload's cache, by slabinfo: limit, batchcount and batches in the shared array. */
  const tunablesOf = (...keys: string[]) =>
    run(specificationOf('churn, operations: 1', 'cpus: 2', ...keys, `kernel: { version: ${VERSION} }`), (allocator) => {
      const { machine } = allocator.kernel;
      const [cpu] = machine.cpus;
      const line = machine
        .run(cpu!, allocator.slabinfo(cpu!))
        .split('\n')
        .find((each) => each.startsWith('churned'))!;
      return line
        .match(/tunables +(\d+) +(\d+) +(\d+)/)!
        .slice(1)
        .map(Number);
    }).map(({ seen }) => seen);

  test.each([
    [[], [[120, 60, 8]]],
    [
      ['shared: [0, 3]'],
      [
        [120, 60, 0],
        [120, 60, 3],
      ],
    ],
    [['limit: 20'], [[20, 10, 8]]],
    [['limit: 20', 'batchcount: 4', 'shared: 1'], [[20, 4, 1]]],
  ])('%j: limit, batchcount and shared are %j', (keys, tunables) => {
    expect(tunablesOf(...keys)).toEqual(tunables);
  });
});

describe('time, on a machine of half a MHz, where a jiffy has 2000 cycles', () => {
  const slow = '{ mhz: 0.5, l1: { size: 16K, ways: 4, line: 32 }, cycles: { l1: 1, l2: 9, memory: 60, transfer: 60 } }';
  /** More than a second of increments. */
  const long = (...keys: string[]) =>
    parseSpecification(
      `{ ${[
        `name: x, workload: { name: per-cpu-counters, increments: 250000 }, machine: { model: ${slow}, memory: 16M }`,
        ...['alignment: whole-line', 'colouring: on', 'seeds: 1', ...keys],
      ].join(', ')} }`,
      'x.yaml',
    );

  test.each(['off', '20000'])(
    'goes on beside the workload, and events/N runs cache_reap (interrupts: %s)',
    (interrupts) => {
      const now = ({ kernel }: SlabAllocator) => ({
        clock: kernel.machine.cpus[0]!.clock,
        jiffies: kernel.machine.memory.peek32((kernel as Linux2617).jiffies),
      });
      const [{ seen, allocator }] = run(long(`kernel: { version: ${VERSION} }`, `interrupts: ${interrupts}`), now);
      const k = allocator.kernel as Linux2617;
      const { memory, cpus } = k.machine;
      const done = cpus.map(({ id }) =>
        memory.peek32(k.perCpuOf(k.per_cpu__keventd, id) + k.cpu_workqueue.remove_sequence),
      );
      const { clock, jiffies } = now(allocator);
      const passed = (clock - seen.clock) / 2000;
      expect(jiffies - seen.jiffies).toBeOneOf([Math.floor(passed), Math.ceil(passed)]);
      expect(done).toEqual([1, 1]);
    },
  );

  test('costs a kernel nothing that does not keep it', () => {
    const [{ counts }] = run(long()) as ReturnType<typeof run>;
    expect([counts.interrupts, counts.accesses]).toEqual([0, 2 * 2 * 250_000]);
  });
});

describe('producer-consumer in pairs', () => {
  test.each([2, 3, 4, 5])(
    'across the halves of %i CPUs, one left over, does as much as in pairs of neighbours',
    (cpus) => {
      const [next, across] = ['next', 'across'].map(
        (pairs) =>
          run(specificationOf(`producer-consumer, objects: 50, pairs: ${pairs}`, `cpus: ${cpus}`))[0]!.counts
            .operations,
      );
      expect([next, across]).toEqual([100 * Math.floor(cpus / 2), 100 * Math.floor(cpus / 2)]);
    },
  );

  test('across two nodes frees on one what the other allocated; neighbours are of one node', () => {
    const [next, across] = ['next', 'across'].map(
      (pairs) =>
        run(
          specificationOf(
            `producer-consumer, objects: 500, pairs: ${pairs}`,
            'cpus: 4, nodes: 2',
            `kernel: { version: ${VERSION} }`,
          ),
        )[0]!,
    );
    expect(across!.counts.contendedLocks).toBeGreaterThan(next!.counts.contendedLocks);
    expect(next!.counts.remoteMisses! / across!.counts.remoteMisses!).toBeLessThan(0.9);
  });
});
