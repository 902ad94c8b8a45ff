/** Any sequence of operations on a set of caches: after every step each object is in one place, and each page too. */

import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL, PAGE_SHIFT } from '../../src/hw/memory.ts';
import { list_head } from '../../src/kernel/list.ts';
import { nr_free_pages } from '../../src/mm/linux-2.4/buddyinfo.ts';
import { GFP_ATOMIC } from '../../src/mm/linux-2.4.22/gfp.ts';
import { struct_page } from '../../src/mm/linux-2.4.22/mm.ts';
import { alloc_pages } from '../../src/mm/linux-2.4.22/page-alloc.ts';
import type { CacheState } from '../../src/slab/allocator.ts';
import { smpConfig, upConfig } from '../../src/slab/linux-2.4/config.ts';
import { SLAB_HWCACHE_ALIGN } from '../../src/slab/linux-2.4/flags.ts';
import fc from '../fast-check.ts';
import { type Booted, booted } from '../machines.ts';
import { assertBuddy, assertCache } from './invariants.ts';

const kinds = [
  { name: 'small', size: 20 },
  { name: 'aligned', size: 100, flags: SLAB_HWCACHE_ALIGN },
  { name: 'off-slab', size: 512 },
  { name: 'without arrays', size: 8000 },
];

interface Step {
  readonly op: 'alloc' | 'free' | 'kmalloc' | 'kfree' | 'shrink';
  readonly cpu: number;
  readonly cache: number;
  /** How many objects, or for kmalloc how many bytes. */
  readonly count: number;
  /** The first of those to free. */
  readonly from: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom('alloc', 'alloc', 'free', 'kmalloc', 'kfree', 'shrink'),
  cpu: fc.nat({ max: 1 }),
  cache: fc.nat({ max: kinds.length - 1 }),
  count: fc.integer({ min: 1, max: 300 }),
  from: fc.nat({ max: 300 }),
});

/** The caches on a machine so short of memory that allocations fail and pages given back are soon used again. */
class Caches {
  readonly #booted: Booted;
  readonly #cachep: readonly addr_t[];
  readonly #live: readonly addr_t[][] = kinds.map(() => []);
  readonly #general: addr_t[] = [];
  readonly #pages: number;

  constructor(booted: Booted) {
    const { machine, allocator, k } = booted;
    const boss = machine.cpus[0]!;
    this.#booted = booted;
    this.#cachep = kinds.map((kind) => machine.run(boss, allocator.create(boss, kind)));
    while (nr_free_pages(k) > 400) machine.run(boss, alloc_pages(k, boss, GFP_ATOMIC, 5));
    this.#pages = this.#freePagesAndSlabs(allocator.caches());
  }

  perform(step: Step): void {
    const { machine } = this.#booted;
    const cpu = machine.cpus[step.cpu % machine.cpus.length]!;
    machine.run(cpu, this.#program(cpu, step));
  }

  *#program(cpu: Cpu, { op, cache, count, from }: Step): Program {
    const { allocator } = this.#booted;
    const cachep = this.#cachep[cache]!;
    switch (op) {
      case 'alloc':
        for (let i = 0; i < count; i++) keep(yield* allocator.alloc(cpu, cachep, GFP_ATOMIC), this.#live[cache]!);
        break;
      case 'free':
        for (const objp of this.#live[cache]!.splice(from, count)) yield* allocator.free(cpu, cachep, objp);
        break;
      case 'kmalloc':
        keep(yield* allocator.kmalloc(cpu, 30 * count, GFP_ATOMIC), this.#general);
        break;
      case 'kfree':
        yield* allocator.kfree(cpu, this.#general.pop() ?? NULL);
        break;
      case 'shrink':
        yield* allocator.shrink(cpu, cachep);
    }
  }

  /** Every object of every cache and every page of memory is accounted for. */
  check(): void {
    const { allocator, k } = this.#booted;
    const caches = allocator.caches();
    const cacheAt = (objp: addr_t) =>
      k.machine.memory.peek32(k.pageAt(objp >>> PAGE_SHIFT) + struct_page.list + list_head.next);
    const inUse = [...this.#live.flat(), ...this.#general, ...ownObjects(caches)];
    const held = new Map<addr_t, addr_t[]>(caches.map(({ cachep }) => [cachep, []]));
    for (const objp of inUse) held.get(cacheAt(objp))!.push(objp);
    for (const state of caches) assertCache(allocator, state, held.get(state.cachep)!);
    assertBuddy(k);
    expect(this.#freePagesAndSlabs(caches)).toBe(this.#pages);
  }

  /** Nothing of the test's is left: only what per-CPU arrays and the allocator itself hold. */
  freeAll(): void {
    const all = { cpu: 0, count: Number.POSITIVE_INFINITY, from: 0 };
    kinds.forEach((_, cache) => {
      this.perform({ ...all, op: 'free', cache });
    });
    while (this.#general.length > 0) this.perform({ ...all, op: 'kfree', cache: 0 });
  }

  #freePagesAndSlabs(caches: readonly CacheState[]): number {
    return caches.reduce((sum, { slabs, gfporder }) => sum + (slabs.length << gfporder), nr_free_pages(this.#booted.k));
  }
}

function keep(objp: addr_t, objects: addr_t[]): void {
  if (objp !== NULL) objects.push(objp);
}

/** What the allocator itself holds: descriptors of caches (the first is a static), per-CPU arrays, off-slab management. */
function ownObjects(caches: readonly CacheState[]): addr_t[] {
  return [
    ...caches.slice(1).map(({ cachep }) => cachep),
    ...caches.flatMap(({ cpuArrays }) => cpuArrays.flatMap((cc) => cc?.address ?? [])),
    ...caches.flatMap(({ slabs }) =>
      slabs.flatMap(({ slabp, s_mem, colouroff }) => (slabp >= s_mem - colouroff && slabp < s_mem ? [] : slabp)),
    ),
  ];
}

test.each([
  ['SMP', 2, smpConfig],
  ['UP', 1, upConfig],
])('any sequence of operations keeps every invariant (%s)', (_build, cpus, config) => {
  const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const caches = new Caches(booted({ cpus, config, memory: 8 * MiB }));
    for (const step of steps) {
      caches.perform(step);
      caches.check();
    }
    caches.freeAll();
    caches.check();
  });
  fc.assert(property, { seed: 1, numRuns: 8 });
});
