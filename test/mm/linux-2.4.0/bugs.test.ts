/** The checks of 2.4.0's page allocator: each is met by spoiling one word, and says which condition was true. */
import { describe, expect, test } from 'vitest';
import type { addr_t } from '../../../src/hw/memory.ts';
import { PG_locked, PG_slab, struct_page, ZONE_DMA, ZONE_NORMAL } from '../../../src/mm/linux-2.4/mm.ts';
import { __free_pages } from '../../../src/mm/linux-2.4/page-alloc.ts';
import { GFP_ATOMIC } from '../../../src/mm/linux-2.4.0/gfp.ts';
import {
  PG_active,
  PG_decr_after,
  PG_inactive_clean,
  PG_inactive_dirty,
  PG_swap_cache,
  zonelist_struct,
} from '../../../src/mm/linux-2.4.0/mm.ts';
import { alloc_pages } from '../../../src/mm/linux-2.4.0/page-alloc.ts';
import { booted240 } from '../../machines.ts';

function pages() {
  const { machine, k } = booted240();
  const cpu = machine.cpus[0]!;
  const { memory } = machine;
  const take = (order = 0) => machine.run(cpu, alloc_pages(k, cpu, GFP_ATOMIC, order));
  const give = (page: addr_t, order = 0) => machine.run(cpu, __free_pages(k, cpu, page, order));
  const flip = (at: addr_t, bits: number) => memory.poke32(at, memory.peek32(at) ^ bits);
  /** A page that is free by itself, and the first to be taken again: its buddy is in use. */
  const loosePage = () => {
    const taken = Array.from({ length: 3 }, () => take());
    const page = taken.find((each) => taken.includes(k.pageAt(k.pfnOf(each) ^ 1)))!;
    give(page);
    return page;
  };
  return { k, memory, take, give, flip, loosePage };
}

describe('a page that is freed must be nobody else’s', () => {
  test.each([
    ['PageSwapCache(page)', PG_swap_cache],
    ['PageLocked(page)', PG_locked],
    ['PageDecrAfter(page)', PG_decr_after],
    ['PageActive(page)', PG_active],
    ['PageInactiveDirty(page)', PG_inactive_dirty],
    ['PageInactiveClean(page)', PG_inactive_clean],
  ])('%s', (condition, flag) => {
    const { take, give, flip } = pages();
    const page = take();
    flip(page + struct_page.flags, 1 << flag);
    expect(() => give(page)).toThrow(`kernel BUG at page_alloc.c! __free_pages_ok: ${condition}`);
  });

  test.each(['buffers', 'mapping'] as const)('page->%s', (field) => {
    const { k, take, give, flip } = pages();
    const page = take();
    flip(page + k.struct_page[field], 0x1000);
    expect(() => give(page)).toThrow(`__free_pages_ok: page->${field}`);
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
    const { k, memory, take, give } = pages();
    const second = take(2) + k.struct_page.sizeof;
    memory.poke32(second + struct_page.count, 1);
    expect(() => give(second, 1)).toThrow('__free_pages_ok: page_idx & ~mask');
  });
});

test.each([
  ['PageActive(page)', PG_active],
  ['PageInactiveDirty(page)', PG_inactive_dirty],
  ['PageInactiveClean(page)', PG_inactive_clean],
])('a page that is allocated must be on no list: %s', (condition, flag) => {
  const { take, flip, loosePage } = pages();
  flip(loosePage() + struct_page.flags, 1 << flag);
  expect(() => take()).toThrow(`kernel BUG at page_alloc.c! rmqueue: ${condition}`);
});

describe('BAD_RANGE(zone,page)', () => {
  const bad = 'BAD_RANGE(zone,page)';

  test('the block that is taken points to another zone', () => {
    const { k, memory, take, loosePage } = pages();
    memory.poke32(loosePage() + k.struct_page.zone, k.zone(ZONE_DMA));
    expect(() => take()).toThrow(`rmqueue: ${bad}`);
  });

  test.each([
    ['behind the end of its zone', 'size', (index: number) => index],
    ['before its beginning', 'offset', (_: number, pfn: number) => pfn + 1],
  ] as const)('the block that is taken lies %s', (_, field, value) => {
    const { k, memory, take, loosePage } = pages();
    const pfn = k.pfnOf(loosePage());
    const zone = k.zone(ZONE_NORMAL);
    memory.poke32(zone + k.zone_struct[field], value(pfn - memory.peek32(zone + k.zone_struct.offset), pfn));
    expect(() => take()).toThrow(`rmqueue: ${bad}`);
  });

  test('the buddy of a page that is freed points to another zone', () => {
    const { k, memory, take, give } = pages();
    const [page, buddy] = [take(), take()];
    expect(k.pfnOf(page) ^ 1).toBe(k.pfnOf(buddy));
    give(buddy);
    memory.poke32(buddy + k.struct_page.zone, k.zone(ZONE_DMA));
    expect(() => give(page)).toThrow(`__free_pages_ok: ${bad}`);
  });
});

test('!z->size: no list names a zone without pages', () => {
  const { k, memory, take } = pages();
  const list = k.contig_page_data + k.pg_data_t.node_zonelists + GFP_ATOMIC * zonelist_struct.sizeof;
  memory.poke32(list, k.zone(2));
  expect(() => take()).toThrow('kernel BUG at page_alloc.c! __alloc_pages: !z->size');
});
