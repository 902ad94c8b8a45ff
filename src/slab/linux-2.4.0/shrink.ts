/** mm/slab.c, kmem_cache_shrink(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { slabBUG } from '../linux-2.4/bugs.ts';
import { __kmem_cache_shrink, is_chained_kmem_cache, type Shrunk } from '../linux-2.4/shrink.ts';
import type { Linux240 } from './slab.ts';

/**
 * Releases as many slabs as possible: 1 if any is left, else 0. Unlike 2.4.22 it takes the objects in per-CPU arrays back first,
 * and looks in every build whether the cache is chained.
 */
export function* kmem_cache_shrink(k: Linux240, cpu: Cpu, cachep: addr_t): Program<number> {
  return (yield* shrink(k, cpu, cachep)).left ? 1 : 0;
}

/** kmem_cache_shrink() for those who want to know what was released. */
export function* shrink(k: Linux240, cpu: Cpu, cachep: addr_t): Program<Shrunk> {
  if (cachep === NULL || in_interrupt(k, cpu) || !(yield* is_chained_kmem_cache(k, cpu, cachep))) slabBUG(k, 'shrink');
  return yield* __kmem_cache_shrink(k, cpu, cachep);
}
