/** Misses by owner: by kind, then the owners with most. Both tables add up to all misses. */

import { groupBy } from '../base/group-by.ts';
import type { Owner, OwnerCounts } from '../lab/results/owners.ts';
import { thousands } from './figures.ts';
import { type PerfColumn, percent, perfColumns } from './perf-columns.ts';

const figures = [
  ['', 'misses', 'misses'],
  ['', 'cold', 'cold'],
  ['', 'capacity', 'capacity'],
  ['', 'conflict', 'conflict'],
  ['sharing', 'true', 'trueSharing'],
  ['sharing', 'false', 'falseSharing'],
  ['', 'HITM', 'hitm'],
  ['', 'upgrades', 'upgrades'],
  ['', 'invalid.', 'invalidations'],
  ['', 'spins', 'spins'],
  ['', 'remote', 'remoteMisses'],
] as const satisfies readonly (readonly [group: string, head: string, figure: keyof OwnerCounts])[];
type Figure = (typeof figures)[number][2];

/** The owners of one point, or of several that differ in their seed only; `rows` of them by name. */
export function ownersTable(points: readonly (readonly OwnerCounts[])[], rows: number): string {
  const counts = points.flat();
  const all = [summed('all', counts)];
  const owners = summedBy(counts, ({ name }) => name);
  const rest = owners.slice(rows);
  const others = rest.length === 0 ? [] : [summed(`(${thousands(rest.length)} more)`, rest)];
  return [
    'Misses by kind of owner',
    ...table('Kind', [...summedBy(counts, ({ kind }) => kind), ...all]),
    '',
    'Misses by owner',
    ...table('Owner', [...owners.slice(0, rows), ...others, ...all]),
    '',
  ].join('\n');
}

type Figures = Pick<OwnerCounts, Figure>;
type Summed = Figures & Pick<Owner, 'name'>;

/** Most misses first. */
const summedBy = (counts: readonly OwnerCounts[], keyOf: (of: OwnerCounts) => string): Summed[] =>
  [...groupBy(counts, keyOf)]
    .map(([name, group]) => summed(name, group))
    .sort((a, b) => b.misses - a.misses || (a.name < b.name ? -1 : 1));

function summed(name: string, of: readonly Figures[]): Summed {
  const sums = figuresOf(of).map(([, , figure]) => [figure, of.reduce((sum, counts) => sum + counts[figure]!, 0)]);
  return { ...(Object.fromEntries(sums) as Figures), name };
}

/** Only machines with nodes have remote misses. */
const figuresOf = (counts: readonly Figures[]) =>
  figures.filter(([, , figure]) => figure !== 'remoteMisses' || counts.some((each) => each[figure] !== undefined));

/** The last row is the sum that shares are told of. */
function table(heading: string, rows: readonly Summed[]): string[] {
  const columns: PerfColumn[] = [
    { group: '', head: 'share' },
    ...figuresOf(rows).map(([group, head]) => ({ group, head })),
    { group: '', head: heading, left: true },
  ];
  const all = rows.at(-1)!.misses;
  const cells = rows.map((row) => [
    percent(row.misses, all),
    ...figuresOf(rows).map(([, , figure]) => thousands(row[figure]!)),
    row.name,
  ]);
  return perfColumns(columns, cells);
}
