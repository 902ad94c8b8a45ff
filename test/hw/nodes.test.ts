import { describe, expect, test } from 'vitest';
import type { SecondLevelGeometry } from '../../src/hw/cpu-model.ts';
import { KiB, PAGE_SIZE } from '../../src/hw/memory.ts';
import { equalNodes, type NodesOptions } from '../../src/hw/nodes.ts';
import { cycles, geometry, machineOf, messageOf, play } from './tiny-machine.ts';

const MEMORY = 64 * KiB;
/** Of two nodes, CPU 0's and CPU 1's, the second begins at 0x8000. */
const twoNodes = equalNodes(2, MEMORY, 2, 500);
const l2 = (shared: boolean): SecondLevelGeometry => ({ ...geometry(4, 2, 16), shared, inclusion: 'neither' });

const clocks = (machine: ReturnType<typeof machineOf>) => machine.cpus.map(({ clock }) => clock);
const remote = (machine: ReturnType<typeof machineOf>) => machine.cpus.map(({ counters }) => counters.remoteMisses);

describe('memory of another node', () => {
  test.each([
    ['without a second level', null],
    ['behind private second levels', l2(false)],
    ['behind a shared second level', l2(true)],
  ])('takes longer, and is counted, %s', (_, second) => {
    const machine = machineOf(2, { nodes: twoNodes, l2: second });
    play(machine, '0r0 0r8000 0w8010 1r9000 1w1000');
    const { memory } = cycles;
    expect(clocks(machine)).toEqual([3 * memory + 2 * 500, 2 * memory + 500]);
    expect(remote(machine)).toEqual([2, 1]);
  });

  test('costs a hit nothing', () => {
    const machine = machineOf(2, { nodes: twoNodes });
    play(machine, '0r8000 0r8004 0w8008');
    expect(clocks(machine)).toEqual([cycles.memory + 500 + 2 * cycles.l1, 0]);
    expect(remote(machine)).toEqual([1, 0]);
  });

  test('is not asked where a second level or another CPU has the line', () => {
    const machine = machineOf(2, { nodes: twoNodes, l2: l2(false) });
    play(machine, '0r8000 0r8020 0r8060 0r8000 1w8000 0r8000');
    expect(remote(machine)).toEqual([3, 0]);
    expect(machine.cpus[0]!.clock).toBe(3 * (cycles.memory + 500) + cycles.l2 + cycles.transfer);
  });

  test('is waited for by a store that a write-through L1 passes on past the second level', () => {
    const machine = machineOf(2, { nodes: twoNodes, protocol: 'write-through', l2: l2(false) });
    play(machine, '0w8000 0w0');
    expect(remote(machine)).toEqual([1, 0]);
    expect(machine.cpus[0]!.clock).toBe(2 * (cycles.l1 + cycles.memory) + 500);
  });

  test('one node is as none', () => {
    const steps = '0r0 1w0 0r0 0w8000 1r8000 1w8010 0r100 0w200 1r300';
    const [without, one] = [machineOf(2), machineOf(2, { nodes: equalNodes(1, MEMORY, 2, 500) })];
    play(without, steps);
    play(one, steps);
    expect(one.cpus.map(({ counters, clock }) => ({ ...counters, clock }))).toEqual(
      without.cpus.map(({ counters, clock }) => ({ ...counters, clock })),
    );
  });
});

test('equal nodes share memory by pages and CPUs in order; the last has what is left', () => {
  expect(equalNodes(3, 7 * PAGE_SIZE, 4, 0).each).toEqual([
    { memory: 2 * PAGE_SIZE, cpus: [0, 1] },
    { memory: 2 * PAGE_SIZE, cpus: [2] },
    { memory: 3 * PAGE_SIZE, cpus: [3] },
  ]);
});

test.each([
  ['no node', { each: [], remoteCycles: 0 }, '0 nodes'],
  [
    'too little memory',
    { each: [{ memory: PAGE_SIZE, cpus: [0, 1] }], remoteCycles: 0 },
    'nodes with 4096 bytes of 65536',
  ],
  [
    'a part of a page',
    {
      each: [
        { memory: 100, cpus: [0] },
        { memory: MEMORY - 100, cpus: [1] },
      ],
      remoteCycles: 0,
    },
    'nodes with',
  ],
  ['a CPU twice', { each: [{ memory: MEMORY, cpus: [0, 0] }], remoteCycles: 0 }, 'nodes with CPUs 0, 0'],
  [
    'a CPU nowhere',
    { each: [{ memory: MEMORY, cpus: [0] }], remoteCycles: 0 },
    'nodes with CPUs 0; each of CPU 0 to 1',
  ],
  [
    'half a cycle',
    { each: [{ memory: MEMORY, cpus: [0, 1] }], remoteCycles: 0.5 },
    'machine: 0.5 cycles to another node; a whole number from 0 to 65535',
  ],
] as [string, NodesOptions, string][])('nodes with %s are refused', (_, nodes, message) => {
  expect(messageOf(() => machineOf(2, { nodes }))).toContain(message);
});
