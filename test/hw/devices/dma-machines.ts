/** A PC with DMA controllers, programmed port by port, and devices that ask for a channel. */

import type { CacheGeometry } from '../../../src/hw/cpu-model.ts';
import { IsaDma } from '../../../src/hw/devices/isa-dma.ts';
import type { Machine, MachineOptions } from '../../../src/hw/machine.ts';
import { machineOf } from '../tiny-machine.ts';

export const TO_MEMORY = 0x44;
export const FROM_MEMORY = 0x48;

export interface End {
  readonly time: number;
  readonly moved: number;
  readonly terminalCount: boolean;
}

/** Lines of 16 bytes, two sets of two, unless told otherwise; the device of channel 2 gives a byte a microsecond. */
export function dmaMachine(options: { l1?: CacheGeometry } & Partial<MachineOptions> = {}, cpus = 2) {
  const machine = machineOf(cpus, options);
  const dma = new IsaDma(machine);
  const cpu = machine.cpus[0]!;
  const ends: End[] = [];
  const out = (port: number, value: number) => machine.ioPorts.write(cpu, port, value);
  const input = (port: number) => machine.ioPorts.read(cpu, port);

  return {
    machine,
    dma,
    cpu,
    ends,
    out,
    input,
    /** Programs channel 2 and opens it. */
    open(address: number, length: number, mode = TO_MEMORY): void {
      out(0x0a, 2 | 4);
      out(0x0c, 0);
      out(0x0b, mode | 2);
      out(0x81, address >>> 16);
      out(0x04, address & 0xff);
      out(0x04, (address >>> 8) & 0xff);
      out(0x05, (length - 1) & 0xff);
      out(0x05, (length - 1) >> 8);
      out(0x0a, 2);
    },
    /** The device of channel 2 asks now. */
    ask(bytes: Uint8Array, toMemory = true): void {
      const ended = (time: number, moved: number, terminalCount: boolean) => ends.push({ time, moved, terminalCount });
      dma.request(2, { toMemory, bytes, microsecondsPerByte: 1, ended }, cpu.clock);
    },
    /** Lets all that is under way happen. */
    settle: () => pass(machine, 1_000_000_000),
    /** Lets so many cycles pass on every CPU, looking up often. */
    pass: (time: number) => pass(machine, time),
  };
}

function pass(machine: Machine, time: number): void {
  for (const cpu of machine.cpus) {
    machine.scheduler.spawn(
      cpu,
      (function* () {
        cpu.clock += time;
        yield;
      })(),
    );
  }
  machine.scheduler.run();
}

export const bytesFrom = (length: number, first = 1) => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
