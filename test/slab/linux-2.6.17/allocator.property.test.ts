/** Any sequence of operations on 2.6.17's caches: after every step all of memory is as it must be. */

import { test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL } from '../../../src/hw/memory.ts';
import { cpu_down, cpu_up } from '../../../src/kernel/linux-2.6/cpu.ts';
import { cpu_online } from '../../../src/kernel/linux-2.6/topology.ts';
import { GFP_ATOMIC } from '../../../src/mm/linux-2.6.17/gfp.ts';
import { kmem_cache_alloc_node } from '../../../src/slab/linux-2.6.17/alloc.ts';
import { SLAB_HWCACHE_ALIGN, SLAB_RECLAIM_ACCOUNT } from '../../../src/slab/linux-2.6.17/flags.ts';
import fc from '../../fast-check.ts';
import { type Booted26, booted26 } from './booted.ts';
import { assertMemory } from './invariants.ts';

const kinds = [
  { name: 'small', size: 20 },
  { name: 'aligned', size: 100, flags: SLAB_HWCACHE_ALIGN | SLAB_RECLAIM_ACCOUNT },
  { name: 'off-slab', size: 600 },
  { name: 'two-pages', size: 8000 },
];

interface Step {
  readonly op: 'alloc' | 'alloc_node' | 'free' | 'kmalloc' | 'kfree' | 'shrink' | 'reap' | 'tune' | 'plug';
  readonly cpu: number;
  readonly cache: number;
  /** How many objects; for kmalloc how many bytes, for tuning the limit. */
  readonly count: number;
  /** The first of those to free; for tuning the batches that CPUs share. */
  readonly from: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom(
    'alloc',
    'alloc',
    'alloc_node',
    'free',
    'free',
    'kmalloc',
    'kfree',
    'shrink',
    'reap',
    'tune',
    'plug',
  ),
  cpu: fc.nat({ max: 3 }),
  cache: fc.nat({ max: kinds.length - 1 }),
  count: fc.integer({ min: 1, max: 100 }),
  from: fc.nat({ max: 100 }),
});

class Caches {
  readonly #booted: Booted26;
  readonly #cachep: readonly addr_t[];
  readonly #live: readonly addr_t[][] = kinds.map(() => []);
  readonly #general: addr_t[] = [];

  constructor(booted: Booted26) {
    const { machine, allocator } = booted;
    const [boss] = machine.cpus;
    this.#booted = booted;
    this.#cachep = kinds.map((kind) => machine.run(boss, allocator.create(boss, kind)));
  }

  /** On the CPU that the step names, or the first if that one is down. */
  perform(step: Step): void {
    const { machine, k } = this.#booted;
    const [boss] = machine.cpus;
    const cpu = machine.cpus[step.cpu % machine.cpus.length]!;
    const working = cpu_online(k, boss, cpu.id) && step.op !== 'plug' ? cpu : boss;
    machine.run(working, this.#program(working, step));
  }

  check(): void {
    assertMemory(this.#booted.k, [...this.#live.flat(), ...this.#general], new Map());
  }

  *#program(cpu: Cpu, { op, cpu: other, cache, count, from }: Step): Program {
    const { allocator, k, machine } = this.#booted;
    const cachep = this.#cachep[cache]!;
    const live = this.#live[cache]!;
    switch (op) {
      case 'alloc':
        for (let i = 0; i < count; i++) keep(yield* allocator.alloc(cpu, cachep, GFP_ATOMIC), live);
        break;
      case 'alloc_node':
        for (let i = 0; i < count; i++) {
          keep(yield* kmem_cache_alloc_node(k, cpu, cachep, GFP_ATOMIC, from % k.nodes.length), live);
        }
        break;
      case 'free':
        for (const objp of live.splice(from, count)) yield* allocator.free(cpu, cachep, objp);
        break;
      case 'kmalloc':
        keep(yield* allocator.kmalloc(cpu, 90 * count, GFP_ATOMIC), this.#general);
        break;
      case 'kfree':
        yield* allocator.kfree(cpu, this.#general.pop() ?? NULL);
        break;
      case 'shrink':
        yield* allocator.shrink(cpu, cachep);
        break;
      case 'reap':
        yield* allocator.reap(cpu, GFP_ATOMIC);
        break;
      case 'tune':
        yield* allocator.tune(cpu, `${kinds[cache]!.name} ${count} ${1 + (from % count)} ${from % 9}`);
        break;
      case 'plug': {
        const index = other % machine.cpus.length;
        if ((yield* cpu_up(k, cpu, index)) !== 0) yield* cpu_down(k, cpu, index);
      }
    }
  }
}

function keep(objp: addr_t, objects: addr_t[]): void {
  if (objp !== NULL) objects.push(objp);
}

test.each([
  ['SMP', 4, 1, false],
  ['NUMA', 4, 2, false],
  ['NUMA, DEBUG', 4, 2, true],
  ['UP', 1, 1, false],
])('any sequence of operations keeps every invariant (%s)', (_, cpus, nodes, CONFIG_DEBUG_SLAB) => {
  const property = fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
    const caches = new Caches(booted26({ cpus, nodes, memory: 16 * MiB, config: { CONFIG_DEBUG_SLAB } }));
    for (const step of steps) {
      caches.perform(step);
      caches.check();
    }
  });
  fc.assert(property, { seed: 2617, numRuns: 6 });
});
