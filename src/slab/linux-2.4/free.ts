/** mm/slab.c, the way of one free: __kmem_cache_free(), free_block(), kmem_cache_free_one(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { enterFrame, leaveFrame } from '../../kernel/frame.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { ptr } from '../../kernel/struct.ts';
import { virt_to_page } from '../../mm/linux-2.4/page.ts';
import { cc_data, cc_entry } from './alloc.ts';
import { slabBUG } from './bugs.ts';
import { CHECK_PAGE, debugFreed } from './debug.ts';
import { cpucache_t, type Slab24, slab_bufctl, slab_t } from './slab.ts';
import { GET_PAGE_CACHE, GET_PAGE_SLAB } from './slab-pages.ts';
import { addStat, incAtomicStat } from './stats.ts';

export function* kmem_cache_free(k: Slab24, cpu: Cpu, cachep: addr_t, objp: addr_t): Program {
  if (k.config.CONFIG_DEBUG_SLAB) {
    CHECK_PAGE(k, cpu, objp, 'freePage');
    if (cachep !== GET_PAGE_CACHE(cpu, virt_to_page(k, cpu, objp))) {
      slabBUG(k, 'freeOtherCache');
    }
  }
  const flags = local_irq_save(cpu);
  const rest = __kmem_cache_free(k, cpu, cachep, objp);
  if (rest !== null) yield* rest;
  if (local_irq_restore(cpu, flags)) yield;
}

/**
 * Puts the object into this CPU's array, or back into its slab on UP. Where that takes the lock, what is to be done comes
 * back as a Program; a free that finds room needs none. `page` as for kmem_cache_free_one(). Interrupts off.
 */
export function __kmem_cache_free(
  k: Slab24,
  cpu: Cpu,
  cachep: addr_t,
  objp: addr_t,
  page: addr_t = NULL,
): Program | null {
  if (!k.config.CONFIG_SMP) {
    kmem_cache_free_one(k, cpu, cachep, objp, page);
    return null;
  }
  const cc = cc_data(k, cpu, cachep);
  if (k.config.CONFIG_DEBUG_SLAB) CHECK_PAGE(k, cpu, objp, 'toArrayPage');
  if (cc === NULL) return freeLocked(k, cpu, cachep, objp);
  const avail = cpu.load32(cc + cpucache_t.avail);
  if (avail >= cpu.load32(cc + cpucache_t.limit)) {
    incAtomicStat(k, cpu, cachep, 'freemiss');
    return flushArray(k, cpu, cachep, cc, avail, objp);
  }
  incAtomicStat(k, cpu, cachep, 'freehit');
  cpu.store32(cc + cpucache_t.avail, avail + 1);
  cpu.storePtr(cc_entry(cc, avail), objp);
  return null;
}

/** Without a per-CPU array: free_block(cachep, &objp, 1), the argument on the stack. */
function* freeLocked(k: Slab24, cpu: Cpu, cachep: addr_t, objp: addr_t): Program {
  const argument = enterFrame(cpu, ptr);
  cpu.storePtr(argument, objp);
  yield* free_block(k, cpu, cachep, argument, 1);
  leaveFrame(cpu, ptr);
}

/** The array is full: its batchcount newest objects go back to their slabs, then there is room. */
function* flushArray(k: Slab24, cpu: Cpu, cachep: addr_t, cc: addr_t, full: number, objp: addr_t): Program {
  const batchcount = cpu.load32(cachep + k.kmem_cache_t.batchcount);
  cpu.store32(cc + cpucache_t.avail, full - batchcount);
  yield* free_block(k, cpu, cachep, cc_entry(cc, full - batchcount), batchcount);
  const avail = cpu.load32(cc + cpucache_t.avail);
  cpu.store32(cc + cpucache_t.avail, avail + 1);
  cpu.storePtr(cc_entry(cc, avail), objp);
}

/** Returns `len` objects, named by the words from `objpp` on, to their slabs. Interrupts off. */
export function* free_block(k: Slab24, cpu: Cpu, cachep: addr_t, objpp: addr_t, len: number): Program {
  yield* spin_lock(k, cpu, cachep + k.kmem_cache_t.spinlock);
  for (let i = 0; i < len; i++) {
    // A long critical section: those who wait for the lock take its line from us meanwhile.
    if (cpu.isAhead) yield;
    kmem_cache_free_one(k, cpu, cachep, cpu.loadPtr(objpp + i * ptr.sizeof));
  }
  yield* spin_unlock(k, cpu, cachep + k.kmem_cache_t.spinlock);
}

/**
 * Returns an object to its slab, which may change lists. `page`: the object's struct page, if the caller has it in a register.
 * Caller holds cachep->spinlock, interrupts off.
 */
export function kmem_cache_free_one(k: Slab24, cpu: Cpu, cachep: addr_t, objp: addr_t, page: addr_t = NULL): void {
  const { kmem_cache_t } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  if (debug) CHECK_PAGE(k, cpu, objp, 'freeOnePage');
  const slabp = GET_PAGE_SLAB(cpu, page === NULL ? virt_to_page(k, cpu, objp) : page);
  const slot = debug ? debugFreed(k, cpu, cachep, slabp, objp) : objp;
  const s_mem = cpu.loadPtr(slabp + slab_t.s_mem);
  const objnr = Math.floor((slot - s_mem) / cpu.load32(cachep + kmem_cache_t.objsize));
  cpu.store32(slab_bufctl(slabp, objnr), cpu.load32(slabp + slab_t.free));
  cpu.store32(slabp + slab_t.free, objnr);

  addStat(k, cpu, cachep, 'num_active', -1);

  k.slabOps.fixupSlabChains(k, cpu, cachep, slabp);
}
