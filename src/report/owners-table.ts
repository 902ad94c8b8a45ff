/** Misses by owner: by kind, then the owners with most. Both tables add up to all misses. */
import type { Owner, OwnerCounts } from '../lab/results.ts';
import { groupBy } from './group-by.ts';
import { type PerfColumn, perfColumns } from './perf-columns.ts';
import { thousands } from './wording.ts';

type Figure = Exclude<keyof OwnerCounts, keyof Owner>;

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
] as const satisfies readonly (readonly [group: string, head: string, figure: Figure])[];

/** The owners of one point, or of several that differ in their seed only; `rows` of them by name. */
export function ownersTable(points: readonly (readonly OwnerCounts[])[], rows: number): string {
  const owners = [...groupBy(points.flat(), ({ name }) => name)]
    .map(([name, group]) => summed(name, group))
    .sort((a, b) => b.counts.misses - a.counts.misses || (a.name < b.name ? -1 : 1));
  const kinds = [...groupBy(points.flat(), ({ kind }) => kind)]
    .map(([kind, group]) => summed(kind, group))
    .sort((a, b) => b.counts.misses - a.counts.misses || (a.name < b.name ? -1 : 1));
  const all = summed('all', points.flat());
  const rest = points.length === 0 ? [] : owners.slice(rows);
  return [
    'Misses by what they were on',
    ...table('Kind', all, [...kinds, all]),
    '',
    'Misses by owner',
    ...table('Owner', all, [
      ...owners.slice(0, rows),
      ...(rest.length > 0 ? [added(`(${thousands(rest.length)} more)`, rest)] : []),
      all,
    ]),
    '',
  ].join('\n');
}

interface Summed {
  readonly name: string;
  readonly counts: Readonly<Record<Figure, number>>;
}

const allFigures = [...figures.map(([, , figure]) => figure), 'prefetchFills'] as const;

function added(name: string, of: readonly Summed[]): Summed {
  return summed(
    name,
    of.map(({ counts }) => counts),
  );
}

function summed(name: string, of: readonly Readonly<Record<Figure, number>>[]): Summed {
  const total = (figure: Figure) => of.reduce((sum, counts) => sum + counts[figure], 0);
  return { name, counts: Object.fromEntries(allFigures.map((figure) => [figure, total(figure)])) as Summed['counts'] };
}

function table(heading: string, { counts: all }: Summed, rows: readonly Summed[]): string[] {
  const columns: PerfColumn[] = [
    { group: '', head: 'share' },
    ...figures.map(([group, head]) => ({ group, head })),
    { group: '', head: heading, left: true },
  ];
  const share = (misses: number) => `${(all.misses === 0 ? 0 : (100 * misses) / all.misses).toFixed(2)}%`;
  return perfColumns(
    columns,
    rows.map(({ name, counts }) => [
      share(counts.misses),
      ...figures.map(([, , figure]) => thousands(counts[figure])),
      name,
    ]),
  );
}
