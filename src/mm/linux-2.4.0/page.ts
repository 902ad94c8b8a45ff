/** A page's zone and its memory, both by pointers in struct page (include/linux/mm.h of 2.4.0). Each access as compiled. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Mm } from './mm.ts';

export function page_zone(k: Mm, cpu: Cpu, page: addr_t): addr_t {
  return cpu.loadPtr(page + k.struct_page.zone);
}

export function page_address(k: Mm, cpu: Cpu, page: addr_t): addr_t {
  return cpu.loadPtr(page + k.struct_page.virtual);
}

export function VALID_PAGE(k: Mm, cpu: Cpu, page: addr_t): boolean {
  const pfn = (page - cpu.loadPtr(k.mem_map_ptr)) / k.struct_page.sizeof;
  return pfn < cpu.loadLong(k.max_mapnr);
}
