/** The page allocator of 2.6.17: per-CPU lists, watermarks, zone lists, buddies, on a kernel without a slab allocator. */

import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../../src/hw/memory.ts';
import { numa26, smp26, up26 } from '../../../src/kernel/linux-2.6/config.ts';
import { cpu_down } from '../../../src/kernel/linux-2.6/cpu.ts';
import { buddyinfo, nr_free_pages, type ZoneState, zoneStates } from '../../../src/mm/linux-2.6.17/buddyinfo.ts';
import {
  __GFP_COLD,
  __GFP_COMP,
  __GFP_NORETRY,
  GFP_ATOMIC,
  GFP_DMA,
  GFP_KERNEL,
  GFP_NOFS,
} from '../../../src/mm/linux-2.6.17/gfp.ts';
import { PG_compound } from '../../../src/mm/linux-2.6.17/layouts.ts';
import type { Mm2617 } from '../../../src/mm/linux-2.6.17/mm.ts';
import { put_page_testzero } from '../../../src/mm/linux-2.6.17/page.ts';
import { __free_pages, alloc_pages_node, free_cold_page } from '../../../src/mm/linux-2.6.17/page-alloc.ts';
import fc from '../../fast-check.ts';
import { kernel26 } from '../../kernel/linux-2.6/kernels.ts';
import { assertPages } from './invariants.ts';

function* takeOn(k: Mm2617, cpu: Cpu, gfp_mask: number, order: number, node = -1): Program<number | null> {
  const page: addr_t = yield* alloc_pages_node(k, cpu, node, gfp_mask, order);
  return page === NULL ? null : k.pfnOf(page);
}

/** The first page frame of a block of 2^order pages, or null. */
const take = (k: Mm2617, gfp_mask: number, order = 0, cpu = 0, node = -1): number | null =>
  k.machine.run(k.machine.cpus[cpu]!, takeOn(k, k.machine.cpus[cpu]!, gfp_mask, order, node));

function* giveOn(k: Mm2617, cpu: Cpu, pfn: number, order: number, cold: boolean): Program {
  const page = k.pageAt(pfn);
  if (!cold || order > 0) yield* __free_pages(k, cpu, page, order);
  else if (put_page_testzero(k, cpu, page)) yield* free_cold_page(k, cpu, page);
}

const give = (k: Mm2617, pfn: number, order = 0, cpu = 0, cold = false): void =>
  k.machine.run(k.machine.cpus[cpu]!, giveOn(k, k.machine.cpus[cpu]!, pfn, order, cold));

const zone = (k: Mm2617, name: string, node = 0): ZoneState =>
  zoneStates(k)[node]!.zones.find((state) => state.name === name)!;

/** Takes single pages until there are no more: which zones they came from in turn, and how many free pages each had left. */
function takeAll(k: Mm2617, gfp_mask: number): string[] {
  const turns: { name: string; left: number }[] = [];
  for (let pfn = take(k, gfp_mask); pfn !== null; pfn = take(k, gfp_mask)) {
    const { name } = zoneStates(k)
      .flatMap(({ zones }) => zones)
      .find(({ start_pfn, present }) => pfn! >= start_pfn && pfn! < start_pfn + present)!;
    if (turns.at(-1)?.name !== name) turns.push({ name, left: 0 });
    turns.at(-1)!.left = zone(k, name).free_pages;
  }
  return turns.map(({ name, left }) => `${name} down to ${left}`);
}

describe('per-CPU lists', () => {
  /** 48 MB of normal memory: batches of 3, hot lists below 18 pages, cold ones below 6. */
  const machine = () => kernel26({ cpus: 2, mb: 64 });

  test('an empty one takes a batch from the zone, and its pages leave in ascending order', () => {
    const k = machine();
    const pfns = [take(k, GFP_KERNEL), take(k, GFP_KERNEL), take(k, GFP_KERNEL)] as number[];
    expect(pfns).toEqual([pfns[0]!, pfns[0]! + 1, pfns[0]! + 2]);
    expect(zone(k, 'Normal').pcp.map(({ hot }) => hot.count)).toEqual([0, 0]);
    expect(zone(k, 'Normal').free_pages).toBe(12288 - 3);
  });

  test('a page freed hot is the next that its CPU takes', () => {
    const k = machine();
    const [first, second] = [take(k, GFP_KERNEL)!, take(k, GFP_KERNEL)!];
    give(k, first);
    expect(zone(k, 'Normal').pcp[0]!.hot.pfns).toEqual([first, second + 1]);
    expect(take(k, GFP_KERNEL)).toBe(first);
  });

  test('a page goes to the list of the CPU that frees it', () => {
    const k = machine();
    const pfn = take(k, GFP_KERNEL)!;
    give(k, pfn, 0, 1);
    expect(zone(k, 'Normal').pcp[1]!.hot.pfns).toEqual([pfn]);
    expect(take(k, GFP_KERNEL, 0, 1)).toBe(pfn);
  });

  test('a page freed cold serves those who ask for cold pages', () => {
    const k = machine();
    const pfn = take(k, GFP_KERNEL)!;
    give(k, pfn, 0, 0, true);
    expect(zone(k, 'Normal').pcp[0]!.cold.pfns).toEqual([pfn]);
    expect(take(k, GFP_KERNEL)).not.toBe(pfn);
    expect(take(k, GFP_KERNEL | __GFP_COLD)).toBe(pfn);
  });

  test('a full one gives a batch back, those freed longest ago', () => {
    const k = machine();
    const pfns = Array.from({ length: 20 }, () => take(k, GFP_KERNEL)!);
    for (const pfn of pfns) give(k, pfn, 0, 1);
    // The 18th freed the first three, the 20th no more.
    expect(zone(k, 'Normal').pcp[1]!.hot.pfns).toEqual(pfns.slice(3).reverse());
  });

  test('blocks of more than a page go past them', () => {
    const k = machine();
    const before = zone(k, 'Normal');
    give(k, take(k, GFP_KERNEL, 3)!, 3);
    expect(zone(k, 'Normal')).toEqual(before);
  });

  test('those of a CPU that goes down go back to the zone', () => {
    const k = machine();
    const pfn = take(k, GFP_KERNEL, 0, 1)!;
    give(k, pfn, 0, 1);
    expect(zone(k, 'Normal').pcp[1]!.hot.count).toBe(3);
    const [cpu] = k.machine.cpus;
    k.machine.run(cpu, cpu_down(k, cpu, 1));
    expect(zone(k, 'Normal').pcp[1]!.hot.count).toBe(0);
    expect(zone(k, 'Normal').free_pages).toBe(12288);
  });
});

describe('watermarks', () => {
  test.each([
    [16, 'DMA', 128, 160, 192, [0, 0, 0, 0]],
    [64, 'DMA', 64, 80, 96, [0, 0, 48, 48]],
    [64, 'Normal', 192, 240, 288, [0, 0, 0, 0]],
  ])('of %i MB: %s has %i, %i and %i', (mb, name, pages_min, pages_low, pages_high, lowmem_reserve) => {
    const state = zone(kernel26({ mb }), name);
    expect(state).toMatchObject({ pages_min, pages_low, pages_high, lowmem_reserve });
  });

  // A request in distress may go to 3/8 of pages_min: half for __GFP_HIGH, less a quarter for who cannot wait.
  test.each([
    [
      'GFP_KERNEL that gives up',
      GFP_KERNEL | __GFP_NORETRY,
      ['Normal down to 240', 'DMA down to 128', 'Normal down to 192', 'DMA down to 112'],
    ],
    ['GFP_ATOMIC', GFP_ATOMIC, ['Normal down to 240', 'DMA down to 128', 'Normal down to 72', 'DMA down to 72']],
    ['GFP_DMA, atomic', GFP_DMA | GFP_ATOMIC, ['DMA down to 24']],
  ])('%s takes what they leave it', (_, gfp_mask, turns) => {
    const k = kernel26({ mb: 64 });
    expect(takeAll(k, gfp_mask)).toEqual(turns);
    expect(k.log.at(-3)).toBe(`swapper: page allocation failure. order:0, mode:0x${gfp_mask.toString(16)}`);
  });

  test('free pages that lie apart are no block', () => {
    const k = kernel26({ cpus: 1, mb: 16, config: up26 });
    const taken: number[] = [];
    for (let pfn = take(k, GFP_ATOMIC); pfn !== null; pfn = take(k, GFP_ATOMIC)) taken.push(pfn);
    for (const pfn of taken) if (pfn % 2 === 0) give(k, pfn);
    expect(zone(k, 'DMA').free_pages).toBe(1767);
    expect(take(k, GFP_ATOMIC, 5)).toBe(null);
  });

  test('kswapd is asked for before they are passed', () => {
    const k = kernel26({ cpus: 1, mb: 16, config: up26 });
    const asked: number[] = [];
    k.wakeup_kswapd = (_, order) => asked.push(order);
    takeAll(k, GFP_ATOMIC);
    expect(asked.length).toBe(160 - 48 + 1);
  });

  test('a task that may start filesystems and finds nothing ends the kernel', () => {
    const k = kernel26({ cpus: 1, mb: 16, config: up26 });
    expect(() => takeAll(k, GFP_KERNEL)).toThrow('Out of memory and no killable processes...');
  });

  test('a task that may not, waits for reclaim, which here frees nothing', () => {
    const k = kernel26({ cpus: 1, mb: 16, config: up26, lockupCycles: 10_000 });
    expect(() => takeAll(k, GFP_NOFS)).toThrow('lockup: cpu0 spins on node_data[0]+0x490, which no CPU holds');
  });

  test('what reclaim frees goes to the task that asked for it', () => {
    const k = kernel26({ cpus: 1, mb: 16, config: up26 });
    const taken: number[] = [];
    for (let pfn = take(k, GFP_NOFS | __GFP_NORETRY); pfn !== null; pfn = take(k, GFP_NOFS | __GFP_NORETRY))
      taken.push(pfn);
    const reclaimed = taken.splice(0, 32);
    k.try_to_free_pages = function* (cpu) {
      for (const pfn of reclaimed) yield* giveOn(k, cpu, pfn, 0, false);
      return reclaimed.length;
    };
    expect(reclaimed).toContain(take(k, GFP_NOFS));
  });
});

describe('nodes', () => {
  const machine = (count: number) => {
    const nodes = Array.from({ length: count }, (_, node) => [node]);
    return kernel26({ cpus: count, mb: 32 * count, config: { ...numa26, MAX_NUMNODES: count }, nodes });
  };

  test('pages come from the node of the CPU, or the one asked for', () => {
    const k = machine(2);
    const nodeOf = (pfn: number | null) => (pfn! < 8192 ? 0 : 1);
    expect([take(k, GFP_KERNEL), take(k, GFP_KERNEL, 0, 1), take(k, GFP_KERNEL, 0, 0, 1)].map(nodeOf)).toEqual([
      0, 1, 1,
    ]);
  });

  test('of a DMA request node 0 alone has some', () => {
    expect(take(machine(2), GFP_DMA | GFP_ATOMIC, 0, 1)).toBeLessThan(4096);
  });

  test('a zone list has the own node first, then the others in turn, node 0, whose CPU is up at boot, last', () => {
    const k = machine(4);
    const { memory } = k.machine;
    const order = k.node_data.map((pgdat) => {
      const zones: number[] = [];
      for (let at = pgdat + k.pg_data_t.node_zonelists; memory.peek32(at) !== NULL; at += 4) {
        const node = k.node_data.findIndex(
          (data) => memory.peek32(at) < data + k.pg_data_t.sizeof && memory.peek32(at) >= data,
        );
        if (zones.at(-1) !== node) zones.push(node);
      }
      return zones;
    });
    expect(order).toEqual([
      [0, 1, 2, 3],
      [1, 2, 3, 0],
      [2, 3, 1, 0],
      [3, 1, 2, 0],
    ]);
  });

  test('counts tell whether pages came from where they were wanted, and whether that was here', () => {
    const k = machine(2);
    const counts = (node: number, cpu: number) => {
      const { numa_hit, numa_miss, numa_foreign, local_node, other_node } = zone(k, 'Normal', node).pcp[cpu]!;
      return { numa_hit, numa_miss, numa_foreign, local_node, other_node };
    };
    take(k, GFP_KERNEL, 0, 1);
    take(k, GFP_KERNEL, 0, 1, 0);
    expect(counts(1, 1)).toEqual({ numa_hit: 1, numa_miss: 0, numa_foreign: 0, local_node: 1, other_node: 0 });
    expect(counts(0, 1)).toEqual({ numa_hit: 1, numa_miss: 0, numa_foreign: 0, local_node: 0, other_node: 1 });
    // Node 1 has no block of this size any more: node 0 serves.
    while (zone(k, 'Normal', 1).areas.at(-1)!.nr_free > 0) take(k, GFP_ATOMIC, 10, 1, 1);
    const { numa_foreign } = counts(1, 1);
    const pfn = take(k, GFP_ATOMIC, 10, 1);
    expect(pfn).toBeLessThan(8192);
    expect(counts(1, 1).numa_foreign! - numa_foreign!).toBe(1);
    expect(counts(0, 1).numa_miss).toBe(1);
  });
});

describe('a compound page', () => {
  const flags = (k: Mm2617, pfn: number) => k.machine.memory.peek32(k.pageAt(pfn) + k.struct_page.flags);
  const pointer = (k: Mm2617, pfn: number) => k.machine.memory.peek32(k.pageAt(pfn) + k.struct_page.private);

  test('has each page point to the first', () => {
    const k = kernel26({ cpus: 1, config: up26 });
    const pfn = take(k, GFP_KERNEL | __GFP_COMP, 2)!;
    for (let i = 0; i < 4; i++) {
      expect((flags(k, pfn + i) >>> PG_compound) & 1).toBe(1);
      expect(pointer(k, pfn + i)).toBe(k.pageAt(pfn));
    }
  });

  test('is plain pages again when it is free', () => {
    const k = kernel26({ cpus: 1, config: up26 });
    const before = zoneStates(k);
    const pfn = take(k, GFP_KERNEL | __GFP_COMP, 2)!;
    give(k, pfn, 2);
    expect(zoneStates(k)).toEqual(before);
    assertPages(k, new Map());
  });
});

test('/proc/buddyinfo prints free blocks by node, zone and order', () => {
  const k = kernel26({ cpus: 1, mb: 32, config: up26 });
  expect(buddyinfo(k).split('\n').slice(0, 2)).toEqual([
    'Node 0, zone      DMA      1      1      1      1      1      2      1      0      1      0      3 ',
    'Node 0, zone   Normal      0      0      0      0      0      0      0      0      0      0      4 ',
  ]);
});

describe('any sequence of allocations and frees', () => {
  const operation = fc.record({
    cpu: fc.nat(3),
    order: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.nat(10), weight: 1 }),
    node: fc.integer({ min: -1, max: 1 }),
    gfp: fc.constantFrom(GFP_ATOMIC, GFP_ATOMIC | GFP_DMA, GFP_ATOMIC | __GFP_COMP, GFP_ATOMIC | __GFP_COLD),
    free: fc.option(fc.record({ which: fc.nat(), cold: fc.boolean() }), { freq: 2 }),
  });
  const builds = [
    { name: 'SMP', options: { cpus: 4, mb: 24, config: smp26 } },
    {
      name: 'NUMA',
      options: {
        cpus: 4,
        mb: 40,
        config: numa26,
        nodes: [
          [0, 1],
          [2, 3],
        ],
      },
    },
  ];

  test.each(builds)('leaves every page in one place ($name)', ({ options }) => {
    const k = kernel26(options);
    const held = new Map<number, number>();
    const sequences = fc.property(fc.array(operation, { minLength: 20, maxLength: 60 }), (operations) => {
      for (const { cpu, order, node, gfp, free } of operations) {
        const victim = free === null ? undefined : [...held.keys()][free.which % Math.max(1, held.size)];
        if (victim !== undefined) {
          give(k, victim, held.get(victim)!, cpu, free!.cold);
          held.delete(victim);
        } else {
          const pfn = take(k, gfp, order, cpu, options.config.CONFIG_NUMA ? node : -1);
          if (pfn !== null) held.set(pfn, order);
        }
      }
      assertPages(k, ofSlab(k, held));
    });
    fc.assert(sequences, { numRuns: 12, seed: 2617 });
    for (const [pfn, order] of held) give(k, pfn, order);
    const before = nr_free_pages(kernel26(options));
    const kept = zoneStates(k).flatMap(({ zones }) =>
      zones.flatMap(({ pcp }) => pcp.map(({ hot, cold }) => hot.count + cold.count)),
    );
    expect(nr_free_pages(k) + kept.reduce((a, b) => a + b)).toBe(before);
  });

  test('so too where CPUs race', () => {
    const programs = fc.array(fc.array(operation, { minLength: 10, maxLength: 40 }), { minLength: 4, maxLength: 4 });
    const races = fc.property(programs, (all) => {
      const k = kernel26({ cpus: 4, mb: 24 });
      const held = new Map<number, number>();
      function* program(cpu: Cpu, operations: (typeof all)[number]): Program {
        for (const { order, gfp, free } of operations) {
          const victim = free === null ? undefined : [...held.keys()][free.which % Math.max(1, held.size)];
          if (victim !== undefined) {
            const order = held.get(victim)!;
            held.delete(victim);
            yield* giveOn(k, cpu, victim, order, free!.cold);
          } else {
            const pfn = yield* takeOn(k, cpu, gfp, order);
            if (pfn === null) continue;
            if (held.has(pfn)) throw new Error(`page ${pfn} is given out twice`);
            held.set(pfn, order);
          }
        }
      }
      for (const cpu of k.machine.cpus) k.machine.scheduler.spawn(cpu, program(cpu, all[cpu.id]!));
      k.machine.scheduler.run();
      assertPages(k, held);
    });
    fc.assert(races, { numRuns: 12, seed: 2617 });
  }, 60_000);

  /** Pagesets that stand in pages of their own here, beside what the test holds. */
  function ofSlab(k: Mm2617, held: ReadonlyMap<number, number>): Map<number, number> {
    if (!k.config.CONFIG_NUMA) return new Map(held);
    const pagesets = k.node_data.flatMap((_, node) =>
      [0, 1, 2, 3].flatMap((index) =>
        k.machine.cpus.map(
          ({ id }) => k.machine.memory.peek32(k.zone(node, index) + k.zone_struct.pageset + 4 * id) >>> 12,
        ),
      ),
    );
    return new Map([...held, ...pagesets.map((pfn) => [pfn, 0] as const)]);
  }
});
