/** Who gets a page: mm/page_alloc.c of 2.6.17, __alloc_pages() with its watermarks and its slow path, and freeing. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { enterFrame, leaveFrame } from '../../kernel/frame.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { list_add, list_del, list_head } from '../../kernel/linux-2.6/list.ts';
import {
  get_current,
  in_interrupt,
  PF_MEMALLOC,
  rt_task,
  smp_processor_id,
  task_struct,
} from '../../kernel/linux-2.6/thread-info.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { long, struct } from '../../kernel/struct.ts';
import { __rmqueue, free_one_page, free_pages_bulk, rmqueue_bulk } from './buddy.ts';
import { free_pages_check, prep_new_page } from './checks.ts';
import {
  __GFP_COLD,
  __GFP_FS,
  __GFP_HIGH,
  __GFP_NOFAIL,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_NOWARN,
  __GFP_REPEAT,
  __GFP_WAIT,
} from './gfp.ts';
import { MAX_ORDER } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { page_address, page_zone, put_page_testzero, virt_to_page, zoneIn } from './page.ts';
import { __mod_page_state, countAllocated, zone_idx, zone_statistics } from './page-state.ts';
import {
  ALLOC_HARDER,
  ALLOC_HIGH,
  ALLOC_NO_WATERMARKS,
  ALLOC_WMARK_HIGH,
  ALLOC_WMARK_LOW,
  ALLOC_WMARK_MIN,
  zone_watermark_ok,
} from './watermarks.ts';
import { gfp_zonelist } from './zonelists.ts';
import { zone_pcp } from './zones.ts';

/** A block of 2^order pages, from this CPU's node if it can be: its first struct page, or NULL. May sleep with __GFP_WAIT. */
export function* alloc_pages(k: Mm2617, cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
  return yield* alloc_pages_node(k, cpu, -1, gfp_mask, order);
}

/** As alloc_pages, from node `nid` if it can be; -1: this CPU's. */
export function* alloc_pages_node(k: Mm2617, cpu: Cpu, nid: number, gfp_mask: number, order: number): Program<addr_t> {
  if (order >= MAX_ORDER) return NULL;
  const node = nid < 0 ? numa_node_id(k, cpu) : nid;
  return yield* __alloc_pages(k, cpu, gfp_mask, order, gfp_zonelist(k, node, gfp_mask));
}

export function* __alloc_pages(
  k: Mm2617,
  cpu: Cpu,
  gfp_mask: number,
  order: number,
  zonelist: addr_t,
): Program<addr_t> {
  const wait = (gfp_mask & __GFP_WAIT) !== 0;
  if (cpu.loadPtr(zonelist + k.zonelist.zones) === NULL) return NULL; // Should this ever happen??
  let page = yield* get_page_from_freelist(k, cpu, gfp_mask, order, zonelist, ALLOC_WMARK_LOW);
  if (page !== NULL) return page;

  wakeAllKswapds(k, cpu, zonelist, order);

  let alloc_flags = ALLOC_WMARK_MIN;
  // The caller may dip into page reserves a bit more if it cannot run direct reclaim, or has realtime scheduling policy or is
  // asking for __GFP_HIGH memory.
  if ((rt_task(cpu) && !in_interrupt(cpu)) || !wait) alloc_flags |= ALLOC_HARDER;
  if ((gfp_mask & __GFP_HIGH) !== 0) alloc_flags |= ALLOC_HIGH;
  page = yield* get_page_from_freelist(k, cpu, gfp_mask, order, zonelist, alloc_flags);
  if (page !== NULL) return page;

  const waitingSince = cpu.clock;
  // This allocation should allow future memory freeing.
  if ((cpu.loadLong(get_current(cpu) + task_struct.flags) & PF_MEMALLOC) !== 0 && !in_interrupt(cpu)) {
    while ((gfp_mask & __GFP_NOMEMALLOC) === 0) {
      // go through the zonelist yet again, ignoring mins
      page = yield* get_page_from_freelist(k, cpu, gfp_mask, order, zonelist, ALLOC_NO_WATERMARKS);
      if (page !== NULL) return page;
      if ((gfp_mask & __GFP_NOFAIL) === 0) break;
      yield* blk_congestion_wait(k, cpu, zonelist, waitingSince);
    }
    return nopage(k, gfp_mask, order);
  }

  // Atomic allocations - we can't balance anything
  if (!wait) return nopage(k, gfp_mask, order);

  for (;;) {
    // rebalance: We now go into synchronous reclaim
    const did_some_progress = yield* reclaim(k, cpu, zonelist, gfp_mask);
    if (did_some_progress > 0) {
      page = yield* get_page_from_freelist(k, cpu, gfp_mask, order, zonelist, alloc_flags);
      if (page !== NULL) return page;
    } else if ((gfp_mask & __GFP_FS) !== 0 && (gfp_mask & __GFP_NORETRY) === 0) {
      // Go through the zonelist yet one more time, keep very high watermark here, this is only to catch a parallel oom
      // killing, we must fail if we're still under heavy pressure.
      page = yield* get_page_from_freelist(k, cpu, gfp_mask, order, zonelist, ALLOC_WMARK_HIGH);
      if (page !== NULL) return page;
      k.out_of_memory(gfp_mask, order);
    }
    // Don't let big-order allocations loop unless the caller explicitly requests that.
    if (!retries(gfp_mask, order)) return nopage(k, gfp_mask, order);
    yield* blk_congestion_wait(k, cpu, zonelist, waitingSince);
  }
}

/** A block from the first zone of the list that may go below none of the marks that `alloc_flags` name; NULL: none may. */
function* get_page_from_freelist(
  k: Mm2617,
  cpu: Cpu,
  gfp_mask: number,
  order: number,
  zonelist: addr_t,
  alloc_flags: number,
): Program<addr_t> {
  const { pages_min, pages_low, pages_high } = k.zone_struct;
  const watermark =
    (alloc_flags & ALLOC_WMARK_MIN) !== 0 ? pages_min : (alloc_flags & ALLOC_WMARK_LOW) !== 0 ? pages_low : pages_high;
  let z = zonelist + k.zonelist.zones;
  let zone = cpu.loadPtr(z);
  const classzone_idx = zone_idx(k, cpu, zone);
  do {
    const ignoresMarks = (alloc_flags & ALLOC_NO_WATERMARKS) !== 0;
    if (
      ignoresMarks ||
      zone_watermark_ok(k, cpu, zone, order, cpu.loadLong(zone + watermark), classzone_idx, alloc_flags)
    ) {
      const page = yield* buffered_rmqueue(k, cpu, zonelist, zone, order, gfp_mask);
      if (page !== NULL) return page;
    }
    z += k.config.abi.ptr.sizeof;
    zone = cpu.loadPtr(z);
  } while (zone !== NULL);
  return NULL;
}

/** A block from the zone; single pages from this CPU's list, which is filled from the zone when it is empty. */
function* buffered_rmqueue(
  k: Mm2617,
  cpu: Cpu,
  zonelist: addr_t,
  zone: addr_t,
  order: number,
  gfp_flags: number,
): Program<addr_t> {
  const cold = (gfp_flags & __GFP_COLD) !== 0 ? 1 : 0;
  for (;;) {
    // again:
    const index = smp_processor_id(k, cpu);
    let page: addr_t;
    let flags: number;
    if (order === 0) {
      const pcp = zone_pcp(k, cpu, zone, index) + k.per_cpu_pageset.pcp + cold * k.per_cpu_pages.sizeof;
      flags = local_irq_save(cpu);
      page = yield* takeFromList(k, cpu, zone, pcp);
    } else {
      flags = local_irq_save(cpu);
      yield* spin_lock(k, cpu, zone + k.zone_struct.lock);
      page = __rmqueue(k, cpu, zone, order);
      yield* spin_unlock(k, cpu, zone + k.zone_struct.lock);
    }
    if (page === NULL) {
      if (local_irq_restore(cpu, flags)) yield;
      return NULL;
    }
    countAllocated(k, cpu, zone, 1 << order);
    zone_statistics(k, cpu, zonelist, zone);
    if (local_irq_restore(cpu, flags)) yield;
    if (!prep_new_page(k, cpu, page, order, gfp_flags)) return page;
  }
}

/** The page at the head of a per-CPU list. Interrupts are off. */
function* takeFromList(k: Mm2617, cpu: Cpu, zone: addr_t, pcp: addr_t): Program<addr_t> {
  const { count, batch, list } = k.per_cpu_pages;
  let left = cpu.load32(pcp + count);
  if (left === 0) {
    left += yield* rmqueue_bulk(k, cpu, zone, 0, cpu.load32(pcp + batch), pcp + list);
    cpu.store32(pcp + count, cpu.load32(pcp + count) + left);
    if (left === 0) return NULL;
  }
  const entry = cpu.loadPtr(pcp + list + list_head.next);
  list_del(cpu, entry);
  cpu.store32(pcp + count, cpu.load32(pcp + count) - 1);
  return entry - k.struct_page.lru;
}

function wakeAllKswapds(k: Mm2617, cpu: Cpu, zonelist: addr_t, order: number): void {
  const { ptr } = k.config.abi;
  let z = zonelist + k.zonelist.zones;
  for (let zone = cpu.loadPtr(z); zone !== NULL; zone = cpu.loadPtr(z)) {
    k.wakeup_kswapd(zone, order);
    z += ptr.sizeof;
  }
}

const reclaim_state = struct({ reclaimed_slab: long });

/** try_to_free_pages() on behalf of the current task, which may then dip into the reserves. Pages freed. */
function* reclaim(k: Mm2617, cpu: Cpu, zonelist: addr_t, gfp_mask: number): Program<number> {
  const task = get_current(cpu);
  const state = enterFrame(cpu, reclaim_state);
  cpu.storeLong(task + task_struct.flags, cpu.loadLong(task + task_struct.flags) | PF_MEMALLOC);
  cpu.storeLong(state + reclaim_state.reclaimed_slab, 0);
  cpu.storePtr(task + task_struct.reclaim_state, state);
  const freed = yield* k.try_to_free_pages(cpu, zonelist, gfp_mask);
  cpu.storePtr(task + task_struct.reclaim_state, NULL);
  cpu.storeLong(task + task_struct.flags, cpu.loadLong(task + task_struct.flags) & ~PF_MEMALLOC);
  leaveFrame(cpu, reclaim_state);
  return freed;
}

const retries = (gfp_mask: number, order: number) =>
  ((gfp_mask & __GFP_NORETRY) === 0 && (order <= 3 || (gfp_mask & __GFP_REPEAT) !== 0)) ||
  (gfp_mask & (__GFP_NORETRY | __GFP_NOFAIL)) === __GFP_NOFAIL;

/** Others may free pages meanwhile; if nobody does, the watchdog names the zone list. */
function* blk_congestion_wait(k: Mm2617, cpu: Cpu, zonelist: addr_t, since: number): Program {
  const { scheduler } = k.machine;
  scheduler.watchdog.watchWait(cpu, zonelist, since);
  scheduler.giveWay(cpu);
  cpu.pause(zonelist);
  yield;
}

function nopage(k: Mm2617, gfp_mask: number, order: number): addr_t {
  if ((gfp_mask & __GFP_NOWARN) === 0) {
    k.printk(`swapper: page allocation failure. order:${order}, mode:0x${gfp_mask.toString(16)}`);
    k.dump_stack();
    k.printk('[show_mem]');
  }
  return NULL;
}

/** Gives a block back to its zone. */
export function* __free_pages_ok(k: Mm2617, cpu: Cpu, page: addr_t, order: number): Program {
  let reserved = false;
  for (let i = 0; i < 1 << order; i++) {
    if (free_pages_check(k, cpu, page + i * k.struct_page.sizeof)) reserved = true;
  }
  if (reserved) return;
  const flags = local_irq_save(cpu);
  __mod_page_state(k, cpu, k.page_state.pgfree, 1 << order);
  yield* free_one_page(k, cpu, page_zone(k, cpu, page), page, order);
  if (local_irq_restore(cpu, flags)) yield;
}

/** Gives a single page back to this CPU's list; from a full one a batch goes back to the zone. */
function* free_hot_cold_page(k: Mm2617, cpu: Cpu, page: addr_t, cold: 0 | 1): Program {
  const { per_cpu_pages, struct_page } = k;
  const pageFlags = cpu.loadLong(page + struct_page.flags);
  const zone = zoneIn(k, cpu, pageFlags);
  // No page is ever mapped to a process (PageAnon).
  const mapping = cpu.loadPtr(page + struct_page.mapping);
  if (free_pages_check(k, cpu, page, mapping, pageFlags)) return;

  const index = smp_processor_id(k, cpu);
  const pcp = zone_pcp(k, cpu, zone, index) + k.per_cpu_pageset.pcp + cold * per_cpu_pages.sizeof;
  const flags = local_irq_save(cpu);
  __mod_page_state(k, cpu, k.page_state.pgfree, 1);
  list_add(cpu, page + struct_page.lru, pcp + per_cpu_pages.list);
  const count = cpu.load32(pcp + per_cpu_pages.count) + 1;
  cpu.store32(pcp + per_cpu_pages.count, count);
  if (count >= cpu.load32(pcp + per_cpu_pages.high)) {
    yield* free_pages_bulk(k, cpu, zone, cpu.load32(pcp + per_cpu_pages.batch), pcp + per_cpu_pages.list, 0);
    const left = cpu.load32(pcp + per_cpu_pages.count) - cpu.load32(pcp + per_cpu_pages.batch);
    cpu.store32(pcp + per_cpu_pages.count, left);
  }
  if (local_irq_restore(cpu, flags)) yield;
}

export function free_hot_page(k: Mm2617, cpu: Cpu, page: addr_t): Program {
  return free_hot_cold_page(k, cpu, page, 0);
}

export function free_cold_page(k: Mm2617, cpu: Cpu, page: addr_t): Program {
  return free_hot_cold_page(k, cpu, page, 1);
}

export function* __free_pages(k: Mm2617, cpu: Cpu, page: addr_t, order: number): Program {
  if (!put_page_testzero(k, cpu, page)) return;
  if (order === 0) yield* free_hot_page(k, cpu, page);
  else yield* __free_pages_ok(k, cpu, page, order);
}

/** The destructor of a compound page: the second page holds the order. */
export function free_compound_page(k: Mm2617, cpu: Cpu, page: addr_t): Program {
  const { sizeof, lru } = k.struct_page;
  return __free_pages_ok(k, cpu, page, cpu.loadPtr(page + sizeof + lru + list_head.prev));
}

/** The address of a block of 2^order pages, or NULL. */
export function* __get_free_pages(k: Mm2617, cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
  const page = yield* alloc_pages(k, cpu, gfp_mask, order);
  return page === NULL ? NULL : page_address(k, cpu, page);
}

export function* free_pages(k: Mm2617, cpu: Cpu, addr: addr_t, order: number): Program {
  if (addr === NULL) return;
  // BUG_ON(!virt_addr_valid(addr))
  if (addr >>> PAGE_SHIFT >= cpu.loadLong(k.max_mapnr)) BUG('page_alloc.c', 'free_pages', '!virt_addr_valid(addr)');
  yield* __free_pages(k, cpu, virt_to_page(k, cpu, addr), order);
}
