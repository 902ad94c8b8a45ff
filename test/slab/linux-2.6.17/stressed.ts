/**
 * 2.6.17 under stress. What comes with it: the last CPU of several has no tasks of its own, and comes and goes; ticks are short, so
 * that jiffies, timers, RCU and each CPU's cache_reap() go on as in a kernel that runs for minutes; and tasks read objects of
 * a SLAB_DESTROY_BY_RCU cache without a lock, while others free them and give back their slabs.
 *
 * A fault of 2.6.17 itself stays out of the run's way: slabinfo_write() does not keep CPUs from coming and going, and one that comes
 * up while a cache is tuned exchanges its array for none. So here whoever tunes holds cpucontrol.
 */
import { expect } from 'vitest';
import { below, type Random } from '../../../src/base/random.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { INITIAL_JIFFIES } from '../../../src/kernel/linux-2.6/config.ts';
import { cpu_down, cpu_up, lock_cpu_hotplug, unlock_cpu_hotplug } from '../../../src/kernel/linux-2.6/cpu.ts';
import { list_head } from '../../../src/kernel/linux-2.6/list.ts';
import { schedule } from '../../../src/kernel/linux-2.6/sched.ts';
import { NORMAL_PRIO, THREAD_SIZE, task_struct, thread_info } from '../../../src/kernel/linux-2.6/thread-info.ts';
import { LOCAL_TIMER_VECTOR } from '../../../src/kernel/linux-2.6/timer.ts';
import { Corruption } from '../../../src/kernel/peek-list.ts';
import { fieldAt } from '../../../src/kernel/struct.ts';
import type { PlaceName } from '../../../src/lab/watch/tell-place.ts';
import { GFP_KERNEL } from '../../../src/mm/linux-2.6.17/gfp.ts';
import { MAX_NR_ZONES, PG_slab } from '../../../src/mm/linux-2.6.17/layouts.ts';
import { SLAB_DESTROY_BY_RCU, SLAB_RECLAIM_ACCOUNT } from '../../../src/slab/linux-2.6.17/flags.ts';
import { cacheChain, peekNodes } from '../../../src/slab/linux-2.6.17/inspect.ts';
import { __alloc_percpu, free_percpu, kfree, kmalloc_node } from '../../../src/slab/linux-2.6.17/kmalloc.ts';
import { REAPTIMEOUT_LIST3 } from '../../../src/slab/linux-2.6.17/list3.ts';
import type { Linux2617 } from '../../../src/slab/linux-2.6.17/slab.ts';
import { slabinfo_write } from '../../../src/slab/linux-2.6.17/tune.ts';
import { throughUserMode } from '../../kernel/linux-2.6/kernels.ts';
import { type Act, CONSTRUCTED, OWN_TASK, type Stress, type StressedVersion } from '../stress.ts';
import { assertFree } from '../stress-checks.ts';
import type { Booted26 } from './booted.ts';
import { assertMemory } from './invariants.ts';

/** Cycles between two ticks of a CPU. */
const TICK = 3000;
/** Operations of a task that visits a CPU which has come up. */
const VISIT = 200;
/** Of an array: small, so that work goes on in shared and alien ones, slabs and lists too. */
const LARGEST_LIMIT = 30;
/** Batches that a shared array holds at most. */
const LARGEST_SHARED = 8;
/** Looks of a long reader, at 100 cycles each. */
const LONG_READ = 800;
const RCU_CACHE = 'stress-rcu';

const mask: Act<Linux2617> = (stress, cpu, random) => stress.mask(cpu, random);

export const linux2617: StressedVersion<Linux2617> = {
  name: '2.6.17-g4776874',
  THREAD_SIZE,
  newStack,
  schedule,
  busyCpus: ({ cpus }) => (cpus.length > 1 ? cpus.slice(0, -1) : cpus),
  slabinfoColumns: [0, 1, 12, 13],
  caches: [
    { name: RCU_CACHE, size: 180, high: 300, flags: SLAB_DESTROY_BY_RCU, constructed: 'never destructed' },
    { name: 'stress-rcu-600', size: 600, high: 60, flags: SLAB_DESTROY_BY_RCU },
    { name: 'stress-align', size: 72, high: 200, align: 64, flags: SLAB_RECLAIM_ACCOUNT },
  ],
  pools: ({ k }) => [
    {
      name: 'kmalloc_node 300',
      size: 300,
      high: 100,
      constructed: false,
      order: null,
      // Of the next node, where there is one.
      take: (cpu, gfp) => kmalloc_node(k, cpu, 300, gfp, (k.nodeOf(cpu.id) + 1) % k.nodes.length),
      give: (cpu, objp) => kfree(k, cpu, objp),
    },
  ],
  acts: [
    tune,
    (stress, cpu, random) => stress.shrink(cpu, random),
    (stress, cpu, random) => stress.reap(cpu, random),
    (stress, cpu) => stress.readSlabinfo(cpu),
    (stress, cpu, random) => stress.briefCache(cpu, random),
    plug,
    countByCpu,
    emptyRcuCache,
    emptyRcuCache,
    emptyRcuCache,
    mask,
    mask,
    mask,
  ],
  isShrinkable: () => true,
  betweenOperations(stress, cpu, random) {
    const kind = random();
    if (kind < 0.05) return readUnlocked(stress, cpu, random);
    return kind < 0.3 ? throughUserMode(stress.booted.k, cpu) : null;
  },
  startTime({ machine, k }, pace) {
    // From now on the log has complaints alone.
    k.log.length = 0;
    const start = Math.max(...machine.cpus.map(({ clock }) => clock));
    for (const cpu of machine.cpus)
      machine.startTimer(cpu, LOCAL_TIMER_VECTOR, start + 500 + 333 * cpu.id, TICK * pace);
  },
  passTime: ({ machine: { memory }, k }) => memory.poke32(k.jiffies, memory.peek32(k.jiffies) + REAPTIMEOUT_LIST3),
  placeOf,
  settle,
  assertQuiet,
  assertMemory: ({ k }, objects, blocks) => assertMemory(k, objects, blocks),
};

function placeOf({ booted: { allocator }, stacks, held }: Stress<Linux2617>, addr: addr_t): PlaceName {
  const stack = stacks.find((foot) => addr >= foot && addr < foot + THREAD_SIZE);
  if (stack !== undefined)
    return {
      field: addr < stack + thread_info.sizeof ? fieldOf('thread_info', thread_info, addr - stack) : 'stack',
      owner: OWN_TASK,
    };
  const task = held.find((base) => addr >= base && addr < base + task_struct.sizeof);
  if (task !== undefined) return { field: fieldOf('task_struct', task_struct, addr - task), owner: OWN_TASK };
  return allocator.place(addr);
}

const fieldOf = (name: string, layout: object, offset: number) => `${name}.${fieldAt(layout, offset)}`;

/** What the kernel did of its own accord meanwhile, by peek. */
export function timePassed({ booted: { machine, k } }: Stress<Linux2617>) {
  const peek = machine.memory.peek32.bind(machine.memory);
  const { remove_sequence } = k.cpu_workqueue;
  return {
    jiffies: peek(k.jiffies) - INITIAL_JIFFIES,
    gracePeriods: peek(k.rcu_ctrlblk + k.rcu_ctrlblk_t.completed) - FIRST_BATCH,
    /** Of keventd, that of cache_reap() alone. */
    works: machine.cpus.map(({ id }) => peek(k.perCpuOf(k.per_cpu__keventd, id) + remove_sequence)),
  };
}

const FIRST_BATCH = -300;

/** Two pages for the stack with its thread_info, and a task_struct, as dup_task_struct() takes them. */
function* newStack({ booted: { allocator }, held }: Stress<Linux2617>, cpu: Cpu, of: Cpu): Program<addr_t> {
  const stack = yield* allocator.get_free_pages(cpu, GFP_KERNEL, 1);
  const task = yield* allocator.kmalloc(cpu, task_struct.sizeof, GFP_KERNEL);
  held.push(task);
  for (let at = stack; at < stack + thread_info.sizeof; at += 4) cpu.store32(at, 0);
  for (let at = task; at < task + task_struct.sizeof; at += 4) cpu.store32(at, 0);
  cpu.storePtr(stack + thread_info.task, task);
  cpu.store32(stack + thread_info.cpu, of.id);
  cpu.storePtr(task + task_struct.thread_info, stack);
  cpu.store32(task + task_struct.prio, NORMAL_PRIO);
  return stack;
}

/** New arrays for the CPUs, and those that the CPUs of a node share. */
function* tune(stress: Stress<Linux2617>, cpu: Cpu, random: Random): Program {
  const name = stress.tunable[below(random, stress.tunable.length)]!;
  const limit = 1 + below(random, LARGEST_LIMIT);
  const text = `${name} ${limit} ${1 + below(random, limit)} ${below(random, LARGEST_SHARED + 1)}`;
  const { k } = stress.booted;
  yield* lock_cpu_hotplug(k, cpu);
  const result = yield* slabinfo_write(k, cpu, text);
  yield* unlock_cpu_hotplug(k, cpu);
  if (result !== text.length) throw new Error(`tuning "${text}" came to ${result}`);
  stress.counts.tunings++;
}

/** Takes the last CPU down, or up; then some task works there for a while, so that it leaves something in its arrays. */
function* plug(stress: Stress<Linux2617>, cpu: Cpu, random: Random): Program {
  const { machine, k } = stress.booted;
  const last = machine.cpus.at(-1)!;
  if (machine.cpus.length === 1) return;
  if ((yield* cpu_up(k, cpu, last.id)) !== 0) {
    const isBusy = (yield* cpu_down(k, cpu, last.id)) !== 0;
    stress.count(isBusy ? 'refusedDowns' : 'cpusDown');
    return;
  }
  stress.count('cpusUp');
  machine.scheduler.spawn(
    last,
    (function* (): Program {
      for (let i = 0; i < VISIT; i++) {
        if (last.isAhead) yield;
        yield* stress.allocateOrFree(last, random, GFP_KERNEL);
        if (i % 10 === 0) yield* throughUserMode(k, last);
      }
    })(),
  );
  machine.scheduler.bringHorizonTo(cpu.clock);
}

/** A counter for each CPU, while it is needed. */
function* countByCpu(stress: Stress<Linux2617>, cpu: Cpu, random: Random): Program {
  const { k } = stress.booted;
  const counter = yield* __alloc_percpu(k, cpu, 4 + 4 * below(random, 50));
  if (counter === NULL) return;
  yield* throughUserMode(k, cpu);
  yield* free_percpu(k, cpu, counter);
  stress.count('percpuCounters');
}

/** Frees all objects of the cache that RCU readers look into, and gives its slabs back. */
function* emptyRcuCache(stress: Stress<Linux2617>, cpu: Cpu, random: Random): Program {
  const { allocator } = stress.booted;
  const pool = stress.pools.find(({ name }) => name === RCU_CACHE)!;
  for (let left = pool.waiting.length; left > 0; left--) yield* stress.free(cpu, random, pool);
  yield* allocator.shrink(cpu, stress.caches.get(RCU_CACHE)!);
  stress.count('emptiedRcuCaches');
}

/**
 * An RCU reader: finds an object without a lock, and may look at it until it next leaves the kernel, though others free it
 * meanwhile, and other objects take its place. It stays an object of the cache, constructed.
 */
function* readUnlocked(stress: Stress<Linux2617>, cpu: Cpu, random: Random): Program {
  const { k } = stress.booted;
  const { waiting } = stress.pools.find(({ name }) => name === RCU_CACHE)!;
  if (waiting.length === 0) return;
  const { objp } = waiting[below(random, waiting.length)]!;
  stress.count('unlockedReads');
  const cachep = ownerOf(k, objp);
  // Now and then so long that a grace period which did not wait for it would be over.
  for (let i = below(random, 40) === 0 ? LONG_READ : below(random, 20); i >= 0; i--) {
    cpu.clock += 100;
    yield;
    // By peek, since the race detector knows of no grace periods.
    if (ownerOf(k, objp) !== cachep || k.machine.memory.peek32(objp + 4) !== CONSTRUCTED) {
      throw new Corruption(`0x${objp.toString(16)} left its cache while cpu${cpu.id} read it`);
    }
  }
}

/** The cache to which the page at `addr` belongs, by peek; NULL if it is no slab's. */
function ownerOf(k: Linux2617, addr: addr_t): addr_t {
  const { memory } = k.machine;
  const page = k.pageAt(addr >>> PAGE_SHIFT);
  const isSlab = ((memory.peek32(page + k.struct_page.flags) >>> PG_slab) & 1) !== 0;
  return isSlab ? memory.peek32(page + k.struct_page.lru + list_head.next) : NULL;
}

/** The last CPU is up again, all callbacks have run, and no work waits in line. */
function* settle({ machine, k }: Booted26, cpu: Cpu): Program {
  yield* cpu_up(k, cpu, machine.cpus.length - 1);
  while (
    machine.cpus.some(({ id }) => machine.memory.peek32(k.perCpuOf(k.per_cpu__rcu_data, id) + k.rcu_data.qlen) > 0)
  ) {
    cpu.clock += TICK;
    yield* throughUserMode(k, cpu);
    yield;
  }
}

function assertQuiet({ booted: { machine, k } }: Stress<Linux2617>): void {
  const { memory } = machine;
  const { kmem_list3, array_cache, mutex, rcu_ctrlblk_t, tvec_base, cpu_workqueue } = k;
  const mutexes = [k.cache_chain_mutex, k.cpucontrol];
  const zones = k.nodes.flatMap((_, node) => Array.from({ length: MAX_NR_ZONES }, (_, zone) => k.zone(node, zone)));
  const nodes = cacheChain(k).flatMap((cachep) => peekNodes(k, cachep));
  assertFree(k, [
    k.call_lock,
    k.rcu_ctrlblk + rcu_ctrlblk_t.lock,
    ...mutexes.map((each) => each + mutex.wait_lock),
    ...zones
      .filter((zone) => memory.peek32(zone + k.zone_struct.present_pages) > 0)
      .map((zone) => zone + k.zone_struct.lock),
    ...machine.cpus.flatMap(({ id }) => [
      k.perCpuOf(k.per_cpu__tvec_bases, id) + tvec_base.lock,
      k.perCpuOf(k.per_cpu__keventd, id) + cpu_workqueue.lock,
    ]),
    ...nodes.map(({ address }) => address + kmem_list3.list_lock),
    ...nodes.flatMap(({ shared, alien }) =>
      [shared, ...alien].flatMap((array) => (array === null ? [] : [array.address + array_cache.lock])),
    ),
  ]);
  expect(
    mutexes.map((each) => memory.peek32(each + mutex.count)),
    'cache_chain_mutex and cpucontrol',
  ).toEqual([1, 1]);
  for (const each of mutexes) {
    expect(memory.peek32(each + mutex.wait_list + list_head.next), 'who waits for it').toBe(each + mutex.wait_list);
  }
  for (const cpu of machine.cpus) {
    const threads = [`swapper/${cpu.id}`, `${cpu.id}`, `events/${cpu.id}`];
    expect(
      threads.map((name) => memory.peek32(k.symbols.address(`stack[${name}]`) + thread_info.preempt_count)),
      `interrupts and softirqs in progress on cpu${cpu.id}`,
    ).toEqual([0, 0, 0]);
    expect(cpu.esp, `the stack of cpu${cpu.id}`).toBe(k.symbols.address(`stack[swapper/${cpu.id}]`) + THREAD_SIZE);
  }
  expect(k.log, 'what the kernel complained of').toEqual([]);
}
