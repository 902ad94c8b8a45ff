/** 2.6.17 under the race detector: as it is, with cache_reap, ticks and an administrator going on, and with a deliberate fault. */
import { describe, expect, test } from 'vitest';
import { below, seeded } from '../../../src/base/random.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../../src/hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../../src/kernel/irq.ts';
import { request_irq } from '../../../src/kernel/linux-2.6/softirq.ts';
import { LOCAL_TIMER_VECTOR } from '../../../src/kernel/linux-2.6/timer.ts';
import { watchHandovers } from '../../../src/lab/watch/handovers.ts';
import { intendedRace, unintended } from '../../../src/lab/watch/intended-races.ts';
import { detectRaces, type Race, tellRace } from '../../../src/lab/watch/race-detector.ts';
import type { SlabAllocator } from '../../../src/slab/allocator.ts';
import { __cache_free } from '../../../src/slab/linux-2.6.17/free.ts';
import { intendedRaces } from '../../../src/slab/linux-2.6.17/intended-races.ts';
import { REAPTIMEOUT_LIST3 } from '../../../src/slab/linux-2.6.17/list3.ts';
import { placeAt } from '../../../src/slab/linux-2.6.17/places.ts';
import { type Booted26, booted26 } from './booted.ts';
import { watched } from './watched.ts';

const DEVICE = 0x41;
const TICK = 20_000;
const MOST_OBJECTS = 600;

/** What the last of several CPUs does instead: time flies for it, so that lists and shared arrays are due for cache_reap(). */
function* administrate(
  { machine, allocator, k }: Booted26,
  cpu: Cpu,
  caches: readonly addr_t[],
  random: () => number,
): Program {
  const { GFP_KERNEL } = allocator.version.gfp;
  for (let round = 0; round < 60; round++) {
    if (round % 5 === 0) machine.memory.poke32(k.jiffies, machine.memory.peek32(k.jiffies) + REAPTIMEOUT_LIST3);
    switch (below(random, 7)) {
      case 0:
        yield* allocator.tune(cpu, `shared-40 ${60 + below(random, 60)} 30`);
        break;
      case 1:
        yield* allocator.shrink(cpu, caches[below(random, caches.length)]!);
        break;
      case 2:
        yield* allocator.slabinfo(cpu);
        break;
      case 3: {
        const passing = yield* allocator.create(cpu, { name: `passing-${round}`, size: 100 });
        const objp = yield* allocator.alloc(cpu, passing, GFP_KERNEL);
        yield* allocator.free(cpu, passing, objp);
        yield* allocator.destroy(cpu, passing);
        break;
      }
      default:
        yield* allocator.reap(cpu, GFP_KERNEL);
    }
  }
}

/** Tasks and handlers allocate from two caches and free what others allocated, by tides; the races of that. */
function raceRun(booted: Booted26, seed: string, double: SlabAllocator = booted.allocator): readonly Race[] {
  const { machine, allocator, k } = booted;
  const { GFP_KERNEL, GFP_ATOMIC } = allocator.version.gfp;
  const [boss] = machine.cpus;
  const caches = [40, 600].map((size) => machine.run(boss, allocator.create(boss, { name: `shared-${size}`, size })));
  const races = detectRaces(k, (addr) => placeAt(k, addr));
  for (const each of new Set([allocator, double])) watchHandovers(each, races);
  const pool: [addr_t, addr_t][] = [];

  function* allocateOrFree(from: SlabAllocator, cpu: Cpu, random: () => number, flags: number): Program {
    if (cpu.isAhead) yield;
    const rising = Math.floor(cpu.clock / 300_000) % 2 === 1;
    if (random() < (rising ? 0.7 : 0.3) && pool.length < MOST_OBJECTS) {
      const cachep = caches[below(random, caches.length)]!;
      const objp = yield* from.alloc(cpu, cachep, flags);
      if (objp === NULL) return;
      cpu.store32(objp, cpu.id);
      pool.push([cachep, objp]);
    } else if (pool.length > 0) {
      const [[cachep, objp]] = pool.splice(below(random, pool.length), 1) as [[addr_t, addr_t]];
      yield* from.free(cpu, cachep, objp);
    }
  }
  function* work(cpu: Cpu): Program {
    const random = seeded(seed, `cpu${cpu.id}`);
    if (cpu.id > 0 && cpu.id === machine.cpus.length - 1) {
      yield* administrate(booted, cpu, caches, random);
      return;
    }
    for (let i = 0; i < 3000; i++) {
      yield* allocateOrFree(double, cpu, random, GFP_KERNEL);
      if (i % 200 === 0) yield* allocator.reap(cpu, GFP_KERNEL);
    }
  }
  const ofHandlers = machine.cpus.map(({ id }) => seeded(seed, `handler${id}`));
  request_irq(k, DEVICE, function* (cpu) {
    const random = ofHandlers[cpu.id]!;
    for (let i = below(random, 4); i >= 0; i--) yield* allocateOrFree(allocator, cpu, random, GFP_ATOMIC);
  });
  for (const cpu of machine.cpus) {
    machine.startTimer(cpu, LOCAL_TIMER_VECTOR, cpu.clock + TICK, TICK);
    machine.startTimer(cpu, DEVICE, cpu.clock + 500 * (cpu.id + 1), 3000);
    machine.scheduler.spawn(cpu, work(cpu));
  }
  machine.scheduler.run();
  races.stop();
  return races.races;
}

const tell = (races: readonly Race[]) => unintended(races, intendedRaces).map(tellRace);

describe('the allocator has no race but those intended', () => {
  const found: Race[] = [];

  test.each([
    ['on SMP', 4, 1, 'one'],
    ['on SMP', 4, 1, 'two'],
    ['on SMP', 4, 1, 'three'],
    ['on two nodes', 4, 2, 'one'],
    ['on two nodes', 4, 2, 'two'],
    ['on two nodes', 4, 2, 'five'],
    ['on a uniprocessor', 1, 1, 'one'],
  ])('%s (%i CPUs, %i nodes, seed %s)', (_, cpus, nodes, seed) => {
    const races = raceRun(booted26({ cpus, nodes }), seed);
    expect(tell(races)).toEqual([]);
    found.push(...races);
  });

  test.each([
    ['on SMP', 1, 'one'],
    ['on SMP', 1, 'two'],
    ['on two nodes', 2, 'one'],
    ['on two nodes', 2, 'two'],
  ])('%s under stress, with a CPU that comes and goes, and RCU (%i nodes, seed %s)', (_, nodes, seed) => {
    const booted = booted26({ cpus: 4, nodes, lockupCycles: 20_000_000 });
    const { races, harm } = watched(booted, { seed, operations: 5000 });
    found.push(...races);
    expect(harm).toBeNull();
    expect(tell(races)).toEqual([]);
  });

  test('and each of those intended was found', () => {
    const entries = new Set(found.map((race) => intendedRace(race, intendedRaces)));
    expect(intendedRaces.filter((entry) => !entries.has(entry))).toEqual([]);
  });
});

test('a missing interrupt mask in kmem_cache_free is found in the array, by the handler of the same CPU', () => {
  const booted = booted26({ cpus: 2 });
  const unmasked: SlabAllocator = Object.assign(Object.create(booted.allocator) as SlabAllocator, {
    *free(...[cpu, cachep, objp]: Parameters<SlabAllocator['free']>) {
      const rest = __cache_free(booted.k, cpu, cachep, objp, NULL);
      yield;
      // With a lock held it would be no race but a deadlock.
      const flags = local_irq_save(cpu);
      if (rest !== null) yield* rest;
      if (local_irq_restore(cpu, flags)) yield;
    },
  } satisfies Partial<SlabAllocator>);
  const races = unintended(raceRun(booted, 'one', unmasked), intendedRaces).map(({ first, second }) => [first, second]);
  const entries = races.filter(([first]) => first!.field === 'array_cache.entry');
  expect(entries).not.toEqual([]);
  for (const sides of entries) {
    const program = sides.find(({ context }) => context === 'process');
    const handler = sides.find(({ context }) => context === 'interrupt');
    expect(program).toMatchObject({ cpu: handler!.cpu, interruptsOn: true, owner: handler!.owner });
  }
});
