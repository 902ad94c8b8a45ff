/** The page allocator of 2.4.22 on a booted machine: zones, watermarks, buddies. */

import { describe, expect, test } from 'vitest';
import type { Program } from '../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL, PAGE_SHIFT } from '../../src/hw/memory.ts';
import { nr_free_pages, type ZoneState } from '../../src/mm/linux-2.4/buddyinfo.ts';
import { MAX_DMA_PFN, MAX_ORDER, ZONE_DMA, ZONE_NORMAL } from '../../src/mm/linux-2.4/mm.ts';
import { __free_pages, __get_free_pages } from '../../src/mm/linux-2.4/page-alloc.ts';
import { zoneStates } from '../../src/mm/linux-2.4.22/buddyinfo.ts';
import { GFP_ATOMIC, GFP_DMA, GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import type { Mm } from '../../src/mm/linux-2.4.22/mm.ts';
import { alloc_pages } from '../../src/mm/linux-2.4.22/page-alloc.ts';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import fc from '../fast-check.ts';
import { type Booted, booted } from '../machines.ts';
import { assertBuddy } from '../slab/invariants.ts';

/** The first page frame of a block of 2^order pages, or null. */
function take({ machine, k }: Booted, gfp_mask: number, order = 0): number | null {
  const cpu = machine.cpus[0]!;
  const page = machine.run(cpu, alloc_pages(k, cpu, gfp_mask, order));
  return page === NULL ? null : k.pfnOf(page);
}

function give({ machine, k }: Booted, pfn: number, order = 0): void {
  const cpu = machine.cpus[0]!;
  machine.run(cpu, __free_pages(k, cpu, k.pageAt(pfn), order));
}

const zoneNames = ['DMA', 'NORMAL'];
const zoneOf = (pfn: number) => (pfn < MAX_DMA_PFN ? ZONE_DMA : ZONE_NORMAL);
const free = ({ k }: Booted, zone: number) => zoneStates(k)[zone]!.free_pages;

/** Takes single pages until there are no more; which zones they came from in turn, and how many pages each had left. */
function takeAll(machine: Booted, gfp_mask: number): string[] {
  const turns: { zone: number; left: number }[] = [];
  for (let pfn = take(machine, gfp_mask); pfn !== null; pfn = take(machine, gfp_mask)) {
    const zone = zoneOf(pfn);
    if (turns.at(-1)?.zone !== zone) turns.push({ zone, left: 0 });
    turns.at(-1)!.left = free(machine, zone);
  }
  return turns.map(({ zone, left }) => `${zoneNames[zone]} down to ${left}`);
}

/** Takes all blocks of `order` and above, so that what is left lies in smaller pieces. */
function takeLarge(machine: Booted, order: number): void {
  for (const { zone, counts } of zoneStates(machine.k)) {
    const gfp_mask = zone === ZONE_DMA ? GFP_ATOMIC | GFP_DMA : GFP_ATOMIC;
    for (let large = MAX_ORDER - 1; large >= order; large--) {
      for (let i = 0; i < counts[large]!; i++) take(machine, gfp_mask, large);
    }
  }
}

function nothingToReclaim(k: Mm): void {
  k.try_to_free_pages_zone = function* () {
    return false;
  };
}

/** No memory to be had from the slab allocator either; a task that would wait for some ends with `waits`. */
function withoutReclaim(machine: Booted): Booted {
  nothingToReclaim(machine.k);
  machine.machine.scheduler.giveWay = () => {
    throw new Error('waits');
  };
  return machine;
}

describe('zones', () => {
  test.each([
    [8, [{ start_pfn: 0, size: 2048 }]],
    [16, [{ start_pfn: 0, size: 4096 }]],
    [
      32,
      [
        { start_pfn: 0, size: 4096 },
        { start_pfn: 4096, size: 4096 },
      ],
    ],
  ])('of %i MB: DMA is what lies below 16 MB, NORMAL the rest', (mb, zones) => {
    const { k } = booted({ cpus: 1, memory: mb * MiB, config: upConfig });
    expect(zoneStates(k)).toMatchObject(zones);
  });

  test.each([
    ['DMA', 8, 2048, 20, 40, 60],
    ['DMA', 16, 4096, 32, 64, 96],
    ['NORMAL', 20, 1024, 20, 40, 60],
    ['NORMAL', 64, 12288, 96, 192, 288],
    ['NORMAL', 256, 61440, 255, 510, 765],
  ])('%s of a machine with %i MB has %i pages and watermarks at %i, %i and %i', (name, mb, size, min, low, high) => {
    const { k } = booted({ memory: mb * MiB });
    const zone = zoneStates(k)[zoneNames.indexOf(name)];
    expect(zone).toMatchObject({ size, pages_min: min, pages_low: low, pages_high: high });
  });
});

describe('a fresh boot', () => {
  const machine = booted();
  const { k, allocator } = machine;
  const slabPages = allocator.caches().reduce((pages, { slabs, gfporder }) => pages + (slabs.length << gfporder), 0);

  test('leaves every page free that is neither reserved nor in a slab', () => {
    const reserved = k.layout.reservedPfns.reduce((pages, [first, last]) => pages + last - first + 1, 0);
    expect(nr_free_pages(k)).toBe(8192 - reserved - slabPages);
    assertBuddy(k);
  });

  test('prints its free blocks as /proc/buddyinfo', () => {
    expect(allocator.buddyinfo()).toBe(
      'Node 0, zone      DMA      1      1      2      1      1      2      1      0      1      6 \n' +
        'Node 0, zone   Normal      0      1      1      0      1      1      1      1      1      7 \n',
    );
  });

  test('allocates from the top of NORMAL downwards, without a gap', () => {
    const pfns = Array.from({ length: 64 }, () => take(machine, GFP_KERNEL));
    expect(pfns).toEqual(pfns.map((_, i) => 8191 - slabPages - i));
  });
});

describe('a block', () => {
  test.each([
    [MAX_ORDER - 1, 'is had'],
    [MAX_ORDER, 'is NULL'],
    [31, 'is NULL'],
  ])('of order %i %s', (order, expected) => {
    expect(take(booted(), GFP_KERNEL, order) === null ? 'is NULL' : 'is had').toBe(expected);
  });

  test('is found by its address, and is aligned to its size', () => {
    const { machine, k } = booted();
    const cpu = machine.cpus[0]!;
    for (let order = 0; order < MAX_ORDER; order++) {
      const address = machine.run(cpu, __get_free_pages(k, cpu, GFP_KERNEL, order));
      expect(address).toBeGreaterThanOrEqual(16 * MiB);
      expect((address >>> PAGE_SHIFT) % (1 << order)).toBe(0);
    }
  });

  test('that is split leaves one half of each order, and joins with all of them when it comes back', () => {
    const machine = booted();
    const counts = () => zoneStates(machine.k)[ZONE_NORMAL]!.counts;
    for (let order = 0; order < MAX_ORDER - 1; order++) {
      for (let blocks = counts()[order]!; blocks > 0; blocks--) take(machine, GFP_ATOMIC, order);
    }
    expect(counts()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    const pfn = take(machine, GFP_ATOMIC)!;
    expect(counts()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 6]);
    give(machine, pfn);
    expect(counts()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
  });

  test('does not join a neighbour that is no buddy', () => {
    const machine = booted();
    const pages = Array.from({ length: 8 }, () => take(machine, GFP_ATOMIC)!);
    const second = pages.find((pfn) => pfn % 4 === 1 && pages.includes(pfn + 2))!;
    give(machine, second);
    give(machine, second + 1);
    expect(zoneStates(machine.k)[ZONE_NORMAL]!.lists[0]).toEqual([second + 1, second]);
    give(machine, second - 1);
    expect(zoneStates(machine.k)[ZONE_NORMAL]!.lists[0]).toEqual([second + 1]);
    expect(zoneStates(machine.k)[ZONE_NORMAL]!.lists[1]).toContain(second - 1);
  });
});

describe('watermarks', () => {
  test('GFP_ATOMIC leaves a quarter of pages_min, added up over the zones that it tries', () => {
    expect(takeAll(booted(), GFP_ATOMIC)).toEqual([
      'NORMAL down to 65', // pages_low, and the page itself
      'DMA down to 129', // pages_low of both
      'NORMAL down to 9', // pages_min >> 2
      'DMA down to 17',
    ]);
  });

  test('GFP_KERNEL leaves pages_min whole, then waits', () => {
    const machine = withoutReclaim(booted());
    expect(() => takeAll(machine, GFP_KERNEL)).toThrow('waits');
    expect([free(machine, ZONE_NORMAL), free(machine, ZONE_DMA)]).toEqual([33, 65]);
  });

  test('GFP_ATOMIC still gets pages where GFP_KERNEL waits', () => {
    const machine = withoutReclaim(booted());
    expect(() => takeAll(machine, GFP_KERNEL)).toThrow('waits');
    machine.machine.scheduler.abandon();
    expect(takeAll(machine, GFP_ATOMIC)).toEqual(['NORMAL down to 9', 'DMA down to 17']);
  });

  test.each([
    [3, 'waits'],
    [4, 'is NULL'],
  ])('GFP_KERNEL of order %i: without memory it %s', (order, expected) => {
    const machine = withoutReclaim(booted());
    takeAll(machine, GFP_ATOMIC);
    const outcome = () => {
      try {
        return take(machine, GFP_KERNEL, order) === null ? 'is NULL' : 'is had';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(outcome()).toBe(expected);
  });

  test('need_balance is set in the zone that fell below pages_low, and stays without kswapd', () => {
    const machine = booted();
    const needs = () => zoneStates(machine.k).map(({ need_balance }) => need_balance);
    expect(needs()).toEqual([0, 0]);
    const pages: number[] = [];
    while (needs()[ZONE_NORMAL] === 0) pages.push(take(machine, GFP_ATOMIC)!);
    for (const pfn of pages) give(machine, pfn);
    expect(needs()).toEqual([0, 1]);
  });

  test('a task that waits has the page that another CPU frees meanwhile', () => {
    const { machine, k } = booted();
    const [cpu0, cpu1] = machine.cpus;
    const log: string[] = [];
    nothingToReclaim(k);
    const pages: addr_t[] = [];
    function* takeUntilFreed(): Program {
      while (!log.includes('cpu1 frees')) pages.push(yield* alloc_pages(k, cpu0!, GFP_KERNEL, 0));
      log.push('cpu0 has a page');
    }
    const giveWay = machine.scheduler.giveWay.bind(machine.scheduler);
    machine.scheduler.giveWay = (cpu) => {
      giveWay(cpu);
      if (log.length > 0) return;
      log.push('cpu0 waits');
      machine.scheduler.spawn(cpu1!, freeOne());
    };
    function* freeOne(): Program {
      log.push('cpu1 frees');
      yield* __free_pages(k, cpu1!, pages[0]!, 0);
    }
    machine.run(cpu0!, takeUntilFreed());
    expect(log).toEqual(['cpu0 waits', 'cpu1 frees', 'cpu0 has a page']);
    expect(pages.at(-1)).toBe(pages[0]);
  });
});

describe('GFP_DMA', () => {
  test('gets DMA memory alone, and NULL when that is gone', () => {
    const machine = booted();
    const normal = free(machine, ZONE_NORMAL);
    expect(takeAll(machine, GFP_ATOMIC | GFP_DMA)).toEqual(['DMA down to 9']);
    expect(take(machine, GFP_ATOMIC | GFP_DMA)).toBeNull();
    expect(free(machine, ZONE_NORMAL)).toBe(normal);
  });

  test('finds nothing above 16 MB even for a block that fits only there', () => {
    const machine = booted();
    for (let blocks = 6; blocks > 0; blocks--) take(machine, GFP_ATOMIC | GFP_DMA, 9);
    expect(take(machine, GFP_ATOMIC | GFP_DMA, 9)).toBeNull();
    expect(zoneOf(take(machine, GFP_ATOMIC, 9)!)).toBe(ZONE_NORMAL);
  });
});

/** What is free, whatever the order of the lists. */
const blocksOf = (zones: readonly ZoneState[]) =>
  zones.map(({ free_pages, lists }) => ({ free_pages, lists: lists.map((list) => list.toSorted((a, b) => a - b)) }));

test('random allocations and frees keep every invariant, and give back exactly what was taken', () => {
  const step = fc.oneof(
    fc.record({
      order: fc.integer({ min: 0, max: 7 }),
      gfp_mask: fc.constantFrom(GFP_ATOMIC, GFP_ATOMIC | GFP_DMA),
    }),
    fc.record({ victim: fc.nat() }),
  );
  const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const machine = booted({ memory: 20 * MiB });
    const { k } = machine;
    takeLarge(machine, 8);
    const before = blocksOf(zoneStates(k));
    const total = nr_free_pages(k);
    const live: { pfn: number; order: number }[] = [];
    const check = () => {
      assertBuddy(k);
      expect(nr_free_pages(k) + live.reduce((pages, { order }) => pages + (1 << order), 0)).toBe(total);
    };
    for (const step of steps) {
      if ('victim' in step) {
        const [block] = live.splice(step.victim % (live.length || 1), 1);
        if (block !== undefined) give(machine, block.pfn, block.order);
      } else {
        const pfn = take(machine, step.gfp_mask, step.order);
        if (pfn !== null) live.push({ pfn, order: step.order });
      }
      check();
    }
    for (const { pfn, order } of live.splice(0)) give(machine, pfn, order);
    check();
    expect(blocksOf(zoneStates(k))).toEqual(before);
  });
  fc.assert(property, { seed: 1, numRuns: 10 });
});
