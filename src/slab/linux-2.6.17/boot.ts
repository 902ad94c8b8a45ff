/** Boot of 2.6.17: start_kernel() as far as memory is concerned. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { init_kernel } from '../../kernel/linux-2.6/boot.ts';
import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import { cpu_up, loadNotifier } from '../../kernel/linux-2.6/cpu.ts';
import type { BootLayout26 } from '../../kernel/linux-2.6/kernel.ts';
import { startTicks } from '../../kernel/linux-2.6/timer.ts';
import { init_workqueues } from '../../kernel/linux-2.6/workqueue.ts';
import { setup_per_cpu_pageset } from '../../mm/linux-2.6.17/pagesets.ts';
import { mem_init, power_on } from '../../mm/linux-2.6.17/power-on.ts';
import { init_per_zone_pages_min } from '../../mm/linux-2.6.17/watermarks.ts';
import { cpuup_callback } from './hotplug.ts';
import { cpucache_init, kmem_cache_init } from './init.ts';
import { kfree, kmalloc_node } from './kmalloc.ts';
import { cache_reap } from './reap.ts';
import { do_drain } from './shrink.ts';
import { Linux2617 } from './slab.ts';
import { kmem_rcu_free } from './slab-pages.ts';
import { do_ccupdate_local } from './tune.ts';

/** The kernel image in memory, zones empty: as before start_kernel() frees the first page. */
export function powerOn(machine: Machine, config: Config26, layout: BootLayout26): Linux2617 {
  const k = new Linux2617(machine, config, layout);
  k.do_ccupdate_local = (cpu, info) => do_ccupdate_local(k, cpu, info);
  k.do_drain = (cpu, cachep) => do_drain(k, cpu, cachep);
  k.kmem_rcu_free = (cpu, head) => kmem_rcu_free(k, cpu, head);
  k.cache_reap = (cpu) => cache_reap(k, cpu);
  k.kmalloc_node = (cpu, size, gfp_mask, node) =>
    kmalloc_node(k, cpu, size, gfp_mask, node, k.constant('process_zones'));
  k.kfree = (cpu, objp) => kfree(k, cpu, objp, k.constant('free_zone_pagesets'));
  init_kernel(k);
  k.loadSlabStatics();
  loadNotifier(k, k.cpucache_notifier, (cpu, action, target) => cpuup_callback(k, cpu, action, target));
  power_on(k, machine.cpus[0]);
  return k;
}

/** Boots 2.6.17 on the first CPU of `machine`, which brings up the others. */
export function bootLinux2617(machine: Machine, config: Config26, layout: BootLayout26): Linux2617 {
  const k = powerOn(machine, config, layout);
  machine.run(machine.cpus[0], start_kernel(k, machine.cpus[0]));
  return k;
}

/** From the first free page to all CPUs running, and the timers of cache_reap(). */
export function* start_kernel(k: Linux2617, cpu: Cpu): Program {
  yield* mem_init(k, cpu);
  yield* kmem_cache_init(k, cpu);
  yield* setup_per_cpu_pageset(k, cpu);
  // smp_init()
  for (const { id } of k.machine.cpus.slice(1)) yield* cpu_up(k, cpu, id);
  init_workqueues(k, cpu);
  yield* init_per_zone_pages_min(k, cpu);
  yield* cpucache_init(k, cpu);
  startTicks(k);
}
