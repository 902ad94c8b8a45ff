/**
 * The buddy allocator: mm/page_alloc.c of 2.4.22, rmqueue(), expand(), __free_pages_ok().
 *
 * Free blocks of each order hang in a list, newest first. A bitmap an order holds one bit a pair of blocks: set if just
 * one of the two is free, so a freed block learns from one bit whether its buddy is free too.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { get_current, PF_FREE_PAGES, task_struct } from '../../kernel/linux-2.4/task.ts';
import { list_add, list_del, list_head } from '../../kernel/list.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../kernel/spinlock.ts';
import {
  free_area_struct,
  MAX_ORDER,
  type Mm,
  PG_active,
  PG_dirty,
  PG_locked,
  PG_lru,
  PG_referenced,
  struct_page,
} from '../linux-2.4.22/mm.ts';
import { page_zone, set_page_count, testPageFlag, zoneOf } from './page.ts';

const FILE = 'page_alloc.c';

/**
 * BAD_RANGE(), "temporary debugging check", which stayed: the page lies in the zone, and says so itself. So does `buddy`
 * unless it is NULL; where two are asked, gcc reads the zone's bounds but once.
 */
function checkRange(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t, buddy: addr_t = NULL): void {
  const { zone_struct } = k;
  const mem_map = cpu.loadPtr(k.mem_map_ptr);
  const start = mem_map + cpu.loadLong(zone + zone_struct.zone_start_mapnr) * struct_page.sizeof;
  const end = start + cpu.loadLong(zone + zone_struct.size) * struct_page.sizeof;
  checkWithin(k, cpu, fn, zone, page, start, end);
  if (buddy !== NULL) checkWithin(k, cpu, fn, zone, buddy, start, end);
}

function checkWithin(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t, start: addr_t, end: addr_t): void {
  if (page >= end || page < start || zone !== page_zone(k, cpu, page)) BUG(FILE, fn, 'BAD_RANGE(zone,page)');
}

/** Turns the bit of the pair that page `index` of the zone belongs to; whether it was set. */
function changePairBit(cpu: Cpu, area: addr_t, index: number, order: number): boolean {
  return cpu.btc(cpu.loadPtr(area + free_area_struct.map), index >>> (order + 1));
}

/** Takes a block of `order` from the zone, splitting a larger one if need be; its first struct page, or NULL. */
export function* rmqueue(k: Mm, cpu: Cpu, zone: addr_t, order: number): Program<addr_t> {
  const { zone_struct } = k;
  const flags = yield* spin_lock_irqsave(k, cpu, zone + zone_struct.lock);
  for (let high = order; high < MAX_ORDER; high++) {
    const area = zone + zone_struct.free_area + high * free_area_struct.sizeof;
    const head = area + free_area_struct.free_list;
    const curr = cpu.loadPtr(head + list_head.next);
    if (curr === head) continue;

    const block = curr - struct_page.list;
    checkRange(k, cpu, 'rmqueue', zone, block);
    list_del(cpu, curr);
    const index = (block - cpu.loadPtr(zone + zone_struct.zone_mem_map)) / struct_page.sizeof;
    if (high !== MAX_ORDER - 1) changePairBit(cpu, area, index, high);
    const free_pages = zone + zone_struct.free_pages;
    cpu.storeLong(free_pages, cpu.loadLong(free_pages) - (1 << order));

    const page = expand(k, cpu, zone, block, index, order, high, area);
    yield* spin_unlock_irqrestore(k, cpu, zone + zone_struct.lock, flags);

    set_page_count(cpu, page, 1);
    checkRange(k, cpu, 'rmqueue', zone, page);
    if (testPageFlag(cpu, page, PG_lru)) BUG(FILE, 'rmqueue', 'PageLRU(page)');
    if (testPageFlag(cpu, page, PG_active)) BUG(FILE, 'rmqueue', 'PageActive(page)');
    return page;
  }
  yield* spin_unlock_irqrestore(k, cpu, zone + zone_struct.lock, flags);
  return NULL;
}

/** Gives the lower halves of a block back until what is left is of order `low`. */
function expand(
  k: Mm,
  cpu: Cpu,
  zone: addr_t,
  block: addr_t,
  firstIndex: number,
  low: number,
  high: number,
  firstArea: addr_t,
): addr_t {
  let page = block;
  let index = firstIndex;
  let area = firstArea;
  for (let order = high - 1; order >= low; order--) {
    checkRange(k, cpu, 'expand', zone, page);
    area -= free_area_struct.sizeof;
    list_add(cpu, page + struct_page.list, area + free_area_struct.free_list);
    changePairBit(cpu, area, index, order);
    index += 1 << order;
    page += struct_page.sizeof << order;
  }
  checkRange(k, cpu, 'expand', zone, page);
  return page;
}

/** The page is nobody's: without buffers or mapping, a page at all, neither locked nor active. */
export function checkUnused(k: Mm, cpu: Cpu, page: addr_t, fn: string): void {
  if (cpu.loadPtr(page + struct_page.buffers) !== NULL) BUG(FILE, fn, 'page->buffers');
  if (cpu.loadPtr(page + struct_page.mapping) !== NULL) BUG(FILE, fn, 'page->mapping');
  const pfn = (page - cpu.loadPtr(k.mem_map_ptr)) / struct_page.sizeof;
  if (pfn >= cpu.loadLong(k.max_mapnr)) BUG(FILE, fn, '!VALID_PAGE(page)');
  if (testPageFlag(cpu, page, PG_locked)) BUG(FILE, fn, 'PageLocked(page)');
  if (testPageFlag(cpu, page, PG_active)) BUG(FILE, fn, 'PageActive(page)');
}

/** Gives a block back and joins it with its buddy as often as that is free. */
export function* __free_pages_ok(k: Mm, cpu: Cpu, page: addr_t, order: number): Program {
  const { zone_struct } = k;
  if (testPageFlag(cpu, page, PG_lru)) BUG(FILE, '__free_pages_ok', 'PageLRU(page)'); // no page is ever on an LRU list
  checkUnused(k, cpu, page, '__free_pages_ok');
  const pageFlags = cpu.loadLong(page + struct_page.flags);
  cpu.storeLong(page + struct_page.flags, pageFlags & ~((1 << PG_referenced) | (1 << PG_dirty)));
  if (keepsLocally(k, cpu, page, order)) return;

  const zone = zoneOf(k, cpu, pageFlags);
  const base = cpu.loadPtr(zone + zone_struct.zone_mem_map);
  let index = (page - base) / struct_page.sizeof;
  if ((index & ((1 << order) - 1)) !== 0) BUG(FILE, '__free_pages_ok', 'page_idx & ~mask');
  let area = zone + zone_struct.free_area + order * free_area_struct.sizeof;

  const flags = yield* spin_lock_irqsave(k, cpu, zone + zone_struct.lock);
  const free_pages = zone + zone_struct.free_pages;
  cpu.storeLong(free_pages, cpu.loadLong(free_pages) + (1 << order));
  for (let size = order; size < MAX_ORDER - 1; size++) {
    if (!changePairBit(cpu, area, index, size)) break;
    const buddy = base + (index ^ (1 << size)) * struct_page.sizeof;
    checkRange(k, cpu, '__free_pages_ok', zone, buddy, base + index * struct_page.sizeof);
    list_del(cpu, buddy + struct_page.list);
    index &= -2 << size;
    area += free_area_struct.sizeof;
  }
  list_add(cpu, base + index * struct_page.sizeof + struct_page.list, area + free_area_struct.free_list);
  yield* spin_unlock_irqrestore(k, cpu, zone + zone_struct.lock, flags);
}

/** A task that reclaims keeps the first block it frees, in the hope that it is what it needs (local_freelist). */
function keepsLocally(k: Mm, cpu: Cpu, page: addr_t, order: number): boolean {
  const current = get_current(cpu);
  if ((cpu.loadLong(current + task_struct.flags) & PF_FREE_PAGES) === 0) return false;
  const keepsOne = cpu.load32(current + task_struct.nr_local_pages) !== 0;
  // On UP, where in_interrupt() needs no CPU number, gcc tests both at once.
  if (keepsOne && k.config.CONFIG_SMP) return false;
  if (in_interrupt(k, cpu) || keepsOne) return false;
  list_add(cpu, page + struct_page.list, current + task_struct.local_pages);
  cpu.storeLong(page + struct_page.index, order);
  cpu.store32(current + task_struct.nr_local_pages, cpu.load32(current + task_struct.nr_local_pages) + 1);
  return true;
}
