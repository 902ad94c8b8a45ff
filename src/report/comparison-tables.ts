/** The comparisons along an axis as tables, and whose misses change. */
import { groupBy } from '../base/group-by.ts';
import type { Comparison } from '../lab/results/compare.ts';
import type { Effect, Estimate, Reading } from '../lab/results/statistics.ts';
import { changeText, intervalOf, percentOf, SEEDS_ALIKE, thousands } from './figures.ts';
import { BOLD, CYAN, DIM, fitted, type Line, MAGENTA, PLAIN, paragraph, type TableColumn, YELLOW } from './lines.ts';
import { columns } from './text-table.ts';
import {
  caseOf,
  contrastOf,
  cyclesOf,
  lastFigures,
  layoutOf,
  missesOf,
  RULES,
  type ShownFigure,
  secondLevelOf,
  seedsWarningOf,
  type Verdict,
  verdictOf,
} from './wording.ts';

const styleOf: Record<Verdict, number> = { fewer: CYAN, more: YELLOW, none: PLAIN, unclear: DIM, untold: PLAIN };

const NOTE =
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

/** What explains these tables. */
export const comparisonsNote = (comparisons: readonly Comparison[], width: number): Line[] =>
  paragraph([NOTE, RULES, ...marksNote(comparisons)].join(' '), DIM, width);

/** The comparisons along one axis: what happens in the L1, then below it. */
export function comparisonTable(comparisons: readonly Comparison[], width: number): Line[] {
  const { groupKeys } = layoutOf(comparisons);
  const by = groupKeys === '' ? '' : `, by ${groupKeys}`;
  const below = [
    ...baseColumns(comparisons, secondLevelOf, ['L2 misses', 3], [4, 1, 2]),
    ...baseColumns(comparisons, cyclesOf, ['cycles', 1], [3, 0, 0]),
  ];
  return [
    ...paragraph(`${contrastOf(comparisons)}${by}`, BOLD, width),
    ...rowsOf(comparisons, l1Columns(comparisons), width, missesOf),
    ...seedsWarningOf(comparisons).flatMap((warning) => paragraph(warning, MAGENTA, width)),
    ...(below.length === 0 ? [] : [['', PLAIN] as const, ...rowsOf(comparisons, below, width, cyclesOf)]),
  ];
}

type ComparisonColumn = TableColumn<Comparison>;

function l1Columns(comparisons: readonly Comparison[]): ComparisonColumn[] {
  const marked = comparisons.some((of) => markOf(of) !== '');
  const [change, interval] = estimateColumns(comparisons, {
    heading: ['change of', 'misses'],
    figureOf: missesOf,
    plus: '+',
    ranks: [0, 0],
  });
  return [
    {
      heading: ['misses', clipped(String(comparisons[0].base))],
      rank: 2,
      cell: ({ effects }) => (effects.misses === null ? 'n/a' : thousands(effects.misses.base)),
    },
    { ...change!, cell: (of) => (marked ? `${change!.cell(of)} ${markOf(of).padEnd(1)}` : change!.cell(of)) },
    interval!,
    { heading: ['effect', 'size'], rank: 3, cell: sizeCell },
    ...lastFigures(comparisons).flatMap((figure, i) =>
      estimateColumns(comparisons, { ...figure, ranks: i === 0 ? [1, 4] : [5, 5] }),
    ),
  ];
}

/** A measure of an operation: on the base's side, its change, and that one's interval; none where nobody has it. */
function baseColumns(
  comparisons: readonly Comparison[],
  effectOf: (of: Comparison) => Effect | null,
  [name, places]: readonly [name: string, places: number],
  [baseRank, ...ranks]: readonly [base: number, change: number, interval: number],
): ComparisonColumn[] {
  if (comparisons.every((of) => effectOf(of) === null)) return [];
  const base = (of: Comparison) => effectOf(of)?.base.toFixed(places) ?? 'n/a';
  return [
    { heading: [`${name}/op`, clipped(String(comparisons[0].base))], rank: baseRank, cell: base },
    ...estimateColumns(comparisons, { heading: ['change of', name], figureOf: effectOf, plus: '+', ranks }),
  ];
}

/** A figure and its interval, with as many decimals in all rows. */
function estimateColumns(
  comparisons: readonly Comparison[],
  { heading, figureOf, plus, ranks }: ShownFigure & { readonly ranks: readonly [number, number] },
): [ComparisonColumn, ComparisonColumn] {
  const percent = percentOf(comparisons.map(figureOf), plus);
  const written = (of: Comparison, write: (figure: Estimate) => string, none: string) => {
    const figure = figureOf(of);
    return figure === null ? none : write(figure);
  };
  return [
    { heading, rank: ranks[0], cell: (of) => written(of, ({ value }) => changeText(value, percent), 'n/a') },
    {
      heading: ['95 %', 'interval'],
      rank: ranks[1],
      cell: (of) => written(of, (figure) => bracketed(figure, percent), ''),
    },
  ];
}

const bracketed = (figure: Estimate, percent: (fraction: number) => string): string =>
  intervalOf(figure, percent, (bounds) => `[${bounds.join(', ')}]`);

/** A row for each comparison, under the name of its group, in the colour of what became of this measure. */
function rowsOf(
  comparisons: readonly Comparison[],
  columns: readonly ComparisonColumn[],
  width: number,
  effectOf: (of: Comparison) => Effect | null,
): Line[] {
  const { groupKeys, rowKeys, groupOf, rowOf } = layoutOf(comparisons);
  const indent = groupKeys === '' ? '' : '  ';
  const groups = groupBy(comparisons, groupOf);
  const names = { heading: ['', `${indent}${rowKeys}`] as const, of: (of: Comparison) => `${indent}${rowOf(of)}` };
  const inOrder = [...groups.values()].flat();
  const { heading, rows, leftOut } = fitted(inOrder, names, columns, width, (of) => styleOf[verdictOf(of, effectOf)]);
  const left = [...rows];
  const named = [...groups].flatMap(([group, members]): Line[] => [
    ...(group === '' ? [] : [[group, PLAIN] as const]),
    ...left.splice(0, members.length),
  ]);
  return [...heading, ...named, ...leftOut];
}

/** So many roles are shown of each case, those whose misses change most. */
const ROLES = 4;

/** Whose misses change, in each case: shares of all misses, which add up to the change of all. */
export function ownersLines(comparisons: readonly Comparison[]): Line[] {
  const told = comparisons.flatMap((of) => (of.owners ?? []).slice(0, ROLES).map((owner) => ({ of, owner })));
  if (told.length === 0) return [];
  const percent = percentOf(told.map(({ owner }) => owner));
  const rows = told.map(({ of, owner }, i) => {
    const isFirst = of !== told[i - 1]?.of;
    return [isFirst ? caseOf(of, comparisons) : '', owner.role, `${percent(owner.value)} %`, bracketed(owner, percent)];
  });
  const [head, ...lines] = columns([['', '', 'of all', '95 % interval'], ...rows], 2);
  return [
    [`whose misses change, ${contrastOf(comparisons)}`, BOLD],
    [head!, DIM],
    ...lines.map((line) => [line, PLAIN] as const),
  ];
}

const clipped = (text: string): string => (text.length > 12 ? `${text.slice(0, 11)}~` : text);

function sizeCell(of: Comparison): string {
  const size = missesOf(of)?.effectSize ?? null;
  if (size === null) return 'n/a';
  return size.toFixed(Math.abs(size) < 10 ? 1 : 0).replace(/^-(?=0\.0$)/, '');
}
