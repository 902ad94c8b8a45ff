/** From what the points counted to the comparisons that are an experiment's answer: always paired by seed. */
import { mean } from 'simple-statistics';
import type { Counts, Estimate, PairedComparison, PointResult } from './results.ts';
import type { Random } from './seeded.ts';
import { bootstrap, bootstrapEffectiveness, type Pair, relativeChange } from './statistics.ts';

/** All of a point but its seed. */
type Combination = Record<'touch' | 'alignment' | 'colouring', string>;

function touchAndAlignment(points: readonly PointResult[]): { touch: string; alignment: string }[] {
  const valuesOf = (axis: keyof Combination) => [...new Set(points.map(({ point }) => String(point[axis])))];
  const alignments = valuesOf('alignment');
  return valuesOf('touch').flatMap((touch) => alignments.map((alignment) => ({ touch, alignment })));
}

const bySeed = (points: readonly PointResult[], { touch, alignment, colouring }: Combination): Map<number, Counts> =>
  new Map(
    points
      .filter(({ point }) => point.touch === touch && point.alignment === alignment && point.colouring === colouring)
      .map(({ point, counts }) => [point.seed, counts]),
  );

function countsOf(counts: Map<number, Counts>, { touch, alignment, colouring }: Combination, seed: number): Counts {
  const found = counts.get(seed);
  if (found === undefined) {
    throw new Error(`no result for touch ${touch}, alignment ${alignment}, colouring ${colouring}, seed ${seed}`);
  }
  return found;
}

/** One pair a seed; none at all where the experiment does not have one of the combinations. */
function pairUp(points: readonly PointResult[], base: Combination, variant: Combination): Pair[] {
  const bases = bySeed(points, base);
  const variants = bySeed(points, variant);
  if (bases.size === 0 || variants.size === 0) return [];
  return [...new Set([...bases.keys(), ...variants.keys()])].map((seed) => ({
    base: countsOf(bases, base, seed),
    variant: countsOf(variants, variant, seed),
  }));
}

const meanCounts = (counts: readonly Counts[]): Counts =>
  Object.fromEntries(
    (Object.keys(counts[0]) as (keyof Counts)[]).map((name) => [name, mean(counts.map((of) => of[name]))]),
  ) as unknown as Counts;

function estimatesOf(pairs: readonly Pair[], random: Random) {
  const change = (count: keyof Counts): Estimate => {
    const estimate = bootstrap(pairs, relativeChange(count), random);
    if (estimate === null) throw new Error(`no change of ${count} can be told: the base counted none`);
    return estimate;
  };
  const baseCounts = meanCounts(pairs.map(({ base }) => base));
  return {
    seeds: pairs.length,
    baseCounts,
    variantCounts: meanCounts(pairs.map(({ variant }) => variant)),
    misses: change('misses'),
    cycles: change('cycles'),
    peakPages: baseCounts.peakPages === 0 ? null : change('peakPages'),
  };
}

/** Colouring on against off, for each touch model and alignment that ran with both. */
export function compareColouring(points: readonly PointResult[], random: Random): PairedComparison[] {
  return touchAndAlignment(points).flatMap(({ touch, alignment }) => {
    const [base, variant] = ['off', 'on'];
    const pairs = pairUp(points, { touch, alignment, colouring: base }, { touch, alignment, colouring: variant });
    if (pairs.length === 0) return [];
    const estimates = estimatesOf(pairs, random);
    return [
      { touch, fixed: alignment, base, variant, ...estimates, effectiveness: bootstrapEffectiveness(pairs, random) },
    ];
  });
}

/** Each other alignment against word, for each touch model, with colouring on as the kernel has it. */
export function compareAlignment(points: readonly PointResult[], random: Random): PairedComparison[] {
  return touchAndAlignment(points).flatMap(({ touch, alignment }) => {
    const [base, colouring] = ['word', 'on'];
    if (alignment === base) return [];
    const pairs = pairUp(points, { touch, alignment: base, colouring }, { touch, alignment, colouring });
    if (pairs.length === 0) return [];
    return [{ touch, fixed: colouring, base, variant: alignment, ...estimatesOf(pairs, random), effectiveness: null }];
  });
}
