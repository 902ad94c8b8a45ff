/** A stress run of 2.6.17 under the race detector. */
import { unintended } from '../../../src/lab/watch/intended-races.ts';
import { detectRaces, type Race, type RaceDetectorOptions } from '../../../src/lab/watch/race-detector.ts';
import { intendedRaces } from '../../../src/slab/linux-2.6.17/intended-races.ts';
import { harmOf } from '../harm.ts';
import { Stress, type StressOptions } from '../stress.ts';
import { assertStress } from '../stress-checks.ts';
import type { Booted26 } from './booted.ts';
import { linux2617, OWN_TASK, placeOf } from './stressed.ts';

export interface Watched {
  readonly races: readonly Race[];
  /** Those that the kernel does not have on purpose. */
  readonly unintended: readonly Race[];
  /** What the run came to harm by, or the checks behind it found; null if nothing. */
  readonly harm: Error | null;
}

export function watched(booted: Booted26, options: StressOptions, { functions }: RaceDetectorOptions = {}): Watched {
  const stress = new Stress(booted, linux2617, options);
  const detector = detectRaces(booted.k, (addr) => placeOf(stress, addr), { functions: functions ?? true });
  const harm = harmOf(() => {
    stress.run();
    assertStress(stress);
  });
  detector.stop();
  const races = detector.races.filter((race) => !isOfRun(race));
  return { races, unintended: unintended(races, intendedRaces), harm };
}

/** The run's own timer, which is no part of the kernel, wakes tasks that nap on its CPU. */
const isOfRun = ({ first, second }: Race) =>
  first.field === 'task_struct.state' && first.owner === OWN_TASK && first.cpu === second.cpu;
