/**
 * Interrupt lines of devices, with a mask register: a masked line that is raised stays latched and is delivered when it
 * is unmasked. Each line is wired to a vector on one CPU's local APIC.
 */
import type { Cpu } from './cpu.ts';

interface Line {
  readonly vector: number;
  readonly cpu: Cpu;
  masked: boolean;
  /** When it was raised while masked; Infinity if it was not. */
  latched: number;
}

export class DeviceLines {
  readonly #lines: Line[] = [];
  readonly #posted: (time: number) => void;

  /** `posted` learns the time of each interrupt sent: a CPU that runs may not pass it unawares. */
  constructor(posted: (time: number) => void) {
    this.#posted = posted;
  }

  /** Wires a new line, unmasked, to `vector` on `cpu`; its number. */
  connect(vector: number, cpu: Cpu): number {
    return this.#lines.push({ vector, cpu, masked: false, latched: Infinity }) - 1;
  }

  /** The device raises its line at `time` cycles. */
  raise(number: number, time: number): void {
    const line = this.#lines[number];
    if (line.masked) line.latched = Math.min(line.latched, time);
    else this.#post(line, time);
  }

  mask(number: number): void {
    this.#lines[number].masked = true;
  }

  /** A line raised meanwhile is delivered now, at `time`. */
  unmask(number: number, time: number): void {
    const line = this.#lines[number];
    line.masked = false;
    if (line.latched === Infinity) return;
    line.latched = Infinity;
    this.#post(line, time);
  }

  #post({ cpu, vector }: Line, time: number): void {
    cpu.apic.post(vector, time);
    this.#posted(time);
  }
}
