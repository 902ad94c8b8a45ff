import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../../src/base/random.ts';
import type { Fraction } from '../../../src/lab/results/measures.ts';
import { effectiveness, effectOf, effectSize, type Pair, resample } from '../../../src/lab/results/statistics.ts';
import { zeroCounts } from './counts.ts';

const drawn = (pairs: readonly unknown[], seed = 'statistics') => resample(pairs.length, seeded(seed, 'test'));
const missing = (base: number, variant: number): Pair<Fraction> => ({ base: [base, 1], variant: [variant, 1] });
const effect = (pairs: Pair<Fraction>[], seed?: string) => effectOf(pairs, drawn(pairs, seed));
const change = (pairs: Pair<Fraction>[], seed?: string) => {
  const { value, interval } = effect(pairs, seed)!;
  return { value, interval };
};

describe('the relative change', () => {
  test('is that of the sums, so a seed weighs as much as it counted', () => {
    expect(change([missing(100, 50), missing(900, 900)]).value).toBe(-0.05);
  });

  test('of a measure with denominators is that of the ratios of sums', () => {
    expect(effect([{ base: [10, 100], variant: [30, 150] }])).toMatchObject({ value: 1, base: 0.1, variant: 0.2 });
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
    expect(effect([pair])).toBeNull();
  });

  test('grows by what is added to every variant', () => {
    const counts = fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.nat(1e6)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(counts, fc.nat(1e6), (seeds, added) => {
        const valueWith = (more: number) =>
          effect(seeds.map(([base, variant]) => missing(base, variant + more)))!.value;
        const base = seeds.reduce((sum, [count]) => sum + count, 0);
        expect(valueWith(added) - valueWith(0)).toBeCloseTo((seeds.length * added) / base, 6);
      }),
      { seed: 5, numRuns: 30 },
    );
  });
});

describe('the interval', () => {
  test('has no width where every seed tells the same', () => {
    expect(change([missing(100, 75), missing(200, 150), missing(400, 300)])).toEqual({
      value: -0.25,
      interval: [-0.25, -0.25],
    });
  });

  // Of the four ways to draw two seeds twice, one is the first seed twice and one the second.
  test('of two seeds reaches from one to the other', () => {
    expect(change([missing(100, 50), missing(100, 150)])).toEqual({ value: 0, interval: [-0.5, 0.5] });
  });

  // The first seed is drawn k times of 4 in B(4, 1/4): P(4) = 0.4 %, P(3 or more) = 5.1 %, P(0) = 32 %.
  test('of four seeds, one of them different, is that of the binomial distribution', () => {
    const pairs = [missing(100, 60), missing(100, 100), missing(100, 100), missing(100, 100)];
    expect(change(pairs)).toEqual({ value: -0.1, interval: [-0.3, 0] });
  });

  // Two of twelve differ, so twelve draws hit them B(12, 1/6) times: P(4 or fewer) = 96.4 %, P(5 or fewer) = 99.2 %.
  test('has its ends at 2.5 % and 97.5 % of the resamples: one of 90 % would end at 4 of 12', () => {
    const seeds = (different: number) => Array.from({ length: 12 }, (_, i) => missing(100, i < different ? 220 : 100));
    expect(change(seeds(2))).toEqual({ value: 0.2, interval: [0, 0.5] });
    expect(change(seeds(10))).toEqual({ value: 1, interval: [0.7, 1.2] });
  });

  test('of one seed is none', () => {
    expect(change([missing(100, 90)])).toEqual({ value: -0.1, interval: null });
  });

  test('does not see what a seed does to both sides alike', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => missing(1000 * (i + 1), 900 * (i + 1)));
    expect(change(pairs)).toEqual({ value: -0.1, interval: [-0.1, -0.1] });
  });

  test('is the same for the same seed of the generator, and another for another', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => missing(1000, 900 + i * i));
    expect(change(pairs, 'a')).toEqual(change(pairs, 'a'));
    expect(change(pairs, 'a')).not.toEqual(change(pairs, 'b'));
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
    expect(effect(pairs)!.effectSize).toBeCloseTo(2 / Math.SQRT2, 12);
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
  const narrow = (i: number) => (i % 2 === 0 ? 997 : 1003);

  test.each([
    [1, 'a clear change', clear, 'one-seed'],
    [1, 'nothing', () => 1000, 'one-seed'],
    [2, 'a clear change', clear, 'too-few-seeds'],
    [2, 'nothing', () => 1000, 'identical'],
    [5, 'a clear change', clear, 'too-few-seeds'],
    [5, 'changes under 1 %', narrow, 'too-few-seeds'],
    [6, 'a clear change', clear, 'change'],
    [6, 'changes under 1 %', narrow, 'no-change'],
    [6, 'a wide spread', wide, 'too-few-seeds'],
    [6, 'nothing', () => 1000, 'identical'],
    [20, 'a clear change', clear, 'change'],
    [20, 'changes under 1 %', narrow, 'no-change'],
    [20, 'a wide spread', wide, 'too-few-seeds'],
  ] as const)('of %i seeds that show %s is right', (count, _, variantOf, reading) => {
    expect(effect(seeds(count, variantOf))!.reading).toBe(reading);
  });

  // One of six seeds differs; drawn k times of 6 in B(6, 1/6), at most 3 times in 97.5 %: the interval is 0 to 3 times 2 of 600.
  const one = (variant: number) => (i: number) => (i === 0 ? 10 * variant : 1000);
  test.each([
    ['one that ends at 0 from above leaves it in', one(106), 'too-few-seeds', [0, 0.03]],
    ['one that ends at 0 from below does too', one(94), 'too-few-seeds', [-0.03, 0]],
    ['one that ends at 1 % lies within the bounds', one(102), 'no-change', [0, 0.01]],
    ['one that ends at -1 % too', one(98), 'no-change', [-0.01, 0]],
    ['an increase is a change as a decrease is', () => 1100, 'change', [0.1, 0.1]],
  ] as const)('of intervals %s', (_, variantOf, reading, [low, high]) => {
    const { interval, ...told } = effect(seeds(6, variantOf))!;
    expect(told.reading).toBe(reading);
    expect(interval![0]).toBeCloseTo(low, 12);
    expect(interval![1]).toBeCloseTo(high, 12);
  });

  test('asks for six seeds where fewer show a clear change', () => {
    expect(effect(seeds(5, clear))!.seedsToTell).toBe(6);
  });

  test('asks for as many seeds as would make the interval 1 % wide', () => {
    const { interval, seedsToTell } = effect(seeds(20, wide))!;
    const [low, high] = interval!;
    expect(seedsToTell).toBe(Math.ceil(20 * ((high - low) / 0.01) ** 2));
    expect(seedsToTell).toBeGreaterThan(20);
  });

  test('asks for no seeds where it tells', () => {
    expect(effect(seeds(6, clear))!.seedsToTell).toBeNull();
  });
});

describe('effectiveness', () => {
  const seed = (off: number, on: number, fullyAssociativeMisses: number) => ({
    base: { ...zeroCounts, misses: off, fullyAssociativeMisses },
    variant: { ...zeroCounts, misses: on },
  });
  const effectivenessOf = (pairs: ReturnType<typeof seed>[]) => effectiveness(pairs, drawn(pairs));

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

  // The second seed twice would divide by -40. What is left: the first twice, 100/100, and both, 50/30.
  test('drops resamples in which full associativity misses more', () => {
    expect(effectivenessOf([seed(100, 50, 50), seed(100, 100, 120)])).toEqual({
      value: 50 / 30,
      interval: [1, 50 / 30],
    });
  });
});
