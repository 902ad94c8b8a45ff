/** The page allocator's own checks: each is met by spoiling one word, and says which condition was true. */
import { describe, expect, test } from 'vitest';
import { type addr_t, MiB, NULL } from '../../src/hw/memory.ts';
import { list_head } from '../../src/kernel/list.ts';
import { free_area_struct, PG_locked, PG_slab, ZONE_DMA, ZONE_NORMAL } from '../../src/mm/linux-2.4/mm.ts';
import { __free_pages } from '../../src/mm/linux-2.4/page-alloc.ts';
import { zoneStates } from '../../src/mm/linux-2.4.22/buddyinfo.ts';
import { GFP_ATOMIC, GFP_DMA } from '../../src/mm/linux-2.4.22/gfp.ts';
import { PG_active, PG_lru, struct_page, ZONE_SHIFT } from '../../src/mm/linux-2.4.22/mm.ts';
import { alloc_pages, free_pages } from '../../src/mm/linux-2.4.22/page-alloc.ts';
import { booted } from '../machines.ts';

function pages() {
  const { machine, k } = booted({ memory: 32 * MiB });
  const cpu = machine.cpus[0]!;
  const { memory } = machine;
  const take = (order = 0, gfp_mask = GFP_ATOMIC) => machine.run(cpu, alloc_pages(k, cpu, gfp_mask, order));
  const give = (page: addr_t, order = 0) => machine.run(cpu, __free_pages(k, cpu, page, order));
  const flip = (at: addr_t, bits: number) => memory.poke32(at, memory.peek32(at) ^ bits);
  const areaOf = (zone: number, order: number) =>
    k.zone(zone) + k.zone_struct.free_area + order * free_area_struct.sizeof;
  /** A page of the zone that is free by itself, and the first to be taken again: its buddy is in use. */
  const loosePage = (zone: number) => {
    const taken = Array.from({ length: 3 }, () => take(0, zone === ZONE_DMA ? GFP_ATOMIC | GFP_DMA : GFP_ATOMIC));
    const page = taken.find((each) => taken.includes(k.pageAt(k.pfnOf(each) ^ 1)))!;
    give(page);
    expect(zoneStates(k)[zone]!.lists[0]![0]).toBe(k.pfnOf(page));
    return page;
  };
  /** Has the list of an order begin with another page, which points back as a list does. */
  const putFirst = (zone: number, order: number, page: addr_t) => {
    memory.poke32(areaOf(zone, order) + free_area_struct.free_list + list_head.next, page + struct_page.list);
  };
  return { k, memory, take, give, flip, loosePage, putFirst };
}
const zoneBits = (zone: number, other: number) => (zone ^ other) << ZONE_SHIFT;

describe('a page that is freed must be nobody else’s', () => {
  test.each([
    ['PageLRU(page)', struct_page.flags, 1 << PG_lru],
    ['page->buffers', struct_page.buffers, 0x1000],
    ['page->mapping', struct_page.mapping, 0x1000],
    ['PageLocked(page)', struct_page.flags, 1 << PG_locked],
    ['PageActive(page)', struct_page.flags, 1 << PG_active],
  ])('%s', (condition, field, bits) => {
    const { take, give, flip } = pages();
    const page = take();
    flip(page + field, bits);
    expect(() => give(page)).toThrow(`kernel BUG at page_alloc.c! __free_pages_ok: ${condition}`);
  });

  test('any other flag is none of the allocator’s business', () => {
    const { take, give, flip } = pages();
    const page = take();
    flip(page + struct_page.flags, 1 << PG_slab);
    expect(() => give(page)).not.toThrow();
  });

  test('!VALID_PAGE(page): there are as many as max_mapnr says, and no more', () => {
    const { k, memory, take, give } = pages();
    const [last, beyond] = [take(), take()].sort((a, b) => a - b) as [addr_t, addr_t];
    memory.poke32(k.max_mapnr, k.pfnOf(last) + 1);
    expect(() => give(last)).not.toThrow();
    expect(() => give(beyond)).toThrow('__free_pages_ok: !VALID_PAGE(page)');
  });

  test('page_idx & ~mask: a block begins at a multiple of its size', () => {
    const { memory, take, give } = pages();
    const block = take(2);
    memory.poke32(block + struct_page.sizeof + struct_page.count, 1);
    expect(() => give(block + struct_page.sizeof, 1)).toThrow('__free_pages_ok: page_idx & ~mask');
    expect(() => give(block, 1)).not.toThrow();
  });
});

describe('a page that is allocated must not be in use', () => {
  test.each([
    ['PageLRU(page)', PG_lru],
    ['PageActive(page)', PG_active],
  ])('%s', (condition, flag) => {
    const { take, flip, loosePage } = pages();
    flip(loosePage(ZONE_NORMAL) + struct_page.flags, 1 << flag);
    expect(() => take()).toThrow(`kernel BUG at page_alloc.c! rmqueue: ${condition}`);
  });
});

describe('BAD_RANGE(zone,page)', () => {
  test('the block that is taken says that it is of another zone', () => {
    const { take, flip, loosePage } = pages();
    flip(loosePage(ZONE_NORMAL) + struct_page.flags, zoneBits(ZONE_NORMAL, ZONE_DMA));
    expect(() => take()).toThrow('kernel BUG at page_alloc.c! rmqueue: BAD_RANGE(zone,page)');
  });

  test.each([
    ['below', GFP_ATOMIC, ZONE_NORMAL, ZONE_DMA],
    ['above', GFP_ATOMIC | GFP_DMA, ZONE_DMA, ZONE_NORMAL],
  ])('or lies %s the zone, though it says that it is of this one', (_, gfp_mask, zone, other) => {
    const { take, flip, loosePage, putFirst } = pages();
    const stranger = loosePage(other);
    flip(stranger + struct_page.flags, zoneBits(zone, other));
    putFirst(zone, 0, stranger);
    expect(() => take(0, gfp_mask)).toThrow('rmqueue: BAD_RANGE(zone,page)');
  });

  test('of a block that is split, the half that is split or handed out next', () => {
    const { k, take, flip } = pages();
    const { lists } = zoneStates(k)[ZONE_NORMAL]!;
    const order = lists.findIndex((blocks) => blocks.length > 0);
    expect(order, 'the smallest block there is has halves').toBeGreaterThan(0);
    // Pages are handed out from the upper half.
    const upper = k.pageAt(lists[order]![0]! + (1 << (order - 1)));
    flip(upper + struct_page.flags, zoneBits(ZONE_NORMAL, ZONE_DMA));
    expect(() => take()).toThrow('kernel BUG at page_alloc.c! expand: BAD_RANGE(zone,page)');
  });

  test('the buddy that a freed page is joined with, or the page itself', () => {
    const { take, give, flip } = pages();
    const [page, buddy] = [take(), take()];
    expect(Math.abs(page - buddy)).toBe(struct_page.sizeof);
    give(buddy);
    flip(buddy + struct_page.flags, zoneBits(ZONE_NORMAL, ZONE_DMA));
    expect(() => give(page)).toThrow('kernel BUG at page_alloc.c! __free_pages_ok: BAD_RANGE(zone,page)');
  });
});

test('free_pages() of NULL frees nothing, and looks at nothing', () => {
  const { k, memory } = pages();
  const [cpu] = k.machine.cpus;
  const before = { ...cpu!.counters };
  const first = memory.peek32(k.pageAt(0) + struct_page.count);
  k.machine.run(cpu!, free_pages(k, cpu!, NULL, 0));
  expect(cpu!.counters).toEqual(expect.objectContaining({ loads: before.loads, stores: before.stores }));
  expect(memory.peek32(k.pageAt(0) + struct_page.count)).toBe(first);
});

test('order is below MAX_ORDER', () => {
  const { take } = pages();
  expect(take(10)).toBe(NULL);
});
