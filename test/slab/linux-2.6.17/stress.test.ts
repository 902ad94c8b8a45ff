import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../../src/base/random.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../../src/hw/store-buffer.ts';
import {
  CPU_UP_PREPARE,
  cpu_down,
  cpu_up,
  loadNotifier,
  NOTIFY_OK,
  register_cpu_notifier,
} from '../../../src/kernel/linux-2.6/cpu.ts';
import { notifier_block } from '../../../src/kernel/linux-2.6/layouts.ts';
import { list_head } from '../../../src/kernel/linux-2.6/list.ts';
import { thread_info } from '../../../src/kernel/linux-2.6/thread-info.ts';
import { cpu_online } from '../../../src/kernel/linux-2.6/topology.ts';
import { spin_lock, spin_unlock } from '../../../src/kernel/spinlock.ts';
import { GFP_KERNEL } from '../../../src/mm/linux-2.6.17/gfp.ts';
import { PG_slab } from '../../../src/mm/linux-2.6.17/layouts.ts';
import { peekNodes } from '../../../src/slab/linux-2.6.17/inspect.ts';
import { ac_entry, slab_bufctl } from '../../../src/slab/linux-2.6.17/slab.ts';
import { assertStress } from '../stress-checks.ts';
import { booted26 } from './booted.ts';
import { stressed26, timePassed } from './stressed.ts';

const DEVICE = 0x41;
/** Interrupts take a build so slow all its time otherwise. */
const DEBUG_PACE = 10;

const boot = (cpus: number, nodes: number, CONFIG_DEBUG_SLAB = false) =>
  booted26({ cpus, nodes, config: { CONFIG_DEBUG_SLAB }, lockupCycles: 20_000_000 });

describe('two nodes of two CPUs, with all that goes on in 2.6 at the same time', () => {
  const stress = stressed26(boot(4, 2), { seed: 'load', operations: 20_000 });

  test('afterwards every invariant holds, of the whole machine', () => assertStress(stress));

  test('all of it happened, as often as the seed has it', () => {
    expect(stress.counts).toMatchInlineSnapshot(`
      {
        "allocations": 10529,
        "cpusDown": 2,
        "cpusUp": 2,
        "creations": 5,
        "deviceInterrupts": 2732,
        "emptiedRcuCaches": 22,
        "failures": 0,
        "frees": 9669,
        "inHandlers": 7219,
        "maskings": 16,
        "naps": 101,
        "nested": 167,
        "pagesReaped": 4,
        "pagesShrunk": 22,
        "percpuCounters": 7,
        "raises": 2890,
        "reaps": 8,
        "refusedDowns": 2,
        "remoteFrees": 6443,
        "shrinks": 4,
        "slabinfos": 11,
        "timerInterrupts": 1048,
        "tunings": 6,
        "unlockedReads": 651,
      }
    `);
    expect(timePassed(stress)).toMatchInlineSnapshot(`
      {
        "gracePeriods": 16,
        "jiffies": 1922,
        "works": [
          4,
          3,
          3,
          1,
        ],
      }
    `);
  });
});

test.each([
  ['UP', 1, 1, false],
  ['SMP', 4, 1, false],
  ['SMP', 8, 1, false],
  ['NUMA', 3, 2, false],
  ['NUMA', 8, 4, false],
  ['UP, DEBUG', 1, 1, true],
  ['SMP, DEBUG', 4, 1, true],
  ['NUMA, DEBUG', 4, 2, true],
])('every invariant holds after a run (%s, %i CPUs)', (seed, cpus, nodes, debug) => {
  const pace = debug ? DEBUG_PACE : 1;
  assertStress(stressed26(boot(cpus, nodes, debug), { seed, operations: debug ? 4000 : 8000, pace }));
});

test('on CPUs with store buffers the locks still hold: every invariant does', () => {
  const storeBuffer = { depth: P6_STORE_BUFFER_DEPTH, random: seeded('buffered', 'drains') };
  const booted = booted26({ cpus: 4, nodes: 2, storeBuffer, lockupCycles: 20_000_000 });
  assertStress(stressed26(booted, { seed: 'buffered', operations: 8000 }));
});

test('the same seed gives the same memory, byte for byte, whatever ran before', () => {
  const digest = (seed: string) => {
    const stress = stressed26(boot(4, 2), { seed, operations: 4000 });
    return createHash('sha256').update(stress.booted.machine.memory.bytes).digest('hex');
  };
  const first = digest('again');
  expect(digest('another')).not.toBe(first);
  expect(digest('again')).toBe(first);
});

describe('the checks find what a single wrong word spoils', () => {
  const stress = stressed26(boot(4, 2), { seed: 'spoilt', operations: 6000 });
  const { machine, k, allocator } = stress.booted;
  const { kmem_list3, slab, array_cache, struct_page } = k;
  const cache = allocator.caches().find(({ name }) => name === 'stress-24')!;
  const nodes = peekNodes(k, cache.cachep);
  const [node] = nodes as [(typeof nodes)[0]];
  const partial = node.slabs.find(({ list, freeObjects }) => list === 'partial' && freeObjects.length > 1)!;
  const page = k.pageAt(partial.s_mem >>> PAGE_SHIFT);
  const array = cache.cpuArrays.find((each) => each !== null && each.avail > 1)!;
  const alien = nodes.flatMap((each) => each.alien).find((each) => each !== null && each.avail > 0)!;
  const own = cache.cpuArrays.findIndex(
    (each) => each !== null && each.avail > 0 && alien.entries[0] !== each.entries[0],
  );

  test.each<[what: string, where: () => addr_t, found: string, value?: () => number]>([
    ['a cookie', () => stress.pools[0]!.waiting[0]!.objp, 'objects that lost their cookies'],
    ['slab.inuse', () => partial.slabp + slab.inuse, 'inuse and the free list'],
    ['slab.nodeid', () => partial.slabp + slab.nodeid, 'nodeid of slab'],
    ['a bufctl', () => slab_bufctl(k, partial.slabp, partial.free), 'bufctl chain'],
    ['free_objects', () => node.address + kmem_list3.free_objects, 'free_objects'],
    ['colour_next', () => node.address + kmem_list3.colour_next, 'colour_next', () => 1000],
    ['list_lock', () => node.address + kmem_list3.list_lock, 'locks that are not free', () => 0],
    ['the lock of an alien array', () => alien.address + array_cache.lock, 'locks that are not free', () => 0],
    ['an avail', () => array.address + array_cache.avail, 'objects of stress-24 that are not in one place'],
    ['an avail above its limit', () => array.address + array_cache.limit, 'an array of 0 holds', () => 0],
    [
      'an entry: an object of another node',
      () => ac_entry(k, cache.cpuArrays[own]!.address, 0),
      'in the array of cpu',
      () => objectOfOtherNode(own),
    ],
    [
      'an entry twice',
      () => ac_entry(k, array.address, 0),
      'objects of stress-24 that are not in one place',
      () => array.entries[1]!,
    ],
    [
      "the cache of a slab's page",
      () => page + struct_page.lru + list_head.next,
      'the cache of page',
      () => k.cache_cache,
    ],
    ["the slab of a slab's page", () => page + struct_page.lru + list_head.prev, 'the slab of page', () => NULL],
    [
      'PG_slab',
      () => page + struct_page.flags,
      'pages marked as slab pages',
      () => machine.memory.peek32(page + struct_page.flags) ^ (1 << PG_slab),
    ],
    ['nr_slab', () => k.perCpuOf(k.per_cpu__page_states, 0) + k.page_state.nr_slab, 'nr_slab'],
    ['slab_reclaim_pages', () => k.slab_reclaim_pages, 'slab_reclaim_pages'],
    ['cache_chain_mutex', () => k.cache_chain_mutex + k.mutex.count, 'cache_chain_mutex', () => 0],
    [
      'preempt_count',
      () => k.symbols.address('stack[swapper/1]') + thread_info.preempt_count,
      'interrupts and softirqs in progress on cpu1',
      () => 0x100,
    ],
  ])('%s', (_, where, found, value) => {
    assertStress(stress);
    const at = where();
    const right = machine.memory.peek32(at);
    machine.memory.poke32(at, value?.() ?? right ^ 1);
    try {
      expect(() => assertStress(stress)).toThrow(found);
    } finally {
      machine.memory.poke32(at, right);
    }
  });

  /** An object that is free in a slab of a node to which that CPU does not belong. */
  function objectOfOtherNode(cpu: number): addr_t {
    const other = nodes.find((each) => each.node !== k.nodeOf(cpu))!;
    const { s_mem, freeObjects } = other.slabs.find((each) => each.freeObjects.length > 0)!;
    return s_mem + freeObjects[0]! * cache.objsize;
  }
});

test('a fault of 2.6.17 itself, out of whose way the stress run keeps: a CPU that comes up amid tuning is left without an array', () => {
  const { machine, allocator, k } = boot(4, 1);
  const [admin, tuner, other, last] = machine.cpus as [Cpu, Cpu, Cpu, Cpu];
  const log: string[] = [];
  const cachep = machine.run(admin, allocator.create(admin, { name: 'tuned', size: 64 }));
  machine.run(admin, cpu_down(k, admin, last.id));
  let isDelayed = false;
  function* tunes(): Program {
    yield* allocator.tune(tuner, 'tuned 16 8');
    log.push('tuned');
  }
  /** When tuning has its arrays, of the CPUs that are up, and is about to have these exchange theirs: an interrupt. */
  function* delaysExchange(): Program {
    yield* spin_lock(k, other, k.call_lock);
    const { contendedLocks } = tuner.counters;
    while (tuner.counters.contendedLocks === contendedLocks) {
      other.clock += 100;
      yield;
    }
    machine.sendIpi(other, [tuner], DEVICE);
    while (!isDelayed) {
      other.clock += 100;
      yield;
    }
    yield* spin_unlock(k, other, k.call_lock);
  }
  allocator.request_irq(DEVICE, function* (cpu): Program {
    isDelayed = true;
    while (!cpu_online(k, cpu, last.id)) {
      cpu.clock += 100;
      yield;
    }
    log.push('cpu3 is up');
  });
  const block = machine.run(admin, allocator.kmalloc(admin, notifier_block.sizeof, GFP_KERNEL));
  machine.memory.bytes.fill(0, block, block + notifier_block.sizeof);
  loadNotifier(k, block, function* (cpu, action): Program<number> {
    if (action !== CPU_UP_PREPARE) return NOTIFY_OK;
    expect(allocator.arrayLevel(last, cachep)).toMatchObject({ avail: 0 });
    log.push('cpu3 has its array');
    machine.scheduler.spawn(other, delaysExchange());
    machine.scheduler.spawn(tuner, tunes());
    while (!isDelayed) {
      cpu.clock += 100;
      yield;
    }
    return NOTIFY_OK;
  });
  register_cpu_notifier(k, admin, block);
  machine.run(admin, cpu_up(k, admin, last.id));
  expect(log).toEqual(['cpu3 has its array', 'cpu3 is up', 'tuned']);
  expect(allocator.arrayLevel(last, cachep)).toBeNull();
});
