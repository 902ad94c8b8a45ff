/** What must hold once a stress run has ended, of the whole machine, all by peek. */
import { expect } from 'vitest';
import { type addr_t, PAGE_SHIFT } from '../../src/hw/memory.ts';
import { THREAD_SIZE } from '../../src/kernel/linux-2.4/task.ts';
import { list_head } from '../../src/kernel/list.ts';
import { Corruption } from '../../src/kernel/peek-list.ts';
import { zoneStates } from '../../src/mm/linux-2.4.22/buddyinfo.ts';
import { bitmapBytes, free_area_struct, PG_slab, struct_page } from '../../src/mm/linux-2.4.22/mm.ts';
import type { CacheState, SlabState } from '../../src/slab/allocator.ts';
import type { Linux2422 } from '../../src/slab/linux-2.4.22/slab.ts';
import { assertBuddy, assertCache } from './invariants.ts';
import type { Stress } from './stress.ts';

export function assertStress(stress: Stress): void {
  assertQuiet(stress);
  assertCookies(stress);
  const caches = stress.booted.allocator.caches();
  assertObjects(stress, caches);
  assertBuddy(stress.booted.k);
  assertBitmaps(stress.booted.k);
  assertPages(stress, caches);
}

/** Nothing is held, nothing is under way: locks, semaphore, interrupts, stacks. */
export function assertQuiet({ booted: { machine, k }, devices, pools }: Stress): void {
  const { memory } = machine;
  const { kmem_cache_t, semaphore, wait_queue_head_t } = k;
  const caches = cachesOf(k);
  const wait = k.cache_chain_sem + semaphore.wait;
  const locks = [
    k.call_lock,
    wait + wait_queue_head_t.lock,
    ...zoneStates(k).map(({ zone }) => k.zone(zone) + k.zone_struct.lock),
    ...pools.map(({ lock }) => lock),
    ...caches.map((cachep) => cachep + kmem_cache_t.spinlock),
  ];
  expect(locks.filter((lock) => memory.peek8(lock) !== 1).map(machine.describe), 'locks that are not free').toEqual([]);
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
    expect({
      cpu: cpu.id,
      on: cpu.interruptsOn,
      waiting: cpu.apic.pending,
      locks: cpu.locksHeld,
      esp: cpu.esp,
    }).toEqual({
      cpu: cpu.id,
      on: true,
      waiting: 0,
      locks: [],
      esp: k.symbols.address(`task[${cpu.id}]`) + THREAD_SIZE,
    });
  }
  expect(
    devices.map(({ unanswered }) => unanswered),
    'raises that no handler has answered',
  ).toEqual(devices.map(() => 0));
}

function cachesOf(k: Linux2422): addr_t[] {
  const { memory } = k.machine;
  const caches: addr_t[] = [];
  let at = k.cache_chain;
  do {
    caches.push(at - k.kmem_cache_t.next);
    at = memory.peek32(at + list_head.next);
  } while (at !== k.cache_chain);
  return caches;
}

function assertCookies({ booted: { machine }, pools }: Stress): void {
  const lost = pools.flatMap(({ name, size, waiting }) =>
    waiting
      .filter(({ objp, cookie }) => [0, size - 4].some((at) => machine.memory.peek32(objp + at) !== cookie))
      .map(({ objp }) => `${name}: ${objp.toString(16)}`),
  );
  expect(lost, 'objects that lost their cookies').toEqual([]);
}

/** The page frames of a slab. */
function framesOf({ gfporder }: CacheState, { s_mem, colouroff }: SlabState): number[] {
  return block((s_mem - colouroff) >>> PAGE_SHIFT, gfporder);
}

const block = (pfn: number, order: number) => Array.from({ length: 1 << order }, (_, i) => pfn + i);

/** Each object of each cache, the kernel's own included, is free in its slab, at hand in one array, or in use by one. */
function assertObjects({ booted, pools, held }: Stress, caches: readonly CacheState[]): void {
  const { k } = booted;
  const { memory } = k.machine;
  const inUse = new Map<addr_t, addr_t[]>(caches.map(({ cachep }) => [cachep, []]));
  const use = (objp: addr_t) => {
    const page = k.pageAt(objp >>> PAGE_SHIFT);
    const users = inUse.get(memory.peek32(page + struct_page.list + list_head.next));
    if (users === undefined) throw new Corruption(`${objp.toString(16)} is in no cache's pages`);
    users.push(objp);
  };
  held.forEach(use);
  for (const { waiting, order } of pools) if (order === null) for (const { objp } of waiting) use(objp);
  for (const cache of caches) {
    if (cache.cachep !== k.cache_cache) use(cache.cachep);
    for (const array of cache.cpuArrays) if (array !== null) use(array.address);
    for (const slab of cache.slabs) {
      const offSlab = !framesOf(cache, slab).includes(slab.slabp >>> PAGE_SHIFT);
      if (offSlab) use(slab.slabp);
    }
  }
  for (const cache of caches) assertCache(booted.allocator, cache, inUse.get(cache.cachep)!);
}

/** Each page that is not reserved is free, a slab's, or in use as a block of pages: one of them, and none is lost. */
function assertPages({ booted: { k }, pools, stacks }: Stress, caches: readonly CacheState[]): void {
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
  for (const stack of stacks) claim(block(stack >>> PAGE_SHIFT, 1), 'a stack');
  for (const { name, waiting, order } of pools) {
    if (order !== null) for (const { objp } of waiting) claim(block(objp >>> PAGE_SHIFT, order), name);
  }
  for (const { lists } of zoneStates(k)) {
    lists.forEach((blocks, order) => {
      for (const pfn of blocks) claim(block(pfn, order), 'the buddy allocator');
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
function assertBitmaps(k: Linux2422): void {
  const { memory } = k.machine;
  for (const { zone, size, start_pfn, lists } of zoneStates(k)) {
    for (const [order, blocks] of lists.slice(0, -1).entries()) {
      const area = k.zone(zone) + k.zone_struct.free_area + order * free_area_struct.sizeof;
      const map = memory.peek32(area + free_area_struct.map);
      const expected = new Uint8Array(bitmapBytes(size, order));
      for (const pfn of blocks) {
        const bit = (pfn - start_pfn) >>> (order + 1);
        expected[bit >>> 3]! ^= 1 << (bit & 7);
      }
      const found = memory.bytes.subarray(map, map + expected.length);
      expect(Buffer.compare(found, expected), `the bitmap of zone ${zone}, order ${order}`).toBe(0);
    }
  }
}
