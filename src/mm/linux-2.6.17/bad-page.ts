/** A page in a state that it must not be in: bad_page() of 2.6.17. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { PAGE_OFFSET } from '../../kernel/kernel.ts';
import {
  PG_active,
  PG_buddy,
  PG_locked,
  PG_lru,
  PG_private,
  PG_reclaim,
  PG_reserved,
  PG_slab,
  PG_swapcache,
  PG_writeback,
} from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { page_count, page_mapcount, set_page_count } from './page.ts';

export const mask = (...flags: number[]) => flags.reduce((sum, flag) => sum | (1 << flag), 0);

/** Flags of a page that somebody uses. */
export const IN_USE = mask(
  PG_lru,
  PG_private,
  PG_locked,
  PG_active,
  PG_reclaim,
  PG_slab,
  PG_swapcache,
  PG_writeback,
  PG_reserved,
  PG_buddy,
);

const hex = (n: number, digits: number) => (n >>> 0).toString(16).padStart(digits, '0');

/** Tells of a page in a state that it must not be in, and mends what it can. */
export function bad_page(k: Mm2617, cpu: Cpu, page: addr_t): void {
  const { flags, mapping, _mapcount } = k.struct_page;
  k.printk("Bad page state in process 'swapper'");
  k.printk(
    `page:${hex(page + PAGE_OFFSET, 8)} flags:0x${hex(cpu.loadLong(page + flags), 8)} mapping:${hex(cpu.loadPtr(page + mapping), 8)} ` +
      `mapcount:${page_mapcount(k, cpu, page)} count:${page_count(k, cpu, page)}`,
  );
  k.printk('Trying to fix it up, but a reboot is needed');
  k.printk('Backtrace:');
  k.dump_stack();
  cpu.storeLong(page + flags, cpu.loadLong(page + flags) & ~(IN_USE & ~(1 << PG_reserved)));
  set_page_count(k, cpu, page, 0);
  cpu.store32(page + _mapcount, -1);
  cpu.storePtr(page + mapping, NULL);
}
