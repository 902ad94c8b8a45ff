import { describe, expect, test } from 'vitest';
import { Machine } from '../../../src/hw/machine.ts';
import { KiB, MiB } from '../../../src/hw/memory.ts';
import { countSets } from '../../../src/lab/watch/set-pressure.ts';

/** Two CPUs with L1s of four sets of two 32-byte lines, and what is counted of them. */
function counted() {
  const l1 = { size: 256, ways: 2, line: 32, policy: 'lru' as const };
  const cycles = { l1: 1, l2: 5, memory: 20, transfer: 10, locked: 20, pause: 4, ipi: 300, interrupt: 150 };
  const model = { name: 'tiny', mhz: 1, l1, protocol: 'mesi' as const, l2: null, cycles };
  const machine = new Machine({ model, cpus: 2, memory: MiB });
  machine.memory.present.fill(1);
  return { cpus: machine.cpus, machine, sets: countSets(machine.cpus.map((cpu) => cpu.l1)) };
}

describe('accesses and misses by set', () => {
  test('are counted in the set of the line', () => {
    const { cpus, sets } = counted();
    cpus[0]!.read(64 * KiB, 4);
    cpus[0]!.write(64 * KiB + 4, 4);
    cpus[0]!.modify(64 * KiB + 32 * 3, 4);
    expect(sets).toEqual({ accesses: [2, 0, 0, 1], misses: [1, 0, 0, 1] });
  });

  test('are counted in both sets of an access that straddles two lines', () => {
    const { cpus, sets } = counted();
    cpus[0]!.read(64 * KiB + 32, 4);
    cpus[0]!.read(64 * KiB + 30, 4);
    expect(sets).toEqual({ accesses: [1, 2, 0, 0], misses: [1, 1, 0, 0] });
  });

  test('are those of all CPUs together', () => {
    const { cpus, sets } = counted();
    for (const cpu of cpus) cpu.write(64 * KiB, 4);
    expect(sets).toEqual({ accesses: [2, 0, 0, 0], misses: [2, 0, 0, 0] });
  });

  test('add up to what the L1s themselves count', () => {
    const { cpus, sets } = counted();
    for (let i = 0; i < 2000; i++) cpus[i % 2]![i % 3 === 0 ? 'write' : 'read'](64 * KiB + ((i * i * 7) % 900), 4);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(sets.accesses)).toBe(cpus[0]!.counters.lineAccesses + cpus[1]!.counters.lineAccesses);
    expect(sum(sets.misses)).toBe(cpus[0]!.counters.misses + cpus[1]!.counters.misses);
  });
});
