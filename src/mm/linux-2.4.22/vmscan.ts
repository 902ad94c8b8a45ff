/** mm/vmscan.c of 2.4.22, as it goes with empty page lists: memory comes back from the slab allocator alone. */
import type { Cpu, Program } from '../../hw/cpu.ts';

const DEF_PRIORITY = 6;
const SWAP_CLUSTER_MAX = 32;

/** kmem_cache_reap() of the slab allocator, which stands above: pages freed. */
export type Reap = (cpu: Cpu, gfp_mask: number) => Program<number>;

/** Up to six rounds of slab reclaim, until one frees SWAP_CLUSTER_MAX pages. True if any round did. */
export function* try_to_free_pages_zone(reap: Reap, cpu: Cpu, gfp_mask: number): Program<boolean> {
  for (let priority = DEF_PRIORITY; priority > 0; priority--) {
    if ((yield* reap(cpu, gfp_mask)) >= SWAP_CLUSTER_MAX) return true;
  }
  return false;
}
