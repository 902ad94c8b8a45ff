/**
 * From what the points counted to the comparisons that are an experiment's answer: along one axis at a time, all else equal,
 * always paired by seed. What varies is seen from the points alone.
 */
import { type Fraction, type MeasureName, measureNames, measures } from './measures.ts';
import type { AxisValue, Comparison, Effect, PointResult } from './results.ts';
import type { Random } from '../../base/random.ts';
import { effectiveness, effectOf, type Pair, type Resamples, resample } from './statistics.ts';

/** A stream of random numbers for each label. */
export type RandomOf = (label: string) => Random;

/** All of a point but its seed. */
type Combination = Readonly<Record<string, AxisValue>>;

/** The keys of the points, without the seed, in their order. */
const keysOf = (points: readonly PointResult[]): string[] =>
  Object.keys(points[0]?.point ?? {}).filter((key) => key !== 'seed');

const valuesOf = (points: readonly PointResult[], key: string): AxisValue[] => [
  ...new Set(points.map(({ point }) => point[key])),
];

/**
 * The keys that have more than one value, colouring first, then alignment, which most experiments ask about. Touch models are
 * not compared with each other: they are assumptions that stand side by side, and not one is the other's base.
 */
export const axesOf = (points: readonly PointResult[]): string[] =>
  keysOf(points)
    .filter((key) => key !== 'touch' && valuesOf(points, key).length > 1)
    .sort((a, b) => rank(a) - rank(b));

const FIRST = ['colouring', 'alignment'];
const rank = (axis: string) => (FIRST.includes(axis) ? FIRST.indexOf(axis) : FIRST.length);

/** The kernel's colouring is judged against its absence; of any other axis the first value is the base. */
export function baselineOf(points: readonly PointResult[], axis: string): AxisValue {
  const values = valuesOf(points, axis);
  return axis === 'colouring' && values.includes('off') ? 'off' : values[0];
}

/** Along each axis, against its usual base. */
export const compareAll = (points: readonly PointResult[], randomOf: RandomOf): Comparison[] =>
  axesOf(points).flatMap((axis) => compareAlong(points, axis, baselineOf(points, axis), randomOf));

/**
 * Each other value of `axis` against `baseline`, for each combination of the other keys that ran with both. Throws where a
 * seed ran on one side only.
 */
export function compareAlong(
  points: readonly PointResult[],
  axis: string,
  baseline: AxisValue,
  randomOf: RandomOf,
): Comparison[] {
  const others = keysOf(points).filter((key) => key !== axis);
  const bySeed = new Map<string, Map<number, PointResult>>();
  for (const result of points) {
    const key = nameOf(result.point);
    if (!bySeed.has(key)) bySeed.set(key, new Map());
    bySeed.get(key)!.set(result.point.seed, result);
  }
  const variants = valuesOf(points, axis).filter((value) => value !== baseline);
  return variants.flatMap((variant) =>
    combinations(points, others).flatMap((fixed): Comparison[] => {
      const [base, other] = [baseline, variant].map((value) => {
        // In the order of the points' keys, as names have it.
        const combination = Object.fromEntries(keysOf(points).map((key) => [key, key === axis ? value : fixed[key]]));
        return { name: nameOf(combination), results: bySeed.get(nameOf(combination)) };
      }) as [Side, Side];
      if (base.results === undefined || other.results === undefined) return [];
      const pairs = pairUp(base, other);
      const label = `bootstrap, ${axis}: ${variant} against ${baseline}, ${nameOf(fixed)}`;
      const resamples = resample(pairs.length, randomOf(label));
      const coloured = axis === 'colouring' && baseline === 'off' && variant === 'on';
      return [
        {
          ...{ axis, base: baseline, variant, fixed, seeds: pairs.length },
          effects: effectsOf(pairs, resamples),
          effectiveness: coloured
            ? effectiveness(
                pairs.map(({ base, variant }) => ({ base: base.counts, variant: variant.counts })),
                resamples,
              )
            : null,
        },
      ];
    }),
  );
}

/** All combinations of the values of these keys that occur, in the order of their values. */
function combinations(points: readonly PointResult[], keys: readonly string[]): Combination[] {
  const places = keys.map((key) => new Map(valuesOf(points, key).map((value, i) => [value, i])));
  const found = new Map<string, { combination: Combination; order: number[] }>();
  for (const { point } of points) {
    const combination = Object.fromEntries(keys.map((key) => [key, point[key]]));
    const order = keys.map((key, i) => places[i].get(point[key])!);
    found.set(nameOf(combination), { combination, order });
  }
  const before = (a: number[], b: number[]) =>
    a.map((place, i) => place - b[i]).find((difference) => difference !== 0);
  return [...found.values()].sort((a, b) => before(a.order, b.order) ?? 0).map(({ combination }) => combination);
}

const nameOf = (combination: Combination): string =>
  Object.entries(combination)
    .filter(([key]) => key !== 'seed')
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

interface Side {
  readonly name: string;
  readonly results: ReadonlyMap<number, PointResult> | undefined;
}

function pairUp(base: Side, variant: Side): Pair<PointResult>[] {
  const resultOf = ({ name, results }: Side, seed: number): PointResult => {
    const found = results?.get(seed);
    if (found === undefined) throw new Error(`no result for ${name}, seed ${seed}`);
    return found;
  };
  return [...new Set([...base.results!.keys(), ...variant.results!.keys()])].map((seed) => ({
    base: resultOf(base, seed),
    variant: resultOf(variant, seed),
  }));
}

function effectsOf(pairs: readonly Pair<PointResult>[], resamples: Resamples): Record<MeasureName, Effect | null> {
  const effects = measureNames.map((name): [MeasureName, Effect | null] => {
    const of: (result: PointResult) => Fraction = measures[name].of;
    const fractions = pairs.map(({ base, variant }) => ({ base: of(base), variant: of(variant) }));
    return [name, effectOf(fractions, resamples)];
  });
  return Object.fromEntries(effects) as Record<MeasureName, Effect | null>;
}
