/** What 2.4.0 does differently from 2.4.22, list of slabs apart. */
import { describe, expect, test } from 'vitest';
import { type addr_t, MiB } from '../../../src/hw/memory.ts';
import { observe } from '../../../src/hw/observe.ts';
import { GFP_DMA, GFP_KERNEL } from '../../../src/mm/linux-2.4.0/gfp.ts';
import { upConfig } from '../../../src/slab/linux-2.4/config.ts';
import { kmemCache } from '../../../src/slab/linux-2.4/slab.ts';
import { kmem_cache_shrink } from '../../../src/slab/linux-2.4.0/shrink.ts';
import { variant } from '../../../src/slab/linux-2.4.0/slab.ts';
import { booted240 } from '../../machines.ts';

const smp = { ...upConfig, CONFIG_SMP: true, NR_CPUS: 32, spinlockBytes: 4 } as const;

test.each([
  ['UP', upConfig, 96],
  ['UP by gcc 2.95', { ...upConfig, spinlockBytes: 4 } as const, 100],
  ['UP with DEBUG', { ...upConfig, CONFIG_DEBUG_SLAB: true }, 120],
  ['UP with DEBUG by gcc 2.95', { ...upConfig, CONFIG_DEBUG_SLAB: true, spinlockBytes: 4 } as const, 124],
  ['SMP', smp, 232],
  ['SMP with DEBUG', { ...smp, CONFIG_DEBUG_SLAB: true }, 272],
])('kmem_cache_t of a build for %s', (_, config, bytes) => {
  expect(kmemCache(variant.slabFields, config).sizeof).toBe(bytes);
});

function twoCpus(config: Parameters<typeof booted240>[0] = {}) {
  const { machine, allocator, k } = booted240(config);
  const cpu = machine.cpus[0]!;
  const create = (size: number) => machine.run(cpu, allocator.create(cpu, { name: `cache-${size}`, size }));
  const alloc = (cachep: addr_t, count = 1, flags = GFP_KERNEL) =>
    Array.from({ length: count }, () => machine.run(cpu, allocator.alloc(cpu, cachep, flags)));
  const free = (cachep: addr_t, objects: readonly addr_t[]) => {
    for (const objp of objects) machine.run(cpu, allocator.free(cpu, cachep, objp));
  };
  const slabs = (cachep: addr_t) => allocator.caches().find((cache) => cache.cachep === cachep)!.slabs.length;
  return { machine, allocator, k, cpu, create, alloc, free, slabs };
}

describe('kmem_cache_shrink()', () => {
  test('takes back what is in the arrays of all CPUs first', () => {
    const { machine, allocator, create, alloc, free, slabs } = twoCpus();
    const cachep = create(500);
    const other = machine.cpus[1]!;
    machine.run(other, allocator.free(other, cachep, machine.run(other, allocator.alloc(other, cachep, GFP_KERNEL))));
    free(cachep, alloc(cachep));
    const before = slabs(cachep);
    expect(machine.run(other, allocator.shrink(other, cachep))).toBe(before);
    expect(slabs(cachep)).toBe(0);
  });

  test.each([
    ['0 if no slab is left', 0],
    ['1 if objects are in use', 1],
  ])('returns %s', (_, kept) => {
    const { machine, k, cpu, create, alloc, free } = twoCpus();
    const cachep = create(500);
    free(cachep, alloc(cachep, 2).slice(kept));
    expect(machine.run(cpu, kmem_cache_shrink(k, cpu, cachep))).toBe(kept);
  });

  test('refuses kmem_cache, which its chain begins behind, in builds without DEBUG too', () => {
    const { machine, allocator, k, cpu } = twoCpus();
    expect(() => machine.run(cpu, allocator.shrink(cpu, k.cache_cache))).toThrow('slab.c:942');
  });
});

describe('kmem_cache_reap()', () => {
  test.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 4],
    [9, 7],
    [10, 8],
    [12, 9],
  ])('of %i free slabs takes %i', (free_slabs, taken) => {
    const { machine, allocator, k, cpu, create, alloc, free, slabs } = twoCpus({ cpus: 1, config: upConfig });
    const cachep = create(4000);
    free(cachep, alloc(cachep, free_slabs));
    // As if the hand had passed since the cache grew.
    machine.memory.poke32(cachep + k.kmem_cache_t.dflags, 0);
    machine.memory.poke32(k.clock_searchp, cachep);
    expect(machine.run(cpu, allocator.reap(cpu, GFP_KERNEL))).toBe(taken);
    expect(slabs(cachep)).toBe(free_slabs - taken);
  });

  test('takes at once from a cache with ten free slabs, however little they weigh', () => {
    const { machine, allocator, k, cpu, create, alloc, free } = twoCpus({ cpus: 1, config: upConfig });
    const perfect = create(3000);
    free(perfect, alloc(perfect, 20));
    const heavier = create(8000);
    free(heavier, alloc(heavier, 30));
    for (const cachep of [perfect, heavier]) machine.memory.poke32(cachep + k.kmem_cache_t.dflags, 0);
    machine.memory.poke32(k.clock_searchp, perfect);
    machine.run(cpu, allocator.reap(cpu, GFP_KERNEL));
    expect(
      allocator
        .caches()
        .filter(({ cachep }) => cachep === perfect || cachep === heavier)
        .map(({ name, slabs }) => [name, slabs.length]),
    ).toEqual([
      ['cache-8000', 30],
      ['cache-3000', 2],
    ]);
  });
});

describe('a request for DMA memory', () => {
  test('may be served with an object of any memory: nobody asks in builds without DEBUG', () => {
    const { create, alloc, free } = twoCpus({ cpus: 1, config: upConfig, memory: 64 * MiB });
    const cachep = create(200);
    const [objp] = alloc(cachep);
    expect(objp).toBeGreaterThan(16 * MiB);
    free(cachep, [objp!]);
    expect(alloc(cachep, 1, GFP_KERNEL | GFP_DMA)).toEqual([objp]);
  });

  test('is refused by a cache of any memory in builds with DEBUG', () => {
    const { create, alloc } = twoCpus({ config: { CONFIG_DEBUG_SLAB: true } });
    const cachep = create(200);
    expect(() => alloc(cachep, 1, GFP_KERNEL | GFP_DMA)).toThrow('slab.c:1203');
  });
});

test('kmalloc() of more than the largest general cache holds is a BUG()', () => {
  const { machine, allocator, cpu } = twoCpus();
  expect(() => machine.run(cpu, allocator.kmalloc(cpu, 131073, GFP_KERNEL))).toThrow('slab.c:1542');
});

test('so is tuning to arrays as large as that; and then the cache chain stays locked', () => {
  const { machine, allocator, cpu } = twoCpus();
  expect(() => machine.run(cpu, allocator.tune(cpu, 'size-64 32768 1'))).toThrow('slab.c:1542');
  machine.scheduler.abandon();
  expect(() => machine.run(cpu, allocator.slabinfo(cpu))).toThrow('all contexts sleep');
});

test('/proc/slabinfo is read in pieces of 3072 bytes, each after a walk from the first cache on', () => {
  const { machine, allocator, k, cpu } = twoCpus();
  let walks = 0;
  observe(cpu, (_, kind, address) => {
    if (kind === 'x' && address === k.cache_cache + k.kmem_cache_t.spinlock) walks++;
  });
  const read = () => {
    walks = 0;
    const text = machine.run(cpu, allocator.slabinfo(cpu));
    return [Math.ceil(text.length / 3072), walks];
  };
  expect(read()).toEqual([1, 1]);
  for (let i = 0; i < 60; i++) machine.run(cpu, allocator.create(cpu, { name: `more-${i}`, size: 64 }));
  expect(read()).toEqual([2, 2]);
});
