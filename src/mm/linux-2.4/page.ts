/** struct page: finding it, its flags, its count (include/linux/mm.h of 2.4). Each access as compiled. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, PAGE_SHIFT } from '../../hw/memory.ts';
import { type Mm24, struct_page } from './mm.ts';

/** mem_map + (pa >> PAGE_SHIFT): one read, of the pointer. */
export function virt_to_page(k: Mm24, cpu: Cpu, addr: addr_t): addr_t {
  return cpu.loadPtr(k.mem_map_ptr) + (addr >>> PAGE_SHIFT) * k.struct_page.sizeof;
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
