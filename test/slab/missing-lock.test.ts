/** A deliberate fault: kmem_cache_alloc_batch() without its lock. */
import { expect, test, vi } from 'vitest';
import { NULL } from '../../src/hw/memory.ts';
import { cc_entry, firstSlab, kmem_cache_alloc_one_tail } from '../../src/slab/linux-2.4.22/alloc.ts';
import { cpucache_t } from '../../src/slab/linux-2.4.22/slab.ts';
import { booted } from '../machines.ts';
import { randomRun } from './random.ts';

type Batch = typeof import('../../src/slab/linux-2.4.22/batch.ts').kmem_cache_alloc_batch;

const double = vi.hoisted(() => ({ batch: undefined as unknown as Batch }));
vi.mock('../../src/slab/linux-2.4.22/batch.ts', () => ({
  kmem_cache_alloc_batch: ((...args) => double.batch(...args)) satisfies Batch,
}));
const { kmem_cache_alloc_batch: withLock } = await vi.importActual<{ kmem_cache_alloc_batch: Batch }>(
  '../../src/slab/linux-2.4.22/batch.ts',
);

const withoutLock: Batch = function* (k, cpu, cachep, cc) {
  for (let count = cpu.load32(cachep + k.kmem_cache_t.batchcount); count > 0; count--) {
    const slabp = firstSlab(k, cpu, cachep);
    if (slabp === NULL) break;
    if (cpu.isAhead) yield;
    const avail = cpu.load32(cc + cpucache_t.avail);
    cpu.store32(cc + cpucache_t.avail, avail + 1);
    cpu.storePtr(cc_entry(cc, avail), kmem_cache_alloc_one_tail(k, cpu, cachep, slabp));
  }
  const avail = cpu.load32(cc + cpucache_t.avail);
  if (avail === 0) return NULL;
  cpu.store32(cc + cpucache_t.avail, avail - 1);
  return cpu.loadPtr(cc_entry(cc, avail - 1));
};

function findsCorruption(batch: Batch, seed: string): boolean {
  double.batch = batch;
  try {
    randomRun(booted({ cpus: 4 }), seed, 3000).check();
    return false;
  } catch {
    return true;
  }
}

const seeds = Array.from({ length: 5 }, (_, i) => `lock ${i}`);

test('with its lock the random test finds nothing', () => {
  expect(seeds.map((seed) => findsCorruption(withLock, seed))).toEqual([false, false, false, false, false]);
});

test('without its lock the random test finds corruption under every seed', () => {
  expect(seeds.map((seed) => findsCorruption(withoutLock, seed))).toEqual([true, true, true, true, true]);
});
