/**
 * Does slab colouring reduce L1 misses on this workload? The answer as one self-contained SVG, a forest plot: a row for each
 * touch model, in groups by all else that varies, with a dot for the change of misses, a whisker for its interval, and behind
 * them a band for the range over a group's rows. Text stands in measured columns of its own, so it can meet neither a mark nor
 * other text. Where colouring was not compared, the same along another axis.
 */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { groupBy } from '../base/group-by.ts';
import type { Comparison } from '../lab/results/compare.ts';
import type { Results } from '../lab/results/results.ts';
import type { Estimate } from '../lab/results/statistics.ts';
import { intervalOf, percentOf } from './figures.ts';
import {
  at,
  type Block,
  clip,
  gap,
  INK,
  LEFT,
  line,
  move,
  PAPER,
  page,
  paragraph,
  QUIET,
  RIGHT,
  RULE,
  stack,
  type TextStyle,
  text,
  widthOf,
} from './page.ts';
import {
  alikeOf,
  answerOf,
  byVerdict,
  caveatOf,
  changesOf,
  contrastOf,
  cyclesOf,
  type Layout,
  lastFigures,
  layoutOf,
  mainComparisons,
  missesOf,
  questionOf,
  reachOf,
  secondLevelOf,
  seedsOf,
  seedsWarningOf,
  specificationOf,
  TOUCH_TITLE,
  touchesToldOf,
  tracedOf,
  type Verdict,
  verdictOf,
  warningsOf,
} from './wording.ts';

const BAND = '#466487';
const HOLLOW = '#6b7480';
/** From Okabe and Ito's palette. What is no change that can be told is hollow too, so colour never stands alone. */
const COLOURS: Record<Verdict, string> = {
  fewer: '#0072b2',
  more: '#d55e00',
  none: HOLLOW,
  unclear: HOLLOW,
  untold: HOLLOW,
};

export function resultsChart(results: Results): string {
  const { machine, points } = results;
  const comparisons = mainComparisons(results.comparisons);
  const question = questionOf(comparisons);
  const answer = answerOf(comparisons);
  const facts = [
    [machine, tracedOf(results)].join('  ·  '),
    ...touchesToldOf(results).map((told) => `touches ${told}`),
    `seeds: ${seedsOf(results)}  ·  specification ${specificationOf(results)}`,
  ];
  const warnings = [...warningsOf(points), ...seedsWarningOf(comparisons)];
  return page(`${question} ${answer}`, [
    paragraph(question, { size: 13, fill: QUIET }),
    gap(4),
    paragraph(answer, { size: 26, weight: 'bold' }),
    ...(comparisons.length > 0 ? [gap(5), paragraph(rangesOf(comparisons), { size: 14 })] : []),
    gap(9),
    ...facts.map((fact) => paragraph(fact, { size: 11.5, fill: QUIET })),
    ...warnings.flatMap((warning) => [gap(9), paragraph(warning, WARNING)]),
    ...(comparisons.length > 0
      ? [gap(20), plot(comparisons), gap(18), legend(comparisons), gap(14), footnote(comparisons, results)]
      : []),
  ]);
}

const WARNING: TextStyle = { size: 13, weight: 'bold', fill: COLOURS.more };

function rangesOf(comparisons: readonly Comparison[]): string {
  const told = changesOf(comparisons);
  return told === '' ? '' : `${told[0].toUpperCase()}${told.slice(1)}.`;
}

// --- The plot ------------------------------------------------------------------------------------------------------

const ROW = 28;
const GROUP_HEAD = 36;
const HEADINGS = 44;
const AXIS = 44;
const INDENT = 12;
const WIDEST_NAME = 190;
const COLUMN_GAP = 18;

const GROUP: TextStyle = { size: 13, weight: 'bold' };
const ROW_NAME: TextStyle = { size: 13 };
const HEADING: TextStyle = { size: 11.5, fill: QUIET };
const FIGURE: TextStyle = { size: 12.5, anchor: 'end' };

/** A column of figures, to the right of the plot. */
interface Column {
  readonly heading: readonly [string, string];
  readonly style: TextStyle;
  readonly cell: (of: Comparison) => string;
}

function columnsOf(comparisons: readonly Comparison[]): Column[] {
  const misses = percentOf(comparisons.map(missesOf));
  const cycles = percentOf(comparisons.map(cyclesOf));
  const secondLevel = percentOf(comparisons.map(secondLevelOf));
  const [last] = lastFigures(comparisons);
  const figure = percentOf(comparisons.map(last.figureOf), last.plus);
  const written = (estimate: Estimate | null, percent: (fraction: number) => string) =>
    estimate === null ? 'n/a' : `${percent(estimate.value)} %`;
  return [
    {
      heading: ['change of', 'misses'],
      style: { ...FIGURE, weight: 'bold' },
      cell: (of) => written(missesOf(of), misses),
    },
    {
      heading: ['95 %', 'interval'],
      style: { ...FIGURE, fill: QUIET },
      cell: (of) => {
        const estimate = missesOf(of);
        return estimate === null ? '' : intervalOf(estimate, misses, (bounds) => bounds.join(' to '));
      },
    },
    ...(comparisons.every((of) => secondLevelOf(of) === null)
      ? []
      : [
          {
            heading: ['L2', 'misses'],
            style: FIGURE,
            cell: (of: Comparison) => written(secondLevelOf(of), secondLevel),
          } as const,
        ]),
    { heading: ['cycles', '(estimate)'], style: FIGURE, cell: (of) => written(cyclesOf(of), cycles) },
    { heading: last.heading, style: FIGURE, cell: (of) => written(last.figureOf(of), figure) },
  ];
}

/** A column and its right edge. */
interface PlacedColumn extends Column {
  readonly right: number;
}

function plot(comparisons: readonly Comparison[]): Block {
  const layout = layoutOf(comparisons);
  const names = comparisons.flatMap((of) => [
    widthOf(layout.groupOf(of), GROUP),
    INDENT + widthOf(layout.rowOf(of), ROW_NAME),
    INDENT + widthOf(layout.rowKeys, HEADING),
  ]);
  const left = LEFT + Math.min(WIDEST_NAME, Math.max(...names)) + COLUMN_GAP;
  const columns: PlacedColumn[] = [];
  let right = RIGHT;
  for (const column of columnsOf(comparisons).toReversed()) {
    const { heading, style, cell } = column;
    columns.unshift({ ...column, right });
    const texts = [...comparisons.map((of) => widthOf(cell(of), style)), ...heading.map((of) => widthOf(of, HEADING))];
    right -= Math.max(...texts) + COLUMN_GAP;
  }
  const x = scaleOf(comparisons, left, right - COLUMN_GAP);
  const groups = [...groupBy(comparisons, layout.groupOf).values()];
  const body = stack(groups.map((group) => groupBlock(group, layout, x, columns)));
  const bottom = HEADINGS + body.height + 8;
  return {
    height: bottom + AXIS,
    svg: [
      ...columns.flatMap(({ heading, right }) =>
        heading.map((words, row) => text(right, 12 + 14 * row, words, { ...HEADING, anchor: 'end' })),
      ),
      text(LEFT, 12, clip(layout.groupKeys, WIDEST_NAME, HEADING), HEADING, layout.groupKeys),
      text(LEFT + INDENT, 26, clip(layout.rowKeys, WIDEST_NAME - INDENT, HEADING), HEADING, layout.rowKeys),
      line(LEFT, 36, RIGHT, 36, RULE),
      axis(x, bottom, comparisons),
      move(0, HEADINGS, `\n${body.svg}\n`),
    ].join('\n'),
  };
}

/** Fractions to pixels. */
type Scale = ScaleLinear<number, number>;

/** Holds zero and all whiskers, and leaves room for a few words on either side of zero. */
function scaleOf(comparisons: readonly Comparison[], left: number, right: number): Scale {
  const ends = comparisons.map(missesOf).flatMap((of) => (of === null ? [] : [of.value, ...(of.interval ?? [])]));
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const span = most - least || 0.01;
  return scaleLinear(
    [Math.min(least - 0.03 * span, -0.25 * span), Math.max(most + 0.03 * span, 0.25 * span)],
    [left, right],
  );
}

function axis(x: Scale, bottom: number, comparisons: readonly Comparison[]): string {
  const [left, right] = x.range();
  const zero = x(0);
  const hint = (words: readonly string[], room: number) =>
    words.find((of) => widthOf(of, HEADING) <= room - 10) ?? words[words.length - 1];
  const coloured = comparisons[0].axis === 'colouring';
  const [helps, hurts] = coloured ? ['← fewer misses: colouring helps', 'more misses: colouring hurts →'] : [];
  const fewer = hint([helps ?? '', '← fewer misses', '← fewer', '←'].filter(Boolean), zero - left);
  const more = hint([hurts ?? '', 'more misses →', 'more →', '→'].filter(Boolean), right - zero);
  return [
    ...ticksOf(x).flatMap(({ tick, label }) => [
      ...(tick === 0 ? [] : [line(x(tick), HEADINGS, x(tick), bottom, RULE)]),
      text(x(tick), bottom + 17, label, { ...HEADING, anchor: 'middle', fill: tick === 0 ? INK : QUIET }),
    ]),
    line(left, bottom, right, bottom, QUIET),
    line(zero, 10, zero, bottom + 4, INK, 1.5),
    text(zero - 9, 26, fewer, { ...HEADING, fill: COLOURS.fewer, anchor: 'end' }),
    text(zero + 9, 26, more, { ...HEADING, fill: COLOURS.more }),
    text((left + right) / 2, bottom + 37, `change of L1 misses, ${contrastOf(comparisons)}`, {
      ...HEADING,
      anchor: 'middle',
    }),
  ].join('\n');
}

/** As many as have room for their labels. */
function ticksOf(x: Scale): { tick: number; label: string }[] {
  const labelled = (count: number) => {
    const format = x.tickFormat(count, '+%');
    return x.ticks(count).map((tick) => ({ tick, label: tick === 0 ? '0' : format(tick).replace('%', ' %') }));
  };
  const fitting = [8, 6, 5, 4, 3].map(labelled).find((ticks) => {
    const widest = Math.max(...ticks.map(({ label }) => widthOf(label, HEADING)));
    return ticks.length < 2 || x(ticks[1].tick) - x(ticks[0].tick) > widest + 12;
  });
  return fitting ?? labelled(1);
}

function groupBlock(group: readonly Comparison[], layout: Layout, x: Scale, columns: readonly PlacedColumn[]): Block {
  const values = group.flatMap((of) => missesOf(of)?.value ?? []).map((value) => x(value));
  const [from, to] = [Math.min(...values), Math.max(...values)];
  const name = layout.groupOf(group[0]);
  const head = name === '' ? 4 : GROUP_HEAD;
  const height = head + ROW * group.length;
  return {
    height,
    svg: [
      ...(name === '' ? [] : [text(LEFT, head - 12, clip(name, WIDEST_NAME, GROUP), GROUP, name)]),
      ...(values.length === 0 ? [] : [band(from, head - 4, to - from, height - head)]),
      ...group.flatMap((of, i) => rowOf(of, layout.rowOf(of), head + ROW * (i + 0.5) - 4, x, columns)),
    ].join('\n'),
  };
}

function rowOf(of: Comparison, name: string, y: number, x: Scale, columns: readonly PlacedColumn[]): string[] {
  const misses = missesOf(of);
  const verdict = verdictOf(of);
  const interval = misses?.interval ?? null;
  const baseline = y + 4.5;
  return [
    text(LEFT + INDENT, baseline, clip(name, WIDEST_NAME - INDENT, ROW_NAME), ROW_NAME, name),
    ...(interval === null ? [] : [whisker(x(interval[0]), x(interval[1]), y, COLOURS[verdict])]),
    ...(misses === null ? [] : [dot(x(misses.value), y, verdict)]),
    ...columns.map(({ cell, style, right }) => text(right, baseline, cell(of), style)),
  ];
}

// --- Marks ---------------------------------------------------------------------------------------------------------

function dot(x: number, y: number, verdict: Verdict): string {
  const hollow = COLOURS[verdict] === HOLLOW;
  const [fill, stroke] = hollow ? [PAPER, HOLLOW] : [COLOURS[verdict], PAPER];
  return `<circle cx="${at(x)}" cy="${at(y)}" r="5" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`;
}

const whisker = (low: number, high: number, y: number, colour: string): string => line(low, y, high, y, colour, 2.5);

/** Translucent, for the grid and the zero line go on behind it. */
function band(x: number, y: number, width: number, height: number): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="3" fill="${BAND}" fill-opacity="0.13"/>`;
}

// --- Legend and footnote -------------------------------------------------------------------------------------------

function legend(comparisons: readonly Comparison[]): Block {
  const verdicts = byVerdict(comparisons).map(([verdict]) => verdict);
  const { groupOf, rowKeys } = layoutOf(comparisons);
  const intervals = comparisons.some((of) => (missesOf(of)?.interval ?? null) !== null);
  const bands = groupBy(comparisons, groupOf).size < comparisons.length;
  const entries: (readonly [mark: string, words: string])[] = [
    ...verdicts.map((verdict) => [dot(12, 0, verdict), meaning[verdict]] as const),
    ...(intervals ? [[whisker(2, 22, 0, QUIET), '95 % interval'] as const] : []),
    ...(bands
      ? [[band(2, -7, 20, 14), `range over ${rowKeys === TOUCH_TITLE ? 'touch models' : rowKeys}`] as const]
      : []),
  ];
  let [left, y] = [LEFT, 10];
  const placed = entries.map(([mark, words]) => {
    const width = 30 + widthOf(words, HEADING) + 16;
    if (left + width > RIGHT) [left, y] = [LEFT, y + 22];
    left += width;
    return move(left - width, y, `${mark}${text(30, 4, words, HEADING)}`);
  });
  return { svg: placed.join('\n'), height: y + 10 };
}

const meaning: Record<Verdict, string> = {
  fewer: 'told: fewer misses',
  more: 'told: more misses',
  none: 'interval within 1 %: no change',
  unclear: 'too few seeds to tell',
  untold: 'one seed, no interval',
};

function footnote(comparisons: readonly Comparison[], results: Results): Block {
  const sentences = [
    'A dot is the change of the misses of all seeds together.',
    caveatOf(comparisons, results),
    ...reachOf(comparisons, results.measures),
    ...alikeOf(comparisons),
    'Cycles are estimates.',
    ...(comparisons[0].axis === 'colouring' ? [EFFECTIVENESS] : []),
  ];
  const rule: Block = { svg: line(LEFT, 0, RIGHT, 0, RULE), height: 10 };
  return stack([rule, paragraph(sentences.join(' '), { size: 11, fill: QUIET })]);
}

const EFFECTIVENESS =
  'Of an even spread: the share that colouring removes of the misses beyond those of the same cache with its lines spread over the ' +
  'sets by a hash; n/a where these are under 1 % of the misses.';
