/** Interrupt flags and interrupt context: include/asm-i386/system.h, hardirq.h. */
import type { Cpu, InterruptHandler, Program } from '../hw/cpu.ts';
import type { Kernel } from './kernel.ts';
import { smp_processor_id } from './task.ts';

const EFLAGS_IF = 0x200;

/** The flags as they were, for local_irq_restore. */
export function local_irq_save(cpu: Cpu): number {
  const flags = cpu.interruptsOn ? EFLAGS_IF : 0;
  cpu.cli();
  return flags;
}

/** True if an interrupt is due now: `if (local_irq_restore(cpu, flags)) yield;` runs it here, as hardware would. */
export function local_irq_restore(cpu: Cpu, flags: number): boolean {
  if ((flags & EFLAGS_IF) !== 0) return cpu.sti();
  cpu.cli();
  return false;
}

export function local_irq_disable(cpu: Cpu): void {
  cpu.cli();
}

/** As local_irq_restore: true if an interrupt is due. */
export function local_irq_enable(cpu: Cpu): boolean {
  return cpu.sti();
}

/** Whether this CPU serves a hardware or software interrupt: two counts in irq_stat. */
export function in_interrupt(k: Kernel, cpu: Cpu): boolean {
  const stat = k.irq_stat + smp_processor_id(k, cpu) * k.irq_cpustat_t.sizeof;
  const irq = cpu.load32(stat + k.irq_cpustat_t.__local_irq_count);
  const bh = cpu.load32(stat + k.irq_cpustat_t.__local_bh_count);
  return irq + bh !== 0;
}

function addIrqCount(k: Kernel, cpu: Cpu, addend: number): void {
  const count = k.irq_stat + smp_processor_id(k, cpu) * k.irq_cpustat_t.sizeof + k.irq_cpustat_t.__local_irq_count;
  cpu.store32(count, cpu.load32(count) + addend);
}

/** Installs `handler` for a hardware interrupt: in_interrupt() is true while it runs (irq_enter, irq_exit). */
export function request_irq(k: Kernel, vector: number, handler: (cpu: Cpu) => Program): void {
  const entry: InterruptHandler = function* (cpu) {
    addIrqCount(k, cpu, 1);
    yield* handler(cpu);
    addIrqCount(k, cpu, -1);
  };
  k.machine.idt[vector] = entry;
}
