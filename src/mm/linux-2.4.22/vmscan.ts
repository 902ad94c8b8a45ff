/** mm/vmscan.c of 2.4.22, as it goes with empty page lists: memory comes back from the slab allocator alone. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { get_current } from '../../kernel/linux-2.4/task.ts';
import { PF_NOIO, task_struct } from '../../kernel/linux-2.4.22/task.ts';
import { __GFP_FS, __GFP_HIGHIO, __GFP_IO } from './gfp.ts';

const DEF_PRIORITY = 6;
const SWAP_CLUSTER_MAX = 32;

/** kmem_cache_reap() of the slab allocator, which stands above: pages freed. */
export type Reap = (cpu: Cpu, gfp_mask: number) => Program<number>;

/** Up to six rounds of slab reclaim, until one frees SWAP_CLUSTER_MAX pages. True if any round did. */
export function* try_to_free_pages_zone(reap: Reap, cpu: Cpu, gfp_mask: number): Program<boolean> {
  const mask = pf_gfp_mask(cpu, gfp_mask);
  for (let priority = DEF_PRIORITY; priority > 0; priority--) {
    if ((yield* reap(cpu, mask)) >= SWAP_CLUSTER_MAX) return true;
  }
  return false;
}

/** include/linux/mm.h: avoids all memory balancing I/O methods if this task cannot block on I/O. */
function pf_gfp_mask(cpu: Cpu, gfp_mask: number): number {
  const blocksOnIo = (cpu.loadLong(get_current(cpu) + task_struct.flags) & PF_NOIO) === 0;
  return blocksOnIo ? gfp_mask : gfp_mask & ~(__GFP_IO | __GFP_HIGHIO | __GFP_FS);
}
