/**
 * 2.4 under stress. Two faults of its own stay out of the run's way. Tuning stores the new batchcount before it exchanges
 * the arrays, so a batch above an old array's limit runs over that array's ends: batches of the run are smaller than any
 * limit. And tuning allocates with cache_chain_sem held, which reclaim wants too: where memory may run out, it does not tune.
 */
import { expect } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { THREAD_SIZE } from '../../../src/kernel/linux-2.4/task.ts';
import { task_struct as task_struct22 } from '../../../src/kernel/linux-2.4.22/task.ts';
import { INIT_LIST_HEAD, list_head } from '../../../src/kernel/list.ts';
import { Corruption } from '../../../src/kernel/peek-list.ts';
import { fieldAt } from '../../../src/kernel/struct.ts';
import { schedule } from '../../../src/kernel/wait.ts';
import { zoneStatesWith } from '../../../src/mm/linux-2.4/buddyinfo.ts';
import { free_area_struct, PG_slab, struct_page } from '../../../src/mm/linux-2.4/mm.ts';
import type { CacheState } from '../../../src/slab/allocator.ts';
import { cacheChain } from '../../../src/slab/linux-2.4/inspect.ts';
import { type Slab24, slab_t } from '../../../src/slab/linux-2.4/slab.ts';
import type { Linux240 } from '../../../src/slab/linux-2.4.0/slab.ts';
import type { Booted } from '../../machines.ts';
import { assertBuddy, assertCache } from '../invariants.ts';
import { type Act, OWN_TASK, type Stress, type StressedVersion } from '../stress.ts';
import { assertFree, framesFrom, framesOf } from '../stress-checks.ts';

const mask: Act<Slab24> = (stress, cpu, random) => stress.mask(cpu, random);

/** What the versions have in common under stress. */
const shared: Omit<StressedVersion<Slab24>, 'name' | 'newStack' | 'isShrinkable'> = {
  THREAD_SIZE,
  schedule,
  busyCpus: ({ cpus }) => cpus,
  slabinfoColumns: [0, 1, 3, 4],
  caches: [],
  pools: () => [],
  acts: [
    (stress, cpu, random) => stress.tune(cpu, random),
    (stress, cpu, random) => stress.shrink(cpu, random),
    (stress, cpu, random) => stress.reap(cpu, random),
    (stress, cpu) => stress.readSlabinfo(cpu),
    (stress, cpu, random) => stress.briefCache(cpu, random),
    mask,
    mask,
    mask,
  ],
  betweenOperations: () => null,
  startTime: () => {},
  passTime: () => {},
  *settle() {},
  placeOf({ booted: { allocator, k }, stacks }, addr) {
    const stack = stacks.find((foot) => addr >= foot && addr < foot + THREAD_SIZE);
    if (stack === undefined) return allocator.place(addr);
    const inTask = addr < stack + k.task_struct.sizeof;
    const field = inTask ? `task_struct.${fieldAt(k.task_struct, addr - stack)}` : 'stack';
    return { field, owner: OWN_TASK };
  },
  assertQuiet,
  assertMemory(booted, objects, blocks) {
    const caches = booted.allocator.caches();
    assertObjects(booted, objects, caches);
    assertBuddy(booted.k);
    assertBitmaps(booted.k);
    assertPages(booted.k, blocks, caches);
  },
};

export const linux240: StressedVersion<Linux240> = {
  ...shared,
  name: '2.4.0',
  newStack: ({ booted }, cpu, of) => newStack(booted, cpu, of),
  // It looks for the cache in the chain behind kmem_cache.
  isShrinkable: ({ cache_cache }, cachep) => cachep !== cache_cache,
  assertMemory(booted, objects, blocks) {
    shared.assertMemory(booted, objects, blocks);
    for (const cache of booted.allocator.caches()) assertOrder(booted.k, cache);
  },
};

export const linux2422: StressedVersion<Slab24> = {
  ...shared,
  name: '2.4.22',
  *newStack({ booted }, cpu, of) {
    const stack = yield* newStack(booted, cpu, of);
    INIT_LIST_HEAD(cpu, stack + task_struct22.local_pages);
    return stack;
  },
  // A DEBUG build refuses to shrink kmem_cache, which its chain begins behind.
  isShrinkable: ({ config, cache_cache }, cachep) => !(config.CONFIG_DEBUG_SLAB && cachep === cache_cache),
};

/** Two pages for a task_struct and its kernel stack, as alloc_task_struct() takes them; the task is one of the CPU `of`. */
export function* newStack({ allocator, k }: Booted<Slab24>, cpu: Cpu, of = cpu): Program<addr_t> {
  const { task_struct } = k;
  const stack = yield* allocator.get_free_pages(cpu, allocator.version.gfp.GFP_KERNEL, 1);
  for (let at = stack; at < stack + task_struct.sizeof; at += 4) cpu.store32(at, 0);
  cpu.store32(stack + task_struct.processor, of.id);
  return stack;
}

/** 2.4.0: slabs hang as full, partial, free; firstnotfull is the first that is not full, or the head of the list. */
function assertOrder(k: Linux240, { cachep, name, slabs }: CacheState): void {
  const order = ['full', 'partial', 'free'];
  const kinds = slabs.map(({ list }) => order.indexOf(list));
  expect(kinds, `${name}: slabs in the order full, partial, free`).toEqual(kinds.toSorted());
  const first = slabs.find(({ list }) => list !== 'full');
  const expected = first === undefined ? cachep + k.kmem_cache_t.slabs : first.slabp + slab_t.list;
  expect(k.machine.memory.peek32(cachep + k.kmem_cache_t.firstnotfull), `${name}: firstnotfull`).toBe(expected);
}

function assertQuiet({ booted: { machine, k } }: Stress<Slab24>): void {
  const { memory } = machine;
  const { kmem_cache_t, semaphore, wait_queue_head_t } = k;
  const caches = cacheChain(k);
  const wait = k.cache_chain_sem + semaphore.wait;
  assertFree(k, [
    k.call_lock,
    wait + wait_queue_head_t.lock,
    ...zoneStatesWith(k, () => ({})).map(({ zone }) => k.zone(zone) + k.zone_struct.lock),
    ...caches.map((cachep) => cachep + kmem_cache_t.spinlock),
  ]);
  expect(memory.peek32(k.cache_chain_sem + semaphore.count), 'cache_chain_sem').toBe(1);
  expect(memory.peek32(k.cache_chain_sem + semaphore.sleepers), 'its sleepers').toBe(0);
  const queue = wait + wait_queue_head_t.task_list;
  expect([memory.peek32(queue + list_head.next), memory.peek32(queue + list_head.prev)]).toEqual([queue, queue]);
  for (const cachep of caches) expect(memory.peek32(cachep + kmem_cache_t.growing), 'growing').toBe(0);

  for (const cpu of machine.cpus) {
    const { __local_irq_count, __local_bh_count } = k.irq_cpustat_t;
    const stat = k.irq_stat + cpu.id * k.irq_cpustat_t.sizeof;
    expect(
      [memory.peek32(stat + __local_irq_count), memory.peek32(stat + __local_bh_count)],
      `interrupts and softirqs in progress on cpu${cpu.id}`,
    ).toEqual([0, 0]);
    expect(cpu.esp, `the stack of cpu${cpu.id}`).toBe(k.symbols.address(`task[${cpu.id}]`) + THREAD_SIZE);
  }
}

/** Each object of each cache, the kernel's own included, is free in its slab, at hand in one array, or in use by one. */
function assertObjects(
  { allocator, k }: Booted<Slab24>,
  objects: readonly addr_t[],
  caches: readonly CacheState[],
): void {
  const { memory } = k.machine;
  const inUse = new Map<addr_t, addr_t[]>(caches.map(({ cachep }) => [cachep, []]));
  const use = (objp: addr_t) => {
    const page = k.pageAt(objp >>> PAGE_SHIFT);
    const users = inUse.get(memory.peek32(page + struct_page.list + list_head.next));
    if (users === undefined) throw new Corruption(`${objp.toString(16)} is in no cache's pages`);
    users.push(objp);
  };
  objects.forEach(use);
  for (const cache of caches) {
    if (cache.cachep !== k.cache_cache) use(cache.cachep);
    for (const array of cache.cpuArrays) if (array !== null) use(array.address);
    for (const slab of cache.slabs) {
      const offSlab = !framesOf(cache, slab).includes(slab.slabp >>> PAGE_SHIFT);
      if (offSlab) use(slab.slabp);
    }
  }
  for (const cache of caches) assertCache(allocator, cache, inUse.get(cache.cachep)!);
}

/** Each page that is not reserved is free, a slab's, or in use as a block of pages: one of them, and none is lost. */
function assertPages(k: Slab24, blocks: ReadonlyMap<number, number>, caches: readonly CacheState[]): void {
  const owners = new Map<number, string>();
  const claim = (frames: readonly number[], owner: string) => {
    for (const pfn of frames) {
      const other = owners.get(pfn);
      if (other !== undefined) throw new Corruption(`page ${pfn} belongs to ${other} and to ${owner}`);
      owners.set(pfn, owner);
    }
  };
  const { memory } = k.machine;
  for (const [first, last] of k.layout.reservedPfns) {
    for (let pfn = first; pfn <= last; pfn++) claim([pfn], 'the kernel');
  }
  for (const cache of caches) for (const slab of cache.slabs) claim(framesOf(cache, slab), cache.name);
  const slabPages = [...owners].filter(([, owner]) => owner !== 'the kernel').map(([pfn]) => pfn);
  for (const [pfn, order] of blocks) claim(framesFrom(pfn, order), 'the run');
  for (const { lists } of zoneStatesWith(k, () => ({}))) {
    lists.forEach((free, order) => {
      for (const pfn of free) claim(framesFrom(pfn, order), 'the buddy allocator');
    });
  }
  const all = Array.from({ length: k.layout.ram >>> PAGE_SHIFT }, (_, pfn) => pfn);
  expect(
    all.filter((pfn) => !owners.has(pfn)),
    'pages that are nowhere',
  ).toEqual([]);
  const marked = all.filter((pfn) => ((memory.peek32(k.pageAt(pfn) + struct_page.flags) >>> PG_slab) & 1) !== 0);
  expect(marked, 'pages marked as slab pages').toEqual(slabPages.sort((a, b) => a - b));
}

/** The bit of a pair is set if just one of the two is a free block of that order: each bit, not their number. */
function assertBitmaps(k: Slab24): void {
  const { memory } = k.machine;
  for (const { zone, size, start_pfn, lists } of zoneStatesWith(k, () => ({}))) {
    for (const [order, blocks] of lists.slice(0, -1).entries()) {
      const area = k.zone(zone) + k.zone_struct.free_area + order * free_area_struct.sizeof;
      const map = memory.peek32(area + free_area_struct.map);
      const expected = new Uint8Array(k.bitmapBytes(size, order));
      for (const pfn of blocks) {
        const bit = (pfn - start_pfn) >>> (order + 1);
        expected[bit >>> 3]! ^= 1 << (bit & 7);
      }
      const found = memory.bytes.subarray(map, map + expected.length);
      expect(Buffer.compare(found, expected), `the bitmap of zone ${zone}, order ${order}`).toBe(0);
    }
  }
}
