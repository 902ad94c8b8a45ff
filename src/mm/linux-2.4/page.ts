/** struct page: finding it, its flags, its zone (include/linux/mm.h of 2.4.22). Each access as compiled. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, PAGE_SHIFT } from '../../hw/memory.ts';
import { ptr } from '../../kernel/struct.ts';
import { type Mm, struct_page, ZONE_SHIFT } from '../linux-2.4.22/mm.ts';

/** mem_map + (pa >> PAGE_SHIFT): one read, of the pointer. */
export function virt_to_page(k: Mm, cpu: Cpu, addr: addr_t): addr_t {
  return cpu.loadPtr(k.mem_map_ptr) + (addr >>> PAGE_SHIFT) * struct_page.sizeof;
}

/** The zone that the top byte of page->flags names. */
export function page_zone(k: Mm, cpu: Cpu, page: addr_t): addr_t {
  return zoneOf(k, cpu, cpu.loadLong(page + struct_page.flags));
}

/** page_zone() of a page whose flags are in a register. */
export function zoneOf(k: Mm, cpu: Cpu, flags: number): addr_t {
  return cpu.loadPtr(k.zone_table + ptr.sizeof * (flags >>> ZONE_SHIFT));
}

/** Where the page's memory is, from its place in its zone. */
export function page_address(k: Mm, cpu: Cpu, page: addr_t): addr_t {
  const zone = page_zone(k, cpu, page);
  const index = (page - cpu.loadPtr(zone + k.zone_struct.zone_mem_map)) / struct_page.sizeof;
  return (index << PAGE_SHIFT) + cpu.loadLong(zone + k.zone_struct.zone_start_paddr);
}

/** test_bit(nr, &page->flags). */
export function testPageFlag(cpu: Cpu, page: addr_t, flag: number): boolean {
  return ((cpu.loadLong(page + struct_page.flags) >>> flag) & 1) !== 0;
}

export function setPageFlag(cpu: Cpu, page: addr_t, flag: number): void {
  cpu.lockBts(page + struct_page.flags, flag);
}

export function clearPageFlag(cpu: Cpu, page: addr_t, flag: number): void {
  cpu.lockBtr(page + struct_page.flags, flag);
}

export function set_page_count(cpu: Cpu, page: addr_t, count: number): void {
  cpu.store32(page + struct_page.count, count);
}
