import { expect, test } from 'vitest';
import { LineDirectory } from '../../../src/hw/cache/line-directory.ts';
import { machineOf } from '../tiny-machine.ts';

test('lines are numbered in order of first touch, and keep their numbers however many there are', () => {
  const directory = new LineDirectory();
  const lines = Array.from({ length: 20_000 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 4) ^ i);
  const distinct = [...new Set(lines)];
  expect(distinct.map((line) => directory.idOf(line))).toEqual([...distinct.keys()]);
  expect(distinct.map((line) => directory.idOf(line))).toEqual([...distinct.keys()]);
  expect(directory.count).toBe(distinct.length);
});

test('what is known of a line stays known while the directory grows', () => {
  const directory = new LineDirectory();
  for (let line = 0; line < 10_000; line++) {
    const id = directory.idOf(line);
    directory.holders[id] = line;
    directory.everHeld[id] = line + 1;
    directory.invalidated[id] = line + 2;
  }
  const known = (line: number) => {
    const id = directory.idOf(line);
    return [directory.holders[id], directory.everHeld[id], directory.invalidated[id]];
  };
  expect([0, 1023, 1024, 1536, 9999].map(known)).toEqual([0, 1023, 1024, 1536, 9999].map((n) => [n, n + 1, n + 2]));
});

test('a second walk of many lines meets none that is new', () => {
  const { cpus } = machineOf(1);
  const cpu = cpus[0]!;
  for (const _ of ['first', 'second']) for (let addr = 0; addr < 0x10000; addr += 16) cpu.read(addr, 4);
  expect(cpu.l1.counters).toMatchObject({ coldMisses: 4096, replacementMisses: 4096 });
});
