/** 2.4.0 under the stress that 2.4.22 is put under (../stress.test.ts). */
import { expect, test } from 'vitest';
import { seeded } from '../../../src/base/random.ts';
import { MiB } from '../../../src/hw/memory.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../../src/hw/store-buffer.ts';
import { upConfig } from '../../../src/slab/linux-2.4/config.ts';
import { booted240, countReaps } from '../../machines.ts';
import { assertBuddy } from '../invariants.ts';
import { stressed240 } from '../linux-2.4/stressed.ts';
import { assertQuiet, assertStress } from '../stress-checks.ts';

test('four CPUs, timers, devices, remote frees, tuning, shrink and reap at the same time: every invariant holds', () => {
  const stress = stressed240(booted240({ cpus: 4 }), { seed: 'load', operations: 20_000 });
  assertStress(stress);
  const { allocations, inHandlers, nested, remoteFrees, tunings, shrinks, reaps } = stress.counts;
  expect({ allocations, inHandlers, nested, remoteFrees, tunings, shrinks, reaps }).toMatchInlineSnapshot(`
    {
      "allocations": 10381,
      "inHandlers": 5013,
      "nested": 119,
      "reaps": 7,
      "remoteFrees": 7063,
      "shrinks": 18,
      "tunings": 7,
    }
  `);
});

test.each([
  [2, 253, 348],
  [3, 323, 551],
  [8, 480, 544],
])(
  '%i CPUs short of memory wait for kswapd and trim the slab caches, and every invariant holds',
  (cpus, failures, reaped) => {
    const machine = booted240({ cpus, memory: 8 * MiB });
    const reaps = countReaps(machine.k);
    const stress = stressed240(machine, { seed: 'short of memory', operations: 30_000, tide: 30, tuning: false });
    assertStress(stress);
    expect([stress.counts.failures, reaps.count]).toEqual([failures, reaped]);
  },
);

test.each([
  ['debug', 4],
  ['d', 1],
  ['d', 8],
])('a DEBUG build finds nothing wrong (seed %s, CPUs: %i)', (seed, cpus) => {
  const machine = booted240({ cpus, config: { CONFIG_DEBUG_SLAB: true } });
  // Here the allocator checks red zones and poison at each operation; a BUG would have ended the run.
  assertQuiet(stressed240(machine, { seed, operations: 10_000 }));
  assertBuddy(machine.k);
});

test('a build for one CPU without SMP, interrupted all the time, keeps every invariant', () => {
  const machine = booted240({ cpus: 1, config: upConfig });
  assertStress(stressed240(machine, { seed: 'up', operations: 10_000, tuning: false }));
});

test.each(['buffered', 'sb', 'd'])('on CPUs with store buffers the locks still hold (seed %s)', (seed) => {
  const storeBuffer = { depth: P6_STORE_BUFFER_DEPTH, random: seeded(seed, 'drains') };
  assertStress(stressed240(booted240({ cpus: 4, storeBuffer }), { seed, operations: 10_000 }));
});
