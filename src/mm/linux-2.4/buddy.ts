/**
 * The buddy allocator: mm/page_alloc.c of 2.4, rmqueue(), expand(), __free_pages_ok().
 *
 * Free blocks of each order hang in a list, newest first. A bitmap an order holds one bit a pair of blocks: set if just
 * one of the two is free, so a freed block learns from one bit whether its buddy is free too.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_add, list_head } from '../../kernel/list.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../kernel/spinlock.ts';
import { free_area_struct, MAX_ORDER, type Mm24, struct_page } from './mm.ts';
import { set_page_count } from './page.ts';

export const FILE = 'page_alloc.c';

/** Turns the bit of the pair that page `index` of the zone belongs to; whether it was set. */
function changePairBit(k: Mm24, cpu: Cpu, area: addr_t, index: number, order: number): boolean {
  return k.pageOps.changeBit(cpu, cpu.loadPtr(area + free_area_struct.map), index >>> (order + 1));
}

/** Takes a block of `order` from the zone, splitting a larger one if need be; its first struct page, or NULL. */
export function* rmqueue(k: Mm24, cpu: Cpu, zone: addr_t, order: number): Program<addr_t> {
  const { zone_struct, pageOps } = k;
  const flags = yield* spin_lock_irqsave(k, cpu, zone + zone_struct.lock);
  for (let high = order; high < MAX_ORDER; high++) {
    const area = zone + zone_struct.free_area + high * free_area_struct.sizeof;
    const head = area + free_area_struct.free_list;
    const curr = cpu.loadPtr(head + list_head.next);
    if (curr === head) continue;

    const block = curr - struct_page.list;
    pageOps.checkRange(k, cpu, 'rmqueue', zone, block);
    k.list_del(cpu, curr);
    const index = (block - pageOps.zoneBase(k, cpu, zone)) / k.struct_page.sizeof;
    if (high < k.bitmaps) changePairBit(k, cpu, area, index, high);
    const free_pages = zone + zone_struct.free_pages;
    cpu.storeLong(free_pages, cpu.loadLong(free_pages) - (1 << order));

    const page = expand(k, cpu, zone, block, index, order, high, area);
    yield* spin_unlock_irqrestore(k, cpu, zone + zone_struct.lock, flags);

    set_page_count(cpu, page, 1);
    pageOps.checkRange(k, cpu, 'rmqueue', zone, page);
    pageOps.checkTaken(k, cpu, page);
    return page;
  }
  yield* spin_unlock_irqrestore(k, cpu, zone + zone_struct.lock, flags);
  return NULL;
}

/** Gives the lower halves of a block back until what is left is of order `low`. */
function expand(
  k: Mm24,
  cpu: Cpu,
  zone: addr_t,
  block: addr_t,
  firstIndex: number,
  low: number,
  high: number,
  firstArea: addr_t,
): addr_t {
  const { pageOps } = k;
  let page = block;
  let index = firstIndex;
  let area = firstArea;
  for (let order = high - 1; order >= low; order--) {
    pageOps.checkRange(k, cpu, 'expand', zone, page);
    area -= free_area_struct.sizeof;
    list_add(cpu, page + struct_page.list, area + free_area_struct.free_list);
    changePairBit(k, cpu, area, index, order);
    index += 1 << order;
    page += k.struct_page.sizeof << order;
  }
  pageOps.checkRange(k, cpu, 'expand', zone, page);
  return page;
}

/** Gives a block back and joins it with its buddy as often as that is free. Blocks of the largest order are not joined. */
export function* __free_pages_ok(k: Mm24, cpu: Cpu, page: addr_t, order: number): Program {
  const { zone_struct, pageOps } = k;
  const { sizeof } = k.struct_page;
  const zone = pageOps.release(k, cpu, page, order);
  if (zone === NULL) return;
  const base = pageOps.zoneBase(k, cpu, zone);
  let index = (page - base) / sizeof;
  if ((index & ((1 << order) - 1)) !== 0) BUG(FILE, '__free_pages_ok', 'page_idx & ~mask');
  let area = zone + zone_struct.free_area + order * free_area_struct.sizeof;

  const flags = yield* spin_lock_irqsave(k, cpu, zone + zone_struct.lock);
  const free_pages = zone + zone_struct.free_pages;
  cpu.storeLong(free_pages, cpu.loadLong(free_pages) + (1 << order));
  for (let size = order; size < MAX_ORDER - 1; size++) {
    if (!changePairBit(k, cpu, area, index, size)) break;
    const buddy = base + (index ^ (1 << size)) * sizeof;
    pageOps.checkRange(k, cpu, '__free_pages_ok', zone, buddy, base + index * sizeof);
    k.list_del(cpu, buddy + struct_page.list);
    index &= -2 << size;
    area += free_area_struct.sizeof;
  }
  list_add(cpu, base + index * sizeof + struct_page.list, area + free_area_struct.free_list);
  yield* spin_unlock_irqrestore(k, cpu, zone + zone_struct.lock, flags);
  pageOps.released(k, cpu);
}
