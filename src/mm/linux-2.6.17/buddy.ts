/**
 * The buddy allocator: mm/page_alloc.c of 2.6.17, __rmqueue(), expand(), __free_one_page().
 *
 * Free blocks of each order hang in a list, newest first. 2.4's bitmaps are gone: the first page of a free block says so
 * itself (PG_buddy) and holds its order, so a freed block asks the struct page of its buddy whether they may merge. That is
 * a line of memory which the caller may use next, where the bitmap was one that all blocks shared.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { enterFrame, leaveFrame } from '../../kernel/frame.ts';
import { list_add, list_add_tail, list_del, list_empty, list_head } from '../../kernel/linux-2.6/list.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { destroy_compound_page } from './compound.ts';
import { MAX_ORDER, PG_buddy, PG_compound } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import {
  __clearPageFlag,
  __setPageFlag,
  page_count,
  page_to_pfn,
  page_zone_id,
  set_page_private,
  testPageFlag,
} from './page.ts';

const FILE = 'page_alloc.c';

function set_page_order(k: Mm2617, cpu: Cpu, page: addr_t, order: number): void {
  set_page_private(k, cpu, page, order);
  __setPageFlag(k, cpu, page, PG_buddy);
}

function rmv_page_order(k: Mm2617, cpu: Cpu, page: addr_t): void {
  __clearPageFlag(k, cpu, page, PG_buddy);
  set_page_private(k, cpu, page, 0);
}

/** Whether `buddy` is the first page of a free block of this order, in the same zone. */
function page_is_buddy(k: Mm2617, cpu: Cpu, page: addr_t, buddy: addr_t, order: number): boolean {
  if (page_zone_id(k, cpu, page) !== page_zone_id(k, cpu, buddy)) return false;
  if (!testPageFlag(k, cpu, buddy, PG_buddy)) return false;
  if (cpu.loadLong(buddy + k.struct_page.private) !== order) return false;
  if (page_count(k, cpu, buddy) !== 0) BUG(FILE, 'page_is_buddy', 'page_count(buddy) != 0');
  return true;
}

function addFree(cpu: Cpu, nr_free: addr_t, addend: number): void {
  cpu.storeLong(nr_free, cpu.loadLong(nr_free) + addend);
}

/** Gives a block back and joins it with its buddy as often as that is free. Caller holds zone->lock. */
function __free_one_page(k: Mm2617, cpu: Cpu, first: addr_t, zone: addr_t, firstOrder: number): void {
  const { struct_page, zone_struct, free_area } = k;
  if (testPageFlag(k, cpu, first, PG_compound)) destroy_compound_page(k, cpu, first, firstOrder);

  let page = first;
  let order = firstOrder;
  let page_idx = page_to_pfn(k, cpu, page) & ((1 << MAX_ORDER) - 1);
  if ((page_idx & ((1 << order) - 1)) !== 0) BUG(FILE, '__free_one_page', 'page_idx & (order_size - 1)');
  const free_pages = zone + zone_struct.free_pages;
  cpu.storeLong(free_pages, cpu.loadLong(free_pages) + (1 << order));
  while (order < MAX_ORDER - 1) {
    const buddy_idx = page_idx ^ (1 << order);
    const buddy = page + (buddy_idx - page_idx) * struct_page.sizeof;
    if (!page_is_buddy(k, cpu, page, buddy, order)) break; // Move the buddy up one level.
    list_del(cpu, buddy + struct_page.lru);
    addFree(cpu, zone + zone_struct.free_area + order * free_area.sizeof + free_area.nr_free, -1);
    rmv_page_order(k, cpu, buddy);
    const combined_idx = page_idx & ~(1 << order);
    page += (combined_idx - page_idx) * struct_page.sizeof;
    page_idx = combined_idx;
    order++;
  }
  set_page_order(k, cpu, page, order);
  const area = zone + zone_struct.free_area + order * free_area.sizeof;
  list_add(cpu, page + struct_page.lru, area + free_area.free_list);
  addFree(cpu, area + free_area.nr_free, 1);
}

/** Frees `count` blocks of `order` from the tail of a list, which holds as many. Interrupts are off. */
export function* free_pages_bulk(
  k: Mm2617,
  cpu: Cpu,
  zone: addr_t,
  count: number,
  list: addr_t,
  order: number,
): Program {
  const { zone_struct, struct_page } = k;
  yield* spin_lock(k, cpu, zone + zone_struct.lock);
  cpu.store32(zone + zone_struct.all_unreclaimable, 0);
  cpu.storeLong(zone + zone_struct.pages_scanned, 0);
  for (let left = count; left > 0; left--) {
    if (list_empty(cpu, list)) BUG(FILE, 'free_pages_bulk', 'list_empty(list)');
    const entry = cpu.loadPtr(list + list_head.prev);
    // have to delete it as __free_one_page list manipulates
    list_del(cpu, entry);
    __free_one_page(k, cpu, entry - struct_page.lru, zone, order);
  }
  yield* spin_unlock(k, cpu, zone + zone_struct.lock);
}

/** Frees one block by way of a list of its own, on the stack. Interrupts are off. */
export function* free_one_page(k: Mm2617, cpu: Cpu, zone: addr_t, page: addr_t, order: number): Program {
  const list = enterFrame(cpu, list_head);
  cpu.storePtr(list + list_head.next, list);
  cpu.storePtr(list + list_head.prev, list);
  list_add(cpu, page + k.struct_page.lru, list);
  yield* free_pages_bulk(k, cpu, zone, 1, list, order);
  leaveFrame(cpu, list_head);
}

/** Gives the upper halves of a block back until what is left is of order `low`. */
function expand(k: Mm2617, cpu: Cpu, page: addr_t, low: number, high: number, area: addr_t): void {
  const { struct_page, free_area } = k;
  for (let order = high - 1; order >= low; order--) {
    const half = page + (struct_page.sizeof << order);
    const list = area - (high - order) * free_area.sizeof;
    list_add(cpu, half + struct_page.lru, list + free_area.free_list);
    addFree(cpu, list + free_area.nr_free, 1);
    set_page_order(k, cpu, half, order);
  }
}

/** Takes a block of `order`, splitting a larger one if need be; its first struct page, or NULL. Caller holds zone->lock. */
export function __rmqueue(k: Mm2617, cpu: Cpu, zone: addr_t, order: number): addr_t {
  const { struct_page, zone_struct, free_area } = k;
  for (let current_order = order; current_order < MAX_ORDER; current_order++) {
    const area = zone + zone_struct.free_area + current_order * free_area.sizeof;
    const entry = cpu.loadPtr(area + free_area.free_list + list_head.next);
    if (entry === area + free_area.free_list) continue;

    const page = entry - struct_page.lru;
    list_del(cpu, entry);
    rmv_page_order(k, cpu, page);
    addFree(cpu, area + free_area.nr_free, -1);
    const free_pages = zone + zone_struct.free_pages;
    cpu.storeLong(free_pages, cpu.loadLong(free_pages) - (1 << order));
    expand(k, cpu, page, order, current_order, area);
    return page;
  }
  return NULL;
}

/** Takes up to `count` blocks under one lock and puts them at the tail of `list`; how many. Interrupts are off. */
export function* rmqueue_bulk(
  k: Mm2617,
  cpu: Cpu,
  zone: addr_t,
  order: number,
  count: number,
  list: addr_t,
): Program<number> {
  const lock = zone + k.zone_struct.lock;
  yield* spin_lock(k, cpu, lock);
  let taken = 0;
  for (; taken < count; taken++) {
    const page = __rmqueue(k, cpu, zone, order);
    if (page === NULL) break;
    list_add_tail(cpu, page + k.struct_page.lru, list);
  }
  yield* spin_unlock(k, cpu, lock);
  return taken;
}
