/** Choosing a zone, and what happens when all are short: mm/page_alloc.c of 2.4.22, from __alloc_pages() on. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { get_current, PF_MEMALLOC } from '../../kernel/linux-2.4/task.ts';
import { PF_FREE_PAGES, PF_MEMDIE, task_struct } from '../../kernel/linux-2.4.22/task.ts';
import { list_del, list_head } from '../../kernel/list.ts';
import { ptr } from '../../kernel/struct.ts';
import { __free_pages_ok, FILE, rmqueue } from '../linux-2.4/buddy.ts';
import { MAX_ORDER, type PageOps, PG_dirty } from '../linux-2.4/mm.ts';
import { set_page_count, testPageFlag, virt_to_page } from '../linux-2.4/page.ts';
import { __free_pages, giveWayForMemory } from '../linux-2.4/page-alloc.ts';
import { checkRange, checkTaken, checkUnused, release, zoneBase } from './buddy.ts';
import { __GFP_WAIT, GFP_ZONEMASK } from './gfp.ts';
import { type Mm, PG_lru, struct_page, zonelist_struct } from './mm.ts';
import { page_address, page_zone } from './page.ts';

/** A block of 2^order pages: its first struct page, or NULL. May sleep if gfp_mask has __GFP_WAIT. */
export function* alloc_pages(k: Mm, cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
  if (order >= MAX_ORDER) return NULL;
  const zonelists = k.contig_page_data + k.pg_data_t.node_zonelists;
  return yield* __alloc_pages(k, cpu, gfp_mask, order, zonelists + (gfp_mask & GFP_ZONEMASK) * zonelist_struct.sizeof);
}

export function* __alloc_pages(k: Mm, cpu: Cpu, gfp_mask: number, order: number, zonelist: addr_t): Program<addr_t> {
  const { pages_low, pages_min, need_balance } = k.zone_struct;
  const classzone = cpu.loadPtr(zonelist + zonelist_struct.zones);
  if (classzone === NULL) return NULL;
  let page = yield* fromZones(k, cpu, zonelist, order, pages_low, 0, classzone);
  if (page !== NULL) return page;

  cpu.store32(classzone + need_balance, 1);
  cpu.mfence();
  // kswapd, which would be woken here, does not run.

  const waits = (gfp_mask & __GFP_WAIT) !== 0;
  page = yield* fromZones(k, cpu, zonelist, order, pages_min, waits ? 0 : 2);
  if (page !== NULL) return page;

  const waitingSince = cpu.clock;
  for (;;) {
    // rebalance: here we're in the low on memory slow path
    if ((cpu.loadLong(get_current(cpu) + task_struct.flags) & (PF_MEMALLOC | PF_MEMDIE)) !== 0) {
      return yield* fromZones(k, cpu, zonelist, order, NO_WATERMARK, 0);
    }
    // Atomic allocations - we can't balance anything
    if (!waits) return NULL;

    page = yield* balance_classzone(k, cpu, classzone, gfp_mask, order);
    if (page !== NULL) return page;
    page = yield* fromZones(k, cpu, zonelist, order, pages_min, 0);
    if (page !== NULL) return page;

    // Don't let big-order allocations loop
    if (order > 3) return NULL;
    yield* giveWayForMemory(k, cpu, zonelist, waitingSince); // yield()
  }
}

const NO_WATERMARK = -1;

/**
 * A block from the first zone of the list that would stay above its watermark, `watermark` being the field that holds
 * it. The mark grows from zone to zone, so that those further down are harder to enter. `first`: the list's first zone, where
 * the caller still has it in a register.
 */
function* fromZones(
  k: Mm,
  cpu: Cpu,
  zonelist: addr_t,
  order: number,
  watermark: number,
  shift: number,
  first: addr_t = NULL,
): Program<addr_t> {
  let min = 1 << order;
  let zone = zonelist + zonelist_struct.zones;
  for (let z = first !== NULL ? first : cpu.loadPtr(zone); z !== NULL; z = cpu.loadPtr(zone)) {
    zone += ptr.sizeof;
    if (watermark !== NO_WATERMARK) {
      min += cpu.loadLong(z + watermark) >>> shift;
      if (cpu.loadLong(z + k.zone_struct.free_pages) <= min) continue;
    }
    const page = yield* rmqueue(k, cpu, z, order);
    if (page !== NULL) return page;
  }
  return NULL;
}

/** Reclaims on behalf of the caller; a block that it freed itself and that fits exactly is its own. */
function* balance_classzone(k: Mm, cpu: Cpu, classzone: addr_t, gfp_mask: number, order: number): Program<addr_t> {
  if (in_interrupt(k, cpu)) BUG(FILE, 'balance_classzone', 'in_interrupt()');
  const current = get_current(cpu);
  const taskFlags = current + task_struct.flags;
  cpu.store32(current + task_struct.allocation_order, order);
  cpu.storeLong(taskFlags, cpu.loadLong(taskFlags) | PF_MEMALLOC | PF_FREE_PAGES);
  const freed = yield* k.try_to_free_pages_zone(cpu, gfp_mask);
  cpu.storeLong(taskFlags, cpu.loadLong(taskFlags) & ~(PF_MEMALLOC | PF_FREE_PAGES));

  if (cpu.load32(current + task_struct.nr_local_pages) === 0) return NULL;
  const page = freed ? takeLocalPage(k, cpu, classzone, order) : NULL;
  const local_pages = current + task_struct.local_pages;
  let nr_pages = cpu.load32(current + task_struct.nr_local_pages);
  for (;;) {
    const entry = cpu.loadPtr(local_pages + list_head.prev);
    if (entry === local_pages) break;
    list_del(cpu, entry);
    const tmp = entry - struct_page.list;
    yield* __free_pages_ok(k, cpu, tmp, cpu.loadLong(tmp + struct_page.index));
    if (nr_pages-- === 0) BUG(FILE, 'balance_classzone', '!nr_pages--');
  }
  cpu.store32(current + task_struct.nr_local_pages, 0);
  return page;
}

/** The block that this task freed last, of just this order and good for this zone; NULL if there is none. */
function takeLocalPage(k: Mm, cpu: Cpu, classzone: addr_t, order: number): addr_t {
  const current = get_current(cpu);
  const local_pages = current + task_struct.local_pages;
  let entry = cpu.loadPtr(local_pages + list_head.next);
  do {
    const page = entry - struct_page.list;
    if (cpu.loadLong(page + struct_page.index) === order && memclass(k, cpu, page_zone(k, cpu, page), classzone)) {
      list_del(cpu, entry);
      cpu.store32(current + task_struct.nr_local_pages, cpu.load32(current + task_struct.nr_local_pages) - 1);
      set_page_count(cpu, page, 1);
      checkUnused(k, cpu, page, 'balance_classzone');
      if (testPageFlag(cpu, page, PG_lru)) BUG(FILE, 'balance_classzone', 'PageLRU(page)');
      if (testPageFlag(cpu, page, PG_dirty)) BUG(FILE, 'balance_classzone', 'PageDirty(page)');
      return page;
    }
    entry = cpu.loadPtr(entry + list_head.next);
  } while (entry !== local_pages);
  return NULL;
}

/** Whether a page of `pgzone` will do where `classzone` is wanted: the same node, and no zone above it. */
function memclass(k: Mm, cpu: Cpu, pgzone: addr_t, classzone: addr_t): boolean {
  const { zone_pgdat } = k.zone_struct;
  return cpu.loadPtr(pgzone + zone_pgdat) === cpu.loadPtr(classzone + zone_pgdat) && pgzone <= classzone;
}

export function* free_pages(k: Mm, cpu: Cpu, addr: addr_t, order: number): Program {
  if (addr !== NULL) yield* __free_pages(k, cpu, virt_to_page(k, cpu, addr), order);
}

/** What of this the rest of 2.4 does differently. */
export const pageOps: PageOps = {
  alloc_pages,
  free_pages,
  page_address,
  checkRange,
  checkTaken,
  release,
  released: () => {},
  zoneBase,
  // __test_and_change_bit(): under zone->lock it need not be locked itself.
  changeBit: (cpu, map, bit) => cpu.btc(map, bit),
};
