import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { machineOf } from './tiny-machine.ts';

const wired = () => {
  const { deviceLines, cpus } = machineOf(2);
  return {
    cpus,
    deviceLines,
    disk: deviceLines.connect(0x39, cpus[0]!),
    network: deviceLines.connect(0x41, cpus[1]!),
    arrivals: () => cpus.map(({ apic }) => apic.nextArrival()),
  };
};

test('a line that is raised arrives at its own CPU, at that time', () => {
  const { deviceLines, network, arrivals } = wired();
  deviceLines.raise(network, 70);
  expect(arrivals()).toEqual([Infinity, 70]);
});

test('a masked line stays silent, and the others do not', () => {
  const { deviceLines, disk, network, arrivals } = wired();
  deviceLines.mask(disk);
  deviceLines.raise(disk, 10);
  deviceLines.raise(network, 20);
  expect(arrivals()).toEqual([Infinity, 20]);
});

test('a line raised while masked is delivered when it is unmasked, not earlier', () => {
  const { deviceLines, disk, arrivals } = wired();
  deviceLines.mask(disk);
  deviceLines.raise(disk, 10);
  deviceLines.unmask(disk, 500);
  expect(arrivals()).toEqual([500, Infinity]);
});

test('a line raised twice while masked is one interrupt', () => {
  const { deviceLines, disk, arrivals } = wired();
  deviceLines.mask(disk);
  deviceLines.raise(disk, 10);
  deviceLines.raise(disk, 20);
  deviceLines.unmask(disk, 500);
  expect(arrivals()).toEqual([500, Infinity]);
});

test('a latched line is delivered once', () => {
  const { deviceLines, disk, cpus } = wired();
  deviceLines.mask(disk);
  deviceLines.raise(disk, 10);
  deviceLines.unmask(disk, 20);
  expect(cpus[0]!.apic.accept(20)).toBe(0x39);
  deviceLines.mask(disk);
  deviceLines.unmask(disk, 30);
  expect(cpus[0]!.apic.pending).toBe(0);
});

test('unmasking a line that was not raised delivers nothing', () => {
  const { deviceLines, disk, arrivals } = wired();
  deviceLines.mask(disk);
  deviceLines.unmask(disk, 500);
  expect(arrivals()).toEqual([Infinity, Infinity]);
});

test.each(['raised', 'unmasked'])(
  'a CPU that works alone does not run past a line that it %s for an idle one',
  (how) => {
    const machine = machineOf(2);
    const { deviceLines } = machine;
    const [busy, idle] = machine.cpus as [Cpu, Cpu];
    const log: string[] = [];
    machine.idt[0x31] = function* () {
      log.push('the idle CPU handles it');
    };
    const line = deviceLines.connect(0x31, idle);
    if (how === 'unmasked') deviceLines.mask(line);
    function* works(): Program {
      deviceLines.raise(line, busy.clock);
      if (how === 'unmasked') deviceLines.unmask(line, busy.clock);
      for (let i = 0; i < 3; i++) {
        busy.clock += 1000;
        if (busy.isAhead) yield;
        log.push('the busy CPU has worked');
      }
    }
    machine.run(busy, works());
    expect(log[0]).toBe('the idle CPU handles it');
  },
);
