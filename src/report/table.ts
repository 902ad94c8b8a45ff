/** An experiment's results as text for a terminal. */

import { groupBy } from '../base/group-by.ts';
import type { Comparison } from '../lab/results/compare.ts';
import type { Counts } from '../lab/results/counts.ts';
import type { CombinationMeasures } from '../lab/results/measures.ts';
import { type Combination, combinationOf, keyOf, type PointResult, RECORDED } from '../lab/results/points.ts';
import type { Results, TraceReport } from '../lab/results/results.ts';
import type { Effect, Estimate, Reading } from '../lab/results/statistics.ts';
import type { TouchSummary } from '../lab/traces/allocation-trace.ts';
import { intervalOf, percentOf, SEEDS_ALIKE, thousands, wordsOf, wrap } from './figures.ts';
import { columns } from './text-table.ts';
import {
  alikeOf,
  answerOf,
  byAxis,
  caseOf,
  caveatOf,
  changesOf,
  contrastOf,
  cyclesOf,
  effectsOf,
  lastFigures,
  layoutOf,
  mainComparisons,
  missesOf,
  passedOverOf,
  questionOf,
  RULES,
  reachOf,
  type ShownFigure,
  secondLevelOf,
  seedsOf,
  seedsWarningOf,
  specificationOf,
  touchesToldOf,
  type Verdict,
  verdictOf,
  warningsOf,
} from './wording.ts';

export function resultsTable(results: Results, { colour = false }: { colour?: boolean } = {}): string {
  const { points, comparisons } = results;
  const main = mainComparisons(comparisons);
  const sections: Line[][] = [
    heading(results),
    warningsOf(points).flatMap((warning) => paragraph(warning, RED)),
    ...countsTables(results),
    points.length > 0 ? paragraph(COUNTS_NOTE, DIM) : [],
    ...byAxis(comparisons).map(comparisonTable),
    comparisons.length > 0 ? paragraph([COMPARISONS_NOTE, RULES, ...marksNote(comparisons)].join(' '), DIM) : [],
    ownersLines(main),
    main.length > 0 ? conclusion(main, results) : [],
  ];
  const paint = ([text, style]: Line) => (colour && style !== PLAIN ? `\u001b[${style}m${text}\u001b[0m` : text);
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.map(paint).join('\n')}\n`)
    .join('\n');
}

// --- Lines ---------------------------------------------------------------------------------------------------------

/** A line of text and how a terminal shows it (SGR). */
type Line = readonly [text: string, style: number];
type Row = readonly [cells: readonly string[], style: number];

const [PLAIN, BOLD, DIM, RED, YELLOW, CYAN] = [0, 1, 2, 31, 33, 36];
const styleOf: Record<Verdict, number> = { fewer: CYAN, more: YELLOW, none: PLAIN, unclear: DIM, untold: PLAIN };

const WIDTH = 110;
const paragraph = (text: string, style: number): Line[] =>
  wrap(wordsOf(text), (line) => line.length <= WIDTH).map((line) => [line, style]);

const styledColumns = (rows: readonly Row[], labels: number): Line[] =>
  columns(
    rows.map(([cells]) => cells),
    labels,
  ).map((text, i) => [text, rows[i][1]]);

// --- What was run --------------------------------------------------------------------------------------------------

function heading(results: Results): Line[] {
  const { name, machine, trace } = results;
  const facts: [label: string, items: string[]][] = [
    ['machine', [machine]],
    ...(trace === null ? (results.traces ?? []) : [trace]).flatMap((each) => traceFacts(each, results)),
    ['touches', touchesToldOf(results)],
    ['seeds', [seedsOf(results)]],
    ['specification', [specificationOf(results)]],
  ];
  const rows = facts.flatMap(([label, items]) =>
    listed(items).map((line, i): Row => [[i > 0 ? '' : label, line], PLAIN]),
  );
  return [[name, BOLD], ...styledColumns(rows, 2)];
}

function traceFacts(trace: TraceReport, results: Results): [label: string, items: string[]][] {
  const traced = [
    `${trace.name}: ${trace.format}`,
    `${thousands(trace.events)} events`,
    ...ifAny(trace.bornBefore, 'objects born before'),
    trace.threads === 1 ? '1 thread' : `${thousands(trace.threads)} threads`,
    `${thousands(trace.allocations)} allocations`,
    `${thousands(trace.frees)} frees`,
    ...ifAny(trace.resizes, 'of both by resizing'),
    ...ifAny(trace.pageAllocations, 'taking whole pages'),
    ...ifAny(trace.unseenFrees, 'unseen frees'),
    `${thousands(trace.liveAtEnd)} objects live at the end`,
    `${thousands(trace.peakLiveBytes)} bytes at most`,
  ];
  const { touches } = trace;
  const skipped = Object.entries({
    ...trace.skipped,
    'touches of objects left out': touches?.skipped ?? 0,
    'other tracepoint': trace.otherTracepoints,
    'line of no known form': trace.otherLines,
  }).filter(([, events]) => events > 0);
  const renamed = trace.caches.filter((cache) => cache.name !== cache.recordedName);
  return [
    ['trace', traced],
    ['recorded', touches === undefined ? [] : touchFacts(touches)],
    ['passed over', passedOverOf(results, trace)],
    ['skipped', skipped.map(([reason, events]) => `${reason} (${thousands(events)})`)],
    ['lost', ifAny(trace.lostEvents, 'dropped by the recorder')],
    [
      'assumed',
      [
        ...ifAny(trace.unknownFlags, 'with gfp_flags in numbers able to wait'),
        ...ifAny(trace.cachesOfSeveralSizes, 'asked for several sizes to be caches of the largest'),
      ],
    ],
    ['renamed', renamed.map((cache) => `${cache.recordedName} -> ${cache.name}`)],
  ];
}

const touchFacts = ({ reads, writes, modifies, inBornBefore, sites, functions }: TouchSummary): string[] => [
  `${thousands(reads + writes + modifies)} touches`,
  ...[`${thousands(reads)} reads`, `${thousands(writes)} writes`, `${thousands(modifies)} of both at once`],
  ...ifAny(inBornBefore, 'in objects born before'),
  `${thousands(sites)} sites`,
  ...ifAny(functions, 'functions'),
];

const ifAny = (count: number, what: string): string[] => (count > 0 ? [`${thousands(count)} ${what}`] : []);

/** Broken between items only. */
const listed = (items: readonly string[]): string[] =>
  wrap(
    items.map((item, i) => (i < items.length - 1 ? `${item},` : item)),
    (line) => line.length <= WIDTH - 'specification  '.length,
  );

// --- What was counted ----------------------------------------------------------------------------------------------

const COUNTS_NOTE =
  'Means per seed. Cycles per operation are an estimate, of all CPUs that are busy; elapsed is the time from beginning to end, by ' +
  'operations. Sharing is decided at the miss (Eggers and Jeremiassen 1991). ' +
  'Misses a thousand accesses, in all and by class; over sets, entropy 1 and Gini 0 is evenly. At hand: allocations and frees ' +
  'that a per-CPU array served. Wasted: of the pages at the peak, what nobody had asked for. Waits are ' +
  'for lines on their way to others; they, spinning and interrupts off are in cycles. docs/measures.md defines them all.';

/** Two tables for each touch model; where points have none, two for all. */
function countsTables({ points, measures }: Results): Line[][] {
  return [...groupBy(points, ({ point }) => point.touch)].flatMap(([touch, group]) => {
    const keys = Object.keys(group[0].point).filter((key) => key !== 'touch' && key !== 'seed');
    const combinations = [...groupBy(group, ({ point }) => keyOf(combinationOf(point))).values()];
    const under = touch === undefined ? '' : touch === RECORDED ? 'recorded touches: ' : `touch model ${touch}: `;
    return [
      [[`${under}counts`, BOLD], ...countsTable(keys, combinations)],
      [
        [`${under}measures`, BOLD],
        ...measuresTable(
          keys,
          measures.filter(({ combination }) => combination.touch === touch),
        ),
      ],
    ];
  });
}

/** A combination's values of these keys. */
const nameOf = (combination: Combination, keys: readonly string[]): string =>
  keys.map((key) => combination[key]).join(', ');

/** Two headings for the names of combinations, the keys parted as evenly as may be. */
function keyHeadings(keys: readonly string[]): [string, string] {
  const above = keys.slice(0, Math.floor(keys.length / 2));
  return [above.map((key) => `${key},`).join(' '), keys.slice(above.length).join(', ')];
}

function countsTable(keys: readonly string[], combinations: readonly (readonly PointResult[])[]): Line[] {
  const rows = combinations.map((group): Row => {
    const sum = (count: Exclude<keyof Counts, 'remoteMisses'>) =>
      group.reduce((total, { counts }) => total + counts[count], 0);
    const classes = ['cold', 'capacity', 'conflict', 'trueSharing', 'falseSharing'] as const;
    const means = (['accesses', 'hits', 'misses', ...classes] as const).map((count) => sum(count) / group.length);
    const cycles = (sum('cycles') / Math.max(1, sum('operations'))).toFixed(1);
    return [
      [nameOf(group[0].point, keys), ...means.map(thousands), cycles, thousands(sum('peakPages') / group.length)],
      PLAIN,
    ];
  });
  const [above, below] = keyHeadings(keys);
  const heads = 'accesses hits misses cold capacity conflict sharing sharing (est.) pages'.split(' ');
  const headings: Row[] = [
    [[above, '', '', '', '', '', '', 'true', 'false', 'cycles/op', 'peak'], DIM],
    [[below, ...heads], DIM],
  ];
  return styledColumns([...headings, ...rows], 1);
}

const decimals =
  (places: number) =>
  (value: number): string =>
    value.toFixed(places);
const percentage = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** The measures shown, with two lines of heading each; a column in which nothing is told is left out. */
const shownMeasures: readonly [
  above: string,
  below: string,
  name: keyof CombinationMeasures['measures'],
  write: (value: number) => string,
][] = [
  ['misses', '/1000', 'missesPerThousand', decimals(2)],
  ['', 'cold', 'coldPerThousand', decimals(2)],
  ['', 'capacity', 'capacityPerThousand', decimals(2)],
  ['', 'conflict', 'conflictPerThousand', decimals(2)],
  ['cold of', 'misses', 'coldShare', percentage],
  ['', 'remote', 'remoteMissesPerThousand', decimals(2)],
  ['L2', 'hits', 'l2HitRate', percentage],
  ['sets:', 'entropy', 'setMissEntropy', decimals(3)],
  ['', 'Gini', 'setMissGini', decimals(3)],
  ['at hand:', 'alloc', 'arrayAllocHitRate', percentage],
  ['', 'free', 'arrayFreeHitRate', percentage],
  ['', 'wasted', 'fragmentationAtPeak', percentage],
  ['elapsed', '/op', 'elapsedCyclesPerOperation', decimals(1)],
  ['waits', '/op', 'lineWaitCyclesPerOperation', decimals(2)],
  ['spin', '/op', 'spinCyclesPerOperation', decimals(2)],
  ['irqs off,', 'longest', 'longestInterruptsOff', thousands],
];

function measuresTable(keys: readonly string[], of: readonly CombinationMeasures[]): Line[] {
  const values = of.map(({ measures }) => shownMeasures.map(([, , name]) => measures[name]));
  const told = shownMeasures.map((_, i) => values.some((row) => row[i] !== null));
  const kept = (cells: readonly string[]) => cells.filter((_, i) => told[i]);
  const [above, below] = keyHeadings(keys);
  const headings: Row[] = [
    [[above, ...kept(shownMeasures.map(([above]) => above))], DIM],
    [[below, ...kept(shownMeasures.map(([, below]) => below))], DIM],
  ];
  const rows = of.map(({ combination }, row): Row => {
    const cells = shownMeasures.map(([, , , write], i) => {
      const value = values[row][i];
      return value === null ? 'n/a' : write(value);
    });
    return [[nameOf(combination, keys), ...kept(cells)], PLAIN];
  });
  return styledColumns([...headings, ...rows], 1);
}

// --- What was compared ---------------------------------------------------------------------------------------------

const COMPARISONS_NOTE =
  'Changes of misses and cycles are per operation. Effect size: the mean of the seeds\u2019 differences in units of their standard ' +
  'deviation (Cohen\u2019s d_z).';

/** Stands beside a change of misses that is none, or cannot be told. */
const marks: Partial<Record<Reading, readonly [mark: string, meaning: string]>> = {
  'too-few-seeds': ['?', 'too few seeds to tell'],
  'no-change': ['~', 'under 1 %, whatever its sign'],
  identical: ['=', 'the same under every seed'],
};

const markOf = (of: Comparison): string => marks[missesOf(of)?.reading ?? 'change']?.[0] ?? '';

/** What the marks that occur mean. */
function marksNote(comparisons: readonly Comparison[]): string[] {
  const readings = new Set(comparisons.map((of) => missesOf(of)?.reading));
  const meanings = Object.entries(marks).filter(([reading]) => readings.has(reading as Reading));
  const alike = comparisons.some((of) => missesOf(of)?.interval?.every((bound) => bound === missesOf(of)?.value));
  return [
    ...meanings.map(([, [mark, meaning]]) => `${mark} ${meaning}.`),
    ...(alike ? [`${SEEDS_ALIKE}: the change does not depend on the seed, so there is no interval.`] : []),
  ];
}

/** The comparisons along one axis: what happens in the L1, then below it. */
function comparisonTable(comparisons: readonly Comparison[]): Line[] {
  const { groupKeys } = layoutOf(comparisons);
  const by = groupKeys === '' ? '' : `, by ${groupKeys}`;
  const below = [
    ...baseColumns(comparisons, secondLevelOf, ['L2 misses', 3]),
    ...baseColumns(comparisons, cyclesOf, ['cycles', 1]),
  ];
  return [
    [`${contrastOf(comparisons)}${by}`, BOLD],
    ...rowsOf(comparisons, l1Columns(comparisons)),
    ...seedsWarningOf(comparisons).flatMap((warning) => paragraph(warning, YELLOW)),
    ...(below.length === 0 ? [] : [['', PLAIN] as const, ...rowsOf(comparisons, below)]),
  ];
}

/** A column of a table of comparisons: two lines of heading, and a cell for each. */
interface ComparisonColumn {
  readonly heading: readonly [string, string];
  readonly cell: (of: Comparison) => string;
}

function l1Columns(comparisons: readonly Comparison[]): ComparisonColumn[] {
  const marked = comparisons.some((of) => markOf(of) !== '');
  const [change, interval] = estimateColumns(comparisons, {
    heading: ['change of', 'misses'],
    figureOf: missesOf,
    plus: '+',
  });
  return [
    {
      heading: ['misses', clipped(String(comparisons[0].base))],
      cell: ({ effects }) => (effects.misses === null ? 'n/a' : thousands(effects.misses.base)),
    },
    { ...change!, cell: (of) => (marked ? `${change!.cell(of)} ${markOf(of).padEnd(1)}` : change!.cell(of)) },
    interval!,
    { heading: ['effect', 'size'], cell: sizeCell },
    ...lastFigures(comparisons).flatMap((figure) => estimateColumns(comparisons, figure)),
  ];
}

/** A measure of an operation: on the base's side, its change, and that one's interval; none where nobody has it. */
function baseColumns(
  comparisons: readonly Comparison[],
  effectOf: (of: Comparison) => Effect | null,
  [name, places]: readonly [name: string, places: number],
): ComparisonColumn[] {
  if (comparisons.every((of) => effectOf(of) === null)) return [];
  const base = (of: Comparison) => effectOf(of)?.base.toFixed(places) ?? 'n/a';
  return [
    { heading: [`${name}/op`, clipped(String(comparisons[0].base))], cell: base },
    ...estimateColumns(comparisons, { heading: ['change of', name], figureOf: effectOf, plus: '+' }),
  ];
}

/** A figure and its interval, with as many decimals in all rows. */
function estimateColumns(
  comparisons: readonly Comparison[],
  { heading, figureOf, plus }: ShownFigure,
): [ComparisonColumn, ComparisonColumn] {
  const percent = percentOf(comparisons.map(figureOf), plus);
  const written = (of: Comparison, write: (figure: Estimate) => string, none: string) => {
    const figure = figureOf(of);
    return figure === null ? none : write(figure);
  };
  return [
    { heading, cell: (of) => written(of, ({ value }) => `${percent(value)} %`, 'n/a') },
    { heading: ['95 %', 'interval'], cell: (of) => written(of, (figure) => bracketed(figure, percent), '') },
  ];
}

const bracketed = (figure: Estimate, percent: (fraction: number) => string): string =>
  intervalOf(figure, percent, (bounds) => `[${bounds.join(', ')}]`);

/** A row for each comparison, under the name of its group. */
function rowsOf(comparisons: readonly Comparison[], columns: readonly ComparisonColumn[]): Line[] {
  const { groupKeys, rowKeys, groupOf, rowOf } = layoutOf(comparisons);
  const indent = groupKeys === '' ? '' : '  ';
  const headings: Row[] = [
    [['', ...columns.map(({ heading: [above] }) => above)], DIM],
    [[`${indent}${rowKeys}`, ...columns.map(({ heading: [, below] }) => below)], DIM],
  ];
  const groups = groupBy(comparisons, groupOf);
  const rows = [...groups.values()]
    .flat()
    .map((of): Row => [[`${indent}${rowOf(of)}`, ...columns.map(({ cell }) => cell(of))], styleOf[verdictOf(of)]]);
  const [top, bottom, ...lines] = styledColumns([...headings, ...rows], 1);
  const named = [...groups].flatMap(([group, members]): Line[] => [
    ...(group === '' ? [] : [[group, PLAIN] as const]),
    ...lines.splice(0, members.length),
  ]);
  return [top, bottom, ...named];
}

/** So many roles are shown of each case, those whose misses change most. */
const ROLES = 4;

/** Whose misses change, in each case: shares of all misses, which add up to the change of all. */
function ownersLines(comparisons: readonly Comparison[]): Line[] {
  const told = comparisons.flatMap((of) => (of.owners ?? []).slice(0, ROLES).map((owner) => ({ of, owner })));
  if (told.length === 0) return [];
  const percent = percentOf(told.map(({ owner }) => owner));
  const head: Row = [['', '', 'of all', '95 % interval'], DIM];
  const rows = told.map(({ of, owner }, i): Row => {
    const isFirst = of !== told[i - 1]?.of;
    return [
      [isFirst ? caseOf(of, comparisons) : '', owner.role, `${percent(owner.value)} %`, bracketed(owner, percent)],
      PLAIN,
    ];
  });
  return [[`whose misses change, ${contrastOf(comparisons)}`, BOLD], ...styledColumns([head, ...rows], 2)];
}

const clipped = (text: string): string => (text.length > 12 ? `${text.slice(0, 11)}~` : text);

function sizeCell(of: Comparison): string {
  const size = missesOf(of)?.effectSize ?? null;
  if (size === null) return 'n/a';
  return size.toFixed(Math.abs(size) < 10 ? 1 : 0).replace(/^-(?=0\.0$)/, '');
}

function conclusion(comparisons: readonly Comparison[], results: Results): Line[] {
  const layout = layoutOf(comparisons);
  return [
    [questionOf(comparisons), BOLD],
    ...paragraph(`${answerOf(comparisons)}.`, BOLD),
    ...[...groupBy(comparisons, layout.groupOf)].flatMap(([group, members]) => {
      const told = [effectsOf(members, layout), changesOf(members)].filter((text) => text !== '').join('; ');
      return paragraph(`${group === '' ? '' : `${group}: `}${told}.`, PLAIN);
    }),
    ...[...reachOf(comparisons, results.measures), ...alikeOf(comparisons)].flatMap((sentence) =>
      paragraph(sentence, PLAIN),
    ),
    ...paragraph(caveatOf(comparisons, results), DIM),
  ];
}
