/** What start_kernel() of 2.6 sets up beside memory: cross-CPU calls, timers, RCU, the lock of CPU hotplug. */

import type { Linux26 } from './kernel.ts';
import { loadMutex } from './mutex.ts';
import { rcu_init, wakeme_after_rcu } from './rcu.ts';
import { initSmpCalls } from './smp.ts';
import { init_timers } from './timer.ts';
import { delayed_work_timer_fn } from './workqueue.ts';

/** Before the first page is free: all CPUs but the boot CPU are stopped, and no timer ticks yet. */
export function init_kernel(k: Linux26): void {
  k.wakeme_after_rcu = (cpu, head) => wakeme_after_rcu(k, cpu, head);
  k.delayed_work_timer_fn = (cpu, work) => delayed_work_timer_fn(k, cpu, work);
  loadMutex(k, k.cpucontrol);
  for (const cpu of k.machine.cpus.slice(1)) cpu.apic.stop();
  initSmpCalls(k);
  rcu_init(k);
  init_timers(k);
}
