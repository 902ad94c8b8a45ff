/** What 2.4.0's buddy allocator checks, and what freeing does besides: mm/page_alloc.c. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { FILE } from '../linux-2.4/buddy.ts';
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
import { page_zone, VALID_PAGE } from './page.ts';

/** BAD_RANGE(): the pages say that they are of this zone, and their numbers are within it. All is read again for each. */
export function checkRange(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t, buddy: addr_t = NULL): void {
  checkWithin(k, cpu, fn, zone, page);
  if (buddy !== NULL) checkWithin(k, cpu, fn, zone, buddy);
}

function checkWithin(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t): void {
  if (zone === page_zone(k, cpu, page)) {
    const index = (page - zoneBase(k, cpu, zone)) / k.struct_page.sizeof;
    if (index >= 0 && index < cpu.loadLong(zone + k.zone_struct.size)) return;
  }
  BUG(FILE, fn, 'BAD_RANGE(zone,page)');
}

/** By its place in mem_map, where 2.4.22 has the zone's own zone_mem_map. */
export function zoneBase(k: Mm, cpu: Cpu, zone: addr_t): addr_t {
  return cpu.loadPtr(k.mem_map_ptr) + cpu.loadLong(zone + k.zone_struct.offset) * k.struct_page.sizeof;
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

export function release(k: Mm, cpu: Cpu, page: addr_t): addr_t {
  const { flags, age } = k.struct_page;
  checkUnused(k, cpu, page, '__free_pages_ok');
  cpu.storeLong(page + flags, cpu.loadLong(page + flags) & ~((1 << PG_referenced) | (1 << PG_dirty)));
  cpu.storeLong(page + age, PAGE_AGE_START);
  return page_zone(k, cpu, page);
}

/**
 * Every block that comes back relieves memory_pressure a little: nobody else does, since kswapd does not run once a second. "We
 * don't want to protect this variable from race conditions since it's nothing important."
 */
export function released(k: Mm, cpu: Cpu): void {
  const memory_pressure = cpu.load32(k.memory_pressure);
  if (memory_pressure > k.config.NR_CPUS) cpu.store32(k.memory_pressure, memory_pressure - 1);
}
