/** Locals whose address is taken are bytes on the task's kernel stack. */
import type { Cpu } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import type { CType } from './struct.ts';

/** Room for a local variable of `type` on the kernel stack. Its function gives it back with `leaveFrame`. */
export function enterFrame(cpu: Cpu, type: Pick<CType, 'sizeof'>): addr_t {
  cpu.esp -= type.sizeof;
  return cpu.esp;
}

export function leaveFrame(cpu: Cpu, type: Pick<CType, 'sizeof'>): void {
  cpu.esp += type.sizeof;
}
