import { expect, test } from 'vitest';
import type { PointResult } from '../../src/lab/results/points.ts';
import { resultsChart } from '../../src/report/chart.ts';
import { setsChart } from '../../src/report/heat-map.ts';
import { comparison, fewer, point, results } from './results.ts';

const withSets = (name: string, seed: number, misses: number[]): PointResult => ({
  ...point(name, seed),
  sets: { accesses: misses, misses },
});
const chart = (points: PointResult[]) => setsChart(results({ points, comparisons: [comparison('a', 'word', fewer)] }));
const texts = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, words]) => words);
/** Left edge, width and shade of each cell, strip by strip. */
const cells = (svg: string) =>
  [...svg.matchAll(/<g fill="[^"]*" shape-rendering="crispEdges">(.*?)<\/g>/g)].map(([, strip]) =>
    [...strip!.matchAll(/x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="17" fill-opacity="([\d.]+)"/g)].map((of) =>
      of.slice(1).map(Number),
    ),
  );

test('misses by set stand in a strip for each side, means of a seed, in one scale', () => {
  const svg = chart([
    ...[withSets('a word off', 0, [30, 0, 0, 10]), withSets('a word off', 1, [50, 0, 0, 10])],
    ...[withSets('a word on', 0, [10, 10, 10, 10]), withSets('a word on', 1, [10, 10, 10, 10])],
  ]);
  const [off, on] = cells(svg);
  // 40 of 40 and 10 of 40; four alike are one rectangle.
  const [from, set] = [216, 124.5];
  expect(off).toEqual([
    [from, set, 1],
    [from + 3 * set, set, 0.25],
  ]);
  expect(on).toEqual([[from, 4 * set, 0.25]]);
  expect(texts(svg)).toEqual(
    expect.arrayContaining(['a', 'colouring off', 'colouring on', '50', '0.65', '40', '0.00']),
  );
});

test.each([
  ['More evenly', [10, 0], [5, 5]],
  ['Less evenly', [5, 5], [10, 0]],
  ['As evenly as before', [5, 5], [6, 6]],
])('the answer is whether they spread: %s', (answer, off, on) => {
  const svg = chart([withSets('a word off', 0, off), withSets('a word on', 0, on)]);
  expect(texts(svg)[1]).toMatch(new RegExp(`^${answer}: Gini 0\\.\\d0 before, 0\\.\\d0 after$`));
});

test('where nothing was compared, each combination has its strip, in the picture of results too', () => {
  const shown = results({ points: [withSets('a word on', 0, [10, 0]), withSets('b word on', 0, [0, 10])] });
  for (const svg of [setsChart(shown), resultsChart(shown)]) {
    expect(cells(svg).slice(0, 2)).toEqual([[[216, 249, 1]], [[465, 249, 1]]]);
    expect(texts(svg)).toContain('touch=a, alignment=word, colouring=on');
  }
  expect(texts(setsChart(shown))).toContain('Gini 0.50');
});

test('what was not counted is said', () => {
  expect(texts(chart([point('a word off', 0), point('a word on', 0)])).join(' ')).toContain(
    'Misses by set were not counted on both sides of a comparison',
  );
});
