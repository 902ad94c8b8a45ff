import { describe, expect, test } from 'vitest';
import type { Fraction } from '../../../src/lab/results/measures.ts';
import {
  corrected,
  effectiveness,
  effectOf,
  effectSize,
  estimateOf,
  holm,
  type Pair,
} from '../../../src/lab/results/statistics.ts';
import fc from '../../fast-check.ts';
import { zeroCounts } from './counts.ts';

const missing = (base: number, variant: number): Pair<Fraction> => ({ base: [base, 1], variant: [variant, 1] });
const change = (pairs: Pair<Fraction>[]) => {
  const { value, interval } = effectOf(pairs)!;
  return { value, interval };
};
/** Figures to twelve places: what is left is rounding. */
const rounded = (figures: readonly number[] | null) => figures!.map((figure) => Number(figure.toFixed(12)));

describe('the relative change', () => {
  test('is that of the sums, so a seed weighs as much as it counted', () => {
    expect(change([missing(100, 50), missing(900, 900)]).value).toBe(-0.05);
  });

  test('of a measure with denominators is that of the ratios of sums', () => {
    expect(effectOf([{ base: [10, 100], variant: [30, 150] }])).toMatchObject({ value: 1, base: 0.1, variant: 0.2 });
  });

  test('from nothing to nothing is none', () => {
    expect(change([missing(0, 0), missing(0, 0)])).toEqual({ value: 0, interval: [0, 0] });
  });

  test.each([
    ['from nothing to something', missing(0, 1)],
    ['from a base below zero', missing(-5, 1)],
    ['from a base below zero to the same', missing(-5, -5)],
    ['of a measure that the variant does not have', { base: [1, 1], variant: [0, 0] } as Pair<Fraction>],
    ['of a measure that the base does not have', { base: [0, 0], variant: [1, 1] } as Pair<Fraction>],
    ['of a measure that neither has', { base: [0, 0], variant: [0, 0] } as Pair<Fraction>],
  ])('%s cannot be told', (_, pair) => {
    expect(effectOf([pair])).toBeNull();
  });

  test('grows by what is added to every variant', () => {
    const counts = fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.nat(1e6)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(counts, fc.nat(1e6), (seeds, added) => {
        const valueWith = (more: number) =>
          effectOf(seeds.map(([base, variant]) => missing(base, variant + more)))!.value;
        const base = seeds.reduce((sum, [count]) => sum + count, 0);
        expect(valueWith(added) - valueWith(0)).toBeCloseTo((seeds.length * added) / base, 6);
      }),
      { seed: 5, numRuns: 30 },
    );
  });
});

describe('the interval', () => {
  test('has no width where every seed tells the same, however much it counted', () => {
    const { value, interval } = change([missing(100, 75), missing(200, 150), missing(400, 300)]);
    expect(value).toBeCloseTo(-0.25, 12);
    expect(interval).toEqual([value, value]);
  });

  test('has none where they differ by rounding alone', () => {
    const { interval } = change([missing(0.3, 0.1 + 0.2), missing(0.3, 0.3), missing(0.7, 0.7)]);
    expect(interval![0]).toBe(interval![1]);
  });

  // Where all bases are alike it is the t interval of a mean: of 0.4 less once and nothing three times, the mean is 0.1 less,
  // the standard deviation 0.2, the standard error 0.1; t of three degrees of freedom is 3.182446. Their skewness is -2, by which
  // Johnson moves the middle by -2 x 0.2 / (6 x 4).
  test('of seeds that count alike is that of the mean of their changes, moved by their skewness', () => {
    const { value, interval } = change([missing(100, 60), missing(100, 100), missing(100, 100), missing(100, 100)]);
    expect(value).toBeCloseTo(-0.1, 12);
    expect(interval![0]).toBeCloseTo(-0.1 - 1 / 60 - 0.3182446, 6);
    expect(interval![1]).toBeCloseTo(-0.1 - 1 / 60 + 0.3182446, 6);
  });

  // W. G. Cochran, "Sampling Techniques", 6.4: the residuals of a ratio b are v - r b, here 5 and -5 about r = 0.9; their standard
  // deviation is 7.0711, the standard error of r that by the root of 2 and the mean of b, 150: 1/30; t of one degree is 12.7062.
  test('of seeds that do not is that of the residuals of the ratio', () => {
    const { value, interval } = change([missing(100, 95), missing(200, 175)]);
    expect(value).toBeCloseTo(-0.1, 12);
    expect(interval![1] - interval![0]).toBeCloseTo((2 * 12.7062047) / 30, 6);
  });

  test('has the spread of both sides where they share nothing, and of neither where they share all', () => {
    const [wide, same] = [
      [missing(90, 110), missing(110, 90)],
      [missing(90, 90), missing(110, 110)],
    ].map((pairs) => change(pairs).interval!);
    expect(wide![1] - wide![0]).toBeCloseTo(2 * 12.7062047 * 0.2, 6);
    expect(same).toEqual([0, 0]);
  });

  test('of a measure with denominators hangs on these too', () => {
    const pairs: Pair<Fraction>[] = [
      { base: [1, 2], variant: [3, 4] },
      { base: [5, 8], variant: [7, 6] },
    ];
    // From 6/10 to 10/10. With p and q the first seed's pulls on these, the quotient rule gives (q - 5/3 p) / 0.6; the second's is
    // the opposite, and of two that pull x and -x the standard error is |x|.
    const [p, q] = [2 * ((1 - 0.6 * 2) / 10), 2 * ((3 - 4) / 10)];
    const pull = (q - (5 / 3) * p) / 0.6;
    const { value, interval } = change(pairs);
    expect(value).toBeCloseTo(2 / 3, 12);
    expect(interval![1] - value).toBeCloseTo(12.7062047 * Math.abs(pull), 6);
  });

  test('of one seed is none', () => {
    expect(change([missing(100, 90)])).toEqual({ value: -0.1, interval: null });
  });

  test('does not depend on the order of the seeds', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => missing(1000, 900 + i * i));
    expect(rounded(change(pairs.toReversed()).interval)).toEqual(rounded(change(pairs).interval));
  });
});

describe('the p-value', () => {
  const p = (...variants: number[]) => effectOf(variants.map((variant) => missing(100, variant)))!.p;

  // With a middle of -0.1 - 1/60 and a standard error of 0.1 (above) t is 7/6. Of three degrees of freedom |t| is as much or more in
  // 1 - 2/pi (a + sin a cos a), where tan a = t / sqrt(3).
  test('is that of the t test whose interval is told', () => {
    expect(p(60, 100, 100, 100)).toBeCloseTo(0.327652, 6);
  });

  test('is 5 % where the interval ends at 0', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => missing(1000, 900 + i * i));
    const [low] = effectOf(pairs)!.interval!;
    // Moved so far that the lower end is 0: the residuals of the ratio stay.
    const moved = pairs.map(({ base: [b], variant: [v] }) => missing(b, v - low * b));
    expect(effectOf(moved)!.interval![0]).toBeCloseTo(0, 12);
    expect(effectOf(moved)!.p).toBeCloseTo(0.05, 9);
  });

  test.each([
    ['1 where nothing changes', [100, 100, 100], 1],
    ['0 where all seeds change alike', [90, 90, 90], 0],
    ['none of one seed', [90], null],
  ])('is %s', (_, variants, expected) => {
    expect(p(...variants)).toBe(expected);
  });
});

describe('the effect size', () => {
  // Differences 1, 2, 3: mean 2, sample standard deviation 1.
  test('is the mean difference in units of the standard deviation of the differences', () => {
    expect(effectSize([1, 2, 3])).toBe(2);
    expect(effectSize([-1, -2, -3])).toBe(-2);
  });

  test('is told of two seeds already', () => {
    expect(effectSize([1, 3])).toBeCloseTo(2 / Math.SQRT2, 12);
  });

  test('is of the differences of the measure, not of what it is a fraction of', () => {
    const pairs: Pair<Fraction>[] = [
      { base: [4, 2], variant: [9, 3] }, // 2 to 3
      { base: [6, 3], variant: [20, 4] }, // 2 to 5
    ];
    expect(effectOf(pairs)!.effectSize).toBeCloseTo(2 / Math.SQRT2, 12);
  });

  test.each([
    ['of one seed', [5]],
    ['without any spread', [5, 5, 5]],
    ['without any difference', [0, 0, 0]],
    ['where the spread of great differences is rounding', [1e12, 1e12 + 1]],
    ['where the spread is rounding', [0.1 + 0.2, 0.3, 0.3]],
    ['where a seed has no measure', [1, Number.NaN]],
  ])('is none %s', (_, differences) => {
    expect(effectSize(differences)).toBeNull();
  });
});

describe('the reading', () => {
  const seeds = (count: number, variantOf: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => missing(1000, variantOf(i)));
  const clear = (i: number) => 900 + (i % 2);
  const wide = (i: number) => (i % 2 === 0 ? 800 : 1200);
  const narrow = (i: number) => (i % 2 === 0 ? 998 : 1002);
  const small = (i: number) => 996 + (i % 2);
  const uncertain = (i: number) => (i % 2 === 0 ? 960 : 996);

  test.each([
    [1, 'a clear change', clear, 'one-seed'],
    [1, 'nothing', () => 1000, 'one-seed'],
    [2, 'a clear change', clear, 'too-few-seeds'],
    [2, 'nothing', () => 1000, 'identical'],
    [9, 'a clear change', clear, 'too-few-seeds'],
    [9, 'changes under 1 %', narrow, 'too-few-seeds'],
    [10, 'a clear change', clear, 'change'],
    [10, 'changes under 1 %', narrow, 'no-change'],
    [10, 'a clear change under 1 %', small, 'no-change'],
    [10, 'the same change under 1 % everywhere', () => 999, 'no-change'],
    [10, 'the same change of more everywhere', () => 1100, 'change'],
    [10, 'a wide spread', wide, 'too-few-seeds'],
    [10, 'nothing', () => 1000, 'identical'],
    [11, 'a change that may be under 1 %, or more', uncertain, 'change'],
    [20, 'a clear change', clear, 'change'],
    [20, 'changes under 1 %', narrow, 'no-change'],
    [20, 'a wide spread', wide, 'too-few-seeds'],
  ] as const)('of %i seeds that show %s is right', (count, _, variantOf, reading) => {
    expect(effectOf(seeds(count, variantOf))!.reading).toBe(reading);
  });

  test.each([
    ['1 % less', 990],
    ['1 % more', 1010],
  ])('counts %s as within the bounds', (_, variant) => {
    expect(effectOf(seeds(10, () => variant))!.reading).toBe('no-change');
  });

  test('asks for ten seeds where fewer show a clear change, or a change under 1 %', () => {
    expect([clear, small].map((variantOf) => effectOf(seeds(9, variantOf))!.seedsToTell)).toEqual([10, 10]);
  });

  test('asks for as many seeds as would make the interval 1 % wide', () => {
    const { interval, seedsToTell } = effectOf(seeds(20, wide))!;
    const [low, high] = interval!;
    expect(seedsToTell).toBe(Math.ceil(20 * ((high - low) / 0.01) ** 2));
    // sd 205.2 of 1000, by the root of 20, times t of 19 degrees: 9.603 % either way.
    expect(seedsToTell).toBe(7379);
  });

  test('asks for no seeds where it tells', () => {
    expect(effectOf(seeds(10, clear))!.seedsToTell).toBeNull();
  });
});

describe('corrected for many comparisons', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => missing(1000, 900 + 50 * (i % 3)));
  const told = effectOf(seeds)!;

  test('a change is still one at 5 %', () => {
    expect(told.reading).toBe('change');
    expect(corrected(told, 0.05, 12)).toEqual(told);
  });

  test('a change at more than that is told no longer, but what was counted stays', () => {
    const { interval, ...after } = corrected(told, 0.0501, 12);
    const [low, high] = interval!;
    expect(after).toEqual({
      ...{ value: told.value, base: 1000, variant: 950, p: told.p, effectSize: told.effectSize },
      ...{ reading: 'too-few-seeds', seedsToTell: Math.ceil(12 * ((high - low) / 0.01) ** 2) },
    });
  });

  test('what is no change stays none, whatever its p-value', () => {
    const none = effectOf(Array.from({ length: 10 }, (_, i) => missing(1000, 999 + (i % 2))))!;
    expect(corrected(none, 1, 10)).toBe(none);
  });
});

describe("Holm's correction", () => {
  test.each([
    ['takes the least p times how many there are, the next times one less', [0.01, 0.04, 0.03], [0.03, 0.06, 0.06]],
    ['never puts a greater p before a smaller one', [0.02, 0.021, 0.022], [0.06, 0.06, 0.06]],
    ['is never more than 1', [0.6, 0.9], [1, 1]],
    ['leaves one alone', [0.04], [0.04]],
    ['of none is none', [], []],
  ])('%s', (_, p, adjusted) => {
    expect(rounded(holm(p))).toEqual(adjusted);
  });

  test('lies between the p-values and those of Bonferroni', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }), (p) => {
        const adjusted = holm(p);
        for (const [i, each] of p.entries()) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(each);
          expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, p.length * each));
        }
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});

describe('effectiveness', () => {
  const seed = (off: number, on: number, fullyAssociativeMisses: number) => ({
    base: { ...zeroCounts, misses: off, fullyAssociativeMisses },
    variant: { ...zeroCounts, misses: on },
  });
  const effectivenessOf = (pairs: ReturnType<typeof seed>[]) => {
    const figure = effectiveness(pairs, (counts) => counts.fullyAssociativeMisses);
    return figure === null ? null : estimateOf(figure);
  };

  test('is the share of the misses beyond full associativity that went away', () => {
    expect(effectivenessOf([seed(1000, 850, 800)])).toEqual({ value: 0.75, interval: null });
  });

  test('can be more than all of them, for LRU is no lower bound', () => {
    expect(effectivenessOf([seed(1000, 750, 800)])?.value).toBe(1.25);
  });

  test('is told where they are 1 % of the misses', () => {
    expect(effectivenessOf([seed(1000, 995, 990)])?.value).toBe(0.5);
  });

  test('is not told where they are under 1 % of the misses', () => {
    expect(effectivenessOf([seed(1000, 995, 991)])).toBeNull();
  });

  test('is not told where nothing missed', () => {
    expect(effectivenessOf([seed(0, 0, 0)])).toBeNull();
  });

  // Saved 50 of 50 and 0 of -20: 5/3 in all; residuals 50 - 250/3 and 100/3, and 15 the mean excess.
  test('has the interval of a ratio, though full associativity may miss more under a seed', () => {
    const { value, interval } = effectivenessOf([seed(100, 50, 50), seed(100, 100, 120)])!;
    expect(value).toBeCloseTo(5 / 3, 12);
    expect(interval![1] - value).toBeCloseTo((12.7062047 * 100) / 3 / 15, 5);
  });
});
