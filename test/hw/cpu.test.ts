import { describe, expect, test } from 'vitest';
import type { Cpu } from '../../src/hw/cpu.ts';
import { machineOf, play } from './tiny-machine.ts';

const oneCpu = () => {
  const machine = machineOf(1);
  return { memory: machine.memory, cpu: machine.cpus[0]!, counters: machine.cpus[0]!.l1.counters };
};

describe('a load', () => {
  test.each([
    ['load8', 0x100, -128],
    ['load8', 0x101, 0x7f],
    ['load16', 0x100, 0x7f80],
    ['load16', 0x102, -2],
    ['load32', 0x100, -98432],
    ['loadPtr', 0x100, -98432],
    ['loadLong', 0x100, -98432],
    ['load16', 0x101, -385],
    ['load32', 0x10e, 0x04030201],
  ] as const)('%s at 0x%x is signed and little-endian, aligned or not: %i', (op, addr, expected) => {
    const { memory, cpu, counters } = oneCpu();
    memory.bytes.set([0x80, 0x7f, 0xfe, 0xff], 0x100);
    memory.bytes.set([1, 2, 3, 4], 0x10e);
    expect(cpu[op](addr)).toBe(expected);
    expect(counters).toMatchObject({ loads: 1, stores: 0, locked: 0 });
  });
});

describe('a store', () => {
  test.each([
    ['store8', 0x101, 0x1ff, [0, 0xff, 0, 0, 0, 0]],
    ['store16', 0x100, 0x10203, [0x03, 0x02, 0, 0, 0, 0]],
    ['store16', 0x101, -2, [0, 0xfe, 0xff, 0, 0, 0]],
    ['store32', 0x100, 0x01020304, [4, 3, 2, 1, 0, 0]],
    ['store32', 0x102, -1, [0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['storePtr', 0x100, 0x01020304, [4, 3, 2, 1, 0, 0]],
    ['storeLong', 0x100, 0x01020304, [4, 3, 2, 1, 0, 0]],
  ] as const)('%s at 0x%x of %i writes its own bytes alone', (op, addr, value, expected) => {
    const { memory, cpu, counters } = oneCpu();
    cpu[op](addr, value);
    expect([...memory.bytes.subarray(0x100, 0x106)]).toEqual(expected);
    expect(counters).toMatchObject({ loads: 0, stores: 1, locked: 0 });
  });
});

describe('a locked operation gives its value, leaves its result, and is one store', () => {
  const word = 0x40;
  test.each<[string, number, (cpu: Cpu) => unknown, unknown, number]>([
    ['decb of 1', 0x101, (cpu) => cpu.lockDecb(word), 0, 0x100],
    ['decb of 0', 0, (cpu) => cpu.lockDecb(word), -1, 0xff],
    ['decb of -128 wraps', 0x80, (cpu) => cpu.lockDecb(word), 127, 0x7f],
    ['add', 5, (cpu) => cpu.lockAdd32(word, -7), -2, -2],
    ['add of 1 to the largest wraps', 0x7fffffff, (cpu) => cpu.lockAdd32(word, 1), -0x80000000, -0x80000000],
    ['xchg', 5, (cpu) => cpu.lockXchg32(word, 7), 5, 7],
    ['cmpxchg that finds what it expects', 5, (cpu) => cpu.lockCmpxchg32(word, 5, 7), 5, 7],
    ['cmpxchg that finds something else', 5, (cpu) => cpu.lockCmpxchg32(word, 6, 7), 5, 5],
    ['bts of a clear bit', 0, (cpu) => cpu.lockBts(word, 31), false, -0x80000000],
    ['bts of a set bit', 8, (cpu) => cpu.lockBts(word, 3), true, 8],
    ['bts beyond the first word', 0, (cpu) => cpu.lockBts(word - 4, 33), false, 2],
    ['btr of a set bit', 0xf, (cpu) => cpu.lockBtr(word, 0), true, 0xe],
    ['btr of a clear bit', 0xe, (cpu) => cpu.lockBtr(word, 0), false, 0xe],
    ['btr beyond the first word', -1, (cpu) => cpu.lockBtr(word - 8, 95), true, 0x7fffffff],
    ['btc of a clear bit', 1, (cpu) => cpu.lockBtc(word, 1), false, 3],
    ['btc of a set bit beyond the first word', 8, (cpu) => cpu.lockBtc(word - 4, 35), true, 0],
  ])('%s', (_, before, operate, value, after) => {
    const { memory, cpu, counters } = oneCpu();
    memory.poke32(word, before);
    expect([operate(cpu), memory.peek32(word)]).toEqual([value, after]);
    expect(counters).toMatchObject({ loads: 0, stores: 1, locked: 1, writeMisses: 1 });
  });

  test('whereas btc without lock is a load and a store', () => {
    const { memory, cpu, counters } = oneCpu();
    memory.poke32(word, 2);
    expect([cpu.btc(word, 1), cpu.btc(word, 1), memory.peek32(word)]).toEqual([true, false, 2]);
    expect(counters).toMatchObject({ loads: 2, stores: 2, locked: 0 });
  });
});

describe('the clock', () => {
  test.each([
    ['a line never held costs a memory access', '0r', 100],
    ['a hit costs the L1', '0r 0r 0w', 102],
    ['a line lost to replacement costs the L2', '0r 0r20 0r40 0r', 310],
    // CPU 1, whose clock stands at 0, has the line from 100 to 200.
    ['a line lost to a write costs a transfer', '0r 1w 0r', 200 + 1000],
    ['an upgrade costs a transfer', '0r 1r 0w', 200 + 1001],
    ['a straddling access costs both lines', '0re 0re', 202],
    ['a locked operation costs its access and more', '0x 0x', 141],
    ['a prefetch costs nothing', '0p 0P10', 0],
  ])('%s', (_, steps, clock) => {
    const machine = machineOf(2);
    play(machine, steps);
    expect(machine.cpus[0]!.clock).toBe(clock);
  });

  test('a barrier takes as long as a lock', () => {
    const { cpu } = oneCpu();
    cpu.mfence();
    expect(cpu.clock).toBe(20);
  });

  test('pauses are counted as spinning', () => {
    const { cpu, counters } = oneCpu();
    cpu.pause(0x100);
    cpu.pause(0x100);
    expect([cpu.clock, counters.spinCycles, cpu.polling]).toEqual([4, 4, 0x100]);
  });

  test('idling goes forward only', () => {
    const { cpu, counters } = oneCpu();
    cpu.idleUntil(50);
    cpu.idleUntil(20);
    expect([cpu.clock, counters.idleCycles]).toEqual([50, 50]);
  });
});

describe('interrupts off', () => {
  test('are accounted from cli to sti: all cycles, and the longest stretch', () => {
    const { cpu, counters } = oneCpu();
    for (const cycles of [10, 30, 20]) {
      cpu.cli();
      cpu.clock += cycles;
      cpu.sti();
      cpu.clock += 1000;
    }
    expect([counters.interruptsOffCycles, counters.longestInterruptsOff]).toEqual([60, 30]);
  });

  test('count from the first cli; a second changes nothing, nor does a second sti', () => {
    const { cpu, counters } = oneCpu();
    cpu.cli();
    cpu.clock += 10;
    cpu.cli();
    cpu.clock += 5;
    cpu.sti();
    cpu.clock += 100;
    cpu.sti();
    expect([counters.interruptsOffCycles, counters.longestInterruptsOff]).toEqual([15, 15]);
  });

  test.each([
    ['no interrupt waits', null, false],
    ['one has arrived', 100, true],
    ['one is still under way', 101, false],
  ])('sti tells whether to yield: %s', (_, arrival, due) => {
    const { cpu } = oneCpu();
    cpu.cli();
    if (arrival !== null) cpu.apic.post(0x30, arrival);
    cpu.clock = 100;
    expect([cpu.sti(), cpu.interruptsOn]).toEqual([due, true]);
  });
});
