/** Interrupt context of 2.4: include/asm-i386/hardirq.h, counts in irq_stat. */
import type { Cpu, InterruptHandler, Program } from '../../hw/cpu.ts';
import type { Linux24 } from './kernel.ts';
import { smp_processor_id } from './task.ts';

/** Whether this CPU serves a hardware or software interrupt: two counts in irq_stat. */
export function in_interrupt(k: Linux24, cpu: Cpu): boolean {
  const stat = k.irq_stat + smp_processor_id(k, cpu) * k.irq_cpustat_t.sizeof;
  const irq = cpu.load32(stat + k.irq_cpustat_t.__local_irq_count);
  const bh = cpu.load32(stat + k.irq_cpustat_t.__local_bh_count);
  return irq + bh !== 0;
}

function addIrqCount(k: Linux24, cpu: Cpu, addend: number): void {
  const count = k.irq_stat + smp_processor_id(k, cpu) * k.irq_cpustat_t.sizeof + k.irq_cpustat_t.__local_irq_count;
  cpu.store32(count, cpu.load32(count) + addend);
}

/** Installs `handler` for a hardware interrupt: in_interrupt() is true while it runs (irq_enter, irq_exit). */
export function request_irq(k: Linux24, vector: number, handler: (cpu: Cpu) => Program): void {
  const entry: InterruptHandler = function* (cpu) {
    addIrqCount(k, cpu, 1);
    yield* handler(cpu);
    addIrqCount(k, cpu, -1);
  };
  k.machine.idt[vector] = entry;
}
