/** Points as a table of columns, for programs that know no JSON. */
import type { PointResult } from './points.ts';

/** A value for each point; null where a point lacks it. */
export interface NamedColumn {
  readonly name: string;
  readonly values: readonly (string | number | null)[];
}

/** The specification's hash, the axes, the counts; one row a point. */
export function columnsOf(points: readonly { specificationHash: string; result: PointResult }[]): NamedColumn[] {
  const hashes = points.map(({ specificationHash }) => specificationHash);
  return [
    { name: 'specificationHash', values: hashes },
    ...membersOf(points.map(({ result }) => result.point)),
    ...membersOf(points.map(({ result }) => result.counts)),
  ];
}

function membersOf(records: readonly object[]): NamedColumn[] {
  const known = records as readonly Readonly<Record<string, string | number>>[];
  const names = new Set(known.flatMap((record) => Object.keys(record)));
  return [...names].map((name) => ({ name, values: known.map((record) => record[name] ?? null) }));
}
