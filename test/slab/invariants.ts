/** Checkers of 2.4's memory that look by peek: where each object of a cache is, and whether memory agrees with itself about that. */
import { expect } from 'vitest';
import { type addr_t, PAGE_SHIFT } from '../../src/hw/memory.ts';
import { list_head } from '../../src/kernel/list.ts';
import { Corruption } from '../../src/kernel/peek-list.ts';
import { zoneStatesWith } from '../../src/mm/linux-2.4/buddyinfo.ts';
import { type Mm24, PG_slab, struct_page } from '../../src/mm/linux-2.4/mm.ts';
import type { CacheState, SlabAllocator, SlabState } from '../../src/slab/allocator.ts';
import { BYTES_PER_WORD, SLAB_RED_ZONE, type Slab24 } from '../../src/slab/linux-2.4/slab.ts';

const objectsOf = (cache: CacheState, slab: SlabState) =>
  Array.from({ length: cache.num }, (_, i) => slab.s_mem + i * cache.objsize);

/**
 * Each object of the cache is in exactly one place: free in its slab, at hand in one CPU's array, or live. `live` are the
 * objects that the test holds.
 */
export function assertCache(allocator: SlabAllocator, cache: CacheState, live: Iterable<addr_t>): void {
  const k = allocator.kernel as Slab24;
  const isRedZoned = (k.machine.memory.peek32(cache.cachep + k.kmem_cache_t.flags) & SLAB_RED_ZONE) !== 0;
  const places = new Map<addr_t, string[]>();
  /** Users, and arrays, have what lies behind the first red zone. */
  const put = (objp: addr_t, place: string) => {
    const known = places.get(isRedZoned ? objp - BYTES_PER_WORD : objp);
    if (known === undefined)
      throw new Corruption(`${cache.name}: ${objp.toString(16)}, ${place}, is no object of the cache`);
    known.push(place);
  };
  for (const slab of cache.slabs) {
    const objects = objectsOf(cache, slab);
    for (const objp of objects) places.set(objp, []);
    expect(slab.freeObjects.length, `${cache.name}: free objects and inuse add up`).toBe(cache.num - slab.inuse);
    const list = slab.inuse === 0 ? 'free' : slab.inuse === cache.num ? 'full' : 'partial';
    expect(slab.list, `${cache.name}: the slab hangs in the list of its kind`).toBe(list);
    for (const index of slab.freeObjects) places.get(objects[index]!)!.push('free in its slab');
    assertPages(k, cache, slab);
  }
  cache.cpuArrays.forEach((cc, cpu) => {
    if (cc === null) return;
    expect(cc.avail).toBeLessThanOrEqual(cc.limit);
    for (const objp of cc.entries) put(objp, `in the array of cpu${cpu}`);
  });
  for (const objp of live) put(objp, 'live');
  const wrong = [...places].filter(([, found]) => found.length !== 1);
  expect(
    wrong.map(([objp, found]) => `${objp.toString(16)}: ${found.join(' and ') || 'nowhere'}`),
    `objects of ${cache.name} that are not in one place`,
  ).toEqual([]);
}

/** The pages of a slab say so, and name their cache and slab. */
function assertPages(k: Slab24, cache: CacheState, slab: SlabState): void {
  const { memory } = k.machine;
  const first = (slab.s_mem - slab.colouroff) >>> PAGE_SHIFT;
  for (let pfn = first; pfn < first + (1 << cache.gfporder); pfn++) {
    const page = k.pageAt(pfn);
    expect(memory.peek32(page + struct_page.list + list_head.next)).toBe(cache.cachep);
    expect(memory.peek32(page + struct_page.list + list_head.prev)).toBe(slab.slabp);
    expect((memory.peek32(page + struct_page.flags) >>> PG_slab) & 1).toBe(1);
  }
}

/**
 * Counts, lists and bitmaps of free blocks agree, and no page is in two blocks. The largest blocks have no buddies to join with:
 * the bitmap that 2.4.0 has for them tells nothing.
 */
export function assertBuddy(k: Mm24): void {
  const free = new Set<number>();
  for (const zone of zoneStatesWith(k, () => ({}))) {
    let pages = 0;
    zone.lists.forEach((blocks, order) => {
      const pairs = new Map<number, number>();
      for (const pfn of blocks) {
        const index = pfn - zone.start_pfn;
        expect(index % (1 << order), 'a block is aligned to its size').toBe(0);
        pairs.set(index >>> (order + 1), (pairs.get(index >>> (order + 1)) ?? 0) + 1);
        for (let i = pfn; i < pfn + (1 << order); i++) {
          expect(free.has(i), `page ${i} is free twice`).toBe(false);
          free.add(i);
        }
        pages += 1 << order;
      }
      if (order === zone.lists.length - 1) return;
      expect(
        [...pairs.values()].every((count) => count === 1),
        'free buddies have been joined',
      ).toBe(true);
      expect(zone.bitmaps[order], `bits of order ${order}`).toBe(pairs.size);
    });
    expect(zone.free_pages, `free_pages of zone ${zone.zone}`).toBe(pages);
  }
}
