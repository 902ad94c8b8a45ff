import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../../src/hw/memory.ts';
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
import { ac_entry, type Linux2617, slab_bufctl } from '../../../src/slab/linux-2.6.17/slab.ts';
import type { Stress } from '../stress.ts';
import { assertStress } from '../stress-checks.ts';
import { stressed } from '../stressed-versions.ts';
import { type Booted26, booted26 } from './booted.ts';
import { timePassed } from './stressed.ts';

const DEVICE = 0x41;
const boot = (cpus: number, nodes: number) => booted26({ cpus, nodes, lockupCycles: 20_000_000 });

test('time passes meanwhile: ticks, grace periods, and work of each CPU', () => {
  const stress = stressed('2.6.17-g4776874', { cpus: 4, nodes: 2 }, { seed: 'load', operations: 20_000 });
  expect(timePassed(stress as Stress<Linux2617>)).toMatchInlineSnapshot(`
    {
      "gracePeriods": 19,
      "jiffies": 1976,
      "works": [
        3,
        5,
        4,
        1,
      ],
    }
  `);
});

describe('the checks find what a single wrong word spoils', () => {
  const stress = stressed('2.6.17-g4776874', { cpus: 4, nodes: 2 }, { seed: 'spoilt', operations: 6000 });
  const { machine, k, allocator } = stress.booted as Booted26;
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
    ['a bufctl', () => slab_bufctl(k, partial.slabp, partial.free), 'bufctl chain', () => cache.num],
    ['free_objects', () => node.address + kmem_list3.free_objects, 'free_objects'],
    ['colour_next', () => node.address + kmem_list3.colour_next, 'colour_next', () => 1000],
    ['list_lock', () => node.address + kmem_list3.list_lock, 'locks that are not free', () => 0],
    ['the lock of an alien array', () => alien.address + array_cache.lock, 'locks that are not free', () => 0],
    [
      'an avail',
      () => array.address + array_cache.avail,
      'objects of stress-24 that are not in one place',
      () => array.avail - 1,
    ],
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
