/**
 * Results as tables of columns, for programs that know no JSON: of points, wide or long; of measures; of comparisons. The long
 * ones have a figure a row, with what it is a figure of beside it (tidy data: H. Wickham, 2014).
 */
import type { Comparison } from './compare.ts';
import type { PointResult } from './points.ts';
import type { Results } from './results.ts';

/** A value for each row; null where a row lacks it. */
export interface NamedColumn {
  readonly name: string;
  readonly values: readonly (string | number | null)[];
}

/** A point, and of which specification it is where the others may be of another. */
export interface StoredResult {
  readonly specificationHash: string;
  readonly result: PointResult;
}

type Row = Readonly<Record<string, string | number | null>>;

const hasSeveral = (points: readonly StoredResult[]) =>
  points.some(({ specificationHash }) => specificationHash !== points[0].specificationHash);

/** What points of several specifications are told apart by. */
const originsOf = (points: readonly StoredResult[]): Row[] => {
  const several = hasSeveral(points);
  return points.map(({ specificationHash }): Row => (several ? { specificationHash } : {}));
};

/** The axes, the seed, all counts: one row a point. */
export function pointRows(points: readonly StoredResult[]): Row[] {
  const origins = originsOf(points);
  return points.map(({ result: { point, counts } }, i) => ({ ...origins[i], ...point, ...counts }));
}

/** The axes, the seed, a count and its value. */
export function countRows(points: readonly StoredResult[]): Row[] {
  const origins = originsOf(points);
  return points.flatMap(({ result: { point, counts } }, i) =>
    Object.entries(counts as unknown as Readonly<Record<string, number>>).map(([count, value]) => ({
      ...origins[i],
      ...point,
      count,
      value,
    })),
  );
}

/** The axes, a measure and its value over all seeds. */
export const measureRows = ({ measures }: Pick<Results, 'measures'>): Row[] =>
  measures.flatMap(({ combination, measures }) =>
    Object.entries(measures).map(([measure, value]) => ({ ...combination, measure, value })),
  );

/** What is compared with what, all else that is fixed, a measure, its change and how sure that is. */
export const comparisonRows = ({ comparisons }: Pick<Results, 'comparisons'>): Row[] => comparisons.flatMap(effectRows);

function effectRows({ axis, base, variant, fixed, seeds, effects }: Comparison): Row[] {
  return Object.entries(effects).flatMap(([measure, effect]): Row[] => {
    if (effect === null) return [];
    const { value, interval, base: ofBase, variant: ofVariant, effectSize, p, reading, seedsToTell } = effect;
    return [
      {
        ...{ axis, base: String(base), variant: String(variant), ...fixed, seeds, measure, change: value },
        ...{ low: interval?.[0] ?? null, high: interval?.[1] ?? null, ofBase, ofVariant },
        ...{ effectSize, p, reading, seedsToTell },
      },
    ];
  });
}

/** In the order in which names first occur. */
export function columnsOf(rows: readonly Row[]): NamedColumn[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...names].map((name) => ({ name, values: rows.map((row) => row[name] ?? null) }));
}
