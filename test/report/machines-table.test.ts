import { expect, test } from 'vitest';
import type { KnownCpuModel } from '../../src/hw/cpu-model.ts';
import { machineDetails, machinesTable } from '../../src/report/machines-table.ts';

const cycles = { l1: 1, l2: 6, memory: 50, transfer: 60, locked: 20, pause: 2, ipi: 300, interrupt: 40 };
const sources = {
  year: 'm',
  mhz: 'm: one of many',
  geometry: 'v: its manual',
  policy: 'm',
  protocol: 'v: its manual',
  l2: 'v: its data sheet',
  l1Cycles: 'v: its manual',
  l2Cycles: 'm: order of magnitude',
  memoryCycles: 'm',
  transferCycles: 'm',
  lockedCycles: 'm',
  otherCycles: 'm',
} as const;
const alone: KnownCpuModel = {
  name: 'One by Itself',
  year: 1993,
  mhz: 66,
  l1: { size: 8 * 1024, ways: 2, line: 32, policy: 'lru' },
  protocol: 'mesi',
  l2: null,
  cycles,
  sources,
  approximations: ['it has no prefetcher'],
};
const layered: KnownCpuModel = {
  ...alone,
  name: 'One of Two Levels',
  l2: { size: 2 ** 20, ways: 16, line: 32, policy: 'lru', shared: true, inclusion: 'inclusive' },
  approximations: [],
};
const own: KnownCpuModel = {
  ...layered,
  l2: { ...layered.l2!, size: 512 * 1024, shared: false, inclusion: 'exclusive' },
};

test('machines stand one a line, and what is unverified has a question mark', () => {
  const lines = machinesTable({ alone, layered, own }).split('\n');
  expect(lines.slice(0, 5).map((line) => line.trimEnd())).toEqual([
    'model    year   MHz        L1   policy   protocol               L2   L1   L2   mem   c2c   lock',
    'alone    1993?   66?  8K/2/32      lru?      mesi                -    1    6?   50?   60?    20?',
    'layered  1993?   66?  8K/2/32      lru?      mesi   1M/16 shared i    1    6?   50?   60?    20?',
    'own      1993?   66?  8K/2/32      lru?      mesi    512K/16 own x    1    6?   50?   60?    20?',
    '',
  ]);
  expect(lines.at(-1)).toMatch(/^\?: from memory, unverified/);
});

test('of one machine each value is told with its source, and where it is simpler than the CPU', () => {
  expect(machineDetails('alone', alone).split('\n')).toEqual([
    'alone: One by Itself',
    '  year                   1993        unverified',
    '  MHz                    66          unverified: one of many',
    '  L1, size/ways/line     8K/2/32     its manual',
    '  replacement policy     lru         unverified',
    '  protocol               mesi        its manual',
    '  second level           -           its data sheet',
    '  cycles of an L1 hit    1           its manual',
    '  from the second level  6           unverified: order of magnitude',
    '  from memory            50          unverified',
    '  from another cache     60          unverified',
    '  added by a lock        20          unverified',
    '  pause, IPI, interrupt  2, 300, 40  unverified',
    '  approximation: it has no prefetcher',
  ]);
});

test('a machine without approximations tells of none', () => {
  expect(machineDetails('layered', layered)).not.toContain('approximation');
});
