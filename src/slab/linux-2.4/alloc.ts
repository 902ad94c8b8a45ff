/** mm/slab.c, the way of one allocation: __kmem_cache_alloc() and what it takes objects from. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { smp_processor_id } from '../../kernel/linux-2.4/task.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { ptr } from '../../kernel/struct.ts';
import { kmem_cache_alloc_batch } from './batch.ts';
import { slabBUG } from './bugs.ts';
import { debugAllocated } from './debug.ts';
import { kmem_cache_grow } from './grow.ts';
import { BUFCTL_END, cpucache_t, type Slab24, slab_bufctl, slab_t } from './slab.ts';
import { addStat, incAtomicStat, STATS_SET_HIGH } from './stats.ts';

/** cachep->cpudata[smp_processor_id()]: this CPU's array of the cache, or NULL. Interrupts off. */
export function cc_data(k: Slab24, cpu: Cpu, cachep: addr_t): addr_t {
  return cpu.loadPtr(cachep + k.kmem_cache_t.cpudata + smp_processor_id(k, cpu) * ptr.sizeof);
}

/** The address of entry `index` of a per-CPU array. */
export function cc_entry(cc: addr_t, index: number): addr_t {
  return cc + cpucache_t.sizeof + index * ptr.sizeof;
}

function kmem_cache_alloc_head(k: Slab24, cpu: Cpu, cachep: addr_t, flags: number): void {
  const { GFP_DMA } = k.gfp;
  const dmaCache = (cpu.load32(cachep + k.kmem_cache_t.gfpflags) & GFP_DMA) !== 0;
  if ((flags & GFP_DMA) !== 0) {
    if (!dmaCache) slabBUG(k, 'dmaFromOther');
  } else if (dmaCache) slabBUG(k, 'otherFromDma');
}

/** An object of the cache, or NULL. May sleep if `flags` has __GFP_WAIT. */
export function* kmem_cache_alloc(k: Slab24, cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
  if (k.checksDma) kmem_cache_alloc_head(k, cpu, cachep, flags);
  for (;;) {
    // try_again:
    const save_flags = local_irq_save(cpu);
    const found = takeObject(k, cpu, cachep);
    const objp = typeof found === 'number' ? found : yield* found;
    if (local_irq_restore(cpu, save_flags)) yield;
    if (objp !== NULL) return objp;
    // alloc_new_slab:
    if (!(yield* kmem_cache_grow(k, cpu, cachep, flags))) return NULL;
    // Someone may have stolen our objs. Doesn't matter, we'll just come back here again.
  }
}

/**
 * An object that is there already, or NULL: from this CPU's array, or from a slab on UP. Where that takes the lock, what is to be
 * done comes back as a Program; an allocation that the array serves needs none. Interrupts off.
 */
function takeObject(k: Slab24, cpu: Cpu, cachep: addr_t): addr_t | Program<addr_t> {
  if (!k.config.CONFIG_SMP) {
    const slabp = k.slabOps.firstSlab(k, cpu, cachep);
    return slabp === NULL ? NULL : kmem_cache_alloc_one_tail(k, cpu, cachep, slabp);
  }
  const cc = cc_data(k, cpu, cachep);
  if (cc === NULL) return allocLocked(k, cpu, cachep);
  const avail = cpu.load32(cc + cpucache_t.avail);
  if (avail === 0) {
    incAtomicStat(k, cpu, cachep, 'allocmiss');
    return kmem_cache_alloc_batch(k, cpu, cachep, cc);
  }
  incAtomicStat(k, cpu, cachep, 'allochit');
  cpu.store32(cc + cpucache_t.avail, avail - 1);
  return cpu.loadPtr(cc_entry(cc, avail - 1));
}

/** Without a per-CPU array: one object under the lock. Interrupts off. */
function* allocLocked(k: Slab24, cpu: Cpu, cachep: addr_t): Program<addr_t> {
  yield* spin_lock(k, cpu, cachep + k.kmem_cache_t.spinlock);
  const slabp = k.slabOps.firstSlab(k, cpu, cachep);
  const objp = slabp === NULL ? NULL : kmem_cache_alloc_one_tail(k, cpu, cachep, slabp);
  yield* spin_unlock(k, cpu, cachep + k.kmem_cache_t.spinlock);
  return objp;
}

/** The first free object of the slab. Caller holds cachep->spinlock, interrupts off. */
export function kmem_cache_alloc_one_tail(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t): addr_t {
  const { kmem_cache_t } = k;
  addStat(k, cpu, cachep, 'num_allocations', 1);
  addStat(k, cpu, cachep, 'num_active', 1);
  STATS_SET_HIGH(k, cpu, cachep);
  cpu.store32(slabp + slab_t.inuse, cpu.load32(slabp + slab_t.inuse) + 1);
  const s_mem = cpu.loadPtr(slabp + slab_t.s_mem);
  const free = cpu.load32(slabp + slab_t.free);
  const objp = s_mem + free * cpu.load32(cachep + kmem_cache_t.objsize);
  const next = cpu.load32(slab_bufctl(slabp, free));
  cpu.store32(slabp + slab_t.free, next);
  if (next === BUFCTL_END) k.slabOps.slabIsFull(k, cpu, cachep, slabp);
  return k.config.CONFIG_DEBUG_SLAB ? debugAllocated(k, cpu, cachep, objp) : objp;
}
