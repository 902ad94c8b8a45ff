/** What 2.4.22's buddy allocator checks, and the block that a reclaiming task keeps: mm/page_alloc.c. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { get_current } from '../../kernel/linux-2.4/task.ts';
import { PF_FREE_PAGES, task_struct } from '../../kernel/linux-2.4.22/task.ts';
import { list_add } from '../../kernel/list.ts';
import { FILE } from '../linux-2.4/buddy.ts';
import { PG_dirty, PG_locked, PG_referenced } from '../linux-2.4/mm.ts';
import { testPageFlag } from '../linux-2.4/page.ts';
import { type Mm, PG_active, PG_lru, struct_page } from './mm.ts';
import { page_zone, zoneOf } from './page.ts';

/**
 * BAD_RANGE(), "temporary debugging check", which stayed: the page lies in the zone, and says so itself. So does `buddy`
 * unless it is NULL; where two are asked, gcc reads the zone's bounds but once.
 */
export function checkRange(k: Mm, cpu: Cpu, fn: string, zone: addr_t, page: addr_t, buddy: addr_t = NULL): void {
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

/** A page that is handed out is on no list of the reclaimer's. */
export function checkTaken(_k: Mm, cpu: Cpu, page: addr_t): void {
  if (testPageFlag(cpu, page, PG_lru)) BUG(FILE, 'rmqueue', 'PageLRU(page)');
  if (testPageFlag(cpu, page, PG_active)) BUG(FILE, 'rmqueue', 'PageActive(page)');
}

export function zoneBase(k: Mm, cpu: Cpu, zone: addr_t): addr_t {
  return cpu.loadPtr(zone + k.zone_struct.zone_mem_map);
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

export function release(k: Mm, cpu: Cpu, page: addr_t, order: number): addr_t {
  if (testPageFlag(cpu, page, PG_lru)) BUG(FILE, '__free_pages_ok', 'PageLRU(page)'); // no page is ever on an LRU list
  checkUnused(k, cpu, page, '__free_pages_ok');
  const pageFlags = cpu.loadLong(page + struct_page.flags);
  cpu.storeLong(page + struct_page.flags, pageFlags & ~((1 << PG_referenced) | (1 << PG_dirty)));
  return keepsLocally(k, cpu, page, order) ? NULL : zoneOf(k, cpu, pageFlags);
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
