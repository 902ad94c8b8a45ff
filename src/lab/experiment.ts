/**
 * An experiment: its points (one combination, one seed each), and one point as a pure function of its specification.
 * The seed draws the placement of statics and tasks, the ageing of the page allocator, threads on CPUs, and the touches;
 * the points of one seed share these draws, so comparisons are paired.
 */
import type { Program } from '../hw/cpu.ts';
import { Machine } from '../hw/machine.ts';
import { type addr_t, NULL } from '../hw/memory.ts';
import { type KernelConfig, smpConfig } from '../kernel/kernel.ts';
import { roundUp } from '../kernel/struct.ts';
import { shuffle } from '../kernel/symbols.ts';
import { GFP_ATOMIC } from '../mm/gfp.ts';
import type { SlabAllocator } from '../slab/allocator.ts';
import { SLAB_HWCACHE_ALIGN } from '../slab/flags.ts';
import type { AllocationTrace } from './allocation-trace.ts';
import { boot } from './boot.ts';
import { type Totals, totals } from './measure.ts';
import type { Operation } from './operations.ts';
import { replay } from './replay.ts';
import type { Counts, Point, PointResult } from './results.ts';
import { below, type Random, seeded } from './seeded.ts';
import { type Alignment, modelOf, type Specification } from './specification.ts';
import { type TouchModelName, touchModels } from './touch.ts';

/** All points, seeds last, so that the first seed's comparison is whole early. */
export function points(specification: Specification): Point[] {
  const { touch, alignment, colouring, seeds } = specification;
  return Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
    touch.flatMap((model) =>
      alignment.flatMap((align) =>
        colouring.map((colour) => ({ touch: model, alignment: align, colouring: colour, seed })),
      ),
    ),
  );
}

/** What all random streams of a point are seeded by, each with a label of its own. */
export const seedOf = (specification: Specification, point: Point): string => `${specification.seed}/${point.seed}`;

/** For those who look on while a point runs. */
export interface PointObserver {
  /** The machine stands, before its first access. */
  readonly poweredOn: (machine: Machine) => void;
  /** What is counted begins. */
  readonly measured: (allocator: SlabAllocator) => void;
}

/** Boots, ages, creates the trace's caches, replays the trace, and counts what the replay did. */
export function runPoint(
  specification: Specification,
  trace: AllocationTrace,
  point: Point,
  observer?: PointObserver,
): PointResult {
  const seed = seedOf(specification, point);
  const machine = new Machine({
    model: modelOf(specification),
    cpus: specification.machine.cpus,
    memory: specification.machine.memory,
    classes: 'all',
    random: seeded(seed, 'replacement'),
  });
  observer?.poweredOn(machine);
  const config: KernelConfig = {
    ...smpConfig,
    L1_CACHE_BYTES: specification.kernel.l1_cache_bytes,
    colouring: point.colouring === 'on',
  };
  const allocator = boot(machine, specification.kernel.version, config, seeded(seed, 'placement of statics'));
  const cpu = machine.cpus[0]!;
  machine.run(cpu, age(allocator, seeded(seed, 'ageing')));
  const caches = machine.run(cpu, createCaches(allocator, trace, point.alignment as Alignment));

  observer?.measured(allocator);
  const before = totals(machine);
  const freeBefore = allocator.nr_free_pages();
  let fewest = freeBefore;
  const result = replay(allocator, {
    trace,
    caches,
    cpuOf: placement(specification, seeded(seed, 'threads on CPUs')),
    touch: touchModels[point.touch as TouchModelName](seed),
    observe: () => {
      fewest = Math.min(fewest, allocator.nr_free_pages());
    },
  });
  const counts: Counts = {
    ...difference(totals(machine), before),
    peakPages: freeBefore - fewest,
    pages: freeBefore - allocator.nr_free_pages(),
    ...result,
  };
  return { point, counts };
}

/**
 * Ageing of the page allocator: single pages are taken until an eighth of the free ones is gone, then half of these go
 * back in random order, so that free memory lies in pieces as on a machine that has run for a while.
 */
function* age(allocator: SlabAllocator, random: Random): Program {
  const cpu = allocator.kernel.machine.cpus[0]!;
  const taken: addr_t[] = [];
  for (let count = allocator.nr_free_pages() >>> 3; count > 0; count--) {
    const page = yield* allocator.alloc_pages(cpu, GFP_ATOMIC, 0);
    if (page !== NULL) taken.push(page);
  }
  for (const page of shuffle(taken, random).slice(taken.length >>> 1)) yield* allocator.free_pages(cpu, page, 0);
}

/**
 * One cache for each named cache of the trace, with the trace's object size. Word and line-fraction alignment are the
 * kernel's own; whole-line rounds the size up, since 2.4 has no such flag. The size-N caches never vary.
 */
function* createCaches(allocator: SlabAllocator, trace: AllocationTrace, alignment: Alignment): Program<addr_t[]> {
  const cpu = allocator.kernel.machine.cpus[0]!;
  const line = allocator.kernel.config.L1_CACHE_BYTES;
  const caches: addr_t[] = [];
  for (const { name, size } of trace.caches) {
    caches.push(
      yield* allocator.create(cpu, {
        name,
        size: alignment === 'whole-line' ? roundUp(size, line) : size,
        flags: alignment === 'word' ? 0 : SLAB_HWCACHE_ALIGN,
      }),
    );
  }
  return caches;
}

/** By thread, each on a CPU that the seed draws; or as recorded, folded onto the CPUs there are. */
function placement({ placement, machine }: Specification, random: Random): (operation: Operation) => number {
  if (placement === 'trace') return ({ cpu }) => cpu % machine.cpus;
  const cpuOfThread: number[] = [];
  return ({ thread }) => {
    while (cpuOfThread.length <= thread) cpuOfThread.push(below(random, machine.cpus));
    return cpuOfThread[thread]!;
  };
}

function difference(after: Totals, before: Totals): Totals {
  const changed = { ...after };
  for (const key of Object.keys(after) as (keyof Totals)[]) changed[key] = after[key] - before[key];
  return changed;
}
