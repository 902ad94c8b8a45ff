/** What 2.4.0's buddy allocator checks, and what freeing does besides: mm/page_alloc.c, BAD_RANGE(), __free_pages_ok(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { giveBack } from '../linux-2.4/buddy.ts';
import { PG_dirty, PG_locked, PG_referenced } from '../linux-2.4/mm.ts';
import { testPageFlag } from '../linux-2.4/page.ts';
import {
  type Mm,
  PAGE_AGE_START,
  PG_active,
  PG_decr_after,
  PG_inactive_clean,
  PG_inactive_dirty,
  PG_swap_cache,
} from './mm.ts';
import { page_nr, page_zone, VALID_PAGE } from './page.ts';

export const FILE = 'page_alloc.c';

/** BAD_RANGE(): the pages say that they are of this zone, and their numbers are within it. All is read again for each. */
export function checkRange(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t, buddy: addr_t = NULL): void {
  checkWithin(k, cpu, fn, zone, page);
  if (buddy !== NULL) checkWithin(k, cpu, fn, zone, buddy);
}

function checkWithin(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t): void {
  if (zone === page_zone(k, cpu, page)) {
    const index = pageIndex(k, cpu, zone, page);
    if (index >= 0 && index < cpu.loadLong(zone + k.zone_struct.size)) return;
  }
  BUG(FILE, fn, 'BAD_RANGE(zone,page)');
}

/** From mem_map on, where 2.4.22 counts from the zone's own zone_mem_map. */
export function pageIndex(k: Mm, cpu: Cpu, zone: addr_t, page: addr_t): number {
  return page_nr(k, cpu, page) - cpu.loadLong(zone + k.zone_struct.offset);
}

/** DEBUG_ADD_PAGE: a page that is handed out is on no list of the reclaimer's. */
export function checkTaken(_k: Mm, cpu: Cpu, page: addr_t): void {
  checkOffLists(cpu, page, 'rmqueue');
}

function checkOffLists(cpu: Cpu, page: addr_t, fn: string): void {
  if (testPageFlag(cpu, page, PG_active)) BUG(FILE, fn, 'PageActive(page)');
  if (testPageFlag(cpu, page, PG_inactive_dirty)) BUG(FILE, fn, 'PageInactiveDirty(page)');
  if (testPageFlag(cpu, page, PG_inactive_clean)) BUG(FILE, fn, 'PageInactiveClean(page)');
}

/** The page is nobody's: without buffers or mapping, a page at all, not locked, on no list. */
function checkUnused(k: Mm, cpu: Cpu, page: addr_t, fn: string): void {
  if (cpu.loadPtr(page + k.struct_page.buffers) !== NULL) BUG(FILE, fn, 'page->buffers');
  if (cpu.loadPtr(page + k.struct_page.mapping) !== NULL) BUG(FILE, fn, 'page->mapping');
  if (!VALID_PAGE(k, cpu, page)) BUG(FILE, fn, '!VALID_PAGE(page)');
  if (testPageFlag(cpu, page, PG_swap_cache)) BUG(FILE, fn, 'PageSwapCache(page)');
  if (testPageFlag(cpu, page, PG_locked)) BUG(FILE, fn, 'PageLocked(page)');
  if (testPageFlag(cpu, page, PG_decr_after)) BUG(FILE, fn, 'PageDecrAfter(page)');
  checkOffLists(cpu, page, fn);
}

/** Gives a block back. Every one relieves memory_pressure a little: nobody else does here, since kswapd does not run once a second. */
export function* __free_pages_ok(k: Mm, cpu: Cpu, page: addr_t, order: number): Program {
  const { struct_page, zone_struct } = k;
  checkUnused(k, cpu, page, '__free_pages_ok');
  const flags = cpu.loadLong(page + struct_page.flags);
  cpu.storeLong(page + struct_page.flags, flags & ~((1 << PG_referenced) | (1 << PG_dirty)));
  cpu.storeLong(page + struct_page.age, PAGE_AGE_START);

  const zone = page_zone(k, cpu, page);
  const mem_map = cpu.loadPtr(k.mem_map_ptr);
  const base = mem_map + cpu.loadLong(zone + zone_struct.offset) * struct_page.sizeof;
  const index = (page - base) / struct_page.sizeof;
  if ((index & ((1 << order) - 1)) !== 0) BUG(FILE, '__free_pages_ok', 'page_idx & ~mask');
  yield* giveBack(k, cpu, zone, base, index, order);

  // "We don't want to protect this variable from race conditions since it's nothing important."
  const memory_pressure = cpu.load32(k.memory_pressure);
  if (memory_pressure > k.config.NR_CPUS) cpu.store32(k.memory_pressure, memory_pressure - 1);
}
