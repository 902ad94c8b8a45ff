/** A page's zone, and from it where the page's memory is (include/linux/mm.h of 2.4.22). Each access as compiled. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, PAGE_SHIFT } from '../../hw/memory.ts';
import { ptr } from '../../kernel/struct.ts';
import { type Mm, struct_page, ZONE_SHIFT } from './mm.ts';

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
