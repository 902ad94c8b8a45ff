/** Choosing a zone, and what happens when all are short: mm/page_alloc.c of 2.4.0, from __alloc_pages_limit() on. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { get_current, PF_MEMALLOC } from '../../kernel/linux-2.4/task.ts';
import { SCHED_YIELD, task_struct } from '../../kernel/linux-2.4.0/task.ts';
import { ptr } from '../../kernel/struct.ts';
import { setTaskState, TASK_RUNNING, waitqueue_active, wake_up } from '../../kernel/wait.ts';
import { FILE, rmqueue } from '../linux-2.4/buddy.ts';
import { MAX_ORDER, type PageOps } from '../linux-2.4/mm.ts';
import { virt_to_page } from '../linux-2.4/page.ts';
import { __free_pages, giveWayForMemory } from '../linux-2.4/page-alloc.ts';
import { checkRange, checkTaken, release, released, zoneBase } from './buddy.ts';
import { __GFP_IO, __GFP_WAIT } from './gfp.ts';
import { freepages_t, type Mm, zonelist_struct } from './mm.ts';
import { page_address } from './page.ts';
import { free_shortage, inactive_shortage, inactive_target } from './shortage.ts';
import {
  addMemoryPressure,
  asMemalloc,
  page_launder,
  reclaim_page,
  try_to_free_pages,
  wakeup_kswapd,
} from './vmscan.ts';

/** A block of 2^order pages: its first struct page, or NULL. May sleep if gfp_mask has __GFP_WAIT; a single page it then gets. */
export function* alloc_pages(k: Mm, cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
  if (order >= MAX_ORDER) return NULL;
  const zonelists = k.contig_page_data + k.pg_data_t.node_zonelists;
  return yield* __alloc_pages(k, cpu, zonelists + gfp_mask * zonelist_struct.sizeof, order);
}

export function* __alloc_pages(k: Mm, cpu: Cpu, zonelist: addr_t, order: number): Program<addr_t> {
  const { pages_low, pages_min, pages_high } = k.zone_struct;
  const gfp_mask = cpu.load32(zonelist + zonelist_struct.gfp_mask);
  const waits = (gfp_mask & __GFP_WAIT) !== 0;
  // Allocations put pressure on the VM subsystem.
  addMemoryPressure(k, cpu);
  // Can we take pages directly from the inactive_clean list?
  const direct_reclaim = order === 0 && waits && !isMemalloc(cpu);
  yield* wakeThoseWhoFree(k, cpu);

  const waitingSince = cpu.clock;
  for (;;) {
    // First, see if we have any zones with lots of free memory; then with enough, clean pages that can be reclaimed included.
    let page = yield* fromRichZones(k, cpu, zonelist, order);
    if (page !== NULL) return page;
    page = yield* __alloc_pages_limit(k, cpu, zonelist, order, pages_high, direct_reclaim);
    if (page !== NULL) return page;
    page = yield* __alloc_pages_limit(k, cpu, zonelist, order, pages_low, direct_reclaim);
    if (page !== NULL) return page;

    // OK, none of the zones on our zonelist has lots of pages free.
    yield* wakeup_kswapd(k, cpu, false);
    if (waits) yield* yieldCpu(k, cpu, zonelist, waitingSince);
    page = yield* __alloc_pages_limit(k, cpu, zonelist, order, pages_min, direct_reclaim);
    if (page !== NULL) return page;

    // Damn, we didn't succeed.
    if (!isMemalloc(cpu)) {
      if (order > 0 && waits) {
        page = yield* cleanAndTry(k, cpu, zonelist, order, gfp_mask);
        if (page !== NULL) return page;
      }
      if (waits) {
        // Without __GFP_IO the task may hold I/O locks that kswapd needs.
        if ((gfp_mask & __GFP_IO) !== 0) yield* wakeup_kswapd(k, cpu, true);
        else yield* try_to_free_pages(k, cpu, gfp_mask);
        addMemoryPressure(k, cpu);
        // Not for larger blocks: kswapd may never be able to free one.
        if (order === 0) continue;
      }
    }
    return yield* fromAnyZone(k, cpu, zonelist, order, direct_reclaim);
  }
}

function isMemalloc(cpu: Cpu): boolean {
  return (cpu.loadLong(get_current(cpu) + task_struct.flags) & PF_MEMALLOC) !== 0;
}

/** kswapd if free and inactive pages are short, bdflush if cleaning dirty ones would do. */
function* wakeThoseWhoFree(k: Mm, cpu: Cpu): Program {
  if (inactive_shortage(k, cpu) > inactive_target(k, cpu) >>> 1 && free_shortage(k, cpu) !== 0) {
    yield* wakeup_kswapd(k, cpu, false);
    return;
  }
  if (free_shortage(k, cpu) === 0) return;
  const dirty = cpu.load32(k.nr_inactive_dirty_pages);
  // bdflush, which would be woken where there are as many as that, has nothing to flush.
  if (dirty > free_shortage(k, cpu)) cpu.loadLong(k.freepages + freepages_t.high);
}

/** The zones of a list; one without pages is on none. */
function* zonesOf(k: Mm, cpu: Cpu, zonelist: addr_t, fn: string): Generator<addr_t, void> {
  let zone = zonelist + zonelist_struct.zones;
  for (let z = cpu.loadPtr(zone); z !== NULL; z = cpu.loadPtr(zone)) {
    zone += ptr.sizeof;
    if (cpu.loadLong(z + k.zone_struct.size) === 0) BUG(FILE, fn, '!z->size');
    yield z;
  }
}

/** A block from the first zone with pages_low free pages; kreclaimd is woken for those that have not even pages_min. */
function* fromRichZones(k: Mm, cpu: Cpu, zonelist: addr_t, order: number): Program<addr_t> {
  const { free_pages, pages_low, pages_min } = k.zone_struct;
  for (const z of zonesOf(k, cpu, zonelist, '__alloc_pages')) {
    const free = cpu.loadLong(z + free_pages);
    if (free >= cpu.loadLong(z + pages_low)) {
      const page = yield* rmqueue(k, cpu, z, order);
      if (page !== NULL) return page;
    } else if (free < cpu.loadLong(z + pages_min) && waitqueue_active(k, cpu, k.kreclaimd_wait)) {
      yield* wake_up(k, cpu, k.kreclaimd_wait);
    }
  }
  return NULL;
}

/** A block from the first zone above its watermark, `watermark` being the field that holds it. The block's size does not count. */
function* __alloc_pages_limit(
  k: Mm,
  cpu: Cpu,
  zonelist: addr_t,
  order: number,
  watermark: number,
  direct_reclaim: boolean,
): Program<addr_t> {
  const { free_pages, inactive_clean_pages, pages_min } = k.zone_struct;
  for (const z of zonesOf(k, cpu, zonelist, '__alloc_pages_limit')) {
    const mark = cpu.loadLong(z + watermark);
    const free = cpu.loadLong(z + free_pages);
    if (free + cpu.loadLong(z + inactive_clean_pages) <= mark) continue;
    if (direct_reclaim && free < cpu.loadLong(z + pages_min) + 8) {
      const page = yield* reclaim_page(k, cpu, z);
      if (page !== NULL) return page;
    }
    const page = yield* rmqueue(k, cpu, z, order);
    if (page !== NULL) return page;
  }
  return NULL;
}

/** sched_yield(): slows allocations down, those that cause the trouble most. */
function* yieldCpu(k: Mm, cpu: Cpu, zonelist: addr_t, since: number): Program {
  const policy = get_current(cpu) + task_struct.policy;
  setTaskState(k, cpu, TASK_RUNNING);
  cpu.storeLong(policy, cpu.loadLong(policy) | SCHED_YIELD);
  yield* giveWayForMemory(k, cpu, zonelist, since);
}

/** For a larger block: moves pages from the inactive_clean to the free list in the hope that they join. There are none to move. */
function* cleanAndTry(k: Mm, cpu: Cpu, zonelist: addr_t, order: number, gfp_mask: number): Program<addr_t> {
  yield* asMemalloc(cpu, page_launder(k, cpu, gfp_mask));
  for (const z of zonesOf(k, cpu, zonelist, '__alloc_pages')) {
    while (cpu.loadLong(z + k.zone_struct.inactive_clean_pages) !== 0) {
      const page = yield* reclaim_page(k, cpu, z);
      if (page === NULL) break;
      yield* __free_pages(k, cpu, page, 0);
      const block = yield* rmqueue(k, cpu, z, order);
      if (block !== NULL) return block;
    }
  }
  return NULL;
}

/** Final phase: allocate anything we can! Only a task that reclaims may have the very last pages. */
function* fromAnyZone(k: Mm, cpu: Cpu, zonelist: addr_t, order: number, direct_reclaim: boolean): Program<addr_t> {
  const { free_pages, pages_min } = k.zone_struct;
  for (const z of zonesOf(k, cpu, zonelist, '__alloc_pages')) {
    if (direct_reclaim) {
      const page = yield* reclaim_page(k, cpu, z);
      if (page !== NULL) return page;
    }
    const isEmpty = cpu.loadLong(z + free_pages) < cpu.loadLong(z + pages_min) >>> 2;
    if (!isMemalloc(cpu) && isEmpty) continue;
    const page = yield* rmqueue(k, cpu, z, order);
    if (page !== NULL) return page;
  }
  k.printk(`__alloc_pages: ${order}-order allocation failed.\n`);
  return NULL;
}

/** VALID_PAGE() of the address's page is all that is asked, as compiled without reading mem_map again: NULL is page 0. */
export function* free_pages(k: Mm, cpu: Cpu, addr: addr_t, order: number): Program {
  const page = virt_to_page(k, cpu, addr);
  if (addr >>> PAGE_SHIFT < cpu.loadLong(k.max_mapnr)) yield* __free_pages(k, cpu, page, order);
}

/** What of this the rest of 2.4 does differently. */
export const pageOps: PageOps = {
  alloc_pages,
  free_pages,
  page_address,
  checkRange,
  checkTaken,
  release,
  released,
  zoneBase,
  // test_and_change_bit(): locked, though zone->lock is held.
  changeBit: (cpu, map, bit) => cpu.lockBtc(map, bit),
};
