/** An experiment's results as text for a terminal. */
import type { Counts, Estimate, PairedComparison, PointResult, Results, TraceReport } from '../lab/results.ts';
import { groupBy } from './group-by.ts';
import {
  alignmentOf,
  alikeOf,
  answerOf,
  caveatOf,
  cyclesOf,
  effectsOf,
  missesOf,
  percentOf,
  QUESTION,
  rangeOf,
  seedsOf,
  specificationOf,
  thousands,
  type Verdict,
  verdictOf,
  warningsOf,
  wordsOf,
  wrap,
} from './wording.ts';

export function resultsTable(results: Results, { colour = false }: { colour?: boolean } = {}): string {
  const { points, colouring, alignment } = results;
  const sections: Line[][] = [
    heading(results),
    warningsOf(points).flatMap((warning) => paragraph(warning, RED)),
    ...[...groupBy(points, ({ point }) => String(point.touch ?? ''))].map(([touch, group]) =>
      countsTable(touch, group),
    ),
    points.length > 0 ? paragraph(COUNTS_NOTE, DIM) : [],
    colouring.length > 0 ? comparisonTable(colouringOnAgainstOff, colouring) : [],
    alignment.length > 0 ? comparisonTable(alignmentAgainstWord, alignment) : [],
    colouring.length + alignment.length > 0 ? conclusion(colouring) : [],
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
export type Row = readonly [cells: readonly string[], style: number];

const [PLAIN, BOLD, DIM, RED, YELLOW, CYAN] = [0, 1, 2, 31, 33, 36];
const styleOf: Record<Verdict, number> = { fewer: CYAN, more: YELLOW, unclear: PLAIN, untold: PLAIN };

const WIDTH = 110;
const paragraph = (text: string, style: number): Line[] =>
  wrap(wordsOf(text), (line) => line.length <= WIDTH).map((line) => [line, style]);

/** Each as wide as its longest cell; the first `labels` flush left, the figures flush right. */
export function columns(rows: readonly Row[], labels: number): Line[] {
  const widthOf = (i: number) => Math.max(...rows.map(([cells]) => cells[i]?.length ?? 0));
  const pad = (cell: string, i: number) => (i < labels ? cell.padEnd(widthOf(i)) : cell.padStart(widthOf(i)));
  return rows.map(([cells, style]) => [cells.map(pad).join('  ').trimEnd(), style]);
}

// --- What was run --------------------------------------------------------------------------------------------------

function heading(results: Results): Line[] {
  const { name, machine, trace } = results;
  const facts: Fact[] = [
    ['machine', [machine]],
    ...(trace === null ? [] : traceFacts(trace)),
    ['seeds', [seedsOf(results)]],
    ['specification', [specificationOf(results)]],
  ];
  const rows = facts.flatMap(([label, items]) =>
    listed(items).map((line, i): Row => [[i > 0 ? '' : label, line], PLAIN]),
  );
  return [[name, BOLD], ...columns(rows, 2)];
}

type Fact = [label: string, items: string[]];

function traceFacts(trace: TraceReport): Fact[] {
  const traced = [
    `${trace.name}: ${trace.format}`,
    `${thousands(trace.events)} events`,
    trace.threads === 1 ? '1 thread' : `${thousands(trace.threads)} threads`,
    `${thousands(trace.allocations)} allocations`,
    `${thousands(trace.frees)} frees`,
    ...ifAny(trace.resizes, 'of both by resizing'),
    ...ifAny(trace.pageAllocations, 'taking whole pages'),
    ...ifAny(trace.unseenFrees, 'unseen frees'),
    `${thousands(trace.liveAtEnd)} objects live at the end`,
    `${thousands(trace.peakLiveBytes)} bytes at most`,
  ];
  const skipped = Object.entries({
    ...trace.skipped,
    'other tracepoint': trace.otherTracepoints,
    'line of no known form': trace.otherLines,
  }).filter(([, events]) => events > 0);
  const renamed = trace.caches.filter((cache) => cache.name !== cache.recordedName);
  return [
    ['trace', traced],
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

const ifAny = (count: number, what: string): string[] => (count > 0 ? [`${thousands(count)} ${what}`] : []);

/** Broken between items only. */
const listed = (items: readonly string[]): string[] =>
  wrap(
    items.map((item, i) => (i < items.length - 1 ? `${item},` : item)),
    (line) => line.length <= WIDTH - 'specification  '.length,
  );

// --- Tables --------------------------------------------------------------------------------------------------------

const COUNTS_NOTE =
  'Means per seed. Cycles per operation (an allocation or a free) are an estimate. Sharing is decided at the miss ' +
  '(Eggers and Jeremiassen 1991).';

function countsTable(touch: string, points: readonly PointResult[]): Line[] {
  const axes = Object.keys(points[0]!.point).filter((axis) => axis !== 'touch' && axis !== 'seed');
  const combinations = groupBy(points, ({ point }) => axes.map((axis) => point[axis]).join(', '));
  const rows = [...combinations].map(([label, group]): Row => {
    const sum = (count: keyof Counts) => group.reduce((total, { counts }) => total + counts[count], 0);
    const classes = ['cold', 'capacity', 'conflict', 'trueSharing', 'falseSharing'] as const;
    const means = (['accesses', 'hits', 'misses', ...classes] as const).map((count) => sum(count) / group.length);
    const cyclesAnOperation = (sum('cycles') / Math.max(1, sum('operations'))).toFixed(1);
    return [[label, ...means.map(thousands), cyclesAnOperation, thousands(sum('peakPages') / group.length)], PLAIN];
  });
  const heads = 'accesses hits misses cold capacity conflict sharing sharing (est.) pages'.split(' ');
  const headings: Row[] = [
    [
      [
        axes
          .slice(0, -1)
          .map((axis) => `${axis},`)
          .join(' '),
        '',
        '',
        '',
        '',
        '',
        '',
        'true',
        'false',
        'cycles/op',
        'peak',
      ],
      DIM,
    ],
    [[axes.at(-1) ?? '', ...heads], DIM],
  ];
  return [[touch === '' ? 'counts' : `touch model ${touch}`, BOLD], ...columns([...headings, ...rows], 1)];
}

/** How a kind of comparison is shown: one block of rows for each alignment, and a last figure of its own. */
interface ComparisonForm {
  readonly title: string;
  readonly alignmentOf: (of: PairedComparison) => string;
  readonly sides: readonly [base: string, variant: string];
  readonly last: readonly [heading: string, unit: string];
  readonly lastOf: (of: PairedComparison) => Estimate | null;
  /** Before a positive last figure: a change has a sign, a share has none. */
  readonly plus: '+' | '';
}

const colouringOnAgainstOff: ComparisonForm = {
  title: 'colouring on against off',
  alignmentOf,
  sides: ['off', 'on'],
  last: ['effective-', 'ness'],
  lastOf: ({ effectiveness }) => effectiveness,
  plus: '',
};

const alignmentAgainstWord: ComparisonForm = {
  title: 'alignment against word, colouring on',
  alignmentOf: ({ variant }) => variant,
  sides: ['word', 'aligned'],
  last: ['change of', 'peak pages'],
  lastOf: ({ peakPages }) => peakPages,
  plus: '+',
};

function comparisonTable(form: ComparisonForm, comparisons: readonly PairedComparison[]): Line[] {
  const headings: Row[] = [
    [['alignment', 'misses', 'misses', 'change of', '95 %', 'change of', '95 %', form.last[0], '95 %'], DIM],
    [['  touch', ...form.sides, 'misses', 'interval', 'cycles (est.)', 'interval', form.last[1], 'interval'], DIM],
  ];
  const estimates = [
    estimateCells(comparisons, missesOf),
    estimateCells(comparisons, cyclesOf),
    estimateCells(comparisons, form.lastOf, form.plus),
  ];
  const rows = [...groupBy(comparisons, form.alignmentOf)].flatMap(([alignment, group]): Row[] => [
    [[alignment], PLAIN],
    ...group.map((of): Row => {
      const means = [of.baseCounts.misses, of.variantCounts.misses].map(thousands);
      return [[`  ${of.touch}`, ...means, ...estimates.flatMap((cellsOf) => cellsOf(of))], styleOf[verdictOf(of)]];
    }),
  ]);
  return [[form.title, BOLD], ...columns([...headings, ...rows], 1)];
}

/** Cells of one figure of these comparisons: its value and its interval, with as many decimals in all rows. */
function estimateCells(
  comparisons: readonly PairedComparison[],
  estimateOf: (of: PairedComparison) => Estimate | null,
  plus = '+',
): (of: PairedComparison) => string[] {
  const percent = percentOf(comparisons.map(estimateOf), plus);
  return (of) => {
    const estimate = estimateOf(of);
    if (estimate === null) return ['n/a', ''];
    const { value, interval } = estimate;
    return [`${percent(value)} %`, interval === null ? 'one seed' : `[${interval.map(percent).join(', ')}]`];
  };
}

function conclusion(comparisons: readonly PairedComparison[]): Line[] {
  return [
    [QUESTION, BOLD],
    ...paragraph(`${answerOf(comparisons)}.`, BOLD),
    ...[...groupBy(comparisons, alignmentOf)].flatMap(([alignment, group]) =>
      paragraph(`${alignment}: ${effectsOf(group)}; ${rangeOf(group, missesOf)}.`, PLAIN),
    ),
    ...alikeOf(comparisons).flatMap((sentence) => paragraph(sentence, PLAIN)),
    ...(comparisons.length > 0 ? paragraph(caveatOf(comparisons), DIM) : []),
  ];
}
