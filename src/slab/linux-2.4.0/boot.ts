/** Power-on of 2.4.0. */
import type { Machine } from '../../hw/machine.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { power_on } from '../../mm/linux-2.4.0/power-on.ts';
import { loadSlab } from '../linux-2.4/boot.ts';
import type { SlabConfig } from '../linux-2.4/config.ts';
import { slabOps } from './lists.ts';
import { kmem_cache_reap } from './reap.ts';
import { Linux240 } from './slab.ts';

/** The kernel image in memory, zones empty: as before start_kernel() frees the first page. */
export function powerOn(machine: Machine, config: SlabConfig, layout: BootLayout): Linux240 {
  const k = new Linux240(machine, config, layout);
  k.kmem_cache_reap = (cpu, gfp_mask) => kmem_cache_reap(k, cpu, gfp_mask);
  loadSlab(k, slabOps);
  power_on(k, machine.cpus[0]);
  return k;
}
