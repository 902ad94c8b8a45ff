/**
 * Work that interrupts leave for the time when they are over: kernel/softirq.c. Each CPU has bits that wait and runs their
 * actions at the end of its outermost interrupt, with interrupts on. There is no ksoftirqd: what is still raised after ten
 * rounds waits for the next interrupt.
 */
import type { Cpu, InterruptHandler, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save } from '../irq.ts';
import type { Linux26 } from './kernel.ts';
import { addPreemptCount, HARDIRQ_OFFSET, in_interrupt, SOFTIRQ_OFFSET, smp_processor_id } from './thread-info.ts';

export const TIMER_SOFTIRQ = 1;
/** Of tasklets there is one, that of RCU. */
export const TASKLET_SOFTIRQ = 5;

const MAX_SOFTIRQ_RESTART = 10;

function pendingOf(k: Linux26, cpu: Cpu): addr_t {
  return k.irq_stat + smp_processor_id(k, cpu) * k.irq_cpustat_t.sizeof + k.irq_cpustat_t.__softirq_pending;
}

/** Interrupts are off, or this is an interrupt. */
export function raise_softirq_irqoff(k: Linux26, cpu: Cpu, nr: number): void {
  const pending = pendingOf(k, cpu);
  cpu.store32(pending, cpu.load32(pending) | (1 << nr));
}

/** As local_irq_restore: true if an interrupt is due. */
export function raise_softirq(k: Linux26, cpu: Cpu, nr: number): boolean {
  const flags = local_irq_save(cpu);
  raise_softirq_irqoff(k, cpu, nr);
  return local_irq_restore(cpu, flags);
}

/** Interrupts are off, before and after. */
export function* __do_softirq(k: Linux26, cpu: Cpu): Program {
  addPreemptCount(cpu, SOFTIRQ_OFFSET);
  for (let round = 0; round < MAX_SOFTIRQ_RESTART; round++) {
    const pending = cpu.load32(pendingOf(k, cpu));
    if (pending === 0) break;
    cpu.store32(pendingOf(k, cpu), 0);
    if (local_irq_enable(cpu)) yield;
    for (const [nr, action] of k.softirqs.entries()) {
      if (action !== undefined && (pending & (1 << nr)) !== 0) yield* action(cpu);
    }
    local_irq_disable(cpu);
  }
  addPreemptCount(cpu, -SOFTIRQ_OFFSET);
}

export function irq_enter(cpu: Cpu): void {
  addPreemptCount(cpu, HARDIRQ_OFFSET);
}

export function* irq_exit(k: Linux26, cpu: Cpu): Program {
  addPreemptCount(cpu, -HARDIRQ_OFFSET);
  if (!in_interrupt(cpu) && cpu.load32(pendingOf(k, cpu)) !== 0) yield* __do_softirq(k, cpu);
}

/** Installs `handler` for a hardware interrupt: in_interrupt() is true while it runs, and softirqs follow it. */
export function request_irq(k: Linux26, vector: number, handler: (cpu: Cpu) => Program): void {
  const entry: InterruptHandler = function* (cpu) {
    irq_enter(cpu);
    yield* handler(cpu);
    yield* irq_exit(k, cpu);
  };
  k.machine.idt[vector] = entry;
}
