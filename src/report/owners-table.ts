/** Misses by owner: by kind, then the owners with most. Both tables add up to all misses. */

import { groupBy } from '../base/group-by.ts';
import type { Owner, OwnerCounts } from '../lab/results/owners.ts';
import { thousands } from './figures.ts';
import { type PerfColumn, percent, perfColumns } from './perf-columns.ts';

/** By `yields` they go where there is no room. */
const figures = [
  ['', 'misses', 'misses', 0],
  ['', 'cold', 'cold', 5],
  ['', 'capacity', 'capacity', 4],
  ['', 'conflict', 'conflict', 3],
  ['sharing', 'true', 'trueSharing', 0],
  ['sharing', 'false', 'falseSharing', 0],
  ['', 'HITM', 'hitm', 1],
  ['', 'upgrades', 'upgrades', 8],
  ['', 'invalid.', 'invalidations', 7],
  ['', 'spins', 'spins', 6],
  ['', 'remote', 'remoteMisses', 2],
] as const satisfies readonly (readonly [group: string, head: string, figure: keyof OwnerCounts, yields: number])[];
type Figure = (typeof figures)[number][2];

/** What the tables may be sorted by. */
export const ownerOrders = {
  misses: 'misses',
  true: 'trueSharing',
  false: 'falseSharing',
  hitm: 'hitm',
  upgrades: 'upgrades',
  invalidations: 'invalidations',
  spins: 'spins',
} as const satisfies Record<string, Figure>;
export type OwnerOrder = keyof typeof ownerOrders;

/** The owners of one point, or of several that differ in their seed only; `rows` of them by name. */
export function ownersTable(
  points: readonly (readonly OwnerCounts[])[],
  rows: number,
  { order = 'misses', width = Number.POSITIVE_INFINITY }: { order?: OwnerOrder; width?: number } = {},
): string {
  const counts = points.flat();
  const all = [summed('all', counts)];
  const by = ownerOrders[order];
  const owners = summedBy(counts, ({ name }) => name, by);
  const rest = owners.slice(rows);
  const others = rest.length === 0 ? [] : [summed(`(${thousands(rest.length)} more)`, rest)];
  // Of a memory trace nothing is known but lines.
  const isTrace = counts.length > 0 && counts.every(({ kind }) => kind === 'memory');
  const kinds = [
    'Misses by kind of owner',
    ...table('Kind', [...summedBy(counts, ({ kind }) => kind, by), ...all], width),
    '',
  ];
  return [
    ...(isTrace ? [] : kinds),
    `Misses by ${isTrace ? 'line' : 'owner'}`,
    ...table(isTrace ? 'Line' : 'Owner', [...owners.slice(0, rows), ...others, ...all], width),
    '',
  ].join('\n');
}

type Figures = Pick<OwnerCounts, Figure>;
type Summed = Figures & Pick<Owner, 'name'>;

/** Most first. */
const summedBy = (counts: readonly OwnerCounts[], keyOf: (of: OwnerCounts) => string, by: Figure): Summed[] =>
  [...groupBy(counts, keyOf)]
    .map(([name, group]) => summed(name, group))
    .sort((a, b) => b[by]! - a[by]! || b.misses - a.misses || (a.name < b.name ? -1 : 1));

function summed(name: string, of: readonly Figures[]): Summed {
  const sums = figuresOf(of).map(([, , figure]) => [figure, of.reduce((sum, counts) => sum + counts[figure]!, 0)]);
  return { ...(Object.fromEntries(sums) as Figures), name };
}

/** Only machines with nodes have remote misses. */
const figuresOf = (counts: readonly Figures[]) =>
  figures.filter(([, , figure]) => figure !== 'remoteMisses' || counts.some((each) => each[figure] !== undefined));

/** The last row is the sum that shares are told of. */
function table(heading: string, rows: readonly Summed[], width: number): string[] {
  const columns: PerfColumn[] = [
    { group: '', head: 'share' },
    ...figuresOf(rows).map(([group, head, , yields]) => (yields === 0 ? { group, head } : { group, head, yields })),
    { group: '', head: heading, left: true },
  ];
  const all = rows.at(-1)!.misses;
  const cells = rows.map((row) => [
    percent(row.misses, all),
    ...figuresOf(rows).map(([, , figure]) => thousands(row[figure]!)),
    row.name,
  ]);
  return perfColumns(columns, cells, width);
}
