/** Two results held against each other, point by point, both sides of a pair under the same seed. */
import { mean } from 'simple-statistics';
import type { KnownResults } from './read-results.ts';
import type { CountChange, Point, PointResult, ResultsDiff, ResultsIdentity } from './results.ts';
import { type Random, seeded } from '../../base/random.ts';
import { bootstrap, relativeChange, resample } from './statistics.ts';
import { pointKey } from './store.ts';

/** The counts that are told for each combination too. */
const MAIN = ['misses', 'cycles'];

interface PointPair {
  readonly a: PointResult;
  readonly b: PointResult;
}

/** Results with the file that they are from. */
export type FiledResults = KnownResults & { readonly file: string };

export function diffResults(a: FiledResults, b: FiledResults): ResultsDiff {
  const inB = new Map(b.points.map((result) => [pointKey(result.point), result]));
  const inA = new Set(a.points.map(({ point }) => pointKey(point)));
  const pairs = a.points.flatMap((result): PointPair[] => {
    const other = inB.get(pointKey(result.point));
    return other === undefined ? [] : [{ a: result, b: other }];
  });
  const points = {
    common: pairs.length,
    different: pairs.filter((pair) => membersThatDiffer(pair).length > 0).length,
    onlyInA: a.points.filter(({ point }) => !inB.has(pointKey(point))).map(({ point }) => point),
    onlyInB: b.points.filter(({ point }) => !inA.has(pointKey(point))).map(({ point }) => point),
  };
  const common = commonCounts(pairs);
  const main = MAIN.filter((count) => common.includes(count));
  const random = seeded(a.seed, 'bootstrap, diff');
  return {
    schema: 'slabscope-diff/1',
    identical: points.different + points.onlyInA.length + points.onlyInB.length === 0,
    a: identityOf(a),
    b: identityOf(b),
    specification: specificationDiff(a.specification, b.specification),
    points,
    counts: changes(pairs, common, random),
    combinations: [...combinations(pairs)].flatMap(([combination, group]) => {
      const counts = changes(group, main, random);
      return counts.length === 0 ? [] : [{ point: JSON.parse(combination) as Omit<Point, 'seed'>, counts }];
    }),
    other: [...new Set(pairs.flatMap(membersThatDiffer))].filter((member) => member !== 'counts'),
  };
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
function changes(pairs: readonly PointPair[], names: readonly string[], random: Random): CountChange[] {
  return names.flatMap((count) => {
    const points = pairs.filter(({ a, b }) => countsOf(a)[count] !== countsOf(b)[count]).length;
    if (points === 0) return [];
    const [a, b] = (['a', 'b'] as const).map((side) => mean(pairs.map((pair) => countsOf(pair[side])[count])));
    return [{ count, points, a: a!, b: b!, change: changeOf(pairs, count, random) }];
  });
}

/** A seed is one sample, of all its points. */
function changeOf(pairs: readonly PointPair[], count: string, random: Random) {
  const bySeed = new Map<number, { base: [number, 1]; variant: [number, 1] }>();
  for (const { a, b } of pairs) {
    const sums = bySeed.get(a.point.seed) ?? { base: [0, 1], variant: [0, 1] };
    sums.base[0] += countsOf(a)[count];
    sums.variant[0] += countsOf(b)[count];
    bySeed.set(a.point.seed, sums);
  }
  return bootstrap(relativeChange([...bySeed.values()]), resample(bySeed.size, random));
}

/** By all of a point but its seed, as JSON. */
function combinations(pairs: readonly PointPair[]): Map<string, PointPair[]> {
  const groups = new Map<string, PointPair[]>();
  for (const pair of pairs) {
    const { seed: _, ...combination } = pair.a.point;
    const key = JSON.stringify(combination);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pair]);
    else group.push(pair);
  }
  return groups;
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
