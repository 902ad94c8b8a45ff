/** Cross-CPU calls: arch/i386/kernel/smp.c of 2.6, smp_call_function() with its data on the caller's stack, and real IPIs. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { enterFrame, leaveFrame } from '../frame.ts';
import { local_irq_disable, local_irq_enable } from '../irq.ts';
import type { KernelFunction } from '../kernel.ts';
import { spin_lock, spin_unlock } from '../spinlock.ts';
import type { Linux26 } from './kernel.ts';
import { call_data_struct } from './layouts.ts';
import { irq_enter, irq_exit } from './softirq.ts';

export const CALL_FUNCTION_VECTOR = 0xfb;

/** Installs the handler of CALL_FUNCTION_VECTOR. */
export function initSmpCalls(k: Linux26): void {
  k.machine.idt[CALL_FUNCTION_VECTOR] = (cpu) => smp_call_function_interrupt(k, cpu);
}

/**
 * Has every other online CPU run `func(info)` in its interrupt handler, and waits until all have. Not with interrupts off:
 * two CPUs that call each other would wait for each other. Holding call_lock stops CPUs from going down.
 */
export function* smp_call_function(k: Linux26, cpu: Cpu, func: KernelFunction, info: addr_t): Program {
  if (!k.config.CONFIG_SMP) return;
  const data = enterFrame(cpu, call_data_struct);
  yield* spin_lock(k, cpu, k.call_lock);
  // To those that are online: one that is coming up is not counted, and may not answer.
  const mask = cpu.loadLong(k.cpu_online_map);
  const others = k.machine.cpus.filter(({ id }) => id !== cpu.id && ((mask >>> id) & 1) !== 0);
  const cpus = others.length;
  if (cpus > 0) {
    cpu.storePtr(data + call_data_struct.func, k.addressOf(func));
    cpu.storePtr(data + call_data_struct.info, info);
    cpu.store32(data + call_data_struct.started, 0);
    cpu.store32(data + call_data_struct.wait, 1);
    cpu.store32(data + call_data_struct.finished, 0);
    cpu.storePtr(k.call_data, data);
    cpu.mfence();
    k.machine.sendIpi(cpu, others, CALL_FUNCTION_VECTOR);
    yield* waitFor(cpu, data + call_data_struct.started, cpus);
    yield* waitFor(cpu, data + call_data_struct.finished, cpus);
  }
  yield* spin_unlock(k, cpu, k.call_lock);
  leaveFrame(cpu, call_data_struct);
}

/** Every online CPU runs `func(info)`, this one last and with interrupts off. */
export function* on_each_cpu(k: Linux26, cpu: Cpu, func: KernelFunction, info: addr_t): Program {
  yield* smp_call_function(k, cpu, func, info);
  local_irq_disable(cpu);
  yield* func(cpu, info);
  if (local_irq_enable(cpu)) yield;
}

/** while (atomic_read(count) != cpus) cpu_relax(); */
function* waitFor(cpu: Cpu, count: addr_t, cpus: number): Program {
  while (cpu.load32(count) !== cpus) {
    cpu.pause(count);
    yield;
  }
}

function* smp_call_function_interrupt(k: Linux26, cpu: Cpu): Program {
  const data = cpu.loadPtr(k.call_data);
  const func = k.functionAt(cpu.loadPtr(data + call_data_struct.func));
  const info = cpu.loadPtr(data + call_data_struct.info);
  const wait = cpu.load32(data + call_data_struct.wait);
  if (cpu.isAhead) yield;
  cpu.lockAdd32(data + call_data_struct.started, 1);
  irq_enter(cpu);
  yield* func(cpu, info);
  yield* irq_exit(k, cpu);
  if (wait !== 0) {
    if (cpu.isAhead) yield;
    cpu.lockAdd32(data + call_data_struct.finished, 1);
  }
}
