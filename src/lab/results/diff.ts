/** Two results held against each other, point by point, both sides of a pair under the same seed. */
import { mean, sum } from 'simple-statistics';
import { groupBy } from '../../base/group-by.ts';
import { type AxisValue, type Combination, combinationOf, keyOf, type Point, type PointResult } from './points.ts';
import type { KnownResults } from './read-results.ts';
import { changeOf, type Estimate, estimateOf, ratioOfSums } from './statistics.ts';

/** What `slabscope diff` gives: two results, paired by point. */
export interface ResultsDiff {
  readonly schema: 'slabscope-diff/1';
  /** Both have the same points, and each the same result; what is said of the specification does not matter. */
  readonly identical: boolean;
  readonly a: ResultsIdentity;
  readonly b: ResultsIdentity;
  /** Keys, as dotted paths, that the specifications do not have the same; null where one has none. */
  readonly specification: readonly { readonly key: string; readonly a: unknown; readonly b: unknown }[];
  readonly points: {
    /** In both; of these, those whose results differ. */
    readonly common: number;
    readonly different: number;
    readonly onlyInA: readonly Point[];
    readonly onlyInB: readonly Point[];
  };
  /** Of each count that differs at a common point, over all of these. */
  readonly counts: readonly CountChange[];
  /** Misses and cycles of each combination where they differ, over its seeds. */
  readonly combinations: readonly { readonly point: Combination; readonly counts: readonly CountChange[] }[];
  /** Members of points, beside the counts, that differ somewhere; as `counts.NAME`, counts that one side alone has. */
  readonly other: readonly string[];
}

export interface ResultsIdentity {
  readonly file: string;
  readonly name: string;
  readonly slabscope: string;
  readonly specificationHash: string;
}

export interface CountChange {
  readonly count: string;
  /** At how many points it differs. */
  readonly points: number;
  /** Means per point. */
  readonly a: number;
  readonly b: number;
  /** Of B's sum against A's, over seeds; null where A's is 0. */
  readonly change: Estimate | null;
}

/** The counts that are told for each combination too. */
const MAIN = ['misses', 'cycles'];

interface PointPair {
  readonly a: PointResult;
  readonly b: PointResult;
}

/** Results with the file that they are from; those of a store have no specification. */
export interface FiledResults extends Pick<KnownResults, 'name' | 'slabscope' | 'specificationHash' | 'points'> {
  readonly file: string;
  readonly specification: KnownResults['specification'] | null;
}

/** A key that varies on one side alone is an axis of one value on the other, if its specification tells that. */
export function diffResults(wholeA: FiledResults, wholeB: FiledResults): ResultsDiff {
  const keys = [...new Set([wholeA, wholeB].flatMap(({ points }) => Object.keys(points[0]?.point ?? {})))];
  const [a, b] = [withKeys(wholeA, keys), withKeys(wholeB, keys)];
  const inB = new Map(b.points.map((result) => [keyOf(result.point), result]));
  const inA = new Set(a.points.map(({ point }) => keyOf(point)));
  const pairs = a.points.flatMap((result): PointPair[] => {
    const other = inB.get(keyOf(result.point));
    return other === undefined ? [] : [{ a: result, b: other }];
  });
  const points = {
    common: pairs.length,
    different: pairs.filter((pair) => membersThatDiffer(pair).length > 0).length,
    onlyInA: a.points.filter(({ point }) => !inB.has(keyOf(point))).map(({ point }) => point),
    onlyInB: b.points.filter(({ point }) => !inA.has(keyOf(point))).map(({ point }) => point),
  };
  const common = commonCounts(pairs);
  const main = MAIN.filter((count) => common.includes(count));
  return {
    schema: 'slabscope-diff/1',
    identical: points.different + points.onlyInA.length + points.onlyInB.length === 0,
    a: identityOf(a),
    b: identityOf(b),
    specification:
      a.specification === null || b.specification === null ? [] : specificationDiff(a.specification, b.specification),
    points,
    counts: changes(pairs, common),
    combinations: [...groupBy(pairs, ({ a }) => keyOf(combinationOf(a.point))).values()].flatMap((group) => {
      const counts = changes(group, main);
      return counts.length === 0 ? [] : [{ point: combinationOf(group[0].a.point), counts }];
    }),
    other: [...new Set(pairs.flatMap(membersThatDiffer))].filter((member) => member !== 'counts'),
  };
}

function withKeys(results: FiledResults, keys: readonly string[]): FiledResults {
  const known = Object.keys(results.points[0]?.point ?? {});
  const constants = keys.flatMap((key) => {
    const value = known.includes(key) ? null : constantAt(results.specification, key.split('.'));
    return value === null ? [] : [[key, value] as const];
  });
  if (constants.length === 0) return results;
  const added = Object.fromEntries(constants);
  return {
    ...results,
    points: results.points.map((result) => ({ ...result, point: { ...added, ...result.point } })),
  };
}

/** As points show a value: what is written out by its name. Null where there is none. */
function constantAt(group: unknown, [key, ...rest]: readonly string[]): AxisValue | null {
  const value = isGroup(group) ? group[key!] : undefined;
  if (rest.length > 0) return constantAt(value, rest);
  const label = isGroup(value) ? value.name : value;
  return typeof label === 'string' || typeof label === 'number' ? label : null;
}

const identityOf = ({ file, name, slabscope, specificationHash }: FiledResults): ResultsIdentity => ({
  ...{ file, name, slabscope, specificationHash },
});

/** `counts`, other members, and as `counts.NAME` counts that one side alone has. */
function membersThatDiffer({ a, b }: PointPair): string[] {
  const left: Members = { ...otherMembers(a), ...lonelyCounts(a, b) };
  const right: Members = { ...otherMembers(b), ...lonelyCounts(b, a) };
  const others = namesOf(left, right).filter(
    (member) => JSON.stringify(left[member]) !== JSON.stringify(right[member]),
  );
  return commonCounts([{ a, b }]).some((count) => countsOf(a)[count] !== countsOf(b)[count])
    ? ['counts', ...others]
    : others;
}

type Members = Readonly<Record<string, unknown>>;
const otherMembers = ({ point: _, counts: __, ...others }: PointResult): Members => others;

const namesOf = (a: object, b: object) => [...new Set([...Object.keys(a), ...Object.keys(b)])];
const countsOf = ({ counts }: PointResult) => counts as unknown as Readonly<Record<string, number>>;

const lonelyCounts = (of: PointResult, other: PointResult): Members =>
  Object.fromEntries(
    Object.entries(countsOf(of))
      .filter(([count]) => !(count in countsOf(other)))
      .map(([count, value]) => [`counts.${count}`, value]),
  );

/** Those that every point has. */
const commonCounts = (pairs: readonly PointPair[]): string[] =>
  Object.keys(pairs.length === 0 ? {} : countsOf(pairs[0].a)).filter((count) =>
    pairs.every(({ a, b }) => count in countsOf(a) && count in countsOf(b)),
  );

/** Of those counts that differ anywhere. */
function changes(pairs: readonly PointPair[], names: readonly string[]): CountChange[] {
  return names.flatMap((count) => {
    const points = pairs.filter(({ a, b }) => countsOf(a)[count] !== countsOf(b)[count]).length;
    if (points === 0) return [];
    const [a, b] = (['a', 'b'] as const).map((side) => mean(pairs.map((pair) => countsOf(pair[side])[count])));
    return [{ count, points, a: a!, b: b!, change: countChange(pairs, count) }];
  });
}

/** A seed is one sample, of all its points. */
function countChange(pairs: readonly PointPair[], count: string): Estimate | null {
  const seeds = [...groupBy(pairs, ({ a }) => a.point.seed).values()];
  const summed = (side: keyof PointPair) =>
    ratioOfSums(seeds.map((of) => [sum(of.map((pair) => countsOf(pair[side])[count])), 1]))!;
  const change = changeOf(summed('a'), summed('b'));
  return change === null ? null : estimateOf(change);
}

/** Leaves that differ; a list is a leaf. */
function specificationDiff(a: unknown, b: unknown, path = ''): { key: string; a: unknown; b: unknown }[] {
  if (isGroup(a) && isGroup(b)) {
    return namesOf(a, b).flatMap((key) => specificationDiff(a[key], b[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ key: path, a: a ?? null, b: b ?? null }];
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
