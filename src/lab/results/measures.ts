/**
 * Measures: what is computed from a point's counts, in one place. Each is a fraction, so that over several seeds it is a ratio
 * of sums: a seed weighs as much as it counted. docs/measures.md defines them all.
 */
import { log2 } from '../../base/elementary.ts';
import { groupBy } from '../../base/group-by.ts';
import type { Counts, SetPressure } from './counts.ts';
import { type Combination, combinationOf, keyOf, type PointResult } from './points.ts';

/** Numerator and denominator; what is not 0 divided by 0 where a point has no such measure. */
export type Fraction = readonly [numerator: number, denominator: number];

export interface Measure {
  readonly unit: string;
  readonly of: (result: Pick<PointResult, 'counts' | 'sets'>) => Fraction;
}

const NONE: Fraction = [0, 0];

const perPoint = (unit: string, value: (counts: Counts) => number): Measure => ({
  unit,
  of: ({ counts }) => [value(counts), 1],
});
const perOperation = (unit: string, value: (counts: Counts) => number): Measure => ({
  unit: `${unit} an operation`,
  of: ({ counts }) => [value(counts), counts.operations],
});
const perThousand = (value: (counts: Counts) => number): Measure => ({
  unit: 'a thousand accesses',
  of: ({ counts }) => [1000 * value(counts), counts.accesses],
});
const share = (part: (counts: Counts) => number, rest: (counts: Counts) => number): Measure => ({
  unit: 'share',
  of: ({ counts }) => [part(counts), part(counts) + rest(counts)],
});
const ofSets = (value: (perSet: readonly number[]) => number | null, which: keyof SetPressure): Measure => ({
  unit: '0 to 1',
  of: ({ sets }) => {
    const figure = sets === undefined ? null : value(sets[which]);
    return figure === null ? NONE : [figure, 1];
  },
});

/** Of x86: what `pages` and `peakPages` count. */
const PAGE_SIZE = 4096;

const wastedAtPeak = ({ peakPages, peakLiveBytes }: Counts) => PAGE_SIZE * peakPages - peakLiveBytes;
const wasted = ({ pages, liveBytes }: Counts) => PAGE_SIZE * pages - liveBytes;

export const measures = {
  misses: perPoint('misses', ({ misses }) => misses),
  missesPerOperation: perOperation('misses', ({ misses }) => misses),
  missesPerThousand: perThousand(({ misses }) => misses),
  coldPerThousand: perThousand(({ cold }) => cold),
  capacityPerThousand: perThousand(({ capacity }) => capacity),
  conflictPerThousand: perThousand(({ conflict }) => conflict),
  coldShare: share(
    ({ cold }) => cold,
    ({ cold, misses }) => misses - cold,
  ),
  trueSharingPerThousand: perThousand(({ trueSharing }) => trueSharing),
  falseSharingPerThousand: perThousand(({ falseSharing }) => falseSharing),
  duboisTrueAnyPerThousand: perThousand(({ duboisTrueAny }) => duboisTrueAny),
  duboisFalseAnyPerThousand: perThousand(({ duboisFalseAny }) => duboisFalseAny),
  duboisTrueLoadPerThousand: perThousand(({ duboisTrueLoad }) => duboisTrueLoad),
  duboisFalseLoadPerThousand: perThousand(({ duboisFalseLoad }) => duboisFalseLoad),
  remoteMissesPerThousand: {
    unit: 'a thousand accesses',
    of: ({ counts: { remoteMisses, accesses } }) =>
      remoteMisses === undefined ? NONE : [1000 * remoteMisses, accesses],
  },
  l2MissesPerOperation: {
    unit: 'misses an operation',
    of: ({ counts: { l2Hits, l2Misses, operations } }) => (l2Hits + l2Misses === 0 ? NONE : [l2Misses, operations]),
  },
  l2HitRate: share(
    ({ l2Hits }) => l2Hits,
    ({ l2Misses }) => l2Misses,
  ),
  cyclesPerOperation: perOperation('cycles', ({ cycles }) => cycles),
  lineWaitCyclesPerOperation: perOperation('cycles', ({ lineWaitCycles }) => lineWaitCycles),
  elapsedCycles: perPoint('cycles', ({ elapsedCycles }) => elapsedCycles),
  elapsedCyclesPerOperation: perOperation('cycles', ({ elapsedCycles }) => elapsedCycles),
  peakPages: perPoint('pages', ({ peakPages }) => peakPages),
  pages: perPoint('pages', ({ pages }) => pages),
  wastedAtPeak: perPoint('bytes', wastedAtPeak),
  wasted: perPoint('bytes', wasted),
  fragmentationAtPeak: share(wastedAtPeak, ({ peakLiveBytes }) => peakLiveBytes),
  fragmentation: share(wasted, ({ liveBytes }) => liveBytes),
  colouredShare: share(
    ({ colouredAllocations }) => colouredAllocations,
    ({ allocations, colouredAllocations }) => allocations - colouredAllocations,
  ),
  arrayAllocHitRate: share(
    ({ allocHits }) => allocHits,
    ({ allocMisses }) => allocMisses,
  ),
  arrayFreeHitRate: share(
    ({ freeHits }) => freeHits,
    ({ freeMisses }) => freeMisses,
  ),
  spinCyclesPerOperation: perOperation('cycles', ({ spinCycles }) => spinCycles),
  contendedLocksPerOperation: perOperation('locks', ({ contendedLocks }) => contendedLocks),
  longestInterruptsOff: perPoint('cycles', ({ longestInterruptsOff }) => longestInterruptsOff),
  setAccessEntropy: ofSets(entropy, 'accesses'),
  setMissEntropy: ofSets(entropy, 'misses'),
  setAccessGini: ofSets(gini, 'accesses'),
  setMissGini: ofSets(gini, 'misses'),
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;
export const measureNames = Object.keys(measures) as MeasureName[];

/** The measures of one combination of the keys' values, over all its seeds; null where there is none. */
export interface CombinationMeasures {
  readonly combination: Combination;
  readonly measures: Readonly<Record<MeasureName, number | null>>;
}

/** A measure of these points together; null where they have none. */
export function measured(name: MeasureName, results: readonly Pick<PointResult, 'counts' | 'sets'>[]): number | null {
  let [numerator, denominator] = NONE;
  for (const result of results) {
    const [over, under] = measures[name].of(result);
    numerator += over;
    denominator += under;
  }
  return denominator === 0 ? null : numerator / denominator;
}

/** All measures of each combination, over its seeds. */
export const measuresOf = (points: readonly PointResult[]): CombinationMeasures[] =>
  [...groupBy(points, ({ point }) => keyOf(combinationOf(point))).values()].map((results) => {
    const figures = measureNames.map((name) => [name, measured(name, results)]);
    return {
      combination: combinationOf(results[0].point),
      measures: Object.fromEntries(figures) as CombinationMeasures['measures'],
    };
  });

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Shannon's entropy of how a total spreads over the sets, as a share of log2(sets): 1 evenly, 0 all in one. */
export function entropy(perSet: readonly number[]): number | null {
  const total = sum(perSet);
  if (total === 0 || perSet.length < 2) return null;
  const bits = perSet.filter((count) => count > 0).map((count) => (count / total) * log2(total / count));
  return sum(bits) / log2(perSet.length);
}

/** The Gini coefficient of the same: 0 evenly, (sets - 1) / sets all in one. */
export function gini(perSet: readonly number[]): number | null {
  const total = sum(perSet);
  const { length } = perSet;
  if (total === 0) return null;
  const weighted = perSet.toSorted((a, b) => a - b).map((count, i) => (2 * i + 1 - length) * count);
  return sum(weighted) / (length * total);
}
