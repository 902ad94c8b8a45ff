/**
 * From what the points counted to the comparisons that are an experiment's answer: along one axis at a time, all else equal,
 * always paired by seed. What varies is seen from the points alone.
 */
import { groupBy } from '../../base/group-by.ts';
import type { Role } from '../../slab/allocator.ts';
import { type Fraction, type MeasureName, measureNames, measures } from './measures.ts';
import { type AxisValue, type Combination, combinationOf, keyOf, type PointResult, valuesOf } from './points.ts';
import {
  contributionOf,
  corrected,
  type Effect,
  type Estimate,
  effectiveness,
  effectOf,
  estimateOf,
  type Figure,
  holm,
  type Pair,
  ratioOfSums,
} from './statistics.ts';

/** How far the misses of one role make the change of all: its own change as a share of all misses of the base. */
export interface OwnerEffect extends Estimate {
  readonly role: Role;
  /** Its misses on both sides, of an operation or a point as the primary measure has it. */
  readonly base: number;
  readonly variant: number;
}

/** One value of an axis against its base, paired by seed, all else equal. */
export interface Comparison {
  readonly axis: string;
  readonly base: AxisValue;
  readonly variant: AxisValue;
  /** All other keys of the points, with what they are on both sides. */
  readonly fixed: Combination;
  readonly seeds: number;
  /** Null where a measure has no value on a side, or is 0 on the base's alone. */
  readonly effects: Readonly<Record<MeasureName, Effect | null>>;
  /**
   * Of the primary measure, and of cycles of an operation: the p-value as Holm corrects it for all comparisons along the axis, and
   * for all looks at growing numbers of seeds; null where there is none.
   */
  readonly adjustedP: number | null;
  readonly adjustedCyclesP: number | null;
  /** By the role of what was missed; null where the points do not tell it. Greatest change first. */
  readonly owners: readonly OwnerEffect[] | null;
  /** (M_off - M_on) / (M_off - F_off), where colouring `on` is compared with `off` and the denominator is 1 % of M_off or more. */
  readonly effectiveness: Estimate | null;
  /** The same against the misses of the same cache with hashed index, the bound that a spread over the sets can reach. */
  readonly effectivenessHashed: Estimate | null;
}

/** The keys of the points, without the seed, in their order. */
const keysOf = (combinations: readonly Combination[]): string[] => Object.keys(combinations[0] ?? {});

const combinationsOf = (points: readonly PointResult[]) => points.map(({ point }) => combinationOf(point));

/**
 * The keys that have more than one value, colouring first, then alignment, which most experiments ask about. Touch models are
 * not compared with each other: they are assumptions that stand side by side, and not one is the other's base. Nor are
 * the parts that seeds draw: their intervals are. Nor are traces, and what of them is passed over: each is a question of its own.
 */
export function axesOf(points: readonly PointResult[]): string[] {
  const all = combinationsOf(points);
  return keysOf(all)
    .filter((key) => !SIDE_BY_SIDE.includes(key) && valuesOf(all, key).length > 1)
    .sort((a, b) => rank(a) - rank(b));
}

const SIDE_BY_SIDE = ['touch', 'drawn', 'workload.trace', 'workload.pass_over'];
const FIRST = ['colouring', 'alignment'];
const rank = (axis: string) => (FIRST.includes(axis) ? FIRST.indexOf(axis) : FIRST.length);

/** The kernel's colouring is judged against its absence; of any other axis the first value is the base. */
export function baselineOf(points: readonly PointResult[], axis: string): AxisValue {
  const values = valuesOf(combinationsOf(points), axis);
  return axis === 'colouring' && values.includes('off') ? 'off' : values[0];
}

/** What an experiment is asked about, declared before it runs: misses of an operation; of a point where there are no operations. */
export const primaryOf = ({ effects }: Pick<Comparison, 'effects'>): 'missesPerOperation' | 'misses' =>
  effects.missesPerOperation === null ? 'misses' : 'missesPerOperation';

/**
 * Along each axis, against its usual base. An axis is two questions, whether misses change and whether time does, and what is said in
 * answer to each is corrected for how often it was asked. `looks`: how many were planned, where seeds are added until they suffice.
 */
export const compareAll = (points: readonly PointResult[], looks = 1): Comparison[] =>
  axesOf(points).flatMap((axis) => {
    const comparisons = compareAlong(points, axis, baselineOf(points, axis), looks);
    return correctedForMany(
      correctedForMany(comparisons, primaryOf, 'adjustedP', looks),
      timeOf,
      'adjustedCyclesP',
      looks,
    );
  });

const timeOf = () => 'cyclesPerOperation' as const;

/** Whether more seeds would add nothing to the answer: of each comparison it is told if misses and cycles change. */
export const isTold = (comparisons: readonly Comparison[]): boolean =>
  comparisons.every((of) => [primaryOf(of), timeOf()].every((measure) => !isOpen(of.effects[measure])));

const isOpen = (effect: Effect | null) => effect?.reading === 'too-few-seeds' || effect?.reading === 'one-seed';

/**
 * Each other value of `axis` against `baseline`, for each combination of the other keys that ran with both. Throws where a
 * seed ran on one side only.
 */
export function compareAlong(
  points: readonly PointResult[],
  axis: string,
  baseline: AxisValue,
  looks = 1,
): Comparison[] {
  const all = combinationsOf(points);
  const keys = keysOf(all);
  const others = keys.filter((key) => key !== axis);
  const groups = groupBy(points, ({ point }) => keyOf(combinationOf(point)));
  const variants = valuesOf(all, axis).filter((value) => value !== baseline);
  return variants.flatMap((variant) =>
    allCombinations(all, others).flatMap((fixed): Comparison[] => {
      const [base, other] = [baseline, variant].map((value) => {
        // In the order of the points' keys, as names have it.
        const combination = Object.fromEntries(keys.map((key) => [key, key === axis ? value : fixed[key]]));
        return { name: nameOf(combination), results: groups.get(keyOf(combination)) ?? [] };
      });
      if (base.results.length === 0 || other.results.length === 0) return [];
      const pairs = pairUp(base, other);
      const counted = pairs.map(({ base, variant }) => ({ base: base.counts, variant: variant.counts }));
      const coloured = axis === 'colouring' && baseline === 'off' && variant === 'on';
      return [
        {
          ...{ axis, base: baseline, variant, fixed, seeds: pairs.length },
          ...{
            effects: effectsOf(pairs, looks),
            adjustedP: null,
            adjustedCyclesP: null,
            owners: ownersOf(pairs, looks),
          },
          effectiveness: coloured
            ? told(
                effectiveness(counted, (of) => of.fullyAssociativeMisses),
                looks,
              )
            : null,
          effectivenessHashed: coloured
            ? told(
                effectiveness(counted, (of) => of.hashedIndexMisses),
                looks,
              )
            : null,
        },
      ];
    }),
  );
}

const told = (figure: Figure | null, looks: number): Estimate | null =>
  figure === null ? null : estimateOf(figure, looks);

/** All combinations of the values of these keys that occur, in the order of their values. */
function allCombinations(combinations: readonly Combination[], keys: readonly string[]): Combination[] {
  const places = keys.map((key) => new Map(valuesOf(combinations, key).map((value, i) => [value, i])));
  const found = new Map<string, { combination: Combination; order: number[] }>();
  for (const whole of combinations) {
    const combination = Object.fromEntries(keys.map((key) => [key, whole[key]]));
    const order = keys.map((key, i) => places[i].get(whole[key])!);
    found.set(keyOf(combination), { combination, order });
  }
  const before = (a: number[], b: number[]) => a.map((place, i) => place - b[i]).find((difference) => difference !== 0);
  return [...found.values()].sort((a, b) => before(a.order, b.order) ?? 0).map(({ combination }) => combination);
}

const nameOf = (combination: Combination): string =>
  Object.entries(combination)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

interface Side {
  readonly name: string;
  readonly results: readonly PointResult[];
}

function pairUp(base: Side, variant: Side): Pair<PointResult>[] {
  const bySeed = ({ results }: Side) => new Map(results.map((result) => [result.point.seed, result]));
  const [bases, variants] = [bySeed(base), bySeed(variant)];
  const resultOf = (results: ReadonlyMap<number, PointResult>, { name }: Side, seed: number): PointResult => {
    const found = results.get(seed);
    if (found === undefined) throw new Error(`no result for ${name}, seed ${seed}`);
    return found;
  };
  return [...new Set([...bases.keys(), ...variants.keys()])].map((seed) => ({
    base: resultOf(bases, base, seed),
    variant: resultOf(variants, variant, seed),
  }));
}

function effectsOf(pairs: readonly Pair<PointResult>[], looks: number): Record<MeasureName, Effect | null> {
  const effects = measureNames.map((name): [MeasureName, Effect | null] => {
    const of: (result: PointResult) => Fraction = measures[name].of;
    const fractions = pairs.map(({ base, variant }) => ({ base: of(base), variant: of(variant) }));
    return [name, effectOf(fractions, looks)];
  });
  return Object.fromEntries(effects) as Record<MeasureName, Effect | null>;
}

function ownersOf(pairs: readonly Pair<PointResult>[], looks: number): OwnerEffect[] | null {
  const sides = pairs.flatMap(({ base, variant }) => [base, variant]);
  if (sides.some(({ missesByRole }) => missesByRole === undefined)) return null;
  const operates = sides.every(({ counts }) => counts.operations > 0);
  const figureOf = (side: keyof Pair<PointResult>, misses: (of: PointResult) => number) =>
    ratioOfSums(pairs.map((pair) => [misses(pair[side]), operates ? pair[side].counts.operations : 1]))!;
  const all = figureOf('base', ({ counts }) => counts.misses);
  const roles = new Set(sides.flatMap(({ missesByRole }) => Object.keys(missesByRole!) as Role[]));
  return [...roles]
    .flatMap((role): OwnerEffect[] => {
      const [base, variant] = (['base', 'variant'] as const).map((side) =>
        figureOf(side, ({ missesByRole }) => missesByRole![role] ?? 0),
      );
      const change = contributionOf(base!, variant!, all);
      return change === null
        ? []
        : [{ role, ...estimateOf(change, looks), base: base!.value, variant: variant!.value }];
    })
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** Holm's correction over all of these comparisons that have the measure; measures that are not asked for stand each for itself. */
function correctedForMany(
  comparisons: readonly Comparison[],
  measureOf: (of: Comparison) => MeasureName,
  corrects: 'adjustedP' | 'adjustedCyclesP',
  looks: number,
): Comparison[] {
  const asked = comparisons.filter((of) => (of.effects[measureOf(of)]?.p ?? null) !== null);
  const adjusted = holm(asked.map((of) => Math.min(1, looks * of.effects[measureOf(of)]!.p!)));
  const adjustedOf = new Map(asked.map((of, i) => [of, adjusted[i]]));
  return comparisons.map((of) => {
    const p = adjustedOf.get(of);
    if (p === undefined) return of;
    const measure = measureOf(of);
    const effect = corrected(of.effects[measure]!, p, of.seeds);
    return { ...of, [corrects]: p, effects: { ...of.effects, [measure]: effect } };
  });
}
