import { expect, test } from 'vitest';
import { compareAlignment, compareColouring } from '../../src/lab/compare.ts';
import type { Counts, PointResult } from '../../src/lab/results.ts';
import { seeded } from '../../src/lab/seeded.ts';

const random = () => seeded('compare', 'test');

/** Half the misses are beyond those of a fully associative cache; ten cycles a miss. */
function counts(misses: number, peakPages = 10): Counts {
  return {
    ...{ accesses: 10_000, lineAccesses: 10_000, hits: 10_000 - misses, misses },
    ...{ cold: 0, capacity: 0, conflict: misses, trueSharing: 0, falseSharing: 0 },
    ...{
      fullyAssociativeMisses: misses / 2,
      cycles: 10 * misses,
      peakPages,
      pages: 5,
      operations: 100,
      failed: 0,
      userLoads: 0,
    },
  };
}

function point(name: string, seed: number, counts: Counts): PointResult {
  const [touch, alignment, colouring] = name.split(' ');
  return { point: { touch, alignment, colouring, seed }, counts };
}

const twoSeeds = (name: string, ...misses: [number, number]) =>
  misses.map((count, seed) => point(name, seed, counts(count)));

test('colouring is compared by seed, on against off', () => {
  const points = [...twoSeeds('init-all word on', 80, 160), ...twoSeeds('init-all word off', 100, 200)];
  expect(compareColouring(points, random())).toEqual([
    {
      ...{ touch: 'init-all', fixed: 'word', base: 'off', variant: 'on', seeds: 2 },
      baseCounts: counts(150),
      variantCounts: counts(120),
      misses: { value: -0.2, interval: [-0.2, -0.2] },
      cycles: { value: -0.2, interval: [-0.2, -0.2] },
      peakPages: { value: 0, interval: [0, 0] },
      effectiveness: { value: 0.4, interval: [0.4, 0.4] },
    },
  ]);
});

test('seeds are paired whatever the order of the points', () => {
  const on = twoSeeds('init-all word on', 80, 160);
  const [comparison] = compareColouring([...on.toReversed(), ...twoSeeds('init-all word off', 100, 200)], random());
  expect(comparison.misses).toEqual({ value: -0.2, interval: [-0.2, -0.2] });
});

test('comparisons of colouring stand in the order in which their values appear', () => {
  const points = ['b word', 'a word', 'b line', 'a line'].flatMap((name) => [
    ...twoSeeds(`${name} off`, 100, 100),
    ...twoSeeds(`${name} on`, 90, 90),
  ]);
  const order = compareColouring(points, random()).map(({ touch, fixed }) => `${touch} ${fixed}`);
  expect(order).toEqual(['b word', 'b line', 'a word', 'a line']);
});

test('an alignment that ran with one colouring only is not compared', () => {
  const points = [
    ...twoSeeds('a word on', 90, 90),
    ...twoSeeds('a word off', 100, 100),
    ...twoSeeds('a line on', 9, 9),
  ];
  expect(compareColouring(points, random()).map(({ fixed }) => fixed)).toEqual(['word']);
});

test('alignments are compared with word, with colouring on, and have no effectiveness', () => {
  const points = [
    ...twoSeeds('a line on', 150, 150),
    ...twoSeeds('a word on', 100, 100),
    ...twoSeeds('a word off', 1, 1),
    ...twoSeeds('a line off', 1, 1),
  ];
  const comparisons = compareAlignment(points, random());
  expect(comparisons).toHaveLength(1);
  expect(comparisons[0]).toMatchObject({ touch: 'a', fixed: 'on', base: 'word', variant: 'line', effectiveness: null });
  expect(comparisons[0].misses.value).toBe(0.5);
});

test('the same points and seed give the same bytes', () => {
  const points = [...twoSeeds('a word on', 80, 170), ...twoSeeds('a word off', 100, 200)];
  const bytes = () => JSON.stringify(compareColouring(points, random()));
  expect(bytes()).toBe(bytes());
});

test('a point without its pair is an error that names the missing one', () => {
  const points = [...twoSeeds('a word on', 90, 90), point('a word off', 0, counts(100))];
  expect(() => compareColouring(points, random())).toThrow(
    'no result for touch a, alignment word, colouring off, seed 1',
  );
});

test('a base without misses is an error that names the count', () => {
  const points = [point('a word off', 0, counts(0)), point('a word on', 0, counts(1))];
  expect(() => compareColouring(points, random())).toThrow('no change of misses can be told');
});

test('a base without pages has no change of pages', () => {
  const points = [point('a word off', 0, counts(100, 0)), point('a word on', 0, counts(100, 1))];
  expect(compareColouring(points, random())[0].peakPages).toBeNull();
});

test('one seed has no intervals', () => {
  const points = [point('a word off', 0, counts(100)), point('a word on', 0, counts(90))];
  const [{ misses, cycles, peakPages, effectiveness }] = compareColouring(points, random());
  const intervals = [misses, cycles, peakPages, effectiveness].map((estimate) => estimate?.interval);
  expect(intervals).toEqual([null, null, null, null]);
});
