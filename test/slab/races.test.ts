/** Every kernel version under the race detector: it has no race but those that it has on purpose, and these it has. */
import { describe, expect, test } from 'vitest';
import { intendedRace } from '../../src/lab/watch/intended-races.ts';
import { racesOf, tellRace } from '../../src/lab/watch/race-detector.ts';
import type { IntendedRace } from '../../src/slab/kernel-facts.ts';
import { kernels } from '../../src/slab/kernels.ts';
import { pressureRun, type RaceRun, raceRun, reapRun, stressRun } from './race-runs.ts';
import { unintended } from './watched.ts';

interface Run {
  readonly what: string;
  readonly needsNodes?: true;
  /** The versions that cannot do it, and why. */
  readonly not?: Readonly<Record<string, string>>;
  readonly run: RaceRun;
}

const runs: readonly Run[] = [
  { what: 'CPUs and handlers that share caches, and an administrator', run: raceRun({ cpus: 4 }) },
  { what: 'CPUs of two nodes, handlers and an administrator', needsNodes: true, run: raceRun({ cpus: 4, nodes: 2 }) },
  { what: 'one CPU of a uniprocessor build, and handlers', run: raceRun({ cpus: 1, smp: false }) },
  { what: 'tasks reap while handlers take and give back slabs and pages', run: reapRun({ cpus: 2 }) },
  { what: 'tasks of two nodes reap while handlers do so', needsNodes: true, run: reapRun({ cpus: 2, nodes: 2 }) },
  { what: 'a stress run', run: stressRun({ cpus: 4 }) },
  { what: 'a stress run on two nodes', needsNodes: true, run: stressRun({ cpus: 4, nodes: 2 }) },
  {
    what: 'memory runs short, and tasks reclaim it',
    not: { '2.6.17-g4776874': 'it reclaims nothing: a task that needs a page where none is left is out of memory' },
    run: pressureRun,
  },
];
/** The first are always run; further ones until each intended race was found. */
const SEEDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
const ALWAYS = 2;

describe.each([...kernels.values()])('$name has no race but those intended', ({ name, features, intendedRaces }) => {
  const own = runs.filter(({ needsNodes, not = {} }) => (features.nodes || !needsNodes) && !(name in not));
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
