/** 2.4.0 short of memory: who sleeps for kswapd, and what is trimmed (../stress.test.ts has what every version does). */
import { expect, test } from 'vitest';
import { MiB } from '../../../src/hw/memory.ts';
import { booted240, countReaps } from '../../machines.ts';
import { linux240 } from '../linux-2.4/stressed.ts';
import { Stress } from '../stress.ts';
import { assertStress } from '../stress-checks.ts';

test.each([
  [2, 376, 444],
  [3, 219, 317],
  [8, 437, 354],
])(
  '%i CPUs short of memory wait for kswapd and trim the slab caches, and every invariant holds',
  (cpus, failures, reaped) => {
    const machine = booted240({ cpus, memory: 8 * MiB });
    const reaps = countReaps(machine.k);
    const stress = new Stress(machine, linux240, {
      seed: 'short of memory',
      operations: 30_000,
      tide: 30,
      tuning: false,
    });
    stress.run();
    assertStress(stress);
    expect([stress.counts.failures, reaps.count]).toEqual([failures, reaped]);
  },
);
