import { expect, test } from 'vitest';
import { cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { MiB } from '../../src/hw/memory.ts';
import { memcpy } from '../../src/kernel/string.ts';

test.each([
  [0, 0],
  [1, 1],
  [2, 1],
  [3, 2],
  [4, 1],
  [7, 3],
  [64, 16],
])('memcpy of %i bytes copies them all, by %i loads and stores, and nothing beyond', (count, accesses) => {
  const { cpus } = new Machine({ model: cpuModels['pentium-iii'], cpus: 1, memory: MiB });
  const [cpu] = cpus;
  const [src, dest] = [0x1000, 0x2000];
  for (let i = 0; i <= count; i++) cpu!.store8(src + i, i + 1);
  const { loads, stores } = cpu!.counters;
  memcpy(cpu!, dest, src, count);
  expect([cpu!.counters.loads - loads, cpu!.counters.stores - stores]).toEqual([accesses, accesses]);
  const copied = Array.from({ length: count + 1 }, (_, i) => cpu!.load8(dest + i));
  expect(copied).toEqual([...Array.from({ length: count }, (_, i) => i + 1), 0]);
});
