/**
 * Deliberate faults of 2.4's slab allocator: a lock or a mask left out, an array of the wrong CPU. Each is found: by the race
 * detector, and where it does harm by the random run.
 */
import { describe, expect, test, vi } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../../src/hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../../src/kernel/irq.ts';
import { smp_processor_id } from '../../../src/kernel/linux-2.4/task.ts';
import { ptr } from '../../../src/kernel/struct.ts';
import { watchHandovers } from '../../../src/lab/watch/handovers.ts';
import { detectRaces, type Race, type RaceAccess, tellRace } from '../../../src/lab/watch/race-detector.ts';
import type { SlabAllocator } from '../../../src/slab/allocator.ts';
import { cc_entry, kmem_cache_alloc_one_tail } from '../../../src/slab/linux-2.4/alloc.ts';
import { __kmem_cache_free } from '../../../src/slab/linux-2.4/free.ts';
import { placeAt } from '../../../src/slab/linux-2.4/places.ts';
import { cpucache_t, type Slab24 } from '../../../src/slab/linux-2.4/slab.ts';
import { type Booted, booted } from '../../machines.ts';
import { harmOf } from '../harm.ts';
import { raceRun } from '../race-runs.ts';
import { randomRun } from '../random.ts';
import { unintended as unintendedOf } from '../watched.ts';

type Batch = typeof import('../../../src/slab/linux-2.4/batch.ts').kmem_cache_alloc_batch;

const double = vi.hoisted(() => ({ batch: undefined as unknown as Batch }));
vi.mock('../../../src/slab/linux-2.4/batch.ts', () => ({
  kmem_cache_alloc_batch: ((...args) => double.batch(...args)) satisfies Batch,
}));
const { kmem_cache_alloc_batch: withLock } = await vi.importActual<{ kmem_cache_alloc_batch: Batch }>(
  '../../../src/slab/linux-2.4/batch.ts',
);
double.batch = withLock;

const NAME = '2.4.22';
const unintended = (races: readonly Race[]) => unintendedOf(NAME, races);
const seeds = ['one', 'two', 'three'];

/** kmem_cache_alloc_batch() without its lock. */
function* refillWithoutLock(k: Slab24, cpu: Cpu, cachep: addr_t, cc: addr_t): Program<addr_t> {
  for (let count = cpu.load32(cachep + k.kmem_cache_t.batchcount); count > 0; count--) {
    const slabp = k.slabOps.firstSlab(k, cpu, cachep);
    if (slabp === NULL) break;
    if (cpu.isAhead) yield;
    const avail = cpu.load32(cc + cpucache_t.avail);
    cpu.store32(cc + cpucache_t.avail, avail + 1);
    cpu.storePtr(cc_entry(cc, avail), kmem_cache_alloc_one_tail(k, cpu, cachep, slabp));
  }
  const avail = cpu.load32(cc + cpucache_t.avail);
  if (avail === 0) return NULL;
  cpu.store32(cc + cpucache_t.avail, avail - 1);
  return cpu.loadPtr(cc_entry(cc, avail - 1));
}

/** The random run of test/slab, watched. */
function watchedRandomRun(machine: Booted, seed: string, operations: number) {
  const races = detectRaces(machine.k, (addr) => placeAt(machine.k, addr));
  watchHandovers(machine.allocator, races);
  // A faulty double may well destroy the allocator; the races are told all the same.
  harmOf(() => randomRun(machine, seed, operations));
  races.stop();
  return races.races;
}

/** The sides of the races, as `structure.field function`, each pair once. */
const sides = (races: readonly Race[]) => unintended(races).map(({ first, second }) => [first, second] as const);
const ofField = (races: readonly Race[], field: string) => sides(races).filter(([first]) => first.field === field);
const fns = (pairs: readonly (readonly [RaceAccess, RaceAccess])[]) => new Set(pairs.flat().map(({ fn }) => fn));

describe('a missing lock', () => {
  /** What the random run was harmed by, if it was. */
  const harm = (batch: Batch, seed: string): string | undefined => {
    double.batch = batch;
    try {
      return harmOf(() => randomRun(booted({ cpus: 4 }), seed, 3000).check())?.message;
    } finally {
      double.batch = withLock;
    }
  };

  test.each(seeds)('lets two CPUs be handed the same object, and the random run finds it (seed %s)', (seed) => {
    expect(harm(refillWithoutLock, seed)).toMatch(/^object [0-9a-f]+ was handed out twice$/);
    expect(harm(withLock, seed)).toBeUndefined();
  });

  const faulty = (seed: string) => {
    double.batch = refillWithoutLock;
    try {
      return watchedRandomRun(booted({ cpus: 4 }), seed, 3000);
    } finally {
      double.batch = withLock;
    }
  };

  test.each(seeds)('in the refill of a per-CPU array is found in the slabs and their lists (seed %s)', (seed) => {
    const races = faulty(seed);
    const lists = ofField(races, 'kmem_cache_t.slabs_partial');
    expect(lists).not.toEqual([]);
    for (const [first, second] of lists) {
      expect(first.cpu).not.toBe(second.cpu);
      expect([first, second].some(({ locks }) => locks.length === 0)).toBe(true);
    }
    expect(fns(lists)).toContain('firstSlab');
    expect(ofField(races, 'slab_t.inuse')).not.toEqual([]);
    expect(ofField(races, 'slab_t.free')).not.toEqual([]);
  });

  test('is found though the schedule was harmless: the two refills lay far apart in time', () => {
    const machine = booted({ cpus: 2 });
    const { allocator, k } = machine;
    const [cpu0, cpu1] = machine.machine.cpus as [(typeof machine.machine.cpus)[0], (typeof machine.machine.cpus)[0]];
    const cachep = machine.machine.run(cpu0, allocator.create(cpu0, { name: 'harmless', size: 20 }));
    const races = detectRaces(k, (addr) => placeAt(k, addr));
    double.batch = refillWithoutLock;
    machine.machine.scheduler.spawn(cpu0, allocator.alloc(cpu0, cachep, 0x20));
    cpu1.clock = cpu0.clock + 1_000_000;
    machine.machine.scheduler.spawn(cpu1, allocator.alloc(cpu1, cachep, 0x20));
    machine.machine.scheduler.run();
    double.batch = withLock;
    expect(fns(ofField(races.races, 'slab_t.inuse'))).toEqual(new Set(['kmem_cache_alloc_one_tail']));
  });
});

describe('a missing interrupt mask', () => {
  const k = (allocator: SlabAllocator) => allocator.kernel as Slab24;
  const unmaskedFree = (allocator: SlabAllocator): SlabAllocator =>
    Object.assign(Object.create(allocator) as SlabAllocator, {
      *free(...[cpu, cachep, objp]: Parameters<SlabAllocator['free']>) {
        const rest = __kmem_cache_free(k(allocator), cpu, cachep, objp);
        if (rest !== null) yield* rest;
        yield;
      },
    } satisfies Partial<SlabAllocator>);

  test.each(seeds)(
    'in kmem_cache_free is found in the per-CPU array, by the handler of the same CPU (seed %s)',
    (seed) => {
      const { races } = raceRun({ cpus: 2 }, unmaskedFree)(NAME, seed, {});
      const pairs = ofField(races, 'cpucache_t.avail');
      const byHandlers = pairs.filter(([one, other]) => one.cpu === other.cpu);
      expect(byHandlers).not.toEqual([]);
      for (const pair of byHandlers) {
        const program = pair.find(({ context }) => context === 'process')!;
        expect(program).toMatchObject({ interruptsOn: true, fn: '__kmem_cache_free' });
        expect(program.owner).toMatch(new RegExp(`^shared-\\d+ on cpu${program.cpu}$`));
      }
      expect(ofField(races, 'cpucache_t.entries')).not.toEqual([]);
    },
  );

  test('is not found where no handler uses the cache', () => {
    const machine = booted({ cpus: 2 });
    const races = watchedRandomRun({ ...machine, allocator: unmaskedFree(machine.allocator) }, 'one', 2000);
    expect(unintended(races).map(tellRace)).toEqual([]);
  });
});

describe('a per-CPU array touched from the wrong CPU', () => {
  /** cc_data() with the number of the CPU behind this one, as if the task had moved after it asked. */
  const wrongCpu = (allocator: SlabAllocator): SlabAllocator => {
    const k = allocator.kernel as Slab24;
    return Object.assign(Object.create(allocator) as SlabAllocator, {
      *free(...[cpu, cachep, objp]: Parameters<SlabAllocator['free']>) {
        const flags = local_irq_save(cpu);
        const wrong = (smp_processor_id(k, cpu) + 1) % k.machine.cpus.length;
        const cc: addr_t = cpu.loadPtr(cachep + k.kmem_cache_t.cpudata + wrong * ptr.sizeof);
        const avail = cpu.load32(cc + cpucache_t.avail);
        if (avail < cpu.load32(cc + cpucache_t.limit)) {
          cpu.store32(cc + cpucache_t.avail, avail + 1);
          cpu.storePtr(cc_entry(cc, avail), objp);
        }
        if (local_irq_restore(cpu, flags)) yield;
      },
    } satisfies Partial<SlabAllocator>);
  };

  test.each(seeds)('is found in its count and its entries, by its owner (seed %s)', (seed) => {
    const machine = booted({ cpus: 4 });
    const races = watchedRandomRun({ ...machine, allocator: wrongCpu(machine.allocator) }, seed, 1000);
    const pairs = ofField(races, 'cpucache_t.avail');
    expect(pairs).not.toEqual([]);
    for (const [first, second] of pairs) {
      expect((4 + first.cpu - second.cpu) % 4).toBeOneOf([1, 3]);
      expect(`${first.owner} ${second.owner}`).toMatch(/^random-\d+ on cpu\d random-\d+ on cpu\d$/);
      const wrong = [first, second].find(({ fn }) => fn === 'free');
      expect(wrong).toMatchObject({ interruptsOn: false, locks: [] });
    }
    expect(ofField(races, 'cpucache_t.entries')).not.toEqual([]);
  });
});
