/** include/asm-i386/io.h: bytes to and from I/O ports. */
import type { Cpu } from '../hw/cpu.ts';
import type { Kernel } from './kernel.ts';

export function outb(k: Kernel, cpu: Cpu, value: number, port: number): void {
  k.machine.ioPorts.write(cpu, port, value);
}

export function inb(k: Kernel, cpu: Cpu, port: number): number {
  return k.machine.ioPorts.read(cpu, port);
}
