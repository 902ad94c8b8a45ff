/** Every kernel version under the race detector: it has no race but those that it has on purpose, and these it has. */
import { describe, expect, test } from 'vitest';
import { intendedRace } from '../../src/lab/watch/intended-races.ts';
import { racesOf, tellRace } from '../../src/lab/watch/race-detector.ts';
import type { IntendedRace } from '../../src/slab/kernel-facts.ts';
import { kernels } from '../../src/slab/kernels.ts';
import { pressureRun, raceRun, type RaceRun, stressRun } from './race-runs.ts';
import { unintended } from './watched.ts';

const runs: readonly { what: string; needsNodes?: true; run: RaceRun }[] = [
  { what: 'CPUs and handlers that share caches, and an administrator', run: raceRun({ cpus: 4 }) },
  { what: 'the same on two nodes', needsNodes: true, run: raceRun({ cpus: 4, nodes: 2 }) },
  { what: 'one CPU of a uniprocessor build, and handlers', run: raceRun({ cpus: 1, smp: false }) },
  { what: 'a stress run', run: stressRun({ cpus: 4 }) },
  { what: 'a stress run on two nodes', needsNodes: true, run: stressRun({ cpus: 4, nodes: 2 }) },
  { what: 'memory runs short, and tasks reclaim it', run: pressureRun },
];
/** The first of each run; further ones are run until each intended race was found, which none of these may be all but never. */
const SEEDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
const ALWAYS = 2;

describe.each([...kernels.values()])('$name has no race but those intended', ({ name, features, intendedRaces }) => {
  const own = runs.filter(({ needsNodes }) => features.nodes || !needsNodes);
  const found = new Set<IntendedRace | undefined>();
  /** What it tells of races that are not intended. */
  const check = (run: RaceRun, seed: string) => {
    const races = racesOf((watching) => run(name, seed, watching));
    for (const race of races) found.add(intendedRace(race, intendedRaces));
    return unintended(name, races).map(tellRace);
  };
  const missing = () => intendedRaces.filter((entry) => !found.has(entry));

  test.each(own.flatMap(({ what, run }) => SEEDS.slice(0, ALWAYS).map((seed) => ({ what, seed, run }))))(
    'when $what (seed $seed)',
    ({ run, seed }) => {
      expect(check(run, seed)).toEqual([]);
    },
  );

  test('and each of those intended is found, whatever the seeds', () => {
    for (const seed of SEEDS.slice(ALWAYS)) {
      for (const { run } of own) if (missing().length > 0) expect(check(run, seed)).toEqual([]);
    }
    expect(missing()).toEqual([]);
  });
});
