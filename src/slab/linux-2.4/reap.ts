/** mm/slab.c, what kmem_cache_reap() does in all of 2.4: it finds the cache with most to spare, and takes slabs from it. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { list_head } from '../../kernel/list.ts';
import { down, down_trylock } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { cc_data, cc_entry } from './alloc.ts';
import { SLAB_NO_REAP } from './flags.ts';
import { kmem_cache_free_one } from './free.ts';
import { cpucache_t, DFLGS_GROWN, REAP_SCANLEN, type Slab24 } from './slab.ts';
import { kmem_slab_destroy } from './slab-pages.ts';
import { addStat } from './stats.ts';

/** Takes cache_chain_sem; false if another has it, and the caller may not wait. */
export function* downChain(k: Slab24, cpu: Cpu, gfp_mask: number): Program<boolean> {
  if ((gfp_mask & k.gfp.__GFP_WAIT) === 0) return yield* down_trylock(k, cpu, k.cache_chain_sem);
  yield* down(k, cpu, k.cache_chain_sem);
  return true;
}

/** A cache, and how many free slabs it was seen to have. */
export interface Reapable {
  readonly cachep: addr_t;
  readonly full_free: number;
}

/**
 * Examines up to REAP_SCANLEN caches from the clock hand on: the one with most pages in free slabs, or at once one that is
 * `perfect`; null if none has any. Its spinlock is held then, interrupts off. Caller holds cache_chain_sem.
 */
export function* bestToReap(
  k: Slab24,
  cpu: Cpu,
  perfect: (full_free: number, pages: number) => boolean,
): Program<Reapable | null> {
  const { kmem_cache_t } = k;
  const nextOf = (cachep: addr_t) => cpu.loadPtr(cachep + kmem_cache_t.next + list_head.next) - kmem_cache_t.next;
  let best: Reapable | null = null;
  let best_pages = 0;
  let searchp = cpu.loadPtr(k.clock_searchp);
  let scan = REAP_SCANLEN;
  do {
    // It's safe to test this without holding the cache-lock.
    if ((cpu.load32(searchp + kmem_cache_t.flags) & SLAB_NO_REAP) === 0) {
      yield* spin_lock_irq(k, cpu, searchp + kmem_cache_t.spinlock);
      const full_free = countReapable(k, cpu, searchp);
      const pages = full_free === NOT_NOW ? 0 : reapWeight(k, cpu, searchp, full_free);
      if (pages > best_pages) {
        best = { cachep: searchp, full_free };
        best_pages = pages;
        if (perfect(full_free, pages)) {
          // The lock stays held.
          cpu.storePtr(k.clock_searchp, nextOf(searchp));
          return best;
        }
      }
      yield* spin_unlock_irq(k, cpu, searchp + kmem_cache_t.spinlock);
    }
    searchp = nextOf(searchp);
  } while (--scan > 0 && searchp !== cpu.loadPtr(k.clock_searchp));

  cpu.storePtr(k.clock_searchp, searchp);
  if (best !== null) yield* spin_lock_irq(k, cpu, best.cachep + kmem_cache_t.spinlock);
  return best;
}

const NOT_NOW = -1;

/**
 * Free slabs of a cache that may be reaped: NOT_NOW while it grows, or if it grew since the hand last passed. Empties this
 * CPU's array first. Caller holds cachep->spinlock, interrupts off.
 */
function countReapable(k: Slab24, cpu: Cpu, cachep: addr_t): number {
  const { kmem_cache_t } = k;
  if (cpu.load32(cachep + kmem_cache_t.growing) !== 0) return NOT_NOW;
  const dflags = cpu.load32(cachep + kmem_cache_t.dflags);
  if ((dflags & DFLGS_GROWN) !== 0) {
    cpu.store32(cachep + kmem_cache_t.dflags, dflags & ~DFLGS_GROWN);
    return NOT_NOW;
  }
  if (k.config.CONFIG_SMP) {
    const cc = cc_data(k, cpu, cachep);
    if (cc !== NULL) {
      const avail = cpu.load32(cc + cpucache_t.avail);
      for (let i = 0; i < avail; i++) {
        kmem_cache_free_one(k, cpu, cachep, cpu.loadPtr(cc_entry(cc, i)));
      }
      if (avail !== 0) cpu.store32(cc + cpucache_t.avail, 0);
    }
  }
  return k.slabOps.countFreeSlabs(k, cpu, cachep);
}

/** Pages in `full_free` slabs, less where slabs have constructors or several pages: these are dearer to get back. */
function reapWeight(k: Slab24, cpu: Cpu, cachep: addr_t, full_free: number): number {
  const { kmem_cache_t } = k;
  const gfporder = cpu.load32(cachep + kmem_cache_t.gfporder);
  let pages = full_free << gfporder;
  if (cpu.loadPtr(cachep + kmem_cache_t.ctor) !== NULL) pages = Math.floor((pages * 4 + 1) / 5);
  if (gfporder !== 0) pages = Math.floor((pages * 4 + 1) / 5);
  return pages;
}

/** Releases up to `count` free slabs; how many. Caller holds cachep->spinlock, interrupts off; both end here. */
export function* releaseSlabs(k: Slab24, cpu: Cpu, cachep: addr_t, count: number): Program<number> {
  const { kmem_cache_t } = k;
  let scan = 0;
  for (; scan < count; scan++) {
    if (cpu.load32(cachep + kmem_cache_t.growing) !== 0) break;
    const slabp = k.slabOps.unlinkFreeSlab(k, cpu, cachep, 'kmem_cache_reap');
    if (slabp === NULL) break;
    addStat(k, cpu, cachep, 'reaped', 1);
    // Safe to drop the lock. The slab is no longer linked to the cache.
    yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
    yield* kmem_slab_destroy(k, cpu, cachep, slabp);
    yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  }
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return scan;
}
