/** Boot: start_kernel() as far as memory is concerned. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { initSmpCalls } from '../../kernel/linux-2.4/smp.ts';
import { mem_init } from '../../mm/linux-2.4/power-on.ts';
import { power_on } from '../../mm/linux-2.4.22/power-on.ts';
import { type Reap, try_to_free_pages_zone } from '../../mm/linux-2.4.22/vmscan.ts';
import type { SlabConfig } from './config.ts';
import { do_ccupdate_local } from './cpu-arrays.ts';
import { kmem_cache_init, kmem_cache_sizes_init, kmem_cpucache_init } from './init.ts';
import { kmem_cache_reap } from './reap.ts';
import { Linux2422 } from './slab.ts';

/** The kernel image in memory, zones empty: as before start_kernel() frees the first page. */
export function powerOn(machine: Machine, config: SlabConfig, layout: BootLayout): Linux2422 {
  const k = new Linux2422(machine, config, layout);
  const reap: Reap = (cpu, gfp_mask) => kmem_cache_reap(k, cpu, gfp_mask);
  k.try_to_free_pages_zone = (cpu, gfp_mask) => try_to_free_pages_zone(reap, cpu, gfp_mask);
  k.do_ccupdate_local = (cpu, info) => do_ccupdate_local(k, cpu, info!);
  initSmpCalls(k);
  k.loadStatics();
  power_on(k, machine.cpus[0]);
  return k;
}

/** Boots 2.4.22 on the first CPU of `machine`, the others idle. */
export function bootLinux2422(machine: Machine, config: SlabConfig, layout: BootLayout): Linux2422 {
  const k = powerOn(machine, config, layout);
  const cpu = machine.cpus[0];
  machine.run(cpu, start_kernel(k, cpu));
  return k;
}

/** From the first free page to per-CPU arrays. */
export function* start_kernel(k: Linux2422, cpu: Cpu): Program {
  kmem_cache_init(k, cpu);
  yield* mem_init(k, cpu);
  yield* kmem_cache_sizes_init(k, cpu);
  yield* kmem_cpucache_init(k, cpu);
}
