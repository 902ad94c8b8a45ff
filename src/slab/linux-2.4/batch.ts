/** mm/slab.c, kmem_cache_alloc_batch(): refills a per-CPU array. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { cc_data, cc_entry, kmem_cache_alloc_one_tail } from './alloc.ts';
import { cpucache_t, type Slab24 } from './slab.ts';

/** Moves up to batchcount objects into the empty array `given` and takes the last; NULL if there were none. Interrupts off. */
export function* kmem_cache_alloc_batch(k: Slab24, cpu: Cpu, cachep: addr_t, given: addr_t): Program<addr_t> {
  const { kmem_cache_t } = k;
  const batchcount = cpu.load32(cachep + kmem_cache_t.batchcount);
  const cc = k.variant.refillFindsArray ? cc_data(k, cpu, cachep) : given;
  yield* spin_lock(k, cpu, cachep + kmem_cache_t.spinlock);
  for (let count = batchcount; count > 0; count--) {
    const slabp = k.slabOps.firstSlab(k, cpu, cachep);
    if (slabp === NULL) break;
    // A long critical section: those who wait for the lock take its line from us meanwhile.
    if (cpu.isAhead) yield;
    const avail = cpu.load32(cc + cpucache_t.avail);
    cpu.store32(cc + cpucache_t.avail, avail + 1);
    cpu.storePtr(cc_entry(cc, avail), kmem_cache_alloc_one_tail(k, cpu, cachep, slabp));
  }
  yield* spin_unlock(k, cpu, cachep + kmem_cache_t.spinlock);
  const avail = cpu.load32(cc + cpucache_t.avail);
  if (avail === 0) return NULL;
  cpu.store32(cc + cpucache_t.avail, avail - 1);
  return cpu.loadPtr(cc_entry(cc, avail - 1));
}
