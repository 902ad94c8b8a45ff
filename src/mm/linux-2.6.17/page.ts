/**
 * struct page: finding it, its flags, its count, its zone (include/linux/mm.h, page-flags.h of 2.6.17). Each access as
 * compiled: flags are asked by test_bit(), which reads memory anew each time.
 */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, PAGE_SHIFT } from '../../hw/memory.ts';
import { PG_compound } from './layouts.ts';
import type { Mm2617 } from './mm.ts';

/** mem_map + (pa >> PAGE_SHIFT): one read, of the pointer. */
export function virt_to_page(k: Mm2617, cpu: Cpu, addr: addr_t): addr_t {
  return cpu.loadPtr(k.mem_map_ptr) + (addr >>> PAGE_SHIFT) * k.struct_page.sizeof;
}

export function page_to_pfn(k: Mm2617, cpu: Cpu, page: addr_t): number {
  return (page - cpu.loadPtr(k.mem_map_ptr)) / k.struct_page.sizeof;
}

export function page_address(k: Mm2617, cpu: Cpu, page: addr_t): addr_t {
  return page_to_pfn(k, cpu, page) << PAGE_SHIFT;
}

/** The number of the page's zone among all zones of all nodes, from the top of its flags. */
export function page_zone_id(k: Mm2617, cpu: Cpu, page: addr_t): number {
  return zoneId(k, cpu.loadLong(page + k.struct_page.flags));
}

function zoneId({ pageLinks }: Mm2617, flags: number): number {
  return flags >>> pageLinks.ZONETABLE_PGSHIFT;
}

/** The zone that the page's flags name. */
export function page_zone(k: Mm2617, cpu: Cpu, page: addr_t): addr_t {
  return zoneIn(k, cpu, cpu.loadLong(page + k.struct_page.flags));
}

/** The zone that `flags`, those of a page, name. */
export function zoneIn(k: Mm2617, cpu: Cpu, flags: number): addr_t {
  return cpu.loadPtr(k.zone_table + zoneId(k, flags) * k.config.abi.ptr.sizeof);
}

export function page_to_nid(k: Mm2617, cpu: Cpu, page: addr_t): number {
  const { NODES_SHIFT, NODES_PGSHIFT } = k.pageLinks;
  return NODES_SHIFT === 0 ? 0 : cpu.loadLong(page + k.struct_page.flags) >>> NODES_PGSHIFT;
}

/** PageSlab() and its like: test_bit(flag, &page->flags). */
export function testPageFlag(k: Mm2617, cpu: Cpu, page: addr_t, flag: number): boolean {
  return ((cpu.loadLong(page + k.struct_page.flags) >>> flag) & 1) !== 0;
}

/** __SetPageSlab() and its like: not locked. */
export function __setPageFlag(k: Mm2617, cpu: Cpu, page: addr_t, flag: number): void {
  const flags = page + k.struct_page.flags;
  cpu.storeLong(flags, cpu.loadLong(flags) | (1 << flag));
}

export function __clearPageFlag(k: Mm2617, cpu: Cpu, page: addr_t, flag: number): void {
  const flags = page + k.struct_page.flags;
  cpu.storeLong(flags, cpu.loadLong(flags) & ~(1 << flag));
}

export function set_page_private(k: Mm2617, cpu: Cpu, page: addr_t, value: number): void {
  cpu.storeLong(page + k.struct_page.private, value);
}

/** Of a page within a larger block, the count of the block's first page. */
export function page_count(k: Mm2617, cpu: Cpu, page: addr_t): number {
  const head = testPageFlag(k, cpu, page, PG_compound) ? cpu.loadPtr(page + k.struct_page.private) : page;
  return cpu.load32(head + k.struct_page._count);
}

export function page_mapcount(k: Mm2617, cpu: Cpu, page: addr_t): number {
  return cpu.load32(page + k.struct_page._mapcount) + 1;
}

export function set_page_count(k: Mm2617, cpu: Cpu, page: addr_t, count: number): void {
  cpu.store32(page + k.struct_page._count, count);
}

/** From free, with a count of 0, to its first reference. */
export function set_page_refcounted(k: Mm2617, cpu: Cpu, page: addr_t): void {
  // What VM_BUG_ON() asks is read, though builds without CONFIG_DEBUG_VM do nothing about it.
  if (testPageFlag(k, cpu, page, PG_compound)) cpu.loadPtr(page + k.struct_page.private);
  cpu.load32(page + k.struct_page._count);
  set_page_count(k, cpu, page, 1);
}

/** Drops a reference; true if it was the last. */
export function put_page_testzero(k: Mm2617, cpu: Cpu, page: addr_t): boolean {
  cpu.load32(page + k.struct_page._count); // VM_BUG_ON()
  return cpu.lockAdd32(page + k.struct_page._count, -1) === 0;
}
