/** mm/slab.c, kmem_cache_destroy(), and what it shrinks caches by; kmem_cache_shrink() is the version's. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { PAGE_OFFSET } from '../../kernel/kernel.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { list_add, list_head } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { ptr } from '../../kernel/struct.ts';
import { slabBUG } from './bugs.ts';
import { drain_cpu_caches } from './cpu-arrays.ts';
import { kmem_cache_free } from './free.ts';
import { kfree } from './kmalloc.ts';
import type { Slab24 } from './slab.ts';
import { kmem_slab_destroy } from './slab-pages.ts';

/** Releases the cache's free slabs; how many. Caller holds cachep->spinlock, interrupts off. */
export function* __kmem_cache_shrink_locked(k: Slab24, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache_t } = k;
  let ret = 0;
  // If the cache is growing, stop shrinking.
  while (cpu.load32(cachep + kmem_cache_t.growing) === 0) {
    const slabp = k.slabOps.unlinkFreeSlab(k, cpu, cachep, '__kmem_cache_shrink_locked');
    if (slabp === NULL) break;
    yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
    yield* kmem_slab_destroy(k, cpu, cachep, slabp);
    ret++;
    yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  }
  return ret;
}

/** Whether the cache hangs in the chain. */
export function* is_chained_kmem_cache(k: Slab24, cpu: Cpu, cachep: addr_t): Program<boolean> {
  let ret = false;
  yield* down(k, cpu, k.cache_chain_sem);
  for (let p = k.slabOps.listStep(cpu, k.cache_chain); p !== k.cache_chain; p = k.slabOps.listStep(cpu, p)) {
    ret = p === cachep + k.kmem_cache_t.next;
    if (ret) break;
  }
  yield* up(k, cpu, k.cache_chain_sem);
  return ret;
}

/** What shrinking came to: slabs that were released, and whether any are left. */
export interface Shrunk {
  readonly released: number;
  readonly left: boolean;
}

/** Drains the per-CPU arrays and shrinks. The kernel's own returns `left`; what was released is for those who look on. */
export function* __kmem_cache_shrink(k: Slab24, cpu: Cpu, cachep: addr_t): Program<Shrunk> {
  const { kmem_cache_t } = k;
  if (k.config.CONFIG_SMP) yield* drain_cpu_caches(k, cpu, cachep);
  yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  const released = yield* __kmem_cache_shrink_locked(k, cpu, cachep);
  const left = k.slabOps.hasSlabs(k, cpu, cachep);
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return { released, left };
}

/**
 * Removes the cache: 0, or 1 if objects are in use; then it goes back to the head of the chain. The caller sees to it
 * that nobody allocates from the cache meanwhile.
 */
export function* kmem_cache_destroy(k: Slab24, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache_t } = k;
  if (cachep === NULL || in_interrupt(k, cpu) || cpu.load32(cachep + kmem_cache_t.growing) !== 0) slabBUG(k, 'destroy');
  yield* down(k, cpu, k.cache_chain_sem);
  // the chain is never empty, cache_cache is never destroyed
  const hand = cpu.loadPtr(k.clock_searchp);
  const next = cpu.loadPtr(cachep + kmem_cache_t.next + list_head.next);
  if (hand === cachep) cpu.storePtr(k.clock_searchp, next - kmem_cache_t.next);
  k.list_del(cpu, cachep + kmem_cache_t.next, next);
  yield* up(k, cpu, k.cache_chain_sem);

  if ((yield* __kmem_cache_shrink(k, cpu, cachep)).left) {
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
