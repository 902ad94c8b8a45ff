/**
 * How sure a comparison is: ratios of sums over seeds, with percentile bootstrap intervals.
 *
 * Both sides of a comparison ran under the same seeds, so seeds are resampled, each with both its sides: what a seed
 * draws for both cancels out. A ratio of sums, not a mean of ratios: a seed weighs as much as it counted.
 */
import { quantile } from 'simple-statistics';
import type { Counts, Estimate } from './results.ts';
import { below, type Random } from './seeded.ts';

/** What one seed counted on both sides. */
export interface Pair {
  readonly base: Counts;
  readonly variant: Counts;
}

/** A figure of a sample; undefined where its denominator is not positive. */
export type Statistic = (pairs: readonly Pair[]) => number | undefined;

const RESAMPLES = 2000;

const total = (pairs: readonly Pair[], side: keyof Pair, count: keyof Counts): number =>
  pairs.reduce((sum, pair) => sum + pair[side][count], 0);

const ratio = (numerator: number, denominator: number): number | undefined =>
  denominator > 0 ? numerator / denominator : undefined;

/** Of the sums of one count, variant against base: -0.1 is 10 % fewer. From nothing to nothing is no change. */
export function relativeChange(count: keyof Counts): Statistic {
  return (pairs) => {
    const base = total(pairs, 'base', count);
    const difference = total(pairs, 'variant', count) - base;
    return difference === 0 ? 0 : ratio(difference, base);
  };
}

/** Misses of the base beyond those of a fully associative cache: all that a better spread over the sets could save. */
const excessMisses = (pairs: readonly Pair[]): number =>
  total(pairs, 'base', 'misses') - total(pairs, 'base', 'fullyAssociativeMisses');

const effectiveness: Statistic = (pairs) =>
  ratio(total(pairs, 'base', 'misses') - total(pairs, 'variant', 'misses'), excessMisses(pairs));

/**
 * The statistic of the sample, with its 95 % interval; null where the sample has none. Resamples without one are
 * dropped, so next to the edge of having none the interval is that of the resamples on this side of it.
 * One seed has only itself for a resample, so no interval.
 */
export function bootstrap(pairs: readonly Pair[], statistic: Statistic, random: Random): Estimate | null {
  const value = statistic(pairs);
  if (value === undefined) return null;
  if (pairs.length === 1) return { value, interval: null };
  const resampled: number[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    const figure = statistic(pairs.map(() => pairs[below(random, pairs.length)]));
    if (figure !== undefined) resampled.push(figure);
  }
  const [low, high] = quantile(resampled, [0.025, 0.975]);
  return { value, interval: [low, high] };
}

/** Null where the excess is under 1 % of the base's misses: a share of next to nothing says nothing. */
export function bootstrapEffectiveness(pairs: readonly Pair[], random: Random): Estimate | null {
  if (excessMisses(pairs) < 0.01 * total(pairs, 'base', 'misses')) return null;
  return bootstrap(pairs, effectiveness, random);
}
