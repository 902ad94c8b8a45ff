/**
 * The cache-to-cache report, laid out as `perf c2c report --stdio` lays it out (perf-c2c(1)), with the allocator's names
 * where perf has code symbols. docs/attribution.md tells which of perf's columns have no meaning here.
 */

import { groupBy } from '../base/group-by.ts';
import type { LineAccesses, Owner, SharedLine, Sharing } from '../lab/results/owners.ts';
import { numbersIn, thousands } from './figures.ts';
import { leftOutNote, type PerfColumn, percent, perfColumns, perfTable } from './perf-columns.ts';

/** The `lines` hottest lines. */
export function c2cTable(sharing: Sharing, lines: number, width = Number.POSITIVE_INFINITY): string {
  const hottest = sharing.hottest.slice(0, lines);
  if (hottest.length === 0) return 'No line went from cache to cache.\n';
  const left = sharing.lines - hottest.length;
  return [
    ...titled('           Shared Data Cache Line Table'),
    ...lineTable(sharing, hottest, width),
    ...(left > 0 ? [`# (${thousands(left)} more)`] : []),
    '',
    ...titled('      Shared Cache Line Distribution Pareto'),
    ...pareto(hottest, width),
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
  { group: 'Tot', head: 'Hitm', yields: 1 },
  { group: 'Hitm', head: 'Total' },
  { group: 'Hitm', head: 'Load', yields: 3 },
  { group: 'Hitm', head: 'Store', yields: 3 },
  { group: 'Sharing', head: 'True' },
  { group: 'Sharing', head: 'False' },
  { group: 'Total', head: 'records', yields: 4 },
  { group: 'Total', head: 'Loads', yields: 2 },
  { group: 'Total', head: 'Stores', yields: 2 },
  { group: 'Stores', head: 'L1Hit', yields: 6 },
  { group: 'Stores', head: 'L1Miss', yields: 6 },
  { group: 'Load', head: 'L1Hit', yields: 5 },
  { group: 'Load', head: 'L1Miss', yields: 5 },
  { group: '', head: 'Data', left: true },
];

function lineTable({ hitm }: Sharing, lines: readonly SharedLine[], width: number): string[] {
  const rows = lines.map((line, index) => {
    const { accesses } = line;
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
      ...[String(index), addressOf(line), percent(total, hitm)],
      ...[total, ...figures].map(String),
      contentsOf(accesses),
    ];
  });
  return perfColumns(lineColumns, rows, width);
}

const NAMED = 4;

/** What of the line goes from cache to cache, most first; then what else of it is written. */
function contentsOf(accesses: readonly LineAccesses[]): string {
  const owners = [...groupBy(accesses, nameOf).values()]
    .map((group) => ({
      ...{ owner: group[0].owner, name: nameOf(group[0]) },
      objects: new Set(objectsIn(group)).size,
      hitm: sum(group, 'loadHitm', 'storeHitm'),
      shared: sum(group, 'trueSharing', 'falseSharing'),
      stores: sum(group, 'stores'),
    }))
    .filter(({ hitm, shared, stores }) => hitm + shared + stores > 0)
    .sort((a, b) => b.hitm - a.hitm || b.shared - a.shared || b.stores - a.stores);
  const named = groupBy(owners.slice(0, NAMED), ({ owner: { kind, of } }) => (kind === 'object' ? of : null));
  const texts = [...named].flatMap(([cache, group]) =>
    cache === null ? group.map(({ name }) => name) : [`${cache} object ${group.map(inObject).join(', ')}`],
  );
  return `${texts.join('; ')}${owners.length > NAMED ? '; ...' : ''}`;
}

/** Of a memory trace nothing is known but where in the line it is. */
const nameOf = ({ owner, offset }: LineAccesses): string => (owner.kind === 'memory' ? `+${hex(offset)}` : owner.name);

/** As a trace has it, whose addresses may be longer than ours. */
const addressOf = ({ address, symbol, accesses }: SharedLine): string =>
  accesses[0]?.owner.kind === 'memory' ? symbol : hex(address);

/** An owner's name without that of its cache; of how many objects, where several lie in the line. */
const inObject = ({ owner: { name, of }, objects }: { readonly owner: Owner; readonly objects: number }): string =>
  `${name.slice(`${of} object `.length)}${objects > 1 ? ` of ${objects} objects` : ''}`;

/** Where the objects begin that were accessed. */
const objectsIn = (accesses: readonly LineAccesses[]): number[] =>
  accesses.flatMap(({ owner, base }) => (owner.kind === 'object' ? [base] : []));

// --- One row an offset of a line -----------------------------------------------------------------------------------

const offsetColumns: readonly PerfColumn[] = [
  { group: '', head: 'Num' },
  { group: 'HITM', head: 'Load', yields: 1 },
  { group: 'HITM', head: 'Store', yields: 2 },
  { group: 'Store Refs', head: 'L1 Hit', yields: 4 },
  { group: 'Store Refs', head: 'L1 Miss', yields: 4 },
  { group: 'Sharing', head: 'True' },
  { group: 'Sharing', head: 'False' },
  { group: 'Data address', head: 'Offset' },
  { group: 'Total', head: 'records', yields: 3 },
  { group: 'cpu', head: 'cnt', yields: 5 },
  { group: 'CPUs', head: 'load' },
  { group: 'CPUs', head: 'store' },
  { group: '', head: 'Data', left: true },
];

/** Counts of the line, then the share of each offset in them. */
function pareto(lines: readonly SharedLine[], width: number): string[] {
  const rows = lines.flatMap((line, index) => {
    const { symbol, accesses } = line;
    const whole = figuresOf(accesses);
    const ofLine = [String(index), ...whole.map(String), addressOf(line), '', '', '', '', symbolOf(symbol)];
    const places = groupBy(accesses, ({ offset, owner, base }) => `${offset} ${owner.name} ${base}`);
    const several = new Set(objectsIn(accesses)).size > 1;
    const ofOffsets = [...places.values()].map((group) => [
      '',
      ...figuresOf(group).map((figure, i) => percent(figure, whole[i])),
      hex(group[0].offset),
      String(sum(group, 'loads', 'stores')),
      String(new Set(group.map(({ cpu }) => cpu)).size),
      cpusOf(group, 'loads'),
      cpusOf(group, 'stores'),
      `${nameOf(group[0])}${several && group[0].owner.kind === 'object' ? ` of ${hex(group[0].base)}` : ''}`,
    ]);
    return [ofLine, ...ofOffsets];
  });
  const table = perfTable(offsetColumns, rows, width);
  const longest = [...table.headings, ...table.rows.flatMap((row) => row.split('\n'))].map((line) => line.length);
  const rule = `  ${'-'.repeat(Math.max(...longest) - 2)}`;
  return [
    ...table.headings,
    ...table.rows.flatMap((row, i) => (rows[i][0] === '' ? [row] : [rule, row, rule])),
    ...leftOutNote([table]),
  ];
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
  numbersIn(accesses.filter((of) => of[figure] > 0).map(({ cpu }) => cpu));
