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

/** Interrupts take all its time otherwise of a build so slow, and of CPUs so many that wait for each other's lines. */
const SLOW_PACE = 10;

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

/**
 * What happened in a run of seed `market`: each of it, as often as the seed has it. Of 2.6 pagesReaped counts pages of one CPU,
 * whose handlers allocate meanwhile.
 */
const happened: Readonly<Record<string, StressCounts>> = {
  '2.4.0': {
    ...{ allocations: 10432, frees: 9487, remoteFrees: 6986, failures: 0, inHandlers: 6177, tunings: 16 },
    ...{ shrinks: 16, reaps: 14, slabinfos: 14, creations: 18, naps: 105, maskings: 31 },
    ...{ timerInterrupts: 1023, deviceInterrupts: 2189, nested: 214, raises: 2495, pagesShrunk: 9, pagesReaped: 2 },
  },
  '2.4.22': {
    ...{ allocations: 10392, frees: 9509, remoteFrees: 7111, failures: 0, inHandlers: 4890, tunings: 16 },
    ...{ shrinks: 13, reaps: 12, slabinfos: 17, creations: 14, naps: 115, maskings: 35 },
    ...{ timerInterrupts: 799, deviceInterrupts: 1755, nested: 155, raises: 1948, pagesShrunk: 1, pagesReaped: 4 },
  },
  '2.6.17-g4776874': {
    ...{ allocations: 10638, frees: 9555, remoteFrees: 6385, failures: 0, inHandlers: 7303, tunings: 7 },
    ...{ shrinks: 6, reaps: 6, slabinfos: 12, creations: 6, naps: 107, maskings: 16 },
    ...{ timerInterrupts: 1035, deviceInterrupts: 2733, nested: 179, raises: 2894, pagesShrunk: 5, pagesReaped: -5 },
    ...{ unlockedReads: 608, percpuCounters: 6, cpusDown: 4, emptiedRcuCaches: 18, cpusUp: 3, refusedDowns: 3 },
  },
};

test('each kernel version has a row', () => {
  expect(stressedVersions.map(({ name }) => name)).toEqual([...kernels.keys()]);
});

describe.each(stressedVersions)('$name', ({ name }) => {
  const { nodes: knowsNodes } = kernels.get(name)!.features;
  const four: BootOptions = knowsNodes ? { cpus: 4, nodes: 2 } : { cpus: 4 };

  describe('four CPUs, timers, devices, remote frees, tuning, shrink and reap, and what else it does, at the same time', () => {
    const stress = stressed(name, four, { seed: 'market', operations: 20_000 });

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
      const pace = build.debug || build.cpus! > 8 ? SLOW_PACE : 1;
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
