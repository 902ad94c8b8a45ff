/**
 * Kernels of 2.4 under stress. Two faults of their own stay out of the run's way. Tuning stores the new batchcount before it exchanges
 * the arrays, so a batch above an old array's limit runs over that array's ends: batches of the run are smaller than any
 * limit. And tuning allocates with cache_chain_sem held, which reclaim wants too: where memory may run out, it does not tune.
 */
import { expect } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { THREAD_SIZE } from '../../../src/kernel/linux-2.4/task.ts';
import { task_struct } from '../../../src/kernel/linux-2.4.22/task.ts';
import { INIT_LIST_HEAD, list_head } from '../../../src/kernel/list.ts';
import { Corruption } from '../../../src/kernel/peek-list.ts';
import { schedule } from '../../../src/kernel/wait.ts';
import { zoneStatesWith } from '../../../src/mm/linux-2.4/buddyinfo.ts';
import { free_area_struct, PG_slab, struct_page } from '../../../src/mm/linux-2.4/mm.ts';
import type { CacheState, SlabAllocator } from '../../../src/slab/allocator.ts';
import type { Slab24 } from '../../../src/slab/linux-2.4/slab.ts';
import type { Booted as BootedKernel } from '../../machines.ts';
import { assertBuddy, assertCache } from '../invariants.ts';
import { type Act, stressed as runStressed, type Stress, type StressedVersion, type StressOptions } from '../stress.ts';
import { assertFree, framesFrom, framesOf } from '../stress-checks.ts';

type Booted = BootedKernel<Slab24>;

const mask: Act<Slab24> = (stress, cpu, random) => stress.mask(cpu, random);

const linux24: StressedVersion<Slab24> = {
  THREAD_SIZE,
  newStack: ({ booted: { allocator } }, cpu, of) => newStack(allocator, cpu, of),
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
  // A DEBUG build refuses to shrink kmem_cache, which its chain begins behind.
  isShrinkable: ({ config, cache_cache }, cachep) => !(config.CONFIG_DEBUG_SLAB && cachep === cache_cache),
  betweenOperations: () => null,
  startTime: () => {},
  *settle() {},
  assertQuiet,
  assertMemory(booted, objects, blocks) {
    const caches = booted.allocator.caches();
    assertObjects(booted, objects, caches);
    assertBuddy(booted.k);
    assertBitmaps(booted.k);
    assertPages(booted.k, blocks, caches);
  },
};

/** A stress run of 2.4.22, to its end. */
export const stressed = (booted: Booted, options: StressOptions): Stress<Slab24> =>
  runStressed(booted, linux24, options);

/** A stress run of 2.4.0, to its end. Every build of it refuses to shrink kmem_cache. */
export const stressed240 = (booted: Booted, options: StressOptions): Stress<Slab24> =>
  runStressed(booted, { ...linux24, isShrinkable: ({ cache_cache }, cachep) => cachep !== cache_cache }, options);

/** Two pages for a task_struct and its kernel stack, as alloc_task_struct() takes them; the task is one of the CPU `of`. */
export function* newStack(allocator: SlabAllocator, cpu: Cpu, of = cpu): Program<addr_t> {
  const stack = yield* allocator.get_free_pages(cpu, allocator.version.gfp.GFP_KERNEL, 1);
  const layout = (allocator.kernel as Slab24).task_struct;
  for (let at = stack; at < stack + layout.sizeof; at += 4) cpu.store32(at, 0);
  cpu.store32(stack + layout.processor, of.id);
  if (layout === task_struct) INIT_LIST_HEAD(cpu, stack + task_struct.local_pages);
  return stack;
}

const zoneStates = (k: Slab24) => zoneStatesWith(k, () => ({}));

function assertQuiet({ booted: { machine, k } }: Stress<Slab24>): void {
  const { memory } = machine;
  const { kmem_cache_t, semaphore, wait_queue_head_t } = k;
  const caches = cachesOf(k);
  const wait = k.cache_chain_sem + semaphore.wait;
  assertFree(k, [
    k.call_lock,
    wait + wait_queue_head_t.lock,
    ...zoneStates(k).map(({ zone }) => k.zone(zone) + k.zone_struct.lock),
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

function cachesOf(k: Slab24): addr_t[] {
  const { memory } = k.machine;
  const caches: addr_t[] = [];
  let at = k.cache_chain;
  do {
    caches.push(at - k.kmem_cache_t.next);
    at = memory.peek32(at + list_head.next);
  } while (at !== k.cache_chain);
  return caches;
}

/** Each object of each cache, the kernel's own included, is free in its slab, at hand in one array, or in use by one. */
function assertObjects({ allocator, k }: Booted, objects: readonly addr_t[], caches: readonly CacheState[]): void {
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
  for (const { lists } of zoneStates(k)) {
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
  for (const { zone, size, start_pfn, lists } of zoneStates(k)) {
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
