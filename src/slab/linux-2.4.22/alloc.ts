/** mm/slab.c, the way of one allocation: __kmem_cache_alloc() and what it takes objects from. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { smp_processor_id } from '../../kernel/linux-2.4/task.ts';
import { list_add, list_del, list_head } from '../../kernel/list.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { ptr } from '../../kernel/struct.ts';
import { GFP_DMA } from '../../mm/linux-2.4.22/gfp.ts';
import { kmem_cache_alloc_batch } from './batch.ts';
import { debugAllocated } from './debug.ts';
import { kmem_cache_grow } from './grow.ts';
import { BUFCTL_END, cpucache_t, FILE, type Linux2422, SLAB_DMA, slab_bufctl, slab_t } from './slab.ts';
import { addStat, incAtomicStat, STATS_SET_HIGH } from './stats.ts';

/** cachep->cpudata[smp_processor_id()]: this CPU's array of the cache, or NULL. Interrupts off. */
export function cc_data(k: Linux2422, cpu: Cpu, cachep: addr_t): addr_t {
  return cpu.loadPtr(cachep + k.kmem_cache_t.cpudata + smp_processor_id(k, cpu) * ptr.sizeof);
}

/** The address of entry `index` of a per-CPU array. */
export function cc_entry(cc: addr_t, index: number): addr_t {
  return cc + cpucache_t.sizeof + index * ptr.sizeof;
}

function kmem_cache_alloc_head(k: Linux2422, cpu: Cpu, cachep: addr_t, flags: number): void {
  const dmaCache = (cpu.load32(cachep + k.kmem_cache_t.gfpflags) & GFP_DMA) !== 0;
  if ((flags & SLAB_DMA) !== 0) {
    if (!dmaCache) BUG(`${FILE}:1235`, 'kmem_cache_alloc_head', 'if (!(cachep->gfpflags & GFP_DMA))');
  } else if (dmaCache) BUG(`${FILE}:1238`, 'kmem_cache_alloc_head', 'if (cachep->gfpflags & GFP_DMA)');
}

/** An object of the cache, or NULL. May sleep if `flags` has __GFP_WAIT. */
export function* kmem_cache_alloc(k: Linux2422, cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
  kmem_cache_alloc_head(k, cpu, cachep, flags);
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
function takeObject(k: Linux2422, cpu: Cpu, cachep: addr_t): addr_t | Program<addr_t> {
  if (!k.config.CONFIG_SMP) {
    const slabp = firstSlab(k, cpu, cachep);
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
function* allocLocked(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<addr_t> {
  yield* spin_lock(k, cpu, cachep + k.kmem_cache_t.spinlock);
  const slabp = firstSlab(k, cpu, cachep);
  const objp = slabp === NULL ? NULL : kmem_cache_alloc_one_tail(k, cpu, cachep, slabp);
  yield* spin_unlock(k, cpu, cachep + k.kmem_cache_t.spinlock);
  return objp;
}

/**
 * kmem_cache_alloc_one(), up to the object: a partial slab, else a free one that becomes partial, else NULL.
 * Caller holds cachep->spinlock, interrupts off.
 */
export function firstSlab(k: Linux2422, cpu: Cpu, cachep: addr_t): addr_t {
  const slabs_partial = cachep + k.kmem_cache_t.slabs_partial;
  let entry = cpu.loadPtr(slabs_partial + list_head.next);
  if (entry === slabs_partial) {
    const slabs_free = cachep + k.kmem_cache_t.slabs_free;
    entry = cpu.loadPtr(slabs_free + list_head.next);
    if (entry === slabs_free) return NULL;
    list_del(cpu, entry);
    list_add(cpu, entry, slabs_partial);
  }
  return entry - slab_t.list;
}

/** The first free object of the slab. Caller holds cachep->spinlock, interrupts off. */
export function kmem_cache_alloc_one_tail(k: Linux2422, cpu: Cpu, cachep: addr_t, slabp: addr_t): addr_t {
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
  if (next === BUFCTL_END) {
    list_del(cpu, slabp + slab_t.list);
    list_add(cpu, slabp + slab_t.list, cachep + kmem_cache_t.slabs_full);
  }
  return k.config.CONFIG_DEBUG_SLAB ? debugAllocated(k, cpu, cachep, objp) : objp;
}
