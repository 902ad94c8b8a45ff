/** CPUs come and go: kernel/cpu.c. Whoever keeps something for each CPU registers a notifier, and is asked before and told after. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import type { KernelFunction } from '../kernel.ts';
import { spin_lock, spin_lock_irq, spin_unlock, spin_unlock_irq } from '../spinlock.ts';
import type { Linux26 } from './kernel.ts';
import { notifier_block } from './layouts.ts';
import { mutex_lock, mutex_unlock } from './mutex.ts';
import { rcu_init_percpu_data, rcu_offline_cpu } from './rcu.ts';
import { init_timers_cpu, migrate_timers } from './timer.ts';
import { cpu_online, cpu_to_node, nodeCpuMask, num_online_cpus } from './topology.ts';
import { keventd_up, take_over_work } from './workqueue.ts';

export const CPU_ONLINE = 0x0002;
export const CPU_UP_PREPARE = 0x0003;
export const CPU_UP_CANCELED = 0x0004;
export const CPU_DOWN_PREPARE = 0x0005;
export const CPU_DOWN_FAILED = 0x0006;
export const CPU_DEAD = 0x0007;

export const NOTIFY_OK = 0x0001;
const NOTIFY_STOP_MASK = 0x8000;
export const NOTIFY_BAD = NOTIFY_STOP_MASK | 0x0002;

/** Called with an action and a CPU; what it makes of it. */
export type Notifier = (cpu: Cpu, action: number, index: number) => Program<number>;

/** Puts a notifier_block behind those of its priority and above. `notifier_call` is what its initialiser holds. */
export function register_cpu_notifier(k: Linux26, cpu: Cpu, block: addr_t): void {
  const priority = cpu.load32(block + notifier_block.priority);
  let link = k.cpu_chain;
  for (let at = cpu.loadPtr(link); at !== NULL; at = cpu.loadPtr(link)) {
    if (priority > cpu.load32(at + notifier_block.priority)) break;
    link = at + notifier_block.next;
  }
  cpu.storePtr(block + notifier_block.next, cpu.loadPtr(link));
  cpu.storePtr(link, block);
}

/** What the image holds of a static notifier_block. */
export function loadNotifier(k: Linux26, block: addr_t, call: Notifier): void {
  k.machine.memory.poke32(block + notifier_block.notifier_call, k.addressOf(call as KernelFunction));
}

/** blocking_notifier_call_chain(&cpu_chain, action, index). */
export function* notifyCpuChain(k: Linux26, cpu: Cpu, action: number, index: number): Program<number> {
  let result = 0;
  for (let at = cpu.loadPtr(k.cpu_chain); at !== NULL; at = cpu.loadPtr(at + notifier_block.next)) {
    const call = k.functionAt(cpu.loadPtr(at + notifier_block.notifier_call)) as Notifier;
    result = yield* call(cpu, action, index);
    if ((result & NOTIFY_STOP_MASK) !== 0) break;
  }
  return result;
}

/** Keeps CPUs from coming and going meanwhile. */
export function lock_cpu_hotplug(k: Linux26, cpu: Cpu): Program {
  return mutex_lock(k, cpu, k.cpucontrol);
}

export function unlock_cpu_hotplug(k: Linux26, cpu: Cpu): Program {
  return mutex_unlock(k, cpu, k.cpucontrol);
}

const EBUSY = 16;
const EINVAL = 22;

/** Starts CPU `index`; 0, or a negative errno. */
export function* cpu_up(k: Linux26, cpu: Cpu, index: number): Program<number> {
  yield* lock_cpu_hotplug(k, cpu);
  const error = yield* _cpu_up(k, cpu, index);
  yield* unlock_cpu_hotplug(k, cpu);
  return error;
}

function* _cpu_up(k: Linux26, cpu: Cpu, index: number): Program<number> {
  if (index >= k.machine.cpus.length || cpu_online(k, cpu, index)) return -EINVAL;
  // RCU and timers are notifiers too, registered before all others.
  rcu_init_percpu_data(k, cpu, index);
  init_timers_cpu(k, cpu, index);
  if ((yield* notifyCpuChain(k, cpu, CPU_UP_PREPARE, index)) === NOTIFY_BAD) {
    k.printk(`cpu_up: attempt to bring up CPU ${index} failed`);
    yield* notifyCpuChain(k, cpu, CPU_UP_CANCELED, index);
    return -EINVAL;
  }
  yield* __cpu_up(k, cpu, index);
  yield* notifyCpuChain(k, cpu, CPU_ONLINE, index);
  return 0;
}

/** INIT and startup interrupts; then the CPU itself says that it is there. */
function* __cpu_up(k: Linux26, cpu: Cpu, index: number): Program {
  const { cpus, scheduler } = k.machine;
  const started = cpus[index];
  started.apic.start();
  scheduler.spawn(started, start_secondary(k, started));
  scheduler.bringHorizonTo(cpu.clock);
  while (!cpu_online(k, cpu, index)) {
    cpu.pause(k.cpu_online_map);
    yield;
  }
}

function* start_secondary(k: Linux26, cpu: Cpu): Program {
  // We need to hold call_lock, so there is no inconsistency between the time smp_call_function() determines number of IPI
  // receipients, and the time when the determination is made for which cpus receive the IPI.
  yield* spin_lock_irq(k, cpu, k.call_lock);
  if (k.config.CONFIG_NUMA) cpu.lockBts(nodeCpuMask(k, cpu_to_node(k, cpu, cpu.id)), cpu.id);
  cpu.lockBts(k.cpu_online_map, cpu.id);
  yield* spin_unlock_irq(k, cpu, k.call_lock);
}

/**
 * Stops CPU `index`; 0, or a negative errno. The boot CPU, which keeps the time, cannot be stopped, nor one that has tasks:
 * here they cannot move to another.
 */
export function* cpu_down(k: Linux26, cpu: Cpu, index: number): Program<number> {
  yield* lock_cpu_hotplug(k, cpu);
  const error = yield* _cpu_down(k, cpu, index);
  yield* unlock_cpu_hotplug(k, cpu);
  return error;
}

function* _cpu_down(k: Linux26, cpu: Cpu, index: number): Program<number> {
  const { cpus, scheduler } = k.machine;
  if (num_online_cpus(k, cpu) === 1) return -EBUSY;
  if (index >= cpus.length || !cpu_online(k, cpu, index)) return -EINVAL;
  if (index === 0 || scheduler.contextsOn(cpus[index]) > 0) return -EBUSY;
  if ((yield* notifyCpuChain(k, cpu, CPU_DOWN_PREPARE, index)) === NOTIFY_BAD) {
    k.printk(`cpu_down: attempt to take down CPU ${index} failed`);
    return -EINVAL;
  }
  // __stop_machine_run(): take_cpu_down() runs on the CPU itself, while no other CPU does anything
  scheduler.spawn(cpus[index], take_cpu_down(k, cpus[index]));
  scheduler.bringHorizonTo(cpu.clock);
  while (cpu_online(k, cpu, index)) {
    cpu.pause(k.cpu_online_map);
    yield;
  }
  yield* rcu_offline_cpu(k, cpu, index);
  yield* migrate_timers(k, cpu, index);
  yield* notifyCpuChain(k, cpu, CPU_DEAD, index);
  if (keventd_up(k, cpu)) yield* take_over_work(k, cpu, index);
  return 0;
}

/**
 * The CPU leaves the masks and takes no interrupt any more. Nobody is amid a cross-CPU call then, who would wait for it: the
 * original stops the machine, here call_lock is held.
 */
function* take_cpu_down(k: Linux26, cpu: Cpu): Program {
  yield* spin_lock(k, cpu, k.call_lock);
  cpu.cli();
  cpu.apic.stop();
  if (cpu.isAhead) yield;
  if (k.config.CONFIG_NUMA) cpu.lockBtr(nodeCpuMask(k, cpu_to_node(k, cpu, cpu.id)), cpu.id);
  cpu.lockBtr(k.cpu_online_map, cpu.id);
  yield* spin_unlock(k, cpu, k.call_lock);
  cpu.sti();
}
