/** The page allocator of 2.4.0 on a booted machine: in what it is not 2.4.22's. */

import { describe, expect, test } from 'vitest';
import { type addr_t, MiB, NULL } from '../../../src/hw/memory.ts';
import { PF_MEMALLOC } from '../../../src/kernel/linux-2.4/task.ts';
import { nr_free_pages } from '../../../src/mm/linux-2.4/buddyinfo.ts';
import { MAX_DMA_PFN, MAX_ORDER, ZONE_DMA, ZONE_NORMAL } from '../../../src/mm/linux-2.4/mm.ts';
import { __free_pages, __get_free_pages } from '../../../src/mm/linux-2.4/page-alloc.ts';
import { zoneStates } from '../../../src/mm/linux-2.4.0/buddyinfo.ts';
import { __GFP_DMA, __GFP_WAIT, GFP_ATOMIC, GFP_DMA, GFP_KERNEL } from '../../../src/mm/linux-2.4.0/gfp.ts';
import { freepages_t, NR_GFPINDEX, zonelist_struct } from '../../../src/mm/linux-2.4.0/mm.ts';
import { alloc_pages, free_pages } from '../../../src/mm/linux-2.4.0/page-alloc.ts';
import type { Linux240 } from '../../../src/slab/linux-2.4.0/slab.ts';
import fc from '../../fast-check.ts';
import { type Booted, booted240 } from '../../machines.ts';
import { assertBuddy } from '../../slab/invariants.ts';

type Machine240 = Booted<Linux240>;

/** 4 MB of them NORMAL: watermarks at 10, 20 and 30 pages there, at 128, 256 and 384 in DMA. */
const small = () => booted240({ memory: 20 * MiB });

/** The first page frame of a block of 2^order pages, or null. */
function take({ machine, k }: Machine240, gfp_mask: number, order = 0): number | null {
  const cpu = machine.cpus[0]!;
  const page = machine.run(cpu, alloc_pages(k, cpu, gfp_mask, order));
  return page === NULL ? null : k.pfnOf(page);
}

function give({ machine, k }: Machine240, pfn: number, order = 0): void {
  const cpu = machine.cpus[0]!;
  machine.run(cpu, __free_pages(k, cpu, k.pageAt(pfn), order));
}

const zoneNames = ['DMA', 'NORMAL'];
const zoneOf = (pfn: number) => (pfn < MAX_DMA_PFN ? ZONE_DMA : ZONE_NORMAL);
const free = ({ k }: Machine240, zone: number) => zoneStates(k)[zone]!.free_pages;
const pressure = ({ machine, k }: Machine240) => machine.memory.peek32(k.memory_pressure);
const setTaskFlags = ({ machine, k }: Machine240, flags: number) =>
  machine.memory.poke32(k.symbols.address('task[0]') + k.task_struct.flags, flags);

/** Takes single pages until there are no more; which zones they came from in turn, and how many pages each had left. */
function takeAll(machine: Machine240, gfp_mask: number): string[] {
  const turns: { zone: number; left: number }[] = [];
  for (let pfn = take(machine, gfp_mask); pfn !== null; pfn = take(machine, gfp_mask)) {
    const zone = zoneOf(pfn);
    if (turns.at(-1)?.zone !== zone) turns.push({ zone, left: 0 });
    turns.at(-1)!.left = free(machine, zone);
  }
  return turns.map(({ zone, left }) => `${zoneNames[zone]} down to ${left}`);
}

/** Takes single pages until the zone has no more than so many. */
function takeDownTo(machine: Machine240, zone: number, pages: number): void {
  const gfp_mask = zone === ZONE_DMA ? GFP_ATOMIC | GFP_DMA : GFP_ATOMIC;
  while (free(machine, zone) > pages) take(machine, gfp_mask);
}

/** A task that would wait for memory ends with `waits`, kswapd having found nothing. */
function withoutReclaim(machine: Machine240): Machine240 {
  machine.k.kmem_cache_reap = function* () {};
  machine.machine.scheduler.giveWay = () => {
    throw new Error('waits');
  };
  return machine;
}

describe('watermarks', () => {
  test.each([
    // A 32nd of DMA memory, a 128th of NORMAL, within 10 and 255.
    ['DMA', 8, 64, 128, 192],
    ['DMA', 16, 128, 256, 384],
    ['NORMAL', 20, 10, 20, 30],
    ['NORMAL', 64, 96, 192, 288],
    ['NORMAL', 256, 255, 510, 765],
  ])('%s of a machine with %i MB has them at %i, %i and %i', (name, mb, min, low, high) => {
    const { k } = booted240({ memory: mb * MiB });
    const zone = zoneStates(k)[zoneNames.indexOf(name)];
    expect(zone).toMatchObject({ pages_min: min, pages_low: low, pages_high: high });
  });

  test('are added up over the zones to what page reclaim aims at', () => {
    const { machine, k } = booted240({ memory: 64 * MiB });
    const marks = [freepages_t.min, freepages_t.low, freepages_t.high];
    expect(marks.map((mark) => machine.memory.peek32(k.freepages + mark))).toEqual([128 + 96, 256 + 192, 384 + 288]);
  });

  test('GFP_ATOMIC goes down both zones together to pages_low, to pages_min, to a quarter of it', () => {
    expect(takeAll(small(), GFP_ATOMIC)).toEqual([
      'NORMAL down to 19', // free >= pages_low
      'DMA down to 255',
      'NORMAL down to 10', // free > pages_min
      'DMA down to 128',
      'NORMAL down to 1', // free >= pages_min / 4
      'DMA down to 31',
    ]);
  });

  test('of a zone are not added to those of the zones before it, as they are in 2.4.22', () => {
    expect(takeAll(small(), GFP_ATOMIC | GFP_DMA)).toEqual(['DMA down to 31']);
  });

  test('do not count the size of the block: one may leave a zone with nothing', () => {
    const machine = booted240({ memory: 32 * MiB });
    for (let blocks = 6; blocks > 0; blocks--) take(machine, GFP_ATOMIC, 9);
    takeDownTo(machine, ZONE_NORMAL, 512);
    for (const order of [8, 7, 6]) take(machine, GFP_ATOMIC, order);
    expect(zoneStates(machine.k)[ZONE_NORMAL]).toMatchObject({ free_pages: 64, pages_low: 64 });
    expect(zoneOf(take(machine, GFP_ATOMIC, 6)!)).toBe(ZONE_NORMAL);
    expect(free(machine, ZONE_NORMAL)).toBe(0);
  });

  test('are nothing to a task that reclaims: it has the very last page', () => {
    const machine = small();
    takeAll(machine, GFP_ATOMIC);
    setTaskFlags(machine, PF_MEMALLOC);
    expect(takeAll(machine, GFP_ATOMIC)).toEqual(['NORMAL down to 0', 'DMA down to 0']);
  });
});

describe('a request', () => {
  test('is looked up by its whole mask: each of 256 has a list of zones that knows how it is asked', () => {
    const { machine, k } = booted240();
    const [DMA, NORMAL] = [k.zone(ZONE_DMA), k.zone(ZONE_NORMAL)];
    const lists = Array.from({ length: NR_GFPINDEX }, (_, gfp) => {
      const list = k.contig_page_data + k.pg_data_t.node_zonelists + gfp * zonelist_struct.sizeof;
      return Array.from({ length: zonelist_struct.sizeof / 4 }, (_, i) => machine.memory.peek32(list + 4 * i));
    });
    expect(lists).toEqual(
      lists.map((_, gfp) => ((gfp & __GFP_DMA) !== 0 ? [DMA, 0, 0, 0, gfp] : [NORMAL, DMA, 0, 0, gfp])),
    );
  });

  test('that fails says so in the log', () => {
    const machine = small();
    takeAll(machine, GFP_ATOMIC);
    machine.k.log.length = 0;
    expect(take(machine, GFP_ATOMIC, 3)).toBeNull();
    expect(machine.k.log).toEqual(['__alloc_pages: 3-order allocation failed.\n']);
  });

  test('for a single page that may wait is never refused', () => {
    const machine = withoutReclaim(small());
    takeAll(machine, GFP_ATOMIC);
    expect(() => take(machine, GFP_KERNEL)).toThrow('waits');
  });

  test('for more than MAX_ORDER allows is refused at once', () => {
    const machine = booted240();
    expect(take(machine, GFP_KERNEL, MAX_ORDER)).toBeNull();
    expect(machine.k.log).toEqual([]);
  });
});

describe('memory_pressure', () => {
  test('rises with each request, and falls with each block that comes back while it is above NR_CPUS', () => {
    const machine = booted240({ cpus: 1, config: { CONFIG_SMP: false, NR_CPUS: 1, spinlockBytes: 0 } });
    const before = pressure(machine);
    const pfns = Array.from({ length: 20 }, () => take(machine, GFP_ATOMIC)!);
    expect(pressure(machine)).toBe(before + 20);
    for (const pfn of pfns) give(machine, pfn);
    expect(pressure(machine)).toBe(before);
    machine.machine.memory.poke32(machine.k.memory_pressure, 2);
    const [first, second] = [take(machine, GFP_ATOMIC)!, take(machine, GFP_ATOMIC)!];
    for (const pfn of [first, second]) give(machine, pfn);
    expect(pressure(machine)).toBe(2);
    machine.machine.memory.poke32(machine.k.memory_pressure, 0);
    give(machine, take(machine, GFP_ATOMIC)!);
    expect(pressure(machine)).toBe(1);
  });

  test('rises once more where few pages are left, and an inactive one is looked for first', () => {
    const machine = small();
    takeDownTo(machine, ZONE_DMA, 129);
    takeDownTo(machine, ZONE_NORMAL, 10 + 8);
    const rises = Array.from({ length: 3 }, () => {
      const before = pressure(machine);
      expect(zoneOf(take(machine, GFP_KERNEL)!)).toBe(ZONE_NORMAL);
      return pressure(machine) - before;
    });
    // From pages_min + 8 free pages on down.
    expect(rises).toEqual([1, 2, 2]);
  });
});

describe('bitmaps', () => {
  test('of the largest blocks are turned when one is taken and not when it comes back', () => {
    const machine = booted240();
    const bits = () => zoneStates(machine.k)[ZONE_NORMAL]!.bitmaps[MAX_ORDER - 1];
    const before = bits();
    const pfn = take(machine, GFP_ATOMIC, MAX_ORDER - 1)!;
    expect(bits()).toBe(1 - before!);
    give(machine, pfn, MAX_ORDER - 1);
    expect(bits()).toBe(1 - before!);
    assertBuddy(machine.k);
  });
});

describe('pages by their addresses', () => {
  test('struct page points to its memory', () => {
    const { machine, k } = booted240();
    const cpu = machine.cpus[0]!;
    for (const order of [0, 3, 9]) {
      const address: addr_t = machine.run(cpu, __get_free_pages(k, cpu, GFP_KERNEL, order));
      expect(machine.memory.peek32(k.pageAt(address >>> 12) + k.struct_page.virtual)).toBe(address);
    }
  });

  test('free_pages() takes no address beyond memory, and NULL for that of page 0', () => {
    const { machine, k } = booted240();
    const cpu = machine.cpus[0]!;
    const before = nr_free_pages(k);
    machine.run(cpu, free_pages(k, cpu, k.layout.ram, 0));
    machine.run(cpu, free_pages(k, cpu, NULL, 0)); // reserved, and so left alone
    expect(nr_free_pages(k)).toBe(before);
  });
});

test('random allocations and frees keep every invariant, and give back exactly what was taken', () => {
  const step = fc.oneof(
    fc.record({
      order: fc.integer({ min: 0, max: 9 }),
      gfp_mask: fc.constantFrom(GFP_ATOMIC, GFP_ATOMIC | GFP_DMA, GFP_KERNEL & ~__GFP_WAIT),
    }),
    fc.record({ victim: fc.nat() }),
  );
  const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const machine = booted240({ memory: 20 * MiB });
    const { k } = machine;
    const total = nr_free_pages(k);
    const live: { pfn: number; order: number }[] = [];
    for (const step of steps) {
      if ('victim' in step) {
        const [block] = live.splice(step.victim % (live.length || 1), 1);
        if (block !== undefined) give(machine, block.pfn, block.order);
      } else {
        const pfn = take(machine, step.gfp_mask, step.order);
        if (pfn !== null) live.push({ pfn, order: step.order });
      }
      assertBuddy(k);
      expect(nr_free_pages(k) + live.reduce((pages, { order }) => pages + (1 << order), 0)).toBe(total);
    }
  });
  fc.assert(property, { seed: 1, numRuns: 10 });
});
