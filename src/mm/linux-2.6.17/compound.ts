/** Blocks that are one page to their users (__GFP_COMP): each page of it points to the first, and the second holds the order. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { list_head } from '../../kernel/linux-2.6/list.ts';
import { bad_page } from './bad-page.ts';
import { PG_compound } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { __clearPageFlag, __setPageFlag, set_page_private, testPageFlag } from './page.ts';

export function prep_compound_page(k: Mm2617, cpu: Cpu, page: addr_t, order: number): void {
  const { lru, sizeof } = k.struct_page;
  const second = page + sizeof;
  cpu.storePtr(second + lru + list_head.next, k.addressOf(k.free_compound_page!)); // set dtor
  cpu.storePtr(second + lru + list_head.prev, order);
  for (let i = 0; i < 1 << order; i++) {
    const p = page + i * sizeof;
    __setPageFlag(k, cpu, p, PG_compound);
    set_page_private(k, cpu, p, page);
  }
}

export function destroy_compound_page(k: Mm2617, cpu: Cpu, page: addr_t, order: number): void {
  const { lru, sizeof } = k.struct_page;
  if (cpu.loadPtr(page + sizeof + lru + list_head.prev) !== order) bad_page(k, cpu, page);
  for (let i = 0; i < 1 << order; i++) {
    const p = page + i * sizeof;
    const compound = testPageFlag(k, cpu, p, PG_compound);
    if (!compound || cpu.loadPtr(p + k.struct_page.private) !== page) bad_page(k, cpu, page);
    __clearPageFlag(k, cpu, p, PG_compound);
  }
}
