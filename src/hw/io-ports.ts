/** The I/O address space: bytes at port numbers, each answered by the device that decodes it. */

import { InputError } from '../base/input-error.ts';
import type { Cpu } from './cpu.ts';

/** `time` is the clock of the CPU that asks. */
export interface PortDevice {
  readPort(port: number, time: number): number;
  writePort(port: number, value: number, time: number): void;
}

export class IoPorts {
  readonly #devices = new Map<number, PortDevice>();
  readonly #accessCycles: number;

  /** An access runs at the ISA bus's pace whatever the CPU is: about 1 microsecond (m, unverified). */
  constructor(mhz: number) {
    this.#accessCycles = mhz;
  }

  attach(device: PortDevice, ports: readonly number[]): void {
    for (const port of ports) this.#devices.set(port, device);
  }

  /** inb. */
  read(cpu: Cpu, port: number): number {
    cpu.clock += this.#accessCycles;
    return this.#at(port).readPort(port, cpu.clock);
  }

  /** outb. A device may see more than the 8 bits of the instruction, and then says what it does with them. */
  write(cpu: Cpu, port: number, value: number): void {
    cpu.clock += this.#accessCycles;
    this.#at(port).writePort(port, value, cpu.clock);
  }

  #at(port: number): PortDevice {
    const device = this.#devices.get(port);
    if (device !== undefined) return device;
    const ports = [...this.#devices.keys()].sort((a, b) => a - b).map(hex);
    throw new InputError(
      `I/O port ${hex(port)}`,
      'nothing answers there',
      ports.length === 0 ? 'attach a device to it first' : `these ports are answered: ${ports.join(' ')}`,
    );
  }
}

const hex = (n: number) => `0x${n.toString(16)}`;
