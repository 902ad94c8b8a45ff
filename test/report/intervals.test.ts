/**
 * Every report that says 95 % shows an interval of 95 %. Two seeds of twelve double: +16.7 % with a standard error of
 * 11.237 %, moved by a skewness of 2.055 to +17.8 %; t of eleven degrees of freedom is 2.201, of 90 % it would be 1.796, and the
 * interval end at +38.0 %.
 */
import { expect, test } from 'vitest';
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
const comparisons = compareAll(points);

test('the table', () => {
  const table = resultsTable(results({ points, comparisons }));
  expect(table).toMatch(/change of +95 % /);
  expect(table).toMatch(/\+16\.7 % +\[-7\.0, \+42\.5\]/);
});

test('the picture', () => {
  const picture = resultsChart(results({ points, comparisons }));
  expect(picture).toContain('>95 %<');
  expect(picture).toMatch(/>[-−]7\.0 to \+42\.5</);
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
  expect(table).toMatch(/ misses .*\+16\.7 % +\[-7\.0, \+42\.5\]/);
});
