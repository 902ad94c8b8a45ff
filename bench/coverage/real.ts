/**
 * Populations from the lab: what many seeds of shipped experiments counted on both sides of a comparison, kept in real.csv, of
 * which samples are drawn with replacement. README.md beside this file says how real.csv was made.
 */
import { readFileSync } from 'node:fs';
import { groupBy } from '../../src/base/group-by.ts';
import { below } from '../../src/base/random.ts';
import { axesOf, baselineOf } from '../../src/lab/results/compare.ts';
import { combinationOf, keyOf, type PointResult } from '../../src/lab/results/points.ts';
import { effectiveness, type Figure, type Pair } from '../../src/lab/results/statistics.ts';
import type { Population } from './coverage.ts';
import { changeIn } from './made-up.ts';

const counts = ['operations', 'misses', 'cycles', 'l2Misses', 'fullyAssociativeMisses'] as const;
type Kept = Readonly<Record<(typeof counts)[number], number>>;

const FILE = new URL('real.csv', import.meta.url);

/** The lines to keep of an experiment: a seed of a comparison along the first axis each. */
export function linesOf(experiment: string, points: readonly PointResult[]): string[] {
  const [axis] = axesOf(points);
  const base = baselineOf(points, axis!);
  const kept = new Map(points.map(({ point, counts: of }) => [keyOf(point), counts.map((count) => of[count])]));
  return points
    .filter(({ point }) => point[axis!] !== base)
    .map(({ point }) => {
      const values = Object.values(combinationOf(point)).join(' ');
      return [
        `${experiment} ${values}`,
        point.seed,
        ...kept.get(keyOf({ ...point, [axis!]: base }))!,
        ...kept.get(keyOf(point))!,
      ].join();
    })
    .sort();
}

/** By measure: how it is told of a sample. */
const measures: Readonly<Record<string, (sample: readonly Pair<Kept>[]) => Figure | null>> = {
  misses: changed('misses'),
  cycles: changed('cycles'),
  'L2 misses': changed('l2Misses'),
  effectiveness: (sample) => effectiveness(sample, ({ fullyAssociativeMisses }) => fullyAssociativeMisses),
};

function changed(count: keyof Kept): (sample: readonly Pair<Kept>[]) => Figure | null {
  const perOperation = (of: Kept) => [of[count], of.operations] as const;
  return (sample) =>
    changeIn(sample.map(({ base, variant }) => ({ base: perOperation(base), variant: perOperation(variant) })));
}

/** Those in which seeds make a difference. Effectiveness is of colouring alone. */
export function real(): Population<Pair<Kept>>[] {
  const rows = readFileSync(FILE, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return [...groupBy(rows, ([comparison]) => comparison!)].flatMap(([comparison, group]) => {
    const seeds = group.map(
      ([, , ...figures]): Pair<Kept> => ({ base: kept(figures.slice(0, 5)), variant: kept(figures.slice(5)) }),
    );
    return Object.entries(measures).flatMap(([measure, figureOf]) => {
      const whole = measure === 'effectiveness' && !comparison.endsWith(' on') ? null : figureOf(seeds);
      if (whole === null || whole.pulls.every((pull) => Math.abs(pull) < 1e-9)) return [];
      return [
        {
          ...{ name: `${comparison}, ${measure}`, figureOf, truth: whole.value },
          draw: (random: () => number) => seeds[below(random, seeds.length)]!,
        },
      ];
    });
  });
}

const kept = (figures: readonly string[]) =>
  Object.fromEntries(counts.map((count, i) => [count, Number(figures[i])])) as Kept;
