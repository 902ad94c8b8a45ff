/** What a page must not be when it goes from hand to hand: mapped, referenced, or flagged as in use. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { memset } from '../../kernel/string.ts';
import { bad_page, IN_USE, mask } from './bad-page.ts';
import { prep_compound_page } from './compound.ts';
import { __GFP_COMP, __GFP_ZERO } from './gfp.ts';
import {
  PG_arch_1,
  PG_checked,
  PG_dirty,
  PG_error,
  PG_mappedtodisk,
  PG_referenced,
  PG_reserved,
  PG_uptodate,
} from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import {
  __clearPageFlag,
  page_address,
  page_count,
  page_mapcount,
  set_page_private,
  set_page_refcounted,
  testPageFlag,
} from './page.ts';

const BAD_TO_ALLOCATE = IN_USE | mask(PG_dirty);
const OF_LAST_USE = mask(PG_uptodate, PG_error, PG_referenced, PG_arch_1, PG_checked, PG_mappedtodisk);

/** Before a page is freed; true if it must not be. `mapping` and `flags` are the page's, where the caller has read them. */
export function free_pages_check(k: Mm2617, cpu: Cpu, page: addr_t, mapping?: addr_t, flags?: number): boolean {
  const mapcount = page_mapcount(k, cpu, page);
  const mapped = mapping ?? cpu.loadPtr(page + k.struct_page.mapping);
  const count = page_count(k, cpu, page);
  const state = flags ?? cpu.loadLong(page + k.struct_page.flags);
  if (mapcount !== 0 || mapped !== NULL || count !== 0 || (state & IN_USE) !== 0) bad_page(k, cpu, page);
  if (testPageFlag(k, cpu, page, PG_dirty)) __clearPageFlag(k, cpu, page, PG_dirty);
  return testPageFlag(k, cpu, page, PG_reserved);
}

/** Makes a free block its new owner's; true if it must not be given out. */
export function prep_new_page(k: Mm2617, cpu: Cpu, page: addr_t, order: number, gfp_flags: number): boolean {
  const { flags, mapping } = k.struct_page;
  const mapcount = page_mapcount(k, cpu, page);
  const mapped = cpu.loadPtr(page + mapping);
  const count = page_count(k, cpu, page);
  const state = cpu.loadLong(page + flags);
  if (mapcount !== 0 || mapped !== NULL || count !== 0 || (state & BAD_TO_ALLOCATE) !== 0) bad_page(k, cpu, page);
  if (testPageFlag(k, cpu, page, PG_reserved)) return true;
  cpu.storeLong(page + flags, cpu.loadLong(page + flags) & ~OF_LAST_USE);
  set_page_private(k, cpu, page, 0);
  set_page_refcounted(k, cpu, page);
  if ((gfp_flags & __GFP_ZERO) !== 0) prep_zero_page(k, cpu, page, order);
  if (order > 0 && (gfp_flags & __GFP_COMP) !== 0) prep_compound_page(k, cpu, page, order);
  return false;
}

function prep_zero_page(k: Mm2617, cpu: Cpu, page: addr_t, order: number): void {
  for (let i = 0; i < 1 << order; i++) memset(cpu, page_address(k, cpu, page + i * k.struct_page.sizeof), 0, PAGE_SIZE);
}
