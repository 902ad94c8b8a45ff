import { describe, expect, test } from 'vitest';
import type { Counts } from '../../src/lab/results.ts';
import { seeded } from '../../src/lab/seeded.ts';
import { bootstrap, bootstrapEffectiveness, type Pair, relativeChange } from '../../src/lab/statistics.ts';

const random = () => seeded('statistics', 'test');
const counted = (counts: Partial<Counts>) => counts as Counts;
const missing = (base: number, variant: number): Pair => ({
  base: counted({ misses: base }),
  variant: counted({ misses: variant }),
});
const change = (pairs: Pair[]) => bootstrap(pairs, relativeChange('misses'), random());

describe('the relative change', () => {
  test('is that of the sums, so a seed weighs as much as it counted', () => {
    expect(change([missing(100, 50), missing(900, 900)])?.value).toBe(-0.05);
  });

  test('from nothing to nothing is none', () => {
    expect(change([missing(0, 0), missing(0, 0)])).toEqual({ value: 0, interval: [0, 0] });
  });

  test('from nothing to something cannot be told', () => {
    expect(change([missing(0, 1)])).toBeNull();
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

  test('of one seed is none', () => {
    expect(change([missing(100, 90)])).toEqual({ value: -0.1, interval: null });
  });

  test('does not see what a seed does to both sides alike', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => missing(1000 * (i + 1), 900 * (i + 1)));
    expect(change(pairs)).toEqual({ value: -0.1, interval: [-0.1, -0.1] });
  });

  test('is the same for the same seed of the generator, and another for another', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => missing(1000, 900 + i * i));
    const drawnFrom = (seed: string) => bootstrap(pairs, relativeChange('misses'), seeded(seed, 'test'));
    expect(drawnFrom('a')).toEqual(drawnFrom('a'));
    expect(drawnFrom('a')).not.toEqual(drawnFrom('b'));
  });
});

describe('effectiveness', () => {
  const seed = (off: number, on: number, fullyAssociativeMisses: number): Pair => ({
    base: counted({ misses: off, fullyAssociativeMisses }),
    variant: counted({ misses: on }),
  });
  const effectiveness = (pairs: Pair[]) => bootstrapEffectiveness(pairs, random());

  test('is the share of the misses beyond full associativity that went away', () => {
    expect(effectiveness([seed(1000, 850, 800)])).toEqual({ value: 0.75, interval: null });
  });

  test('can be more than all of them, for LRU is no lower bound', () => {
    expect(effectiveness([seed(1000, 750, 800)])?.value).toBe(1.25);
  });

  test('is told where they are 1 % of the misses', () => {
    expect(effectiveness([seed(1000, 995, 990)])?.value).toBe(0.5);
  });

  test('is not told where they are under 1 % of the misses', () => {
    expect(effectiveness([seed(1000, 995, 991)])).toBeNull();
  });

  test('is not told where nothing missed', () => {
    expect(effectiveness([seed(0, 0, 0)])).toBeNull();
  });

  // The second seed twice would divide by -40. What is left: the first twice, 100/100, and both, 50/30.
  test('drops resamples in which full associativity misses more', () => {
    expect(effectiveness([seed(100, 50, 50), seed(100, 100, 120)])).toEqual({ value: 50 / 30, interval: [1, 50 / 30] });
  });
});
