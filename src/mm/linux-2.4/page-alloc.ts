/** Pages by their addresses and by their counts: mm/page_alloc.c of 2.4. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { __free_pages_ok } from './buddy.ts';
import { type Mm24, struct_page } from './mm.ts';
import { testPageFlag } from './page.ts';

/**
 * A task without memory lets others run, who may free some. If nobody has since the clock stood at `since`, the watchdog reports
 * it, by its list of zones.
 */
export function* giveWayForMemory(k: Mm24, cpu: Cpu, zonelist: addr_t, since: number): Program {
  k.machine.scheduler.watchdog.watchWait(cpu, zonelist, since);
  k.machine.scheduler.giveWay(cpu);
  cpu.pause(zonelist);
  yield;
}

/** The address of a block of 2^order pages, or NULL. */
export function* __get_free_pages(k: Mm24, cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
  const page = yield* k.pageOps.alloc_pages(k, cpu, gfp_mask, order);
  return page === NULL ? NULL : k.pageOps.page_address(k, cpu, page);
}

export function* __free_pages(k: Mm24, cpu: Cpu, page: addr_t, order: number): Program {
  if (testPageFlag(cpu, page, k.PG_reserved)) return;
  if (cpu.lockAdd32(page + struct_page.count, -1) === 0) yield* __free_pages_ok(k, cpu, page, order);
}
