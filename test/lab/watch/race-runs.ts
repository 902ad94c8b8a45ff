/** Runs for the race detector: CPUs and interrupt handlers that share caches, and what an administrator may do meanwhile. */

import { below, seeded } from '../../../src/base/random.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../../src/hw/memory.ts';
import { request_irq } from '../../../src/kernel/linux-2.4/hardirq.ts';
import { down, up } from '../../../src/kernel/semaphore.ts';
import { watchHandovers } from '../../../src/lab/watch/handovers.ts';
import { detectRaces, type Race } from '../../../src/lab/watch/race-detector.ts';
import { GFP_ATOMIC, GFP_KERNEL } from '../../../src/mm/linux-2.4.22/gfp.ts';
import type { SlabAllocator } from '../../../src/slab/allocator.ts';
import { kmem_tune_cpucache } from '../../../src/slab/linux-2.4/cpu-arrays.ts';
import { placeAt } from '../../../src/slab/linux-2.4/places.ts';
import { kmem_cache_reap } from '../../../src/slab/linux-2.4.22/reap.ts';
import type { Booted } from '../../machines.ts';

const TIMER_VECTOR = 0x31;

export interface InterruptedRun {
  readonly operations: number;
  /** Cycles between two interrupts of a CPU. */
  readonly period: number;
  /** Objects that a CPU holds at most, and a handler of it. */
  readonly held: number;
  /** What the last CPU does instead of allocating. */
  readonly administrator?: (cpu: Cpu, caches: readonly addr_t[], random: () => number) => Program;
  /** The allocator that the programs use, a faulty double perhaps; handlers use that of the machine. */
  readonly double?: (allocator: SlabAllocator) => SlabAllocator;
}

/** Programs and timer handlers allocate from, and free to, the same caches; the races of that. */
export function interruptedRun({ machine, allocator, k }: Booted, seed: string, run: InterruptedRun): readonly Race[] {
  const boss = machine.cpus[0]!;
  const caches = [40, 600].map((size) => machine.run(boss, allocator.create(boss, { name: `shared-${size}`, size })));
  const races = detectRaces(k, (addr) => placeAt(k, addr));
  const double = run.double?.(allocator) ?? allocator;
  for (const each of new Set([allocator, double])) watchHandovers(each, races);

  function* allocateOrFree(
    from: SlabAllocator,
    cpu: Cpu,
    random: () => number,
    held: [addr_t, addr_t][],
    flags: number,
  ) {
    if (random() < 0.5 && held.length < run.held) {
      const cachep = caches[below(random, caches.length)]!;
      const objp = yield* from.alloc(cpu, cachep, flags);
      if (objp === NULL) return;
      cpu.store32(objp, cpu.id);
      held.push([cachep, objp]);
    } else if (held.length > 0) {
      const [[cachep, objp]] = held.splice(below(random, held.length), 1) as [[addr_t, addr_t]];
      yield* from.free(cpu, cachep, objp);
    }
  }
  function* work(cpu: Cpu): Program {
    const random = seeded(seed, `cpu${cpu.id}`);
    if (run.administrator !== undefined && cpu.id === machine.cpus.length - 1) {
      yield* run.administrator(cpu, caches, random);
      return;
    }
    const held: [addr_t, addr_t][] = [];
    for (let i = 0; i < run.operations; i++) yield* allocateOrFree(double, cpu, random, held, GFP_KERNEL);
  }
  const ofHandlers = machine.cpus.map(({ id }) => ({
    random: seeded(seed, `handler${id}`),
    held: [] as [addr_t, addr_t][],
  }));
  request_irq(k, TIMER_VECTOR, function* (cpu) {
    const { random, held } = ofHandlers[cpu.id]!;
    for (let i = below(random, 4); i >= 0; i--) yield* allocateOrFree(allocator, cpu, random, held, GFP_ATOMIC);
  });
  for (const cpu of machine.cpus) {
    machine.startTimer(cpu, TIMER_VECTOR, cpu.clock + 500 * (cpu.id + 1), run.period);
    machine.scheduler.spawn(cpu, work(cpu));
  }
  machine.scheduler.run();
  races.stop();
  return races.races;
}

/**
 * Shrinks, reaps, reads slabinfo, creates, destroys, and tunes if told so, in the order that chance has it. Limits stay
 * above all batchcounts: 2.4.22 stores the new batchcount while the old arrays are in use, and runs over smaller ones.
 */
export function administrate(
  { allocator, k }: Booted,
  { rounds, tunes }: { rounds: number; tunes: boolean },
): NonNullable<InterruptedRun['administrator']> {
  return function* (cpu, caches, random) {
    for (let round = 0; round < rounds; round++) {
      const cachep = caches[below(random, caches.length)]!;
      switch (below(random, tunes ? 5 : 4)) {
        case 4: {
          const limit = 60 + below(random, 60);
          yield* down(k, cpu, k.cache_chain_sem);
          yield* kmem_tune_cpucache(k, cpu, cachep, limit, limit >> 1);
          yield* up(k, cpu, k.cache_chain_sem);
          break;
        }
        case 1:
          yield* allocator.shrink(cpu, cachep);
          break;
        case 2:
          yield* kmem_cache_reap(k, cpu, GFP_KERNEL);
          break;
        case 0:
          yield* allocator.slabinfo(cpu);
          break;
        default: {
          const passing = yield* allocator.create(cpu, { name: `passing-${round}`, size: 100 });
          const objp = yield* allocator.alloc(cpu, passing, GFP_KERNEL);
          yield* allocator.free(cpu, passing, objp);
          yield* allocator.destroy(cpu, passing);
        }
      }
    }
  };
}

/** Pages run short while free slabs hold many: each CPU takes pages for which slabs must be reclaimed. */
export function pressureRun({ machine, allocator, k }: Booted, seed: string, operations: number): readonly Race[] {
  const boss = machine.cpus[0]!;
  const cachep = machine.run(boss, allocator.create(boss, { name: 'spare', size: 1000 }));
  function* fillSlabs(): Program {
    const objects: addr_t[] = [];
    for (let i = 0; i < 1200; i++) objects.push(yield* allocator.alloc(boss, cachep, GFP_KERNEL));
    for (const objp of objects) yield* allocator.free(boss, cachep, objp);
  }
  machine.run(boss, fillSlabs());
  while (allocator.nr_free_pages() > 64) machine.run(boss, allocator.get_free_pages(boss, GFP_ATOMIC, 0));

  const races = detectRaces(k, (addr) => placeAt(k, addr));
  watchHandovers(allocator, races);
  function* work(cpu: Cpu): Program {
    const random = seeded(seed, `cpu${cpu.id}`);
    const pages: addr_t[] = [];
    for (let i = 0; i < operations; i++) {
      if (pages.length < 45 && random() < 0.7) {
        const page = yield* allocator.get_free_pages(cpu, GFP_KERNEL, 0);
        if (page !== NULL) pages.push(page);
      } else if (pages.length > 0) yield* allocator.free_pages(cpu, pages.pop()!, 0);
    }
    for (const page of pages) yield* allocator.free_pages(cpu, page, 0);
  }
  request_irq(k, TIMER_VECTOR, function* (cpu) {
    const objp = yield* allocator.alloc(cpu, cachep, GFP_ATOMIC);
    if (objp !== NULL) yield* allocator.free(cpu, cachep, objp);
    const page = yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0);
    if (page !== NULL) yield* allocator.free_pages(cpu, page, 0);
  });
  for (const cpu of machine.cpus) {
    machine.startTimer(cpu, TIMER_VECTOR, cpu.clock + 500 * (cpu.id + 1), 30_000);
    machine.scheduler.spawn(cpu, work(cpu));
  }
  machine.scheduler.run();
  races.stop();
  return races.races;
}
