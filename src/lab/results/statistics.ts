/**
 * How sure a comparison is: changes of measures, ratios of sums over seeds, with percentile bootstrap intervals.
 *
 * Both sides of a comparison ran under the same seeds, so seeds are resampled, each with both its sides: what a seed
 * draws for both cancels out. A ratio of sums, not a mean of ratios: a seed weighs as much as it counted.
 */
import { mean, quantile, sampleStandardDeviation } from 'simple-statistics';
import { below, type Random } from '../../base/random.ts';
import type { Counts } from './counts.ts';
import type { Fraction } from './measures.ts';

/** A figure with its 95 % bootstrap interval over seeds, resampled in pairs; null where one seed allows none. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

/**
 * What the seeds allow to say of a change; `readingOf` has the rules.
 * - `change`: there is one. - `no-change`: it is under 1 %. - `identical`: every seed gave the same on both sides.
 * - `too-few-seeds`: neither can be told. - `one-seed`: nothing can.
 */
export type Reading = 'change' | 'no-change' | 'identical' | 'too-few-seeds' | 'one-seed';

/** The change of one measure; value and interval are relative: -0.1 is 10 % less. */
export interface Effect extends Estimate {
  /** The measure on both sides, over all seeds. */
  readonly base: number;
  readonly variant: number;
  /** Cohen's d_z: the mean of the seeds' differences in units of their standard deviation; null where that is 0 or unknown. */
  readonly effectSize: number | null;
  readonly reading: Reading;
  /** Where the reading is `too-few-seeds`: about how many would do. */
  readonly seedsToTell: number | null;
}

/** What one seed gave on both sides. */
export interface Pair<T> {
  readonly base: T;
  readonly variant: T;
}

/** A figure of the seeds drawn, by index; undefined where its denominator is not positive. */
type Statistic = (drawn: Int32Array) => number | undefined;

/** The sample of all seeds, and samples drawn from it. Statistics of one comparison share them. */
export interface Resamples {
  readonly all: Int32Array;
  readonly drawn: readonly Int32Array[];
}

const RESAMPLES = 2000;

/**
 * With fewer seeds not even a sign test can tell at 5 %, whatever it sees: 2 / 2^5 is more than 5 %. For the same reason the
 * range from the least to the greatest of fewer covers the median in under 95 % of cases.
 */
export const ENOUGH_SEEDS = 6;

/** Changes within these bounds are called none. */
const NEGLIGIBLE = 0.01;

/** Of one seed none are drawn: it has only itself for a resample. */
export function resample(seeds: number, random: Random): Resamples {
  return {
    all: Int32Array.from({ length: seeds }, (_, i) => i),
    drawn: Array.from({ length: seeds === 1 ? 0 : RESAMPLES }, () =>
      Int32Array.from({ length: seeds }, () => below(random, seeds)),
    ),
  };
}

/** The ends of a 95 % interval, as quantiles of the resamples. */
const INTERVAL = [0.025, 0.975];

/**
 * The statistic of the sample, with its interval; null where the sample has none. Where many resamples have no value, the
 * interval is that of those which have one.
 */
export function bootstrap(statistic: Statistic, { all, drawn }: Resamples): Estimate | null {
  const value = statistic(all);
  if (value === undefined) return null;
  const resampled = drawn.map(statistic).filter((figure) => figure !== undefined);
  if (resampled.length === 0) return { value, interval: null };
  const [low, high] = quantile(resampled, INTERVAL);
  return { value, interval: [low, high] };
}

const ratio = (numerator: number, denominator: number): number | undefined =>
  denominator > 0 ? numerator / denominator : undefined;

/** Of a measure's ratio of sums, variant against base. From nothing to nothing is no change. */
export function relativeChange(pairs: readonly Pair<Fraction>[]): Statistic {
  const [baseOver, baseUnder] = [0, 1].map((i) => Float64Array.from(pairs, ({ base }) => base[i]));
  const [variantOver, variantUnder] = [0, 1].map((i) => Float64Array.from(pairs, ({ variant }) => variant[i]));
  return (drawn) => {
    const base = total(baseOver, drawn) * total(variantUnder, drawn);
    const difference = total(variantOver, drawn) * total(baseUnder, drawn) - base;
    return difference === 0 && base >= 0 ? 0 : ratio(difference, base);
  };
}

function total(values: Float64Array, drawn: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < drawn.length; i++) sum += values[drawn[i]];
  return sum;
}

/**
 * The change of a measure; null where it has no value on a side (a denominator that is not positive), or the base's is 0 or
 * negative and the variant's another.
 */
export function effectOf(pairs: readonly Pair<Fraction>[], resamples: Resamples): Effect | null {
  const sums = (side: keyof Pair<Fraction>) => [0, 1].map((i) => pairs.reduce((sum, pair) => sum + pair[side][i], 0));
  const [[baseOver, baseUnder], [variantOver, variantUnder]] = [sums('base'), sums('variant')];
  if (baseUnder! <= 0 || variantUnder! <= 0) return null;
  const estimate = bootstrap(relativeChange(pairs), resamples);
  if (estimate === null) return null;
  return {
    ...estimate,
    base: baseOver! / baseUnder!,
    variant: variantOver! / variantUnder!,
    ...readingOf(pairs, estimate),
  };
}

function readingOf(
  pairs: readonly Pair<Fraction>[],
  { interval }: Estimate,
): Pick<Effect, 'effectSize' | 'reading' | 'seedsToTell'> {
  const differences = pairs.map(({ base, variant }) => variant[0] / variant[1] - base[0] / base[1]);
  const told = (reading: Reading, seedsToTell: number | null = null) => ({
    effectSize: effectSize(differences),
    reading,
    seedsToTell,
  });
  if (interval === null) return told('one-seed');
  if (differences.every((difference) => difference === 0)) return told('identical');
  const [low, high] = interval;
  const excludesZero = low > 0 || high < 0;
  const negligible = Math.max(-low, high) <= NEGLIGIBLE;
  if (pairs.length >= ENOUGH_SEEDS && excludesZero) return told('change');
  if (pairs.length >= ENOUGH_SEEDS && negligible) return told('no-change');
  return told('too-few-seeds', Math.max(ENOUGH_SEEDS, excludesZero ? 0 : seedsForWidth(pairs.length, high - low)));
}

/**
 * Seeds that would make the interval no wider than NEGLIGIBLE, so that it leaves out 0 or lies within the bounds, whatever
 * the change is: the width of an interval goes with one over the root of their number.
 */
const seedsForWidth = (seeds: number, width: number): number => Math.ceil(seeds * (width / NEGLIGIBLE) ** 2);

/** Spread below this share of the differences themselves is rounding. */
const ROUNDING = 1e-9;

/** Cohen's d_z. Null where all differences are the same (a change without any spread has no size in units of it). */
export function effectSize(differences: readonly number[]): number | null {
  if (differences.length < 2 || differences.some(Number.isNaN)) return null;
  const deviation = sampleStandardDeviation([...differences]);
  const average = mean([...differences]);
  return deviation <= ROUNDING * Math.abs(average) ? null : average / deviation;
}

/**
 * The share of the base's misses beyond those of a fully associative cache, all that a better spread over the sets could save,
 * that the variant saves. Null where that excess is under 1 % of the base's misses: a share of next to nothing says nothing.
 */
export function effectiveness(pairs: readonly Pair<Counts>[], resamples: Resamples): Estimate | null {
  const misses = Float64Array.from(pairs, ({ base }) => base.misses);
  const saved = Float64Array.from(pairs, ({ base, variant }) => base.misses - variant.misses);
  const excess = Float64Array.from(pairs, ({ base }) => base.misses - base.fullyAssociativeMisses);
  if (total(excess, resamples.all) < 0.01 * total(misses, resamples.all)) return null;
  return bootstrap((drawn) => ratio(total(saved, drawn), total(excess, drawn)), resamples);
}
