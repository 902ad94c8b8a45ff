/** Every kernel version in every build under stress: all that may go on at the same time does, and nothing comes to harm. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/base/random.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../src/hw/store-buffer.ts';
import { kernels } from '../../src/slab/kernels.ts';
import type { BootOptions } from '../machines.ts';
import type { StressCounts } from './stress.ts';
import { assertStress } from './stress-checks.ts';
import { stressed, stressedVersions } from './stressed-versions.ts';

/** Interrupts take a build so slow all its time otherwise. */
const DEBUG_PACE = 10;

const builds: readonly [what: string, operations: number, build: BootOptions][] = [
  ['UP', 8000, { cpus: 1, smp: false }],
  ['SMP', 8000, { cpus: 4 }],
  ['SMP', 8000, { cpus: 8 }],
  ['SMP', 3000, { cpus: 9 }],
  ['SMP', 3000, { cpus: 31 }],
  ['SMP', 3000, { cpus: 32 }],
  ['NUMA', 8000, { cpus: 3, nodes: 2 }],
  ['NUMA', 8000, { cpus: 8, nodes: 4 }],
  ['UP, DEBUG', 4000, { cpus: 1, smp: false, debug: true }],
  ['SMP, DEBUG', 4000, { cpus: 4, debug: true }],
  ['NUMA, DEBUG', 4000, { cpus: 4, nodes: 2, debug: true }],
];

/** What happened in a run of seed `crowd`: each of it, as often as the seed has it. */
const happened: Readonly<Record<string, StressCounts>> = {
  '2.4.0': {
    ...{ allocations: 10469, frees: 9486, remoteFrees: 7021, failures: 0, inHandlers: 5403, tunings: 18, shrinks: 14 },
    ...{ reaps: 14, slabinfos: 10, creations: 17, naps: 132, maskings: 39, timerInterrupts: 864 },
    ...{ deviceInterrupts: 1893, nested: 146, raises: 2143, pagesShrunk: 37, pagesReaped: 10 },
  },
  '2.4.22': {
    ...{ allocations: 10448, frees: 9507, remoteFrees: 7059, failures: 0, inHandlers: 4638, tunings: 17, shrinks: 15 },
    ...{ reaps: 15, slabinfos: 16, creations: 18, naps: 117, maskings: 39, timerInterrupts: 739 },
    ...{ deviceInterrupts: 1632, nested: 111, raises: 1836, pagesShrunk: 2, pagesReaped: 4 },
  },
  '2.6.17-g4776874': {
    ...{ allocations: 10641, frees: 9656, remoteFrees: 6654, failures: 0, inHandlers: 7245, tunings: 9, shrinks: 9 },
    ...{ reaps: 5, slabinfos: 3, creations: 7, naps: 109, maskings: 24, timerInterrupts: 1108 },
    ...{ deviceInterrupts: 2701, nested: 203, raises: 2897, pagesShrunk: 20, pagesReaped: 7 },
    ...{ unlockedReads: 593, emptiedRcuCaches: 23, percpuCounters: 7, cpusDown: 3, cpusUp: 3, refusedDowns: 2 },
  },
};

test('each kernel version has a row', () => {
  expect(stressedVersions.map(({ name }) => name)).toEqual([...kernels.keys()]);
});

describe.each(stressedVersions)('$name', ({ name }) => {
  const { nodes: knowsNodes } = kernels.get(name)!.features;
  const four: BootOptions = knowsNodes ? { cpus: 4, nodes: 2 } : { cpus: 4 };

  describe('four CPUs, timers, devices, remote frees, tuning, shrink and reap, and what else it does, at the same time', () => {
    const stress = stressed(name, four, { seed: 'crowd', operations: 20_000 });

    test('afterwards every invariant holds, of the whole machine', () => assertStress(stress));

    test('all of it happened, as often as the seed has it', () => {
      const { failures, ...others } = stress.counts;
      expect(Object.entries(others).filter(([, count]) => count === 0)).toEqual([]);
      expect(failures).toBe(0);
      expect(stress.counts).toEqual(happened[name]);
    });
  });

  test.each(builds.filter(([, , { nodes = 1 }]) => nodes === 1 || knowsNodes))(
    'every invariant holds after a run (%s, %i operations, %j)',
    (seed, operations, build) => {
      const pace = build.debug ? DEBUG_PACE : 1;
      assertStress(stressed(name, { memory: 64 * 2 ** 20, ...build }, { seed, operations, pace }));
    },
  );

  test('on CPUs with store buffers the locks still hold: every invariant does', () => {
    const storeBuffer = { depth: P6_STORE_BUFFER_DEPTH, random: seeded('buffered', 'drains') };
    assertStress(stressed(name, { ...four, storeBuffer }, { seed: 'buffered', operations: 8000 }));
  });

  test('the same seed gives the same memory, byte for byte, whatever ran before', () => {
    const digest = (seed: string) => {
      const { booted } = stressed(name, four, { seed, operations: 4000 });
      return createHash('sha256').update(booted.machine.memory.bytes).digest('hex');
    };
    const first = digest('again');
    expect(digest('another')).not.toBe(first);
    expect(digest('again')).toBe(first);
  });
});
