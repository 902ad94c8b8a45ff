/** An experiment's results as text for a terminal. Its words and figures serve the chart too. */
import type { Counts, Estimate, PairedComparison, PointResult, Results } from '../lab/results.ts';

export function resultsTable(results: Results, { colour = false }: { colour?: boolean } = {}): string {
  const { name, points, colouring, alignment } = results;
  const facts = Object.entries(factsOf(results)).map((cells): Row => [cells, PLAIN]);
  const sections: Line[][] = [
    [[name, BOLD], ...columns(facts, 2)],
    ...[...groupBy(points, ({ point }) => point.touch)].map(([touch, group]) => countsTable(touch, group)),
    points.length > 0 ? paragraph(COUNTS_NOTE, DIM) : [],
    colouring.length > 0 ? comparisonTable(colouringOnAgainstOff, colouring) : [],
    alignment.length > 0 ? comparisonTable(alignmentAgainstWord, alignment) : [],
    conclusion(colouring),
  ];
  const paint = ([text, style]: Line) => (colour && style !== PLAIN ? `\u001b[${style}m${text}\u001b[0m` : text);
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.map(paint).join('\n')}\n`)
    .join('\n');
}

// --- Tables --------------------------------------------------------------------------------------------------------

/** A line of text and how a terminal shows it (SGR). */
type Line = readonly [text: string, style: number];
type Row = readonly [cells: readonly string[], style: number];

const [PLAIN, BOLD, DIM, CYAN, YELLOW] = [0, 1, 2, 36, 33];
const styleOf: Record<Verdict, number> = { fewer: CYAN, more: YELLOW, unclear: PLAIN };

const WIDTH = 110;
const paragraph = (text: string, style: number): Line[] =>
  wrap(text, (line) => line.length <= WIDTH).map((line) => [line, style]);

/** Each as wide as its longest cell; the first `labels` flush left, the figures flush right. */
function columns(rows: readonly Row[], labels: number): Line[] {
  const widthOf = (i: number) => Math.max(...rows.map(([cells]) => cells[i]?.length ?? 0));
  const pad = (cell: string, i: number) => (i < labels ? cell.padEnd(widthOf(i)) : cell.padStart(widthOf(i)));
  return rows.map(([cells, style]) => [cells.map(pad).join('  ').trimEnd(), style]);
}

const COUNTS_NOTE =
  'Means per seed. Cycles per operation (an allocation or a free) are an estimate. Sharing is decided at the miss ' +
  '(Eggers and Jeremiassen 1991).';

function countsTable(touch: string, points: readonly PointResult[]): Line[] {
  const combinations = groupBy(points, ({ point }) => `${point.alignment}, ${point.colouring}`);
  const rows = [...combinations].map(([label, group]): Row => {
    const sum = (count: keyof Counts) => group.reduce((total, { counts }) => total + counts[count], 0);
    const classes = ['cold', 'capacity', 'conflict', 'trueSharing', 'falseSharing'] as const;
    const means = (['accesses', 'hits', 'misses', ...classes] as const).map((count) => sum(count) / group.length);
    const cyclesAnOperation = (sum('cycles') / Math.max(1, sum('operations'))).toFixed(1);
    return [[label, ...means.map(thousands), cyclesAnOperation, thousands(sum('peakPages') / group.length)], PLAIN];
  });
  const heads = 'accesses hits misses cold capacity conflict sharing sharing (est.) pages'.split(' ');
  const headings: Row[] = [
    [['alignment,', '', '', '', '', '', '', 'true', 'false', 'cycles/op', 'peak'], DIM],
    [['colouring', ...heads], DIM],
  ];
  return [[`touch model ${touch}`, BOLD], ...columns([...headings, ...rows], 1)];
}

/** How a kind of comparison is shown: one block of rows for each alignment, and a last figure of its own. */
interface ComparisonForm {
  readonly title: string;
  readonly alignmentOf: (of: PairedComparison) => string;
  readonly sides: readonly [base: string, variant: string];
  readonly last: readonly [heading: string, unit: string];
  readonly lastCells: (of: PairedComparison) => readonly string[];
}

const colouringOnAgainstOff: ComparisonForm = {
  title: 'colouring on against off',
  alignmentOf,
  sides: ['off', 'on'],
  last: ['effective-', 'ness'],
  lastCells: ({ effectiveness, seeds }) => (effectiveness === null ? ['n/a'] : estimateCells(effectiveness, seeds, '')),
};

const alignmentAgainstWord: ComparisonForm = {
  title: 'alignment against word, colouring on',
  alignmentOf: ({ variant }) => variant,
  sides: ['word', 'aligned'],
  last: ['change of', 'peak pages'],
  lastCells: ({ peakPages, seeds }) => estimateCells(peakPages, seeds),
};

function comparisonTable(form: ComparisonForm, comparisons: readonly PairedComparison[]): Line[] {
  const headings: Row[] = [
    [['alignment', 'misses', 'misses', 'change of', '95 %', 'change of', '95 %', form.last[0], '95 %'], DIM],
    [['  touch', ...form.sides, 'misses', 'interval', 'cycles (est.)', 'interval', form.last[1], 'interval'], DIM],
  ];
  const rows = [...groupBy(comparisons, form.alignmentOf)].flatMap(([alignment, group]): Row[] => [
    [[alignment], PLAIN],
    ...group.map((of): Row => {
      const means = [of.baseCounts.misses, of.variantCounts.misses].map(thousands);
      const changes = [of.misses, of.cycles].flatMap((change) => estimateCells(change, of.seeds));
      return [[`  ${of.touch}`, ...means, ...changes, ...form.lastCells(of)], styleOf[verdictOf(of)]];
    }),
  ]);
  return [[form.title, BOLD], ...columns([...headings, ...rows], 1)];
}

function estimateCells(estimate: Estimate, seeds: number, plus = '+'): string[] {
  const { value, low, high } = figuresOf(estimate, plus);
  return [`${value} %`, seeds > 1 ? `[${low}, ${high}]` : 'one seed'];
}

function conclusion(comparisons: readonly PairedComparison[]): Line[] {
  const alignments = groupBy(comparisons, alignmentOf);
  return [
    [QUESTION, BOLD],
    ...paragraph(`${verdictOn(comparisons)}.`, BOLD),
    ...[...alignments].flatMap(([alignment, group]) =>
      paragraph(`${alignment}: ${rangeOf(group)}; ${whereZeroStands(group)}.`, PLAIN),
    ),
    ...(comparisons.length > 0 ? paragraph(caveatOf(comparisons), DIM) : []),
  ];
}

// --- Words ---------------------------------------------------------------------------------------------------------

export const QUESTION = 'Does slab colouring reduce L1 misses on this workload?';

/** What colouring does to the misses: told only where the interval excludes zero. */
export type Verdict = 'fewer' | 'more' | 'unclear';

export function verdictOf({ seeds, misses }: PairedComparison): Verdict {
  if (seeds > 1 && misses.high < 0) return 'fewer';
  return seeds > 1 && misses.low > 0 ? 'more' : 'unclear';
}

/** The answer to the question, in words without figures. */
export function verdictOn(comparisons: readonly PairedComparison[]): string {
  if (comparisons.length === 0) return 'Not asked: nothing here ran with colouring both on and off';
  if (comparisons[0].seeds === 1) return 'One seed gives no interval, so no answer';
  const verdicts = byVerdict(comparisons);
  const [touchModels, alignments] = [touchOf, alignmentOf].map((axis) => distinct(comparisons, axis));
  if (verdicts.length === 1) {
    const models = touchModels.length === 1 ? touchModels[0] : `${allOf(touchModels)} touch models`;
    const aligned = alignments.length === 1 ? `${alignments[0]} alignment` : `${allOf(alignments)} alignments`;
    return `${unanimous[verdicts[0][0]]} under ${models} with ${aligned}`;
  }
  const each = (cases: (group: readonly PairedComparison[]) => string) =>
    verdicts.map(([verdict, group]) => `${effect[verdict]} ${cases(group)}`).join(', ');
  const decides = (axis: typeof touchOf) =>
    [...groupBy(comparisons, axis).values()].every((group) => byVerdict(group).length === 1);
  if (decides(touchOf)) {
    return `It depends on what is touched: ${each((group) => `under ${enumerate(distinct(group, touchOf))}`)}`;
  }
  if (decides(alignmentOf)) {
    return `It depends on the alignment: ${each((group) => `with ${enumerate(distinct(group, alignmentOf))}`)}`;
  }
  return `It depends on touch model and alignment: ${each((group) => `in ${group.length}`)} of ${comparisons.length} cases`;
}

function touchOf({ touch }: PairedComparison): string {
  return touch;
}

/** Of a comparison of colouring. */
function alignmentOf({ fixed }: PairedComparison): string {
  return fixed;
}

const effect: Record<Verdict, string> = { fewer: 'fewer misses', more: 'more misses', unclear: 'no clear change' };
const unanimous: Record<Verdict, string> = {
  fewer: 'Yes: fewer misses',
  more: 'No: more misses',
  unclear: 'Not clear: the interval includes zero',
};

/** Those that occur, in a fixed order. */
export function byVerdict(comparisons: readonly PairedComparison[]): [Verdict, PairedComparison[]][] {
  const groups = groupBy(comparisons, verdictOf);
  return (['fewer', 'more', 'unclear'] as const)
    .filter((verdict) => groups.has(verdict))
    .map((verdict) => [verdict, groups.get(verdict) ?? []]);
}

/** Of one alignment. */
function whereZeroStands(comparisons: readonly PairedComparison[]): string {
  if (comparisons[0].seeds === 1) return 'one seed gives no interval';
  const stands: Record<Verdict, string> = { fewer: 'below zero', more: 'above zero', unclear: 'across zero' };
  const parts = byVerdict(comparisons).map(
    ([verdict, group]) => `${stands[verdict]} under ${enumerate(group.map(touchOf))}`,
  );
  return `the interval is ${parts.join(', ')}`;
}

/** The least and the greatest change of misses, each with its touch model, and its alignment where there are several. */
export function rangeOf(comparisons: readonly PairedComparison[]): string {
  const severalAlignments = distinct(comparisons, alignmentOf).length > 1;
  const told = ({ touch, fixed, misses }: PairedComparison) =>
    `${figuresOf(misses).value} % (${severalAlignments ? `${touch}, ${fixed}` : touch})`;
  const sorted = comparisons.toSorted((a, b) => a.misses.value - b.misses.value);
  return sorted.length === 1 ? told(sorted[0]) : `${told(sorted[0])} to ${told(sorted[sorted.length - 1])}`;
}

/** With fewer seeds, even the range from the least to the greatest covers the median in under 95 % of cases. */
const ENOUGH_SEEDS = 6;

/** What the intervals speak of; stands wherever intervals are shown. */
export function caveatOf([{ seeds }]: readonly PairedComparison[]): string {
  const intervals =
    seeds === 1
      ? 'One seed gives no interval, and its figures speak of'
      : `Intervals are bootstrapped over ${seeds} seeds in pairs, each interval for itself. They speak of`;
  const few = seeds > 1 && seeds < ENOUGH_SEEDS ? ' So few seeds give too narrow intervals.' : '';
  return `${intervals} what a seed draws (touches, placement of statics, tasks and threads, ageing of the page allocator), not of other workloads.${few}`;
}

/** What was run, and how to tell it from other runs. */
export function factsOf({ machine, trace, points, seed, specificationHash, slabscope }: Results) {
  const seeds = distinct(points, ({ point }) => point.seed).length;
  return {
    machine,
    trace: nameOfTrace(trace),
    seeds: `${seeds}, drawn from '${seed}'`,
    specification: `${specificationHash.slice(0, 12)}, slabscope ${slabscope}`,
  };
}

const allOf = ({ length }: readonly string[]): string => (length === 2 ? 'both' : `all ${length}`);

function nameOfTrace(trace: unknown): string {
  if (typeof trace === 'string') return trace;
  return typeof trace === 'object' && trace !== null && 'name' in trace ? String(trace.name) : 'unnamed';
}

function enumerate(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** Breaks between words; a word that does not fit stands alone. */
export function wrap(text: string, fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines[lines.length - 1]} ${word}`;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// --- Figures -------------------------------------------------------------------------------------------------------

const thousands = (value: number): string => value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');

/** In percent, all with as many decimals as it takes that no bound off zero is written as zero; three at most. */
export function figuresOf({ value, low, high }: Estimate, plus = '+'): { value: string; low: string; high: string } {
  const bounds = [low, high].map((bound) => Math.abs(100 * bound)).filter((bound) => bound > 0);
  const greatest = Math.max(0, ...bounds);
  const tells = (decimals: number) =>
    greatest * 10 ** decimals >= 10 && bounds.every((bound) => bound * 10 ** decimals >= 0.5);
  const decimals = greatest === 0 ? 1 : ([greatest < 1000 ? 1 : 0, 2].find(tells) ?? 3);
  const written = (fraction: number) => {
    const figure = (100 * fraction).toFixed(decimals);
    return Number(figure) === 0 ? figure.replace('-', '') : figure.replace(/^(?=\d)/, plus);
  };
  return { value: written(value), low: written(low), high: written(high) };
}

export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

const distinct = <T, K>(items: readonly T[], of: (item: T) => K): K[] => [...groupBy(items, of).keys()];
