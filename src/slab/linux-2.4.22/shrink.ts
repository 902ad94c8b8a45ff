/** mm/slab.c, kmem_cache_shrink(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { slabBUG } from '../linux-2.4/bugs.ts';
import { __kmem_cache_shrink_locked, is_chained_kmem_cache } from '../linux-2.4/shrink.ts';
import type { Linux2422 } from './slab.ts';

/** Releases as many slabs as possible; the pages they had. Objects in per-CPU arrays keep theirs. */
export function* kmem_cache_shrink(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache_t } = k;
  if (
    cachep === NULL ||
    in_interrupt(k, cpu) ||
    (k.config.CONFIG_DEBUG_SLAB && !(yield* is_chained_kmem_cache(k, cpu, cachep)))
  ) {
    slabBUG(k, 'shrink');
  }
  yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  const ret = yield* __kmem_cache_shrink_locked(k, cpu, cachep);
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return ret << cpu.load32(cachep + kmem_cache_t.gfporder);
}
