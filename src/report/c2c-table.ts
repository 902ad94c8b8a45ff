/**
 * The cache-to-cache report, laid out as `perf c2c report --stdio` lays it out (perf-c2c(1)), with the allocator's names
 * where perf has code symbols. docs/attribution.md tells which of perf's columns have no meaning here.
 */

import { groupBy } from '../base/group-by.ts';
import type { LineAccesses, Owner, SharedLine, Sharing } from '../lab/results/owners.ts';
import { thousands } from './figures.ts';
import { type PerfColumn, percent, perfColumns } from './perf-columns.ts';

/** The `lines` hottest lines. */
export function c2cTable(sharing: Sharing, lines: number): string {
  const hottest = sharing.hottest.slice(0, lines);
  if (hottest.length === 0) return 'No line went from cache to cache.\n';
  const left = sharing.lines - hottest.length;
  return [
    ...titled('           Shared Data Cache Line Table'),
    ...lineTable(sharing, hottest),
    ...(left > 0 ? [`# (${thousands(left)} more)`] : []),
    '',
    ...titled('      Shared Cache Line Distribution Pareto'),
    ...pareto(hottest),
    '',
  ].join('\n');
}

const RULE = '='.repeat(49);
const titled = (title: string) => [RULE, title, RULE];

type Figure = Exclude<keyof LineAccesses, 'offset' | 'cpu' | 'owner'>;
const sum = (accesses: readonly LineAccesses[], ...figures: readonly Figure[]): number =>
  accesses.reduce((total, of) => total + figures.reduce((some, figure) => some + of[figure], 0), 0);

const hex = (value: number) => `0x${value.toString(16)}`;

// --- One row a line ------------------------------------------------------------------------------------------------

const lineColumns: readonly PerfColumn[] = [
  { group: '', head: 'Index' },
  { group: 'Cacheline', head: 'Address' },
  { group: 'Tot', head: 'Hitm' },
  { group: 'Hitm', head: 'Total' },
  { group: 'Hitm', head: 'Load' },
  { group: 'Hitm', head: 'Store' },
  { group: 'Sharing', head: 'True' },
  { group: 'Sharing', head: 'False' },
  { group: 'Total', head: 'records' },
  { group: 'Total', head: 'Loads' },
  { group: 'Total', head: 'Stores' },
  { group: 'Stores', head: 'L1Hit' },
  { group: 'Stores', head: 'L1Miss' },
  { group: 'Load', head: 'L1Hit' },
  { group: 'Load', head: 'L1Miss' },
  { group: '', head: 'Data', left: true },
];

function lineTable({ hitm }: Sharing, lines: readonly SharedLine[]): string[] {
  const rows = lines.map(({ address, accesses }, index) => {
    const loads = sum(accesses, 'loads');
    const stores = sum(accesses, 'stores');
    const loadMisses = sum(accesses, 'loadMisses');
    const storeMisses = sum(accesses, 'storeMisses');
    const figures = [
      ...(['loadHitm', 'storeHitm', 'trueSharing', 'falseSharing'] as const).map((figure) => sum(accesses, figure)),
      ...[loads + stores, loads, stores, stores - storeMisses, storeMisses, loads - loadMisses, loadMisses],
    ];
    const total = sum(accesses, 'loadHitm', 'storeHitm');
    return [
      ...[String(index), hex(address), percent(total, hitm)],
      ...[total, ...figures].map(String),
      contentsOf(accesses),
    ];
  });
  return perfColumns(lineColumns, rows);
}

const NAMED = 4;

/** What of the line goes from cache to cache, most first; then what else of it is written. */
function contentsOf(accesses: readonly LineAccesses[]): string {
  const owners = [...groupBy(accesses, ({ owner }) => owner.name).values()]
    .map((group) => ({
      owner: group[0].owner,
      hitm: sum(group, 'loadHitm', 'storeHitm'),
      shared: sum(group, 'trueSharing', 'falseSharing'),
      stores: sum(group, 'stores'),
    }))
    .filter(({ hitm, shared, stores }) => hitm + shared + stores > 0)
    .sort((a, b) => b.hitm - a.hitm || b.shared - a.shared || b.stores - a.stores);
  const named = groupBy(
    owners.slice(0, NAMED).map(({ owner }) => owner),
    ({ kind, of }) => (kind === 'object' ? of : null),
  );
  const texts = [...named].flatMap(([cache, group]) =>
    cache === null ? group.map(({ name }) => name) : [`${cache} object ${group.map(inObject).join(', ')}`],
  );
  return `${texts.join('; ')}${owners.length > NAMED ? '; ...' : ''}`;
}

/** An owner's name without that of its cache. */
const inObject = ({ name, of }: Owner): string => name.slice(`${of} object `.length);

// --- One row an offset of a line -----------------------------------------------------------------------------------

const offsetColumns: readonly PerfColumn[] = [
  { group: '', head: 'Num' },
  { group: 'HITM', head: 'Load' },
  { group: 'HITM', head: 'Store' },
  { group: 'Store Refs', head: 'L1 Hit' },
  { group: 'Store Refs', head: 'L1 Miss' },
  { group: 'Sharing', head: 'True' },
  { group: 'Sharing', head: 'False' },
  { group: 'Data address', head: 'Offset' },
  { group: 'Total', head: 'records' },
  { group: 'cpu', head: 'cnt' },
  { group: 'CPUs', head: 'load' },
  { group: 'CPUs', head: 'store' },
  { group: '', head: 'Data', left: true },
];

/** Counts of the line, then the share of each offset in them. */
function pareto(lines: readonly SharedLine[]): string[] {
  const rows = lines.flatMap(({ address, symbol, accesses }, index) => {
    const whole = figuresOf(accesses);
    const ofLine = [String(index), ...whole.map(String), hex(address), '', '', '', '', symbolOf(symbol)];
    const places = groupBy(accesses, ({ offset, owner }) => `${offset} ${owner.name}`);
    const ofOffsets = [...places.values()].map((group) => [
      '',
      ...figuresOf(group).map((figure, i) => percent(figure, whole[i])),
      hex(group[0].offset),
      String(sum(group, 'loads', 'stores')),
      String(new Set(group.map(({ cpu }) => cpu)).size),
      cpusOf(group, 'loads'),
      cpusOf(group, 'stores'),
      group[0].owner.name,
    ]);
    return [ofLine, ...ofOffsets];
  });
  const table = perfColumns(offsetColumns, rows);
  const headings = table.length - rows.length;
  const rule = `  ${'-'.repeat(Math.max(...table.map((line) => line.length)) - 2)}`;
  return table.flatMap((line, i) => (i >= headings && rows[i - headings][0] !== '' ? [rule, line, rule] : [line]));
}

const figuresOf = (accesses: readonly LineAccesses[]): number[] => [
  sum(accesses, 'loadHitm'),
  sum(accesses, 'storeHitm'),
  sum(accesses, 'stores') - sum(accesses, 'storeMisses'),
  sum(accesses, 'storeMisses'),
  sum(accesses, 'trueSharing'),
  sum(accesses, 'falseSharing'),
];

/** Nothing where the address says it already. */
const symbolOf = (symbol: string) => (symbol.startsWith('0x') ? '' : symbol);

const cpusOf = (accesses: readonly LineAccesses[], figure: 'loads' | 'stores'): string =>
  accesses
    .filter((of) => of[figure] > 0)
    .map(({ cpu }) => cpu)
    .sort((a, b) => a - b)
    .join(',');
