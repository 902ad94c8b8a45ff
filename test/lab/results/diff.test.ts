import { describe, expect, test } from 'vitest';
import type { Counts } from '../../../src/lab/results/counts.ts';
import { diffResults, type FiledResults } from '../../../src/lab/results/diff.ts';
import type { PointResult } from '../../../src/lab/results/points.ts';
import { diffTable } from '../../../src/report/diff-table.ts';
import { counts, point } from '../../report/results.ts';

const resultsOf = (points: PointResult[], rest: Partial<FiledResults> = {}): FiledResults => ({
  ...{ file: 'a.json', name: 'x', slabscope: '0.1.0', specification: { seeds: 2 }, specificationHash: 'ab', seed: 's' },
  ...{ points, ...rest },
});
const four = (changed: Partial<Counts> = {}) => [
  point('init-all word on', 0),
  point('init-all word off', 0),
  point('init-all word on', 1, changed),
  point('init-all word off', 1),
];
const text = (a: FiledResults, b: FiledResults) => diffTable(diffResults(a, b)).split('\n');

test('results are identical to themselves, in whatever order', () => {
  const diff = diffResults(resultsOf(four()), resultsOf(four().reverse()));
  expect(diff).toMatchObject({ identical: true, counts: [], combinations: [], specification: [], other: [] });
  expect(diff.points).toEqual({ common: 4, different: 0, onlyInA: [], onlyInB: [] });
  expect(diffTable(diff)).toContain('identical: 4 points, and every count of each is the same');
});

test('a count that differs is told with its means, its change and an interval over seeds', () => {
  const misses = counts.misses + 400;
  const {
    identical,
    counts: changes,
    combinations,
    points,
  } = diffResults(resultsOf(four()), resultsOf(four({ misses })));
  expect([identical, points.different]).toEqual([false, 1]);
  expect(changes).toMatchObject([{ count: 'misses', points: 1, a: counts.misses, b: counts.misses + 100 }]);
  expect(changes[0]!.change!.value).toBeCloseTo(100 / counts.misses, 12);
  // Of 0 and 200 more by the seed, a seed's two points being one sample: 100 either way is the standard error, 12.706 of it the reach.
  expect(changes[0]!.change!.interval![1]).toBeCloseTo((100 + 12.7062047 * 100) / counts.misses, 9);
  expect(combinations).toMatchObject([
    { point: { touch: 'init-all', alignment: 'word', colouring: 'on' }, counts: [{ count: 'misses', points: 1 }] },
  ]);
});

test('points that one side alone has are told', () => {
  const diff = diffResults(resultsOf(four()), resultsOf(four().slice(1)));
  expect([diff.identical, diff.points]).toEqual([
    false,
    { common: 3, different: 0, onlyInA: [four()[0]!.point], onlyInB: [] },
  ]);
  expect(text(resultsOf(four().slice(2)), resultsOf(four()))).toContain(
    'only in B: 2 points (touch=init-all, alignment=word, colouring=on, seed=0 and so on)',
  );
});

test('a count that one side alone has is no change from 0, but told', () => {
  const { spins: _, ...older } = { ...counts, spins: 3 };
  const a = resultsOf([{ ...four()[0]!, counts: older }]);
  const b = resultsOf([{ ...four()[0]!, counts: { ...older, spins: 3 } as Counts }]);
  expect(diffResults(a, b)).toMatchObject({ identical: false, counts: [], other: ['counts.spins'] });
});

test('other members of points are compared too', () => {
  const withSets = (lines: number) => resultsOf([{ ...four()[0]!, sets: { accesses: [lines], misses: [] } }]);
  expect(diffResults(withSets(1), withSets(1)).identical).toBe(true);
  expect(diffResults(withSets(1), withSets(2))).toMatchObject({ identical: false, counts: [], other: ['sets'] });
});

describe('specifications that differ are told key by key, and do not matter to the status', () => {
  test.each([
    ['a value', { seeds: 2 }, { seeds: 3 }, 'specification: seeds is 2 in A, 3 in B'],
    [
      'a key within a group',
      { machine: { model: 'k6', cpus: 2 } },
      { machine: { model: 'k7', cpus: 2 } },
      'specification: machine.model is k6 in A, k7 in B',
    ],
    ['a key that one lacks', {}, { seed: 'x' }, 'specification: seed is not given in A, x in B'],
    ['a list', { touch: ['a'] }, { touch: ['a', 'b'] }, 'specification: touch is ["a"] in A, ["a","b"] in B'],
    [
      'a model written out against a name',
      { model: { name: 'x' } },
      { model: 'k6' },
      'specification: model is {"name":"x"} in A, k6 in B',
    ],
  ])('%s', (_what, a, b, line) => {
    const [left, right] = [resultsOf(four(), { specification: a }), resultsOf(four(), { specification: b })];
    expect(text(left, right).filter((each) => each.startsWith('specification:'))).toEqual([line]);
    expect(diffResults(left, right).identical).toBe(true);
  });
});

describe('a key that varies on one side alone', () => {
  const narrow = four().map((result) => result);
  const onTwo = ['pentium-iii', 'skylake'].flatMap((model) =>
    four().map((result) => ({ ...result, point: { 'machine.model': model, ...result.point } })),
  );

  test.each([
    ['named', { machine: { model: 'pentium-iii', cpus: 2 } }],
    ['written out', { machine: { model: { name: 'pentium-iii', mhz: 700 } } }],
  ])('is an axis of one value on the other, as its specification has it %s', (_, specification) => {
    const { identical, points } = diffResults(resultsOf(narrow, { specification }), resultsOf(onTwo));
    expect([identical, points.common, points.different]).toEqual([false, 4, 0]);
    expect(points.onlyInB.map((point) => point['machine.model'])).toEqual(Array(4).fill('skylake'));
    const { points: turned } = diffResults(resultsOf(onTwo), resultsOf(narrow, { specification }));
    expect([turned.common, turned.onlyInA.length, turned.onlyInB.length]).toEqual([4, 4, 0]);
  });

  test.each([
    ['names another', { machine: { model: 'k6' } }],
    ['does not name it', { machine: { cpus: 2 } }],
    ['is not there, as of a store', null],
  ])('pairs nothing where the specification %s', (_, specification) => {
    expect(diffResults(resultsOf(narrow, { specification }), resultsOf(onTwo)).points.common).toBe(0);
  });
});
