/** What 2.4 does under stress, and short of memory, beside what every version does. */
import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL } from '../../../src/hw/memory.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../../src/hw/store-buffer.ts';
import { Lockup } from '../../../src/hw/watchdog.ts';
import { THREAD_SIZE } from '../../../src/kernel/linux-2.4/task.ts';
import { StoresInFlight } from '../../../src/kernel/peek-list.ts';
import { free_area_struct } from '../../../src/mm/linux-2.4/mm.ts';
import { GFP_ATOMIC, GFP_KERNEL } from '../../../src/mm/linux-2.4.22/gfp.ts';
import { cpucache_t, type Slab24, slab_bufctl, slab_t } from '../../../src/slab/linux-2.4/slab.ts';
import { type Booted, booted, countReclaims } from '../../machines.ts';
import { Stress } from '../stress.ts';
import { assertStress } from '../stress-checks.ts';
import { stressed } from '../stressed-versions.ts';
import { linux2422, newStack } from './stressed.ts';

test.each([
  [2, 236, 122],
  [3, 311, 206],
  [8, 1675, 690],
])('%i CPUs short of memory reclaim, and every invariant holds', (cpus, failures, reclaimed) => {
  const machine = booted({ cpus, memory: 8 * MiB });
  const reclaims = countReclaims(machine.k);
  const stress = new Stress(machine, linux2422, {
    seed: 'short of memory',
    operations: 30_000,
    tide: 30,
    tuning: false,
  });
  stress.run();
  assertStress(stress);
  expect([stress.counts.failures, reclaims.count]).toEqual([failures, reclaimed]);
});

test('amid a run with store buffers, caches() and buddyinfo() say when they cannot look', () => {
  const storeBuffer = { depth: P6_STORE_BUFFER_DEPTH, random: () => 0.999 };
  const { machine, allocator } = booted({ cpus: 1, storeBuffer });
  const cpu = machine.cpus[0]!;
  function* looks(): Program {
    yield* allocator.kmalloc(cpu, 100, GFP_KERNEL);
    expect(() => allocator.caches()).toThrow(StoresInFlight);
    expect(() => allocator.buddyinfo()).toThrow(StoresInFlight);
    cpu.mfence();
    expect(allocator.caches()).toHaveLength(27);
    expect(allocator.buddyinfo()).toMatch(/^Node 0, zone +DMA /);
  }
  machine.run(cpu, looks());
});

test('a task that finds no memory lets another task of its CPU run, which may free some', () => {
  const kernel = booted({ cpus: 1, memory: 8 * MiB });
  const { machine, allocator } = kernel;
  const cpu = machine.cpus[0]!;
  const blocks: addr_t[] = [];
  const log: string[] = [];
  function* prepares(): Program<addr_t[]> {
    const stacks = [yield* newStack(kernel, cpu), yield* newStack(kernel, cpu)];
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

describe.each(['2.4.0', '2.4.22'])('the checks find what a single wrong word of %s spoils', (name) => {
  const stress = stressed(name, { cpus: 4 }, { seed: 'spoilt', operations: 5000 });
  const { machine, k, allocator } = stress.booted as Booted<Slab24>;
  const cache = allocator.caches().find(({ name }) => name === 'stress-700')!;
  const [slab] = allocator.caches().flatMap(({ slabs }) => slabs.filter(({ freeObjects }) => freeObjects.length > 1));
  const zone = k.zone(0);
  const array = cache.cpuArrays.find((array) => array !== null && array.avail > 0)!;
  test.each<[what: string, where: () => addr_t, found: string, spoilt?: number]>([
    ['a cookie', () => stress.pools[0]!.waiting[0]!.objp, 'objects that lost their cookies'],
    ['slabp->inuse', () => slab!.slabp + slab_t.inuse, 'free objects and inuse add up'],
    ['a bufctl', () => slab_bufctl(slab!.slabp, slab!.free), 'the bufctl chain of slab', 1 << 20],
    ['cachep->growing', () => cache.cachep + k.kmem_cache_t.growing, 'growing'],
    ['cachep->spinlock', () => cache.cachep + k.kmem_cache_t.spinlock, 'locks that are not free'],
    ['an avail', () => array.address + cpucache_t.avail, 'objects of stress-700 that are not in one place'],
    [
      'an irq count',
      () => k.irq_stat + k.irq_cpustat_t.__local_irq_count,
      'interrupts and softirqs in progress on cpu0',
    ],
    ['free_pages', () => zone + k.zone_struct.free_pages, 'free_pages of zone 0'],
    ['a bitmap', () => machine.memory.peek32(zone + k.zone_struct.free_area + free_area_struct.map), 'bits of order 0'],
  ])('%s', (_, where, found, spoilt = 1) => {
    assertStress(stress);
    const at = where();
    const right = machine.memory.peek32(at);
    machine.memory.poke32(at, right ^ spoilt);
    try {
      expect(() => assertStress(stress)).toThrow(found);
    } finally {
      machine.memory.poke32(at, right);
    }
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
