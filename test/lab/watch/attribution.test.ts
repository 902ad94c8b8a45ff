import { describe, expect, test } from 'vitest';
import { seeded } from '../../../src/base/random.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type CpuModelName, cpuModels } from '../../../src/hw/cpu-models.ts';
import { Machine } from '../../../src/hw/machine.ts';
import { type addr_t, MiB } from '../../../src/hw/memory.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../../src/hw/store-buffer.ts';
import { task_struct } from '../../../src/kernel/linux-2.4.22/task.ts';
import { list_head } from '../../../src/kernel/list.ts';
import { Attribution } from '../../../src/lab/watch/attribution.ts';
import { free_area_struct } from '../../../src/mm/linux-2.4/mm.ts';
import { GFP_ATOMIC, GFP_KERNEL } from '../../../src/mm/linux-2.4.22/gfp.ts';
import { struct_page } from '../../../src/mm/linux-2.4.22/mm.ts';
import { c2cTable } from '../../../src/report/c2c-table.ts';
import type { CacheState, Role } from '../../../src/slab/allocator.ts';
import { boot } from '../../../src/slab/boot.ts';
import { cpucache_t, slab_bufctl, slab_t } from '../../../src/slab/linux-2.4/slab.ts';
import type { Linux2422 } from '../../../src/slab/linux-2.4.22/slab.ts';
import fc from '../../fast-check.ts';

interface Options {
  readonly cpus?: number;
  readonly model?: CpuModelName;
  readonly storeBuffer?: boolean;
}

function bootedWithClasses({ cpus = 2, model = 'pentium-iii', storeBuffer = false }: Options = {}) {
  const machine = new Machine({
    model: cpuModels[model],
    cpus,
    memory: 16 * MiB,
    classes: 'all',
    random: seeded('replacement', 'test'),
    ...(storeBuffer ? { storeBuffer: { depth: P6_STORE_BUFFER_DEPTH, random: seeded('drains', 'test') } } : {}),
  });
  const allocator = boot(machine, '2.4.22');
  return { machine, allocator, k: allocator.kernel as Linux2422 };
}

test('a machine that does not class its misses is refused', () => {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 1, memory: 16 * MiB });
  const allocator = boot(machine, '2.4.22');
  expect(() => new Attribution(allocator)).toThrow(/attribution: a machine that .+; build it with classes: 'all'/);
});

describe('a field that two CPUs count in, each in its own', () => {
  /** What attribution finds where the fields stand `apart` bytes from each other. */
  function counting(apart: number) {
    const { machine, allocator } = bootedWithClasses();
    const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
    const cachep = machine.run(cpu0, allocator.create(cpu0, { name: 'net_stats', size: 64 }));
    const objp = machine.run(cpu0, allocator.alloc(cpu0, cachep, GFP_KERNEL));
    const fields = [
      { name: 'rx_packets', offset: 0, size: 4 },
      { name: 'tx_packets', offset: apart, size: 4 },
    ];
    const attribution = new Attribution(allocator, new Map([['net_stats', fields]]));
    function* count(cpu: Cpu, counter: addr_t): Program {
      for (let i = 0; i < 1000; i++) {
        cpu.store32(counter, cpu.load32(counter) + 1);
        if (cpu.isAhead) yield;
      }
    }
    machine.scheduler.spawn(cpu0, count(cpu0, objp));
    machine.scheduler.spawn(cpu1, count(cpu1, objp + apart));
    machine.scheduler.run();
    return attribution;
  }

  test('in one line is false sharing of both fields, and of nothing else', () => {
    const [first, second, ...others] = counting(4).owners();
    expect([first!.name, second!.name].sort()).toEqual([
      'net_stats object +0x0 (rx_packets)',
      'net_stats object +0x4 (tx_packets)',
    ]);
    for (const { misses, falseSharing, trueSharing, hitm } of [first!, second!]) {
      expect(falseSharing).toBeGreaterThan(misses - 2);
      expect(hitm).toBeGreaterThan(misses - 2);
      expect([misses > 100, trueSharing]).toEqual([true, 0]);
    }
    expect(others.every(({ falseSharing }) => falseSharing === 0)).toBe(true);
  });

  test('is named in the first line of the cache-to-cache report', () => {
    const lines = c2cTable(counting(4).sharing(), 20).split('\n');
    const first = lines.find((line) => /^ +0 /.test(line))!;
    expect(first).toMatch(/net_stats object \+0x\d \([rt]x_packets\), \+0x\d \([rt]x_packets\)$/);
    expect(first).toMatch(/ 100\.00% | 9\d\.\d\d% /);
  });

  test('is not in the report once the fields stand a line apart', () => {
    const attribution = counting(32);
    expect(c2cTable(attribution.sharing(), 100)).not.toContain('net_stats');
    expect(attribution.owners().every(({ falseSharing }) => falseSharing === 0)).toBe(true);
  });

  test('each is missed for stores to the other, and for nothing else', () => {
    const { pairs } = counting(4).sharing();
    expect(
      pairs.map(({ sharing, victim, taker, sameObject, misses, alone, lines }) => ({
        ...{ sharing, missed: `${victim.field} on cpu${victim.cpu}`, taken: `${taker?.field} on cpu${taker?.cpu}` },
        ...{ sameObject, lines, isAlone: alone === misses },
      })),
    ).toEqual(
      expect.arrayContaining([
        ...[
          ['rx_packets on cpu0', 'tx_packets on cpu1'],
          ['tx_packets on cpu1', 'rx_packets on cpu0'],
        ].map(([missed, taken]) => ({
          ...{ sharing: 'falseSharing', missed, taken },
          ...{ sameObject: true, lines: 1, isAlone: true },
        })),
      ]),
    );
  });

  test('shows both CPUs, each at its own offset', () => {
    const { hottest } = counting(4).sharing();
    const accesses = hottest[0]!.accesses.filter(({ owner }) => owner.of === 'net_stats');
    expect(
      accesses.map(({ offset, cpu, owner }) => `cpu${cpu} ${owner.field} ${offset - accesses[0]!.offset}`),
    ).toEqual(['cpu0 rx_packets 0', 'cpu1 tx_packets 4']);
  });
});

describe('whose store took a line away', () => {
  /** Two CPUs and three words of one object, in a line that cpu1 has, then loses to the stores of cpu0; what cpu1 then misses. */
  function missedAfter(stores: readonly number[], read: number) {
    const { machine, allocator } = bootedWithClasses();
    const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
    const cachep = machine.run(cpu0, allocator.create(cpu0, { name: 'shared', size: 64 }));
    const objp = machine.run(cpu0, allocator.alloc(cpu0, cachep, GFP_KERNEL));
    cpu1.read(objp, 4);
    const attribution = new Attribution(allocator, new Map(), {
      makers: { note: (cpu) => `cpu${cpu}`, tell: String },
    });
    for (const offset of stores) cpu0.write(objp + offset, 4);
    cpu1.read(objp + read, 4);
    return attribution.sharing().pairs;
  }

  test.each([
    ['the first of several stores did, and not the one to what is missed', [0, 4, 8], 8, 'trueSharing', '+0x0', 0],
    ['a store to something else takes it alone', [4], 8, 'falseSharing', '+0x4', 1],
    ['a field that is written twice is still alone', [4, 4], 8, 'falseSharing', '+0x4', 1],
    ['another field that is written meanwhile would have taken it too', [4, 0], 8, 'falseSharing', '+0x4', 0],
  ] as const)('%s', (_, stores, read, sharing, taker, alone) => {
    expect(missedAfter(stores, read)).toEqual([
      {
        ...{ sharing, sameObject: true, misses: 1, hitm: 1, alone, lines: 1 },
        victim: expect.objectContaining({ name: 'shared object +0x8', cpu: 1, fn: 'cpu1' }),
        taker: expect.objectContaining({ name: `shared object ${taker}`, cpu: 0, fn: 'cpu0' }),
      },
    ]);
  });

  test('is not known where it did so before anybody watched', () => {
    const { machine, allocator } = bootedWithClasses();
    const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
    const objp = machine.run(cpu0, allocator.kmalloc(cpu0, 60, GFP_KERNEL));
    cpu1.read(objp, 4);
    cpu0.write(objp, 4);
    const attribution = new Attribution(allocator);
    cpu1.read(objp, 4);
    expect(attribution.sharing().pairs).toEqual([expect.objectContaining({ sharing: 'trueSharing', taker: null })]);
  });

  test('is told of two objects that lie in one line', () => {
    const { machine, allocator } = bootedWithClasses();
    const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
    const cachep = machine.run(cpu0, allocator.create(cpu0, { name: 'small', size: 8 }));
    const objects = Array.from({ length: 4 }, () => machine.run(cpu0, allocator.alloc(cpu0, cachep, GFP_KERNEL)));
    const line = ([...objects].sort((a, b) => a - b)[0]! + 31) & -32;
    const [a, b] = objects.filter((objp) => objp >= line) as [addr_t, addr_t];
    cpu1.read(b, 4);
    const attribution = new Attribution(allocator);
    cpu0.write(a, 4);
    cpu1.read(b, 4);
    expect(attribution.sharing().pairs).toEqual([
      expect.objectContaining({
        ...{ sharing: 'falseSharing', sameObject: false },
        victim: expect.objectContaining({ name: 'small object +0x0' }),
        taker: expect.objectContaining({ name: 'small object +0x0' }),
      }),
    ]);
  });
});

test('turns of waiting loops belong to the lock that is waited for', () => {
  const { machine, allocator } = bootedWithClasses({ cpus: 4 });
  const [boss] = machine.cpus;
  const cachep = machine.run(boss, allocator.create(boss, { name: 'wanted', size: 600 }));
  const attribution = new Attribution(allocator);
  const before = machine.cpus.map(({ counters }) => counters.spinCycles);
  function* work(cpu: Cpu): Program {
    for (let i = 0; i < 200; i++) yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
  }
  for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, work(cpu));
  machine.scheduler.run();
  const cycles = machine.cpus.reduce((sum, { id, counters }) => sum + counters.spinCycles - before[id]!, 0);
  const waitedFor = attribution.owners().filter(({ spins }) => spins > 0);
  expect(waitedFor.reduce((sum, { spins }) => sum + spins, 0)).toBe(cycles / machine.model.cycles.pause);
  expect(new Set(waitedFor.map(({ kind }) => kind))).toEqual(new Set(['lock']));
  expect(waitedFor.map(({ name }) => name)).toContain('kmem_cache_t.spinlock of wanted');
});

describe('the owner of a miss', () => {
  const { machine, allocator, k } = bootedWithClasses();
  const cpu = machine.cpus[0]!;
  const [filp, big] = ['filp', 'big'].map((name) => {
    const cachep = machine.run(cpu, allocator.create(cpu, { name, size: name === 'big' ? 1000 : 96 }));
    machine.run(cpu, allocator.alloc(cpu, cachep, GFP_KERNEL));
    return allocator.caches().find((cache) => cache.cachep === cachep)!;
  }) as [CacheState, CacheState];
  const buffer = machine.run(cpu, allocator.kmalloc(cpu, 20, GFP_KERNEL));
  const page = machine.run(cpu, allocator.get_free_pages(cpu, GFP_ATOMIC, 0));
  const { kmem_cache_t, zone_struct } = k;
  const slab = ({ slabs }: CacheState) => slabs[0]!;
  const task = k.symbols.address('task[1]');

  test.each<[name: string, kind: Role, address: addr_t]>([
    ['filp object +0x18 (f_count)', 'object', slab(filp).s_mem + 0x18],
    ['filp object +0x18 (f_count)', 'object', slab(filp).s_mem + 96 + 0x1b],
    ['filp object +0x1c', 'object', slab(filp).s_mem + 0x1c],
    ['size-32 object +0x4', 'object', buffer + 4],
    ['slab_t.inuse of filp', 'slab descriptor', slab(filp).slabp + slab_t.inuse],
    ['slab_t.list of filp', 'slab descriptor', slab(filp).slabp + slab_t.list + list_head.prev],
    ['kmem_bufctl_t of filp', 'free list', slab_bufctl(slab(filp).slabp, 2)],
    ['slab_t.s_mem of big', 'slab descriptor', slab(big).slabp + slab_t.s_mem],
    ['kmem_bufctl_t of big', 'free list', slab_bufctl(slab(big).slabp, 0)],
    ['big object +0x3e4', 'object', slab(big).s_mem + 0x3e4],
    ['cpucache_t.avail of filp on cpu0', 'per-CPU array', filp.cpuArrays[0]!.address + cpucache_t.avail],
    ['cpucache_t.entries of big on cpu1', 'per-CPU array', big.cpuArrays[1]!.address + cpucache_t.sizeof + 8],
    ['kmem_cache_t.slabs_partial of filp', 'cache descriptor', filp.cachep + kmem_cache_t.slabs_partial],
    ['kmem_cache_t.spinlock of filp', 'lock', filp.cachep + kmem_cache_t.spinlock],
    ['kmem_cache_t.objsize of kmem_cache', 'cache descriptor', k.cache_cache + kmem_cache_t.objsize],
    ['mem_map page.flags', 'page', k.pageAt(77) + struct_page.flags],
    ['zone_struct.free_pages of zone 0', 'zone', k.zone(0) + zone_struct.free_pages],
    ['zone_struct.lock of zone 1', 'lock', k.zone(1) + zone_struct.lock],
    [
      'free_area_struct.map of zone 0',
      'zone',
      k.zone(0) + zone_struct.free_area + 3 * free_area_struct.sizeof + free_area_struct.map,
    ],
    ['bitmap[0][3]', 'bitmap', k.symbols.address('bitmap[0][3]') + 4],
    ['semaphore.count of cache_chain_sem', 'lock', k.cache_chain_sem + k.semaphore.count],
    ['call_lock', 'lock', k.call_lock],
    ['clock_searchp', 'static', k.clock_searchp],
    ['irq_cpustat_t.__local_irq_count of cpu1', 'static', k.irq_stat + k.irq_cpustat_t.sizeof + 4],
    ['task_struct.processor of task[1]', 'task', task + task_struct.processor],
    ['stack of task[1]', 'task', task + 8000],
    ['page contents', 'page contents', page + 40],
  ])('%s (%s)', (name, kind, address) => {
    const fields = new Map([['filp', [{ name: 'f_count', offset: 0x18, size: 4 }]]]);
    const { l1 } = machine.cpus[1]!;
    // Out of its cache first: as many lines of the same set as it has ways.
    for (let i = 1; i <= 8; i++) l1.load((address & 4095) + 8 * MiB + i * 4096, 1);
    const attribution = new Attribution(allocator, fields);
    machine.cpus[1]!.read(address, 1);
    attribution.stop();
    expect(attribution.owners()).toEqual([expect.objectContaining({ name, kind, misses: 1 })]);
  });

  test('is the same for a field of any page: they are too many to tell apart', () => {
    for (let i = 1; i <= 8; i++) machine.cpus[1]!.l1.load((k.pageAt(77) & 4095) + 8 * MiB + i * 4096, 4096);
    const attribution = new Attribution(allocator);
    for (const pfn of [77, 99]) machine.cpus[1]!.read(k.pageAt(pfn) + struct_page.flags, 4);
    attribution.stop();
    expect(attribution.owners()).toEqual([
      expect.objectContaining({ name: 'mem_map page.flags', field: 'page.flags', of: '', misses: 2 }),
    ]);
  });

  test('is that of the first byte in the missing line, where an access straddles two', () => {
    const attribution = new Attribution(allocator);
    const { counters } = machine.cpus[1]!;
    const { loads, straddledLoads } = counters;
    machine.cpus[1]!.read(slab(big).s_mem + 62, 4);
    attribution.stop();
    const line = (slab(big).s_mem + 64) & -32;
    expect(attribution.owners().map(({ name }) => name)).toEqual(
      [slab(big).s_mem + 62, line].map((address) => `big object +0x${(address - slab(big).s_mem).toString(16)}`),
    );
    expect([counters.loads - loads, counters.straddledLoads - straddledLoads]).toEqual([1, 1]);
  });
});

interface Step {
  readonly cpu: number;
  readonly what: 'alloc' | 'free' | 'read' | 'write' | 'modify' | 'prefetch' | 'prefetchw';
  readonly object: number;
  readonly offset: number;
  readonly bytes: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  cpu: fc.nat(3),
  what: fc.constantFrom('alloc', 'free', 'read', 'write', 'modify', 'prefetch', 'prefetchw'),
  object: fc.nat(7),
  offset: fc.nat(1900),
  bytes: fc.integer({ min: 1, max: 8 }),
});
const run = fc.record({
  cpus: fc.integer({ min: 1, max: 4 }),
  model: fc.constantFrom<CpuModelName>('pentium', 'pentium-iii', 'pentium-4', 'athlon', 'core-2'),
  storeBuffer: fc.boolean(),
  steps: fc.array(step, { minLength: 100, maxLength: 600 }),
});
type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

/** Does the steps on a booted machine; what `begin` returned at their start. */
function perform<T>({ steps, ...options }: Run, begin: (booted: ReturnType<typeof bootedWithClasses>) => T) {
  const booted = bootedWithClasses(options);
  const { machine, allocator } = booted;
  const boss = machine.cpus[0]!;
  const caches = [24, 100, 2000].map((size) => machine.run(boss, allocator.create(boss, { name: `of ${size}`, size })));
  const begun = begin(booted);
  const live: { objp: addr_t; cache: number }[] = [];
  for (const { cpu: id, what, object, offset, bytes } of steps) {
    const cpu = machine.cpus[id % machine.cpus.length]!;
    if (what === 'alloc' || live.length === 0) {
      const cache = object % 3;
      live.push({ objp: machine.run(cpu, allocator.alloc(cpu, caches[cache]!, GFP_KERNEL)), cache });
    } else if (what === 'free') {
      const [{ objp, cache }] = live.splice(object % live.length, 1) as [(typeof live)[number]];
      machine.run(cpu, allocator.free(cpu, caches[cache]!, objp));
    } else if (what === 'prefetch' || what === 'prefetchw') {
      cpu[what](live[object % live.length]!.objp + (offset & 31));
    } else {
      const { objp, cache } = live[object % live.length]!;
      cpu[what](objp + (offset % [16, 92, 1992][cache]!), bytes);
    }
  }
  for (const cpu of machine.cpus) cpu.drain();
  return { begun, machine };
}

/** Counters of all CPUs by what owners call them. */
const countersOf = (machine: Machine) =>
  machine.cpus.map(({ counters }) => ({
    misses: counters.misses,
    cold: counters.coldMisses,
    capacity: counters.capacityMisses,
    conflict: counters.conflictMisses,
    trueSharing: counters.trueSharingMisses,
    falseSharing: counters.falseSharingMisses,
    hitm: counters.c2cDirty,
    prefetchFills: counters.prefetchFills,
    upgrades: counters.upgrades,
    invalidations: counters.invalidationsSent,
  }));
type Sums = ReturnType<typeof countersOf>[number];
const sumOf = (all: readonly Sums[], figure: keyof Sums) => all.reduce((sum, counts) => sum + counts[figure], 0);

describe('over random operations on random machines', () => {
  test('the owners add up to the counters', () => {
    fc.assert(
      fc.property(run, (random) => {
        const { begun, machine } = perform(random, ({ machine, allocator }) => ({
          before: countersOf(machine),
          attribution: new Attribution(allocator),
        }));
        const after = countersOf(machine);
        const owners = begun.attribution.owners();
        for (const figure of Object.keys(after[0]!) as (keyof Sums)[]) {
          expect([figure, sumOf(owners, figure)]).toEqual([figure, sumOf(after, figure) - sumOf(begun.before, figure)]);
        }
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  test('every copy fetched from where it was modified is on a line that went from cache to cache', () => {
    fc.assert(
      fc.property(run, (random) => {
        const { begun, machine } = perform(random, ({ machine, allocator }) => ({
          before: countersOf(machine),
          attribution: new Attribution(allocator),
        }));
        expect(begun.attribution.sharing().hitm).toBe(sumOf(countersOf(machine), 'hitm') - sumOf(begun.before, 'hitm'));
      }),
      { seed: 8, numRuns: 10 },
    );
  });

  test('every sharing miss is in one pair', () => {
    fc.assert(
      fc.property(run, (random) => {
        const { begun, machine } = perform(random, ({ machine, allocator }) => ({
          before: countersOf(machine),
          attribution: new Attribution(allocator),
        }));
        const { pairs } = begun.attribution.sharing();
        for (const figure of ['trueSharing', 'falseSharing'] as const) {
          const paired = pairs.filter(({ sharing }) => sharing === figure).reduce((sum, { misses }) => sum + misses, 0);
          expect(paired).toBe(sumOf(countersOf(machine), figure) - sumOf(begun.before, figure));
        }
        for (const { victim, taker, misses, alone, hitm } of pairs) {
          expect(taker?.cpu).not.toBe(victim.cpu);
          expect([alone <= misses, hitm <= misses]).toEqual([true, true]);
        }
      }),
      { seed: 9, numRuns: 10 },
    );
  });

  test('attribution changes no count and no clock', () => {
    const digest = (machine: Machine) => machine.cpus.map(({ clock, counters }) => ({ clock, ...counters }));
    fc.assert(
      fc.property(run, (random) => {
        const attributed = perform(random, ({ allocator }) => new Attribution(allocator));
        expect(digest(attributed.machine)).toEqual(digest(perform(random, () => null).machine));
      }),
      { seed: 6, numRuns: 25 },
    );
  });

  test('after stop nothing is attributed', () => {
    fc.assert(
      fc.property(run, (random) => {
        const { begun } = perform(random, ({ allocator }) => {
          const attribution = new Attribution(allocator);
          attribution.stop();
          return attribution;
        });
        expect([begun.owners(), begun.sharing().lines]).toEqual([[], 0]);
      }),
      { seed: 7, numRuns: 3 },
    );
  });
});
