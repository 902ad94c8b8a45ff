/**
 * Every report that says 95 % shows an interval of 95 %. Two seeds of twelve differ, so twelve draws hit them B(12, 1/6) times:
 * P(4 or fewer) = 96.4 %, P(5 or fewer) = 99.2 %. An interval of 90 % would end at four of twelve, +33.3 %.
 */
import { expect, test } from 'vitest';
import { seeded } from '../../src/base/random.ts';
import { compareAll } from '../../src/lab/results/compare.ts';
import { diffResults, type FiledResults } from '../../src/lab/results/diff.ts';
import { resultsChart } from '../../src/report/chart.ts';
import { diffTable } from '../../src/report/diff-table.ts';
import { resultsTable } from '../../src/report/table.ts';
import { point, results } from './results.ts';

const twelveSeeds = (name: string, misses: (seed: number) => number) =>
  Array.from({ length: 12 }, (_, seed) => point(name, seed, { misses: misses(seed), cycles: 10 * misses(seed) }));
const two = (seed: number) => (seed < 2 ? 2000 : 1000);
const points = [...twelveSeeds('init-all word off', () => 1000), ...twelveSeeds('init-all word on', two)];
const comparisons = compareAll(points, (label) => seeded('intervals', label));

test('the table', () => {
  const table = resultsTable(results({ points, comparisons }));
  expect(table).toMatch(/change of +95 % /);
  expect(table).toMatch(/\+16\.7 % +\[0\.0, \+41\.7\]/);
});

test('the picture', () => {
  const picture = resultsChart(results({ points, comparisons }));
  expect(picture).toContain('>95 %<');
  expect(picture).toMatch(/>0\.0 to \+41\.7</);
});

test('the difference of two results', () => {
  const filed = (misses: (seed: number) => number): FiledResults => ({
    ...{ file: 'a.json', name: 'x', slabscope: '1', specification: {}, specificationHash: 'ab', seed: 'intervals' },
    points: twelveSeeds('init-all word on', misses),
  });
  const table = diffTable(
    diffResults(
      filed(() => 1000),
      filed(two),
    ),
  );
  expect(table).toContain('95 % interval');
  expect(table).toMatch(/ misses .*\+16\.7 % +\[0\.0, \+41\.7\]/);
});
