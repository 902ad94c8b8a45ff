/** Power-on of 2.4.22. */
import type { Machine } from '../../hw/machine.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { power_on } from '../../mm/linux-2.4.22/power-on.ts';
import { type Reap, try_to_free_pages_zone } from '../../mm/linux-2.4.22/vmscan.ts';
import { loadSlab } from '../linux-2.4/boot.ts';
import type { SlabConfig } from '../linux-2.4/config.ts';
import { slabOps } from './lists.ts';
import { kmem_cache_reap } from './reap.ts';
import { Linux2422 } from './slab.ts';

/** The kernel image in memory, zones empty: as before start_kernel() frees the first page. */
export function powerOn(machine: Machine, config: SlabConfig, layout: BootLayout): Linux2422 {
  const k = new Linux2422(machine, config, layout);
  const reap: Reap = (cpu, gfp_mask) => kmem_cache_reap(k, cpu, gfp_mask);
  k.try_to_free_pages_zone = (cpu, gfp_mask) => try_to_free_pages_zone(reap, cpu, gfp_mask);
  loadSlab(k, slabOps);
  power_on(k, machine.cpus[0]);
  return k;
}
