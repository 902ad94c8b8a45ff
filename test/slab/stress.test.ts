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
const happened: Readonly<Record<string, StressCounts>> = {};

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
