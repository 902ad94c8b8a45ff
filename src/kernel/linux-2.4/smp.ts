/** Cross-CPU calls: arch/i386/kernel/smp.c, smp_call_function() with its data on the caller's stack, and real IPIs. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { enterFrame, leaveFrame } from '../frame.ts';
import type { KernelFunction } from '../kernel.ts';
import { spin_lock, spin_unlock } from '../spinlock.ts';
import { call_data_struct, type Linux24 } from './kernel.ts';

export const CALL_FUNCTION_VECTOR = 0xfb;

/** Installs the handler of CALL_FUNCTION_VECTOR. */
export function initSmpCalls(k: Linux24): void {
  k.machine.idt[CALL_FUNCTION_VECTOR] = (cpu) => smp_call_function_interrupt(k, cpu);
}

/**
 * Has every other CPU run `func(info)` in its interrupt handler, and waits until all have. Not with interrupts off: two
 * CPUs that call each other would wait for each other.
 */
export function* smp_call_function(k: Linux24, cpu: Cpu, func: KernelFunction, info: addr_t): Program {
  const cpus = cpu.load32(k.smp_num_cpus) - 1;
  if (cpus === 0) return;
  const data = enterFrame(cpu, call_data_struct);
  cpu.storePtr(data + call_data_struct.func, k.addressOf(func));
  cpu.storePtr(data + call_data_struct.info, info);
  cpu.store32(data + call_data_struct.started, 0);
  cpu.store32(data + call_data_struct.wait, 1);
  cpu.store32(data + call_data_struct.finished, 0);

  yield* spin_lock(k, cpu, k.call_lock);
  cpu.storePtr(k.call_data, data);
  k.machine.sendIpiToOthers(cpu, CALL_FUNCTION_VECTOR);
  yield* waitFor(cpu, data + call_data_struct.started, cpus);
  yield* waitFor(cpu, data + call_data_struct.finished, cpus);
  yield* spin_unlock(k, cpu, k.call_lock);
  leaveFrame(cpu, call_data_struct);
}

/** while (atomic_read(count) != cpus) barrier(); */
function* waitFor(cpu: Cpu, count: addr_t, cpus: number): Program {
  while (cpu.load32(count) !== cpus) {
    cpu.pause(count);
    yield;
  }
}

function* smp_call_function_interrupt(k: Linux24, cpu: Cpu): Program {
  const data = cpu.loadPtr(k.call_data);
  const func = k.functionAt(cpu.loadPtr(data + call_data_struct.func));
  const info = cpu.loadPtr(data + call_data_struct.info);
  const wait = cpu.load32(data + call_data_struct.wait);
  if (cpu.isAhead) yield;
  cpu.lockAdd32(data + call_data_struct.started, 1);
  yield* func(cpu, info);
  if (wait !== 0) {
    if (cpu.isAhead) yield;
    cpu.lockAdd32(data + call_data_struct.finished, 1);
  }
}
