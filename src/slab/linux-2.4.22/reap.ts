/** mm/slab.c, kmem_cache_reap(): memory for others, from whichever cache has most to spare. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { up } from '../../kernel/semaphore.ts';
import { bestToReap, downChain, releaseSlabs } from '../linux-2.4/reap.ts';
import { REAP_PERFECT } from '../linux-2.4/slab.ts';
import type { Linux2422 } from './slab.ts';

/** Releases half of the free slabs of the cache with most pages in such slabs. The pages released. */
export function* kmem_cache_reap(k: Linux2422, cpu: Cpu, gfp_mask: number): Program<number> {
  if (!(yield* downChain(k, cpu, gfp_mask))) return 0;
  const best = yield* bestToReap(k, cpu, (_, pages) => pages >= REAP_PERFECT);
  let ret = 0;
  if (best !== null) {
    // free only 50% of the free slabs
    const released = yield* releaseSlabs(k, cpu, best.cachep, (best.full_free + 1) >> 1);
    ret = released << cpu.load32(best.cachep + k.kmem_cache_t.gfporder);
  }
  yield* up(k, cpu, k.cache_chain_sem);
  return ret;
}
