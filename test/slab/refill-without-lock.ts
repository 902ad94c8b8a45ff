/** A deliberate fault. */
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../src/hw/memory.ts';
import { cc_entry, kmem_cache_alloc_one_tail } from '../../src/slab/linux-2.4/alloc.ts';
import type { Slab24 } from '../../src/slab/linux-2.4/slab.ts';
import { cpucache_t } from '../../src/slab/linux-2.4/slab.ts';

/** kmem_cache_alloc_batch() without its lock. */
export function* refillWithoutLock(k: Slab24, cpu: Cpu, cachep: addr_t, cc: addr_t): Program<addr_t> {
  for (let count = cpu.load32(cachep + k.kmem_cache_t.batchcount); count > 0; count--) {
    const slabp = k.slabOps.firstSlab(k, cpu, cachep);
    if (slabp === NULL) break;
    if (cpu.isAhead) yield;
    const avail = cpu.load32(cc + cpucache_t.avail);
    cpu.store32(cc + cpucache_t.avail, avail + 1);
    cpu.storePtr(cc_entry(cc, avail), kmem_cache_alloc_one_tail(k, cpu, cachep, slabp));
  }
  const avail = cpu.load32(cc + cpucache_t.avail);
  if (avail === 0) return NULL;
  cpu.store32(cc + cpucache_t.avail, avail - 1);
  return cpu.loadPtr(cc_entry(cc, avail - 1));
}
