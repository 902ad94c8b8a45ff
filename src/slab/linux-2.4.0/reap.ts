/** mm/slab.c, kmem_cache_reap(): memory for others, from whichever cache has most to spare. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { up } from '../../kernel/semaphore.ts';
import { bestToReap, downChain, releaseSlabs } from '../linux-2.4/reap.ts';
import { REAP_PERFECT } from '../linux-2.4/slab.ts';
import type { Linux240 } from './slab.ts';

/**
 * Releases four in five of the free slabs of the cache with most pages in such slabs: 2.4.22 takes half. What is perfect are
 * slabs here, and there pages, as weighed. The kernel's own returns nothing; the pages are for those who look on.
 */
export function* kmem_cache_reap(k: Linux240, cpu: Cpu, gfp_mask: number): Program<number> {
  if (!(yield* downChain(k, cpu, gfp_mask))) return 0;
  const best = yield* bestToReap(k, cpu, (full_free) => full_free >= REAP_PERFECT);
  let pages = 0;
  if (best !== null) {
    // free only 80% of the free slabs
    const released = yield* releaseSlabs(k, cpu, best.cachep, Math.floor((best.full_free * 4 + 1) / 5));
    pages = released << k.machine.memory.peek32(best.cachep + k.kmem_cache_t.gfporder);
  }
  yield* up(k, cpu, k.cache_chain_sem);
  return pages;
}
