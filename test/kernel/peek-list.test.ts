import { describe, expect, test } from 'vitest';
import { KiB } from '../../src/hw/memory.ts';
import { INIT_LIST_HEAD, list_add, list_add_tail, list_head } from '../../src/kernel/list.ts';
import { Corruption, peekList, StoresInFlight } from '../../src/kernel/peek-list.ts';
import { machineOf } from '../hw/tiny-machine.ts';

const HEAD = 0x1000;
const [A, B] = [0x2000, 0x2100] as const;

function listOnMachine() {
  const machine = machineOf(2);
  const cpu = machine.cpus[0]!;
  INIT_LIST_HEAD(cpu, HEAD);
  list_add_tail(cpu, A, HEAD);
  list_add_tail(cpu, B, HEAD);
  return machine;
}

test('a list is seen from first to last, and no access is made', () => {
  const machine = listOnMachine();
  const { loads } = machine.cpus[0]!.counters;
  expect(peekList(machine, HEAD)).toEqual([A, B]);
  expect(machine.cpus[0]!.counters.loads).toBe(loads);
});

test('an entry may be the last thing in memory', () => {
  const machine = listOnMachine();
  const last = 64 * KiB - list_head.sizeof;
  list_add_tail(machine.cpus[0]!, last, HEAD);
  expect(peekList(machine, HEAD)).toEqual([A, B, last]);
});

describe('a list is corrupt', () => {
  test.each<[what: string, at: number, value: number, entry: number]>([
    ['whose entry does not point back', B + list_head.prev, HEAD, 1],
    ['that leaves memory', A + list_head.next, 64 * KiB, 1],
    ['of which half an entry lies beyond memory', A + list_head.next, 64 * KiB - 4, 1],
    ['that goes on at NULL', HEAD + list_head.next, 0, 0],
    ['that goes on at a negative address', HEAD + list_head.next, -8, 0],
    ['that goes in a circle beside its head', B + list_head.next, A, 2],
  ])('%s', (_, at, value, entry) => {
    const machine = listOnMachine();
    machine.memory.poke32(at, value);
    const message = `the list at 0x1000 is broken behind entry ${entry}`;
    expect(() => peekList(machine, HEAD)).toThrow(new Corruption(message));
  });
});

test('while stores wait in a buffer a look is refused, and says whose', () => {
  const machine = machineOf(2, { storeBuffer: { depth: 4, random: () => 0.999 } });
  const cpu = machine.cpus[1]!;
  INIT_LIST_HEAD(cpu, HEAD);
  cpu.drain();
  list_add(cpu, A, HEAD);
  expect(() => peekList(machine, HEAD)).toThrow(StoresInFlight);
  expect(() => peekList(machine, HEAD)).toThrow('cpu1 has 4 stores in its buffer');
  cpu.drain();
  expect(peekList(machine, HEAD)).toEqual([A]);
  cpu.store32(B, 1);
  expect(() => peekList(machine, HEAD)).toThrow('cpu1 has 1 store in its buffer');
});
