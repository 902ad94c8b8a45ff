/**
 * How sure a comparison is: changes of measures, ratios of sums over seeds, with intervals by Student's t.
 *
 * Both sides of a comparison ran under the same seeds, so each seed stands with both its sides: what it draws for both cancels
 * out. A ratio of sums, not a mean of ratios: a seed weighs as much as it counted. Such a figure is no mean, but to first
 * order it is: of each seed's pull on it, whose spread gives its standard error (the delta method). Where pulls are skewed, the
 * interval is moved as N. J. Johnson has it ("Modified t tests and confidence intervals for asymmetrical populations", 1978).
 * How often intervals made so hold the truth is simulated by bench/coverage; docs/measures.md has the table.
 */
import { mean, sampleStandardDeviation, sampleVariance, sum } from 'simple-statistics';
import type { Counts } from './counts.ts';
import type { Fraction } from './measures.ts';
import { quantile, twoSided } from './student.ts';

/** A figure with its 95 % interval over seeds, each with both its sides; null where one seed allows none. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

/**
 * What the seeds allow to say of a change; `readingOf` has the rules.
 * - `identical`: every seed gave the same on both sides. - `no-change`: it is under 1 %, whatever its sign.
 * - `change`: there is one that may be more. - `too-few-seeds`: neither can be told. - `one-seed`: nothing can.
 */
export type Reading = 'change' | 'no-change' | 'identical' | 'too-few-seeds' | 'one-seed';

/** The change of one measure; value and interval are relative: -0.1 is 10 % less. */
export interface Effect extends Estimate {
  /** The measure on both sides, over all seeds. */
  readonly base: number;
  readonly variant: number;
  /** Cohen's d_z: the mean of the seeds' differences in units of their standard deviation; null where that is 0 or unknown. */
  readonly effectSize: number | null;
  /** The chance of a t as far from 0 if there were no change; null where there is no interval. Not corrected. */
  readonly p: number | null;
  readonly reading: Reading;
  /** Where the reading is `too-few-seeds`: about how many would do. */
  readonly seedsToTell: number | null;
}

/** What one seed gave on both sides. */
export interface Pair<T> {
  readonly base: T;
  readonly variant: T;
}

/** A figure of all seeds, and each seed's pull on it: the mean of these is 0, its standard error to first order the figure's. */
export interface Figure {
  readonly value: number;
  readonly pulls: readonly number[];
}

/** Over fewer, intervals of real differences hold the truth in as little as 90 % of cases, not 95 (docs/measures.md). */
export const ENOUGH_SEEDS = 10;

/** The smallest effect of interest: changes within these bounds are called none, before anything else is said of them. */
export const NEGLIGIBLE = 0.01;

/** The chance of error that an interval, or a change that is told, may have; of looks at growing numbers of seeds, all together. */
const ERROR = 0.05;

/** Null where the denominators do not add up to more than 0. */
export function ratioOfSums(fractions: readonly Fraction[]): Figure | null {
  const over = sum(fractions.map(([numerator]) => numerator));
  const under = sum(fractions.map(([, denominator]) => denominator));
  if (!(under > 0)) return null;
  const value = over / under;
  const weight = fractions.length / under;
  return { value, pulls: fractions.map(([numerator, denominator]) => weight * (numerator - value * denominator)) };
}

/** From nothing to nothing is no change; null from nothing, or from less, to anything else. */
export function changeOf(base: Figure, variant: Figure): Figure | null {
  if (base.value === 0 && variant.value === 0) return { value: 0, pulls: base.pulls.map(() => 0) };
  return contributionOf(base, variant, base);
}

/**
 * What the change of a part, as of one owner's misses, is of a whole: those of all parts add up to the change of the whole. Null of
 * a whole that is nothing, or less.
 */
export function contributionOf(base: Figure, variant: Figure, whole: Figure): Figure | null {
  if (!(whole.value > 0)) return null;
  const value = (variant.value - base.value) / whole.value;
  const pullOf = (i: number) => (variant.pulls[i] - base.pulls[i] - value * whole.pulls[i]) / whole.value;
  return { value, pulls: whole.pulls.map((_, i) => pullOf(i)) };
}

/** Spread below this share of the figures themselves is rounding; shares and relative changes are of the order of 1. */
const ROUNDING = 1e-9;

/** The t of a figure: its standard error, 0 where seeds differ by no more than rounding, and the middle of its interval. */
function spreadOf({ value, pulls }: Figure): { readonly error: number; readonly middle: number } {
  const seeds = pulls.length;
  const deviation = sampleStandardDeviation([...pulls]);
  if (deviation <= ROUNDING * (1 + Math.abs(value))) return { error: 0, middle: value };
  return { error: deviation / Math.sqrt(seeds), middle: value + skewOf(pulls) / (6 * seeds) };
}

/** The sample skewness times the standard deviation, without the cube of a root: 0 of too few. */
function skewOf(values: readonly number[]): number {
  const { length } = values;
  if (length < 3) return 0;
  const middle = mean([...values]);
  const cubes = sum(values.map((value) => (value - middle) * (value - middle) * (value - middle)));
  return (length * cubes) / ((length - 1) * (length - 2) * sampleVariance([...values]));
}

/**
 * Where seeds are added until they suffice, an interval is shown at the look that stopped it, which is no random one. With `looks`
 * planned, each may miss in one of as many parts of 5 % (Bonferroni): so they hold the truth at all looks together in 95 %.
 */
export function estimateOf(figure: Figure, looks = 1): Estimate {
  const { value, pulls } = figure;
  if (pulls.length === 1) return { value, interval: null };
  const { error, middle } = spreadOf(figure);
  const reach = quantile(1 - ERROR / looks, pulls.length - 1) * error;
  return { value, interval: [middle - reach, middle + reach] };
}

/** The p-value of there being no change; null of one seed. */
function pOf(figure: Figure): number | null {
  if (figure.pulls.length === 1) return null;
  const { error, middle } = spreadOf(figure);
  return middle === 0 ? 1 : twoSided(middle / error, figure.pulls.length - 1);
}

/**
 * The change of a measure; null where it has no value on a side (a denominator that is not positive), or the base's is 0 or
 * negative and the variant's another.
 */
export function effectOf(pairs: readonly Pair<Fraction>[], looks = 1): Effect | null {
  const base = ratioOfSums(pairs.map(({ base }) => base));
  const variant = ratioOfSums(pairs.map(({ variant }) => variant));
  const change = base === null || variant === null ? null : changeOf(base, variant);
  if (change === null) return null;
  const differences = pairs.map(({ base, variant }) => variant[0] / variant[1] - base[0] / base[1]);
  const estimate = estimateOf(change, looks);
  const p = pOf(change);
  return {
    ...{ ...estimate, base: base!.value, variant: variant!.value, effectSize: effectSize(differences), p },
    ...readingOf(estimate, p, differences, looks),
  };
}

/** As it reads where its p-value, corrected for what else was asked, is `p`: a change may no longer be told. */
export function corrected(effect: Effect, p: number, seeds: number): Effect {
  if (effect.reading !== 'change' || p <= ERROR) return effect;
  return { ...effect, reading: 'too-few-seeds', seedsToTell: seedsForWidth(effect, seeds) };
}

function readingOf(
  estimate: Estimate,
  p: number | null,
  differences: readonly number[],
  looks: number,
): Pick<Effect, 'reading' | 'seedsToTell'> {
  const told = (reading: Reading) => ({ reading, seedsToTell: null });
  const { interval } = estimate;
  if (interval === null) return told('one-seed');
  if (differences.every((difference) => difference === 0)) return told('identical');
  const [low, high] = interval;
  const isNegligible = Math.max(-low, high) <= NEGLIGIBLE;
  const isChange = looks * p! <= ERROR;
  const seeds = differences.length;
  if (seeds >= ENOUGH_SEEDS && isNegligible) return told('no-change');
  if (seeds >= ENOUGH_SEEDS && isChange) return told('change');
  const seedsToTell = isNegligible || isChange ? ENOUGH_SEEDS : Math.max(ENOUGH_SEEDS, seedsForWidth(estimate, seeds));
  return { reading: 'too-few-seeds', seedsToTell };
}

/**
 * Seeds that would make the interval no wider than NEGLIGIBLE, so that it leaves out 0 or lies within the bounds, whatever
 * the change is: the width of an interval goes with one over the root of their number.
 */
function seedsForWidth({ interval }: Estimate, seeds: number): number {
  const [low, high] = interval!;
  return Math.ceil(seeds * ((high - low) / NEGLIGIBLE) ** 2);
}

/**
 * Holm's step-down correction of p-values (S. Holm, 1979), in their order: each is the least level at which its test rejects
 * while the chance of any false rejection stays within that level, however the tests depend on each other.
 */
export function holm(p: readonly number[]): number[] {
  const adjusted = new Array<number>(p.length);
  let greatest = 0;
  const ascending = p.map((_, i) => i).sort((a, b) => p[a] - p[b]);
  ascending.forEach((i, rank) => {
    greatest = Math.max(greatest, Math.min(1, (p.length - rank) * p[i]));
    adjusted[i] = greatest;
  });
  return adjusted;
}

/** Cohen's d_z. Null where all differences are the same (a change without any spread has no size in units of it). */
export function effectSize(differences: readonly number[]): number | null {
  if (differences.length < 2 || differences.some(Number.isNaN)) return null;
  const deviation = sampleStandardDeviation([...differences]);
  const average = mean([...differences]);
  return deviation <= ROUNDING * Math.abs(average) ? null : average / deviation;
}

/**
 * The share of the base's misses beyond a bound (`boundOf` a point's counts), all that a better spread over the sets could
 * save, that the variant saves. Null where that excess is under 1 % of the base's misses: a share of next to nothing says nothing.
 */
export function effectiveness<Counted extends Pick<Counts, 'misses'>>(
  pairs: readonly Pair<Counted>[],
  boundOf: (counts: Counted) => number,
): Figure | null {
  const excess = ratioOfSums(pairs.map(({ base }) => [base.misses - boundOf(base), base.misses]));
  if (excess === null || excess.value < 0.01) return null;
  return ratioOfSums(pairs.map(({ base, variant }) => [base.misses - variant.misses, base.misses - boundOf(base)]));
}
