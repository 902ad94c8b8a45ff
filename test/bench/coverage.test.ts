/** That 95 % is 95 %: a shorter run of `npm run coverage`, whose whole table stands in docs/measures.md. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coverage, type Population } from '../../bench/coverage/coverage.ts';
import { madeUp } from '../../bench/coverage/made-up.ts';
import { real } from '../../bench/coverage/real.ts';
import { seeded } from '../../src/base/random.ts';
import { ENOUGH_SEEDS } from '../../src/lab/results/statistics.ts';

/** Of 4000 samples the standard error is 0.34 %. */
const covered = <Seed>(population: Population<Seed>, seeds: number) =>
  coverage(population, seeds, 4000, seeded('test', `${population.name}, ${seeds}`));

test.each([6, 10, 20, 40])('of normal differences intervals of %i seeds hold the truth in 95 %', (seeds) => {
  expect(Math.abs(covered(madeUp[0]!, seeds) - 0.95)).toBeLessThan(3 * 0.0034);
});

describe('of real differences, from as many seeds on as reports ask for, in 94 to 96 %, within the error of this run', () => {
  test.each(real().map((population) => [population.name, population] as const))('%s', (_, population) => {
    for (const seeds of [ENOUGH_SEEDS, 20]) {
      const share = covered(population, seeds);
      expect(share).toBeGreaterThan(0.94 - 2 * 0.0034);
      expect(share).toBeLessThan(0.96 + 2 * 0.0034);
    }
  });
});

test('an interval that is too narrow is seen', () => {
  const [normal] = madeUp as [Population<unknown>];
  const narrow = {
    ...normal,
    // Half the spread.
    figureOf: (sample: readonly unknown[]) => {
      const figure = normal.figureOf(sample)!;
      return { ...figure, pulls: figure.pulls.map((pull) => pull / 2) };
    },
  };
  // P(|t| < 2.262 / 2) with nine degrees of freedom is 71.3 %.
  expect(covered(narrow, 10)).toBeCloseTo(0.713, 1);
});

test('docs/measures.md has a line for each population', () => {
  const text = readFileSync(new URL('../../docs/measures.md', import.meta.url), 'utf8');
  const lines = [...madeUp, ...real()].map(({ name }) => `| ${name} |`);
  expect(lines.filter((line) => !text.includes(line))).toEqual([]);
});
