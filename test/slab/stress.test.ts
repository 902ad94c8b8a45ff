import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/base/random.ts';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL } from '../../src/hw/memory.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../src/hw/store-buffer.ts';
import { Lockup } from '../../src/hw/watchdog.ts';
import { THREAD_SIZE } from '../../src/kernel/linux-2.4/task.ts';
import { GFP_ATOMIC, GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { free_area_struct } from '../../src/mm/linux-2.4.22/mm.ts';
import { cpucache_t, slab_bufctl, slab_t } from '../../src/slab/linux-2.4.22/slab.ts';
import { booted, countReclaims } from '../machines.ts';
import { assertBuddy } from './invariants.ts';
import { newStack, stressed } from './stress.ts';
import { assertQuiet, assertStress } from './stress-checks.ts';

describe('four CPUs, timers, devices, remote frees, tuning, shrink and reap at the same time', () => {
  const stress = stressed(booted({ cpus: 4 }), { seed: 'load', operations: 20_000 });

  test('afterwards every invariant holds, of the whole machine', () => assertStress(stress));

  test('all of it happened', () => {
    const { failures, pagesShrunk, pagesReaped, ...happened } = stress.counts;
    for (const [what, count] of Object.entries(happened)) expect(count, what).toBeGreaterThan(0);
    expect(pagesShrunk + pagesReaped).toBeGreaterThan(0);
    expect(stress.counts.remoteFrees).toBeGreaterThan(stress.counts.frees / 2);
    expect(failures, 'allocations that found no memory').toBe(0);
    for (const { counters } of stress.booted.machine.cpus) expect(counters.spinCycles).toBeGreaterThan(0);
  });
});

test.each([2, 3, 8])('%i CPUs short of memory reclaim, and every invariant holds', (cpus) => {
  const machine = booted({ cpus, memory: 8 * MiB });
  const reclaims = countReclaims(machine.k);
  const stress = stressed(machine, {
    seed: 'short of memory',
    operations: 30_000,
    tide: 30,
    tuning: false,
  });
  assertStress(stress);
  expect(stress.counts.failures).toBeGreaterThan(0);
  expect(reclaims.count).toBeGreaterThan(0);
});

test('a DEBUG build finds nothing wrong', () => {
  const stress = stressed(booted({ cpus: 4, config: { CONFIG_DEBUG_SLAB: true } }), {
    seed: 'debug',
    operations: 10_000,
  });
  // Here the allocator checks red zones and poison at each operation; a BUG would have ended the run.
  assertQuiet(stress);
  assertBuddy(stress.booted.k);
});

test('on CPUs with store buffers the locks still hold: every invariant does', () => {
  const storeBuffer = { depth: P6_STORE_BUFFER_DEPTH, random: seeded('buffered', 'drains') };
  const stress = stressed(booted({ cpus: 4, storeBuffer }), { seed: 'buffered', operations: 10_000 });
  assertStress(stress);
});

test('the same seed gives the same memory, byte for byte, whatever ran before', () => {
  const digest = (seed: string) => {
    const stress = stressed(booted({ cpus: 4 }), { seed, operations: 5000 });
    return createHash('sha256').update(stress.booted.machine.memory.bytes).digest('hex');
  };
  const first = digest('again');
  expect(digest('another')).not.toBe(first);
  expect(digest('again')).toBe(first);
});

test('a task that finds no memory lets another task of its CPU run, which may free some', () => {
  const { machine, allocator } = booted({ cpus: 1, memory: 8 * MiB });
  const cpu = machine.cpus[0]!;
  const blocks: addr_t[] = [];
  const log: string[] = [];
  function* prepares(): Program<addr_t[]> {
    const stacks = [yield* newStack(allocator, cpu), yield* newStack(allocator, cpu)];
    let block = yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0);
    for (; block !== NULL; block = yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0)) blocks.push(block);
    return stacks;
  }
  function* wants(): Program {
    log.push('one task wants a page');
    yield* allocator.get_free_pages(cpu, GFP_KERNEL, 0);
    log.push('it has it');
  }
  function* frees(): Program {
    log.push('the other task frees');
    for (const block of blocks) yield* allocator.free_pages(cpu, block, 0);
  }
  const [one, other] = machine.run(cpu, prepares()) as [addr_t, addr_t];
  machine.scheduler.spawn(cpu, wants(), one + THREAD_SIZE);
  machine.scheduler.spawn(cpu, frees(), other + THREAD_SIZE);
  machine.scheduler.run();
  expect(log).toEqual(['one task wants a page', 'the other task frees', 'it has it']);
});

describe('the checks find what a single wrong word spoils', () => {
  const stress = stressed(booted({ cpus: 4 }), { seed: 'spoilt', operations: 5000 });
  const { machine, k, allocator } = stress.booted;
  const cache = allocator.caches().find(({ name }) => name === 'stress-700')!;
  const [slab] = allocator.caches().flatMap(({ slabs }) => slabs.filter(({ freeObjects }) => freeObjects.length > 1));
  const zone = k.zone(0);
  test.each([
    ['a cookie', () => stress.pools[0]!.waiting[0]!.objp],
    ['slabp->inuse', () => slab!.slabp + slab_t.inuse],
    ['a bufctl', () => slab_bufctl(slab!.slabp, slab!.free)],
    ['cachep->growing', () => cache.cachep + k.kmem_cache_t.growing],
    ['cachep->spinlock', () => cache.cachep + k.kmem_cache_t.spinlock],
    ['an avail', () => cache.cpuArrays.find((array) => array !== null && array.avail > 0)!.address + cpucache_t.avail],
    ['an irq count', () => k.irq_stat + k.irq_cpustat_t.__local_irq_count],
    ['free_pages', () => zone + k.zone_struct.free_pages],
    ['a bitmap', () => machine.memory.peek32(zone + k.zone_struct.free_area + free_area_struct.map)],
  ])('%s', (_, where) => {
    assertStress(stress);
    const at = where();
    const right = machine.memory.peek32(at);
    machine.memory.poke32(at, right ^ 1);
    expect(() => assertStress(stress)).toThrow();
    machine.memory.poke32(at, right);
  });
});

describe('two faults of 2.4.22 itself, which the stress run keeps away from', () => {
  test('a batchcount above the limit of the arrays in use runs over their ends before they are exchanged', () => {
    const { machine, allocator, k } = booted();
    const [tuner, user] = machine.cpus as [Cpu, Cpu];
    const cachep = machine.run(tuner, allocator.create(tuner, { name: 'tuned', size: 64 }));
    machine.run(tuner, allocator.tune(tuner, 'tuned 4 2'));
    const slot = cachep + k.kmem_cache_t.cpudata + 4 * user.id;
    const { store32 } = user;
    user.store32 = (addr, value) => {
      const limit = machine.memory.peek32(addr + cpucache_t.limit);
      if (addr === machine.memory.peek32(slot) && value > limit) throw new Error(`avail ${value}, limit ${limit}`);
      store32.call(user, addr, value);
    };
    let tuned = false;
    function* allocatesAndFrees(): Program {
      const objects: addr_t[] = [];
      while (!tuned) {
        for (let i = 0; i < 50; i++) objects.push(yield* allocator.alloc(user, cachep, GFP_KERNEL));
        for (const objp of objects.splice(0)) yield* allocator.free(user, cachep, objp);
      }
    }
    function* tunes(): Program {
      for (let i = 0; i < 50; i++) yield* allocator.tune(tuner, i % 2 === 0 ? 'tuned 200 100' : 'tuned 4 2');
      tuned = true;
    }
    machine.scheduler.spawn(tuner, tunes());
    machine.scheduler.spawn(user, allocatesAndFrees());
    expect(() => machine.scheduler.run()).toThrow(/^avail \d+, limit 4$/);
  });

  test('tuning that must reclaim waits for cache_chain_sem, which it holds itself', () => {
    const { machine, allocator } = booted({ cpus: 1, memory: 8 * MiB });
    const cpu = machine.cpus[0]!;
    function* takesAllMemory(): Program {
      let block: addr_t;
      do block = yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0);
      while (block !== NULL);
      yield* allocator.tune(cpu, 'size-32 20000 100');
    }
    expect(() => machine.run(cpu, takesAllMemory())).toThrow(Lockup);
  });
});
