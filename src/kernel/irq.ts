/** The interrupt flag: include/asm-i386/system.h. */
import type { Cpu } from '../hw/cpu.ts';

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
