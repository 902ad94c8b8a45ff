/** The allocator under the race detector: as it is, and with deliberate faults. */
import { describe, expect, test, vi } from 'vitest';
import { type addr_t, MiB } from '../../../src/hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../../src/kernel/irq.ts';
import { smp_processor_id } from '../../../src/kernel/linux-2.4/task.ts';
import { ptr } from '../../../src/kernel/struct.ts';
import { watchHandovers } from '../../../src/lab/watch/handovers.ts';
import { intendedRace, unintended as unintendedBy } from '../../../src/lab/watch/intended-races.ts';
import { detectRaces, type Race, type RaceAccess, tellRace } from '../../../src/lab/watch/race-detector.ts';
import type { SlabAllocator } from '../../../src/slab/allocator.ts';
import { cc_entry } from '../../../src/slab/linux-2.4/alloc.ts';
import { upConfig } from '../../../src/slab/linux-2.4/config.ts';
import { __kmem_cache_free } from '../../../src/slab/linux-2.4/free.ts';
import { placeAt } from '../../../src/slab/linux-2.4/places.ts';
import { cpucache_t } from '../../../src/slab/linux-2.4/slab.ts';
import { linux2422 } from '../../../src/slab/linux-2.4.22/index.ts';
import type { Linux2422 } from '../../../src/slab/linux-2.4.22/slab.ts';
import { type Booted, booted, countReclaims } from '../../machines.ts';
import { harmOf } from '../../slab/harm.ts';
import { randomRun } from '../../slab/random.ts';
import { refillWithoutLock } from '../../slab/refill-without-lock.ts';
import { administrate, interruptedRun, pressureRun } from './race-runs.ts';

type Batch = typeof import('../../../src/slab/linux-2.4/batch.ts').kmem_cache_alloc_batch;

const double = vi.hoisted(() => ({ batch: undefined as unknown as Batch }));
vi.mock('../../../src/slab/linux-2.4/batch.ts', () => ({
  kmem_cache_alloc_batch: ((...args) => double.batch(...args)) satisfies Batch,
}));
const { kmem_cache_alloc_batch: withLock } = await vi.importActual<{ kmem_cache_alloc_batch: Batch }>(
  '../../../src/slab/linux-2.4/batch.ts',
);
double.batch = withLock;

const { intendedRaces } = linux2422;
const unintended = (races: readonly Race[]) => unintendedBy(races, intendedRaces);
const seeds = ['one', 'two', 'three'];
const tell = (races: readonly Race[]) => races.map(tellRace);

/** The random run of test/slab, watched. */
function watchedRandomRun(machine: Booted, seed: string, operations: number) {
  const races = detectRaces(machine.k, (addr) => placeAt(machine.k, addr));
  watchHandovers(machine.allocator, races);
  // A faulty double may well destroy the allocator; the races are told all the same.
  harmOf(() => randomRun(machine, seed, operations));
  races.stop();
  return races.races;
}

const found: Race[] = [];
const calm = { operations: 3000, period: 3000, held: 200 };

describe('the allocator has no race but those intended', () => {
  test.each(seeds)('when four CPUs allocate and free at random (seed %s)', (seed) => {
    const machine = booted({ cpus: 4 });
    const races = detectRaces(machine.k, (addr) => placeAt(machine.k, addr));
    watchHandovers(machine.allocator, races);
    randomRun(machine, seed, 3000).check();
    expect(tell(unintended(races.races))).toEqual([]);
    found.push(...races.races);
  });

  test.each(seeds)('when interrupt handlers allocate and free with GFP_ATOMIC (seed %s)', (seed) => {
    const machine = booted({ cpus: 4 });
    const races = interruptedRun(machine, seed, calm);
    expect(machine.machine.cpus.map(({ counters }) => counters.interrupts > 20)).toEqual([true, true, true, true]);
    expect(tell(unintended(races))).toEqual([]);
    found.push(...races);
  });

  test.each(seeds)(
    'when an administrator tunes, shrinks, reaps, reads, creates and destroys meanwhile (seed %s)',
    (seed) => {
      const machine = booted({ cpus: 4 });
      const administrator = administrate(machine, { rounds: 60, tunes: true });
      const races = interruptedRun(machine, seed, { ...calm, administrator });
      expect(tell(unintended(races))).toEqual([]);
      found.push(...races);
    },
  );

  test.each(seeds)('when memory runs short, and tasks reclaim it (seed %s)', (seed) => {
    const machine = booted({ cpus: 4, memory: 8 * MiB });
    const reclaims = countReclaims(machine.k);
    const races = pressureRun(machine, seed, 150);
    expect(reclaims.count).toBeGreaterThan(2);
    expect(tell(unintended(races))).toEqual([]);
    found.push(...races);
  });

  test('when one CPU of a uniprocessor build is interrupted', () => {
    const races = interruptedRun(booted({ cpus: 1, config: upConfig }), 'up', { ...calm, operations: 8000 });
    expect(tell(unintended(races))).toEqual([]);
  });

  test('nor over a longer run, in which the functions are not noted', () => {
    const machine = booted({ cpus: 4 });
    const races = detectRaces(machine.k, (addr) => placeAt(machine.k, addr), { functions: false });
    watchHandovers(machine.allocator, races);
    randomRun(machine, 'long', 25_000).check();
    expect(races.races.map(({ first }) => [first.field, first.fn])).toEqual([['zone_struct.free_pages', '']]);
    expect(tell(unintended(races.races))).toEqual([]);
  });

  test('and each of those intended was found', () => {
    const entries = new Set(found.map((race) => intendedRace(race, intendedRaces)));
    expect(intendedRaces.filter((entry) => !entries.has(entry))).toEqual([]);
  });
});

/** The sides of the races, as `structure.field function`, each pair once. */
const sides = (races: readonly Race[]) => unintended(races).map(({ first, second }) => [first, second] as const);
const ofField = (races: readonly Race[], field: string) => sides(races).filter(([first]) => first.field === field);
const fns = (pairs: readonly (readonly [RaceAccess, RaceAccess])[]) => new Set(pairs.flat().map(({ fn }) => fn));

describe('a missing lock', () => {
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
  const k = (allocator: SlabAllocator) => allocator.kernel as Linux2422;
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
      const races = interruptedRun(booted({ cpus: 2 }), seed, { ...calm, held: 60, double: unmaskedFree });
      const pairs = ofField(races, 'cpucache_t.avail');
      expect(pairs).not.toEqual([]);
      for (const pair of pairs) {
        const program = pair.find(({ context }) => context === 'process')!;
        const handler = pair.find(({ context }) => context === 'interrupt')!;
        expect(program).toMatchObject({ cpu: handler.cpu, interruptsOn: true, fn: '__kmem_cache_free' });
        expect(program.owner).toMatch(new RegExp(`^shared-\\d+ on cpu${program.cpu}$`));
      }
      expect(ofField(races, 'cpucache_t.entries')).not.toEqual([]);
    },
  );

  test('is not found where no handler uses the cache', () => {
    const machine = booted({ cpus: 2 });
    const races = watchedRandomRun({ ...machine, allocator: unmaskedFree(machine.allocator) }, 'one', 2000);
    expect(tell(unintended(races))).toEqual([]);
  });
});

describe('a per-CPU array touched from the wrong CPU', () => {
  /** cc_data() with the number of the CPU behind this one, as if the task had moved after it asked. */
  const wrongCpu = (allocator: SlabAllocator): SlabAllocator => {
    const k = allocator.kernel as Linux2422;
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
