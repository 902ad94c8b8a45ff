import { describe, expect, test } from 'vitest';
import { quantile, twoSided } from '../../../src/lab/results/student.ts';

/** By degrees of freedom, the t of two-sided 90, 95 and 99 %: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
const published: readonly (readonly [degrees: number, ...t: number[]])[] = [
  [1, 6.314, 12.706, 63.657],
  [2, 2.92, 4.303, 9.925],
  [3, 2.353, 3.182, 5.841],
  [4, 2.132, 2.776, 4.604],
  [5, 2.015, 2.571, 4.032],
  [6, 1.943, 2.447, 3.707],
  [7, 1.895, 2.365, 3.499],
  [8, 1.86, 2.306, 3.355],
  [9, 1.833, 2.262, 3.25],
  [10, 1.812, 2.228, 3.169],
  [15, 1.753, 2.131, 2.947],
  [19, 1.729, 2.093, 2.861],
  [20, 1.725, 2.086, 2.845],
  [30, 1.697, 2.042, 2.75],
  [40, 1.684, 2.021, 2.704],
  [60, 1.671, 2, 2.66],
  [120, 1.658, 1.98, 2.617],
];

const chances = [0.9, 0.95, 0.99];

test.each(published)('the quantiles of %i degrees of freedom are those published', (degrees, ...t) => {
  expect(chances.map((chance) => Number(quantile(chance, degrees).toFixed(3)))).toEqual(t);
});

test('the p-value of a quantile is what it leaves out', () => {
  for (const [degrees] of published) {
    for (const chance of chances) expect(twoSided(quantile(chance, degrees), degrees)).toBeCloseTo(1 - chance, 12);
  }
});

// With one degree of freedom it is Cauchy's distribution, with two sqrt(2 + t^2) stands below t.
describe('the p-value', () => {
  test.each([
    ['of t = 1 and one degree', 1, 1, 0.5],
    ['of t = -1, the same', -1, 1, 0.5],
    ['of t = 1 and two degrees', 1, 2, 1 - 1 / Math.sqrt(3)],
    ['of no t', 0, 7, 1],
    ['of endless t', Number.POSITIVE_INFINITY, 4, 0],
    ['of endless t and an odd number of degrees', Number.NEGATIVE_INFINITY, 5, 0],
  ])('%s is exact', (_, t, degrees, p) => {
    expect(twoSided(t, degrees)).toBeCloseTo(p, 14);
  });
});
