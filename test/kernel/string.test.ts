import { describe, expect, test } from 'vitest';
import { cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { MiB } from '../../src/hw/memory.ts';
import { observe } from '../../src/hw/observe.ts';
import { loadString, memchr, memcpy, memset, strcpy, streq } from '../../src/kernel/string.ts';

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

/** The accesses of `action`, as 'w 1004 4'. */
function accessesOf(action: (cpu: Machine['cpus'][number]) => void) {
  const { cpus, memory } = new Machine({ model: cpuModels['pentium-iii'], cpus: 1, memory: MiB });
  const told: string[] = [];
  const stop = observe(cpus[0]!, (_, kind, addr, bytes) => told.push(`${kind} ${addr.toString(16)} ${bytes}`));
  action(cpus[0]!);
  stop();
  return { told, memory };
}

test.each([
  [0, []],
  [3, ['w 1000 1', 'w 1001 1', 'w 1002 1']],
  [4, ['w 1000 4']],
  [9, ['w 1000 4', 'w 1004 4', 'w 1008 1']],
])('memset of %i bytes stores words, then bytes, and nothing beyond', (count, stores) => {
  const { told, memory } = accessesOf((cpu) => memset(cpu, 0x1000, 0x5a, count));
  expect(told).toEqual(stores);
  const bytes = Array.from({ length: count + 1 }, (_, i) => memory.peek8(0x1000 + i));
  expect(bytes).toEqual([...new Array(count).fill(0x5a), 0]);
});

describe('strings', () => {
  test('are stored byte by byte, with a NUL behind', () => {
    const { told, memory } = accessesOf((cpu) => {
      memset(cpu, 0x1000, 0xff, 4);
      strcpy(cpu, 0x1000, 'ab');
    });
    expect(told.slice(1)).toEqual(['w 1000 1', 'w 1001 1', 'w 1002 1']);
    expect(memory.peek32(0x1000)).toBe(0xff006261 | 0);
  });

  test.each([
    ['abc', true, 4],
    ['abd', false, 3],
    ['xbc', false, 1],
    ['ab', false, 3],
    ['abcd', false, 4],
    ['', false, 1],
  ])('compared with "%s", "abc" is the same: %s, after %i loads', (text, same, loads) => {
    let answer: boolean | undefined;
    const { told } = accessesOf((cpu) => {
      strcpy(cpu, 0x1000, 'abc');
      answer = streq(cpu, 0x1000, text);
    });
    expect([answer, told.filter((access) => access.startsWith('r')).length]).toEqual([same, loads]);
  });

  test('are read up to their NUL', () => {
    let text: string | undefined;
    const { told } = accessesOf((cpu) => {
      strcpy(cpu, 0x1000, 'abc');
      text = loadString(cpu, 0x1000);
    });
    expect([text, told.slice(4)]).toEqual(['abc', ['r 1000 1', 'r 1001 1', 'r 1002 1', 'r 1003 1']]);
  });
});

test.each([
  ['the first of several', 0x62, 4, 0x1001, 2],
  ['none among so many bytes', 0x63, 2, 0, 2],
  ['one of the upper half', 0xff, 4, 0x1003, 4],
])('memchr finds %s', (_, byte, count, address, loads) => {
  let found: number | undefined;
  const { told } = accessesOf((cpu) => {
    cpu.store32(0x1000, 0xff626261 | 0);
    found = memchr(cpu, 0x1000, byte, count);
  });
  expect([found, told.length - 1]).toEqual([address, loads]);
});
