import { describe, expect, test } from 'vitest';
import {
  INIT_LIST_HEAD,
  list_add,
  list_add_tail,
  list_del,
  list_del_init,
  list_empty,
  list_head,
  list_move,
  listStep,
} from '../../src/kernel/list.ts';
import { machineOf } from '../hw/tiny-machine.ts';

const HEAD = 0x1000;
const [A, B, C] = [0x2000, 0x2100, 0x2200] as const;

/** A list with `entries`, and what it holds now, by peek, in both directions. */
function listOf(...entries: number[]) {
  const { memory, cpus } = machineOf(1);
  const cpu = cpus[0]!;
  INIT_LIST_HEAD(cpu, HEAD);
  for (const entry of entries) list_add_tail(cpu, entry, HEAD);
  const walk = (link: number) => {
    const found: number[] = [];
    for (let at = memory.peek32(HEAD + link); at !== HEAD; at = memory.peek32(at + link)) found.push(at);
    return found;
  };
  const contents = () => {
    const forwards = walk(list_head.next);
    expect(walk(list_head.prev)).toEqual(forwards.toReversed());
    return forwards;
  };
  return { cpu, memory, contents };
}

test('a new list is empty, and points to itself', () => {
  const { cpu, contents } = listOf();
  expect([contents(), list_empty(cpu, HEAD)]).toEqual([[], true]);
});

test('list_add puts the entry in front, list_add_tail at the end', () => {
  const { cpu, contents } = listOf(A);
  list_add(cpu, B, HEAD);
  list_add_tail(cpu, C, HEAD);
  expect([contents(), list_empty(cpu, HEAD)]).toEqual([[B, A, C], false]);
});

describe('list_del', () => {
  test.each([
    ['the first', A, [B, C]],
    ['one in the middle', B, [A, C]],
    ['the last', C, [A, B]],
  ])('takes out %s', (_, entry, left) => {
    const { cpu, contents } = listOf(A, B, C);
    list_del(cpu, entry);
    expect(contents()).toEqual(left);
  });

  test('of the only entry leaves an empty list', () => {
    const { cpu, contents } = listOf(A);
    list_del(cpu, A);
    expect([contents(), list_empty(cpu, HEAD)]).toEqual([[], true]);
  });

  test('leaves no pointers in the entry', () => {
    const { cpu, memory } = listOf(A, B);
    list_del(cpu, A);
    expect([memory.peek32(A + list_head.next), memory.peek32(A + list_head.prev)]).toEqual([0, 0]);
  });
});

test('list_del_init takes the entry out and leaves it a list of its own', () => {
  const { cpu, memory, contents } = listOf(A, B, C);
  list_del_init(cpu, B);
  expect(contents()).toEqual([A, C]);
  expect([memory.peek32(B + list_head.next), memory.peek32(B + list_head.prev)]).toEqual([B, B]);
});

test.each([
  [A, [A, B, C]],
  [B, [B, A, C]],
  [C, [C, A, B]],
])('list_move takes %i out of its place and puts it in front', (entry, after) => {
  const { cpu, contents } = listOf(A, B, C);
  list_move(cpu, entry, HEAD);
  expect(contents()).toEqual(after);
});

test('listStep goes to the next entry and prefetches the one behind it', () => {
  const { cpu } = listOf(A, B, C);
  const before = cpu.l1.counters.prefetches;
  expect([HEAD, A, B, C].map((pos) => listStep(cpu, pos))).toEqual([A, B, C, HEAD]);
  expect(cpu.l1.counters.prefetches - before).toBe(4);
});

test.each([
  ['list_add', (cpu) => list_add(cpu, B, HEAD), 1, 4],
  ['list_add_tail', (cpu) => list_add_tail(cpu, B, HEAD), 1, 4],
  ['list_del', (cpu) => list_del(cpu, A), 2, 4],
  ['list_empty', (cpu) => list_empty(cpu, HEAD), 1, 0],
] as [string, (cpu: ReturnType<typeof listOf>['cpu']) => unknown, number, number][])(
  '%s reads and writes as often as the compiled kernel does',
  (_, operate, loads, stores) => {
    const { cpu } = listOf(A);
    const before = { ...cpu.l1.counters };
    operate(cpu);
    expect([cpu.l1.counters.loads - before.loads, cpu.l1.counters.stores - before.stores]).toEqual([loads, stores]);
  },
);
