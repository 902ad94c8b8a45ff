/** mm/slab.c, kmem_cache_reap(): memory for others, from whichever cache has most to spare. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_del, list_head } from '../../kernel/list.ts';
import { down, down_trylock, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { __GFP_WAIT } from '../../mm/linux-2.4.22/gfp.ts';
import { cc_data, cc_entry } from './alloc.ts';
import { SLAB_NO_REAP } from './flags.ts';
import { kmem_cache_free_one } from './free.ts';
import { cpucache_t, DFLGS_GROWN, FILE, type Linux2422, REAP_PERFECT, REAP_SCANLEN, slab_t } from './slab.ts';
import { kmem_slab_destroy } from './slab-pages.ts';
import { addStat } from './stats.ts';

/**
 * Examines up to REAP_SCANLEN caches from the clock hand on, and releases half of the free slabs of the one with most
 * pages in such slabs. The pages released.
 */
export function* kmem_cache_reap(k: Linux2422, cpu: Cpu, gfp_mask: number): Program<number> {
  const { kmem_cache_t } = k;
  if ((gfp_mask & __GFP_WAIT) !== 0) yield* down(k, cpu, k.cache_chain_sem);
  else if (!(yield* down_trylock(k, cpu, k.cache_chain_sem))) return 0;

  const nextOf = (cachep: addr_t) => cpu.loadPtr(cachep + kmem_cache_t.next + list_head.next) - kmem_cache_t.next;
  let best: addr_t = NULL;
  let best_len = 0;
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
        best = searchp;
        best_len = full_free;
        best_pages = pages;
        if (pages >= REAP_PERFECT) {
          // Perfect: the lock stays held.
          cpu.storePtr(k.clock_searchp, nextOf(searchp));
          break;
        }
      }
      yield* spin_unlock_irq(k, cpu, searchp + kmem_cache_t.spinlock);
    }
    searchp = nextOf(searchp);
  } while (--scan > 0 && searchp !== cpu.loadPtr(k.clock_searchp));

  let ret = 0;
  if (best_pages < REAP_PERFECT) {
    cpu.storePtr(k.clock_searchp, searchp);
    if (best !== NULL) yield* spin_lock_irq(k, cpu, best + kmem_cache_t.spinlock);
  }
  if (best !== NULL) {
    // free only 50% of the free slabs
    const released = yield* releaseSlabs(k, cpu, best, (best_len + 1) >> 1);
    ret = released << cpu.load32(best + kmem_cache_t.gfporder);
  }
  yield* up(k, cpu, k.cache_chain_sem);
  return ret;
}

const NOT_NOW = -1;

/**
 * Free slabs of a cache that may be reaped: NOT_NOW while it grows, or if it grew since the hand last passed. Empties this
 * CPU's array first. Caller holds cachep->spinlock, interrupts off.
 */
function countReapable(k: Linux2422, cpu: Cpu, cachep: addr_t): number {
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
  let full_free = 0;
  const slabs_free = cachep + kmem_cache_t.slabs_free;
  for (let p = cpu.loadPtr(slabs_free); p !== slabs_free; p = cpu.loadPtr(p + list_head.next)) {
    if (k.config.CONFIG_DEBUG_SLAB) checkUnusedSlab(cpu, p - slab_t.list);
    full_free++;
  }
  return full_free;
}

function checkUnusedSlab(cpu: Cpu, slabp: addr_t): void {
  if (cpu.load32(slabp + slab_t.inuse) !== 0) BUG(FILE, 'kmem_cache_reap', 'if (slabp->inuse)');
}

/** Pages in `full_free` slabs, less where slabs have constructors or several pages: these are dearer to get back. */
function reapWeight(k: Linux2422, cpu: Cpu, cachep: addr_t, full_free: number): number {
  const { kmem_cache_t } = k;
  const gfporder = cpu.load32(cachep + kmem_cache_t.gfporder);
  let pages = full_free << gfporder;
  if (cpu.loadPtr(cachep + kmem_cache_t.ctor) !== NULL) pages = Math.floor((pages * 4 + 1) / 5);
  if (gfporder !== 0) pages = Math.floor((pages * 4 + 1) / 5);
  return pages;
}

/** Releases up to `count` free slabs, the last first. Caller holds cachep->spinlock, interrupts off; both end here. */
function* releaseSlabs(k: Linux2422, cpu: Cpu, cachep: addr_t, count: number): Program<number> {
  const { kmem_cache_t } = k;
  const slabs_free = cachep + kmem_cache_t.slabs_free;
  let scan = 0;
  for (; scan < count; scan++) {
    if (cpu.load32(cachep + kmem_cache_t.growing) !== 0) break;
    const p = cpu.loadPtr(slabs_free + list_head.prev);
    if (p === slabs_free) break;
    if (k.config.CONFIG_DEBUG_SLAB) checkUnusedSlab(cpu, p - slab_t.list);
    list_del(cpu, p);
    addStat(k, cpu, cachep, 'reaped', 1);
    // Safe to drop the lock. The slab is no longer linked to the cache.
    yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
    yield* kmem_slab_destroy(k, cpu, cachep, p - slab_t.list);
    yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  }
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return scan;
}
