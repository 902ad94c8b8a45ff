/** mm/slab.c, kmem_cache_shrink(), kmem_cache_destroy(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { PAGE_OFFSET } from '../../kernel/kernel.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { list_add, list_del, list_empty, list_head, listStep } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { ptr } from '../../kernel/struct.ts';
import { drain_cpu_caches } from './cpu-arrays.ts';
import { kmem_cache_free } from './free.ts';
import { kfree } from './kmalloc.ts';
import { FILE, type Linux2422, slab_t } from './slab.ts';
import { kmem_slab_destroy } from './slab-pages.ts';

/** Releases the cache's free slabs, the last first; how many. Caller holds cachep->spinlock, interrupts off. */
function* __kmem_cache_shrink_locked(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache_t } = k;
  const slabs_free = cachep + kmem_cache_t.slabs_free;
  let ret = 0;
  // If the cache is growing, stop shrinking.
  while (cpu.load32(cachep + kmem_cache_t.growing) === 0) {
    const p = cpu.loadPtr(slabs_free + list_head.prev);
    if (p === slabs_free) break;
    if (k.config.CONFIG_DEBUG_SLAB && cpu.load32(p - slab_t.list + slab_t.inuse) !== 0) {
      BUG(FILE, '__kmem_cache_shrink_locked', 'if (slabp->inuse)');
    }
    list_del(cpu, p);
    yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
    yield* kmem_slab_destroy(k, cpu, cachep, p - slab_t.list);
    ret++;
    yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  }
  return ret;
}

/** DEBUG: whether the cache hangs in the chain. */
function* is_chained_kmem_cache(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<boolean> {
  let ret = false;
  yield* down(k, cpu, k.cache_chain_sem);
  for (let p = listStep(cpu, k.cache_chain); p !== k.cache_chain && !ret; p = listStep(cpu, p)) {
    ret = p === cachep + k.kmem_cache_t.next;
  }
  yield* up(k, cpu, k.cache_chain_sem);
  return ret;
}

/** Releases as many slabs as possible; the pages they had. Objects in per-CPU arrays keep theirs. */
export function* kmem_cache_shrink(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache_t } = k;
  if (
    cachep === NULL ||
    in_interrupt(k, cpu) ||
    (k.config.CONFIG_DEBUG_SLAB && !(yield* is_chained_kmem_cache(k, cpu, cachep)))
  ) {
    BUG(`${FILE}:971`, 'kmem_cache_shrink', 'if (!cachep || in_interrupt() || !is_chained_kmem_cache(cachep))');
  }
  yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  const ret = yield* __kmem_cache_shrink_locked(k, cpu, cachep);
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return ret << cpu.load32(cachep + kmem_cache_t.gfporder);
}

/** Drains the per-CPU arrays and shrinks; true if objects are still in use. */
function* __kmem_cache_shrink(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<boolean> {
  const { kmem_cache_t } = k;
  if (k.config.CONFIG_SMP) yield* drain_cpu_caches(k, cpu, cachep);
  yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  yield* __kmem_cache_shrink_locked(k, cpu, cachep);
  const ret =
    !list_empty(cpu, cachep + kmem_cache_t.slabs_full) || !list_empty(cpu, cachep + kmem_cache_t.slabs_partial);
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return ret;
}

/**
 * Removes the cache: 0, or 1 if objects are in use; then it goes back to the head of the chain. The caller sees to it
 * that nobody allocates from the cache meanwhile.
 */
export function* kmem_cache_destroy(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache_t } = k;
  if (cachep === NULL || in_interrupt(k, cpu) || cpu.load32(cachep + kmem_cache_t.growing) !== 0) {
    BUG(`${FILE}:1000`, 'kmem_cache_destroy', 'if (!cachep || in_interrupt() || cachep->growing)');
  }
  yield* down(k, cpu, k.cache_chain_sem);
  // the chain is never empty, cache_cache is never destroyed
  const hand = cpu.loadPtr(k.clock_searchp);
  const next = cpu.loadPtr(cachep + kmem_cache_t.next + list_head.next);
  if (hand === cachep) cpu.storePtr(k.clock_searchp, next - kmem_cache_t.next);
  list_del(cpu, cachep + kmem_cache_t.next, next);
  yield* up(k, cpu, k.cache_chain_sem);

  if (yield* __kmem_cache_shrink(k, cpu, cachep)) {
    k.printk(`kmem_cache_destroy: Can't free all objects ${(cachep + PAGE_OFFSET).toString(16)}\n`);
    yield* down(k, cpu, k.cache_chain_sem);
    list_add(cpu, cachep + kmem_cache_t.next, k.cache_chain);
    yield* up(k, cpu, k.cache_chain_sem);
    return 1;
  }
  if (k.config.CONFIG_SMP) {
    for (let i = 0; i < k.config.NR_CPUS; i++) {
      yield* kfree(k, cpu, cpu.loadPtr(cachep + kmem_cache_t.cpudata + i * ptr.sizeof));
    }
  }
  yield* kmem_cache_free(k, cpu, k.cache_cache, cachep);
  return 0;
}
