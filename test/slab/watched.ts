/** Stress runs under the race detector. */
import { unintended as unintendedBy } from '../../src/lab/watch/intended-races.ts';
import {
  detectRaces,
  type Race,
  type RaceDetector,
  type RaceDetectorOptions,
} from '../../src/lab/watch/race-detector.ts';
import { kernels } from '../../src/slab/kernels.ts';
import type { BootOptions } from '../machines.ts';
import { harmOf } from './harm.ts';
import { OWN_TASK, type StressOptions } from './stress.ts';
import { assertStress } from './stress-checks.ts';
import { stressOf } from './stressed-versions.ts';

export interface Watched {
  readonly detector: RaceDetector;
  /** What the run came to harm by, or the checks behind it found; null if nothing. */
  readonly harm: Error | null;
}

export function watched(
  name: string,
  build: BootOptions,
  options: StressOptions,
  watching: RaceDetectorOptions,
): Watched {
  const stress = stressOf(name, build, options);
  const detector = detectRaces(stress.booted.k, (addr) => stress.version.placeOf(stress, addr), watching);
  const harm = harmOf(() => {
    stress.run();
    assertStress(stress);
  });
  detector.stop();
  return { detector, harm };
}

/** Those that the kernel does not have on purpose. */
export const unintended = (name: string, races: readonly Race[]): readonly Race[] =>
  unintendedBy(
    races.filter((race) => !isOfRun(race)),
    kernels.get(name)!.intendedRaces,
  );

/** The run's own timer, which is no part of the kernel, wakes tasks that nap on its CPU. */
const isOfRun = ({ first, second }: Race) =>
  first.field === 'task_struct.state' && first.owner === OWN_TASK && first.cpu === second.cpu;
