/** A deliberate fault: kmem_cache_alloc_batch() without its lock. */
import { expect, test, vi } from 'vitest';
import { booted } from '../machines.ts';
import { harmOf } from './harm.ts';
import { randomRun } from './random.ts';
import { refillWithoutLock } from './refill-without-lock.ts';

type Batch = typeof import('../../src/slab/linux-2.4/batch.ts').kmem_cache_alloc_batch;

const double = vi.hoisted(() => ({ batch: undefined as unknown as Batch }));
vi.mock('../../src/slab/linux-2.4/batch.ts', () => ({
  kmem_cache_alloc_batch: ((...args) => double.batch(...args)) satisfies Batch,
}));
const { kmem_cache_alloc_batch: withLock } = await vi.importActual<{ kmem_cache_alloc_batch: Batch }>(
  '../../src/slab/linux-2.4/batch.ts',
);

/** What the run was harmed by, if it was. */
function harm(batch: Batch, seed: string): string | undefined {
  double.batch = batch;
  return harmOf(() => randomRun(booted({ cpus: 4 }), seed, 3000).check())?.message;
}

const seeds = Array.from({ length: 5 }, (_, i) => `lock ${i}`);

test('with its lock the random test finds nothing', () => {
  expect(seeds.map((seed) => harm(withLock, seed))).toEqual(seeds.map(() => undefined));
});

test.each(seeds)(
  'without its lock two CPUs are handed the same object, and the random test finds it (seed %s)',
  (seed) => {
    expect(harm(refillWithoutLock, seed)).toMatch(/^object [0-9a-f]+ was handed out twice$/);
  },
);
