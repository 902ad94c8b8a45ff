/** Boot: start_kernel() as far as memory is concerned. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { initSmpCalls } from '../../kernel/linux-2.4/smp.ts';
import { mem_init } from '../../mm/linux-2.4/power-on.ts';
import { do_ccupdate_local } from './cpu-arrays.ts';
import { kmem_cache_init, kmem_cache_sizes_init, kmem_cpucache_init } from './init.ts';
import type { Slab24, SlabOps } from './slab.ts';

/** The image of slab.c in memory, and what a cross-CPU call may name of it. */
export function loadSlab(k: Slab24, slabOps: SlabOps): void {
  k.slabOps = slabOps;
  k.do_ccupdate_local = (cpu, info) => do_ccupdate_local(k, cpu, info!);
  initSmpCalls(k);
  k.loadStatics();
}

/** Boots a kernel that is in memory on the first CPU of its machine, the others idle. */
export function booted<K extends Slab24>(k: K): K {
  const cpu = k.machine.cpus[0];
  k.machine.run(cpu, start_kernel(k, cpu));
  return k;
}

/** From the first free page to per-CPU arrays. */
export function* start_kernel(k: Slab24, cpu: Cpu): Program {
  kmem_cache_init(k, cpu);
  yield* mem_init(k, cpu);
  yield* kmem_cache_sizes_init(k, cpu);
  yield* kmem_cpucache_init(k, cpu);
}
