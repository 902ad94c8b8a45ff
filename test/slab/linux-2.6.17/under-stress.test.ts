/** 2.6.17 under stress is watched by the race detector: with CPUs that come and go, RCU, and nodes. */
import { expect, test } from 'vitest';
import { tellRace } from '../../../src/lab/watch/race-detector.ts';
import { booted26 } from './booted.ts';
import { watched } from './watched.ts';

test.each([
  ['SMP', 4, 1],
  ['NUMA', 4, 2],
])('under stress there is no race but those intended (%s)', (_, cpus, nodes) => {
  const { unintended, harm } = watched(booted26({ cpus, nodes, lockupCycles: 20_000_000 }), {
    seed: 'races',
    operations: 4000,
  });
  expect(harm).toBeNull();
  expect(unintended.map(tellRace)).toEqual([]);
});
