/**
 * Does slab colouring reduce L1 misses on this workload? The answer as one self-contained SVG, a forest plot: a group
 * for each alignment, in it a row for each touch model, with a dot for the change of misses, a whisker for its interval,
 * and behind them a band for the range over touch models. Text stands in measured columns of its own, so it can meet
 * neither a mark nor other text.
 */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import type { PairedComparison, Results } from '../lab/results.ts';
import {
  byVerdict,
  caveatOf,
  factsOf,
  figuresOf,
  groupBy,
  QUESTION,
  rangeOf,
  type Verdict,
  verdictOf,
  verdictOn,
  wrap,
} from './table.ts';

const WIDTH = 900;
const MARGIN = 36;
const RIGHT = WIDTH - MARGIN;

const INK = '#1b1f24';
const QUIET = '#59626d';
const RULE = '#dde1e6';
const BAND = '#466487';
const PAPER = '#ffffff';
/** From Okabe and Ito's palette. What is unclear is hollow too, so colour never stands alone. */
const COLOURS: Record<Verdict, string> = { fewer: '#0072b2', more: '#d55e00', unclear: '#6b7480' };

export function resultsChart(results: Results): string {
  const { colouring } = results;
  const { machine, trace, seeds, specification } = factsOf(results);
  const title = verdictOn(colouring);
  const blocks = [
    gap(MARGIN - 8),
    paragraph(QUESTION, { size: 13, fill: QUIET }),
    gap(4),
    paragraph(title, { size: 23, weight: 'bold' }),
    ...(colouring.length > 0 ? [gap(5), paragraph(deckOf(colouring), { size: 15 })] : []),
    gap(9),
    paragraph(`${machine}  ·  trace ${trace}`, { size: 11.5, fill: QUIET }),
    paragraph(`seeds: ${seeds}  ·  specification ${specification}`, { size: 11.5, fill: QUIET }),
    ...(colouring.length > 0
      ? [gap(20), plot(colouring), gap(18), legend(colouring), gap(14), footnote(colouring)]
      : []),
    gap(MARGIN - 10),
  ];
  const { svg, height } = stack(blocks);
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${WIDTH} ${at(height)}" width="${WIDTH}" height="${at(height)}" font-family="Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif">
<title>${escapeXml(`${QUESTION} ${typeset(title)}`)}</title>
<rect width="${WIDTH}" height="${at(height)}" fill="${PAPER}"/>
${svg}
</svg>
`;
}

const deckOf = (comparisons: readonly PairedComparison[]): string =>
  `Colouring changes the misses by ${rangeOf(comparisons)}.`;

// --- The plot ------------------------------------------------------------------------------------------------------

const ROW = 28;
const GROUP_HEAD = 36;
const HEADINGS = 44;
const AXIS = 44;
const INDENT = 12;
const WIDEST_NAME = 190;
const COLUMN_GAP = 18;

/** A column of figures, to the right of the plot. */
interface Column {
  readonly heading: readonly [string, string];
  readonly style: TextStyle;
  readonly cell: (of: PairedComparison) => string;
}

const FIGURE: TextStyle = { size: 12.5, anchor: 'end' };
const columns: readonly Column[] = [
  {
    heading: ['change of', 'misses'],
    style: { ...FIGURE, weight: 'bold' },
    cell: ({ misses }) => `${figuresOf(misses).value} %`,
  },
  {
    heading: ['95 %', 'interval'],
    style: { ...FIGURE, fill: QUIET },
    cell: ({ misses, seeds }) => (seeds > 1 ? `${figuresOf(misses).low} to ${figuresOf(misses).high}` : 'one seed'),
  },
  { heading: ['cycles', '(estimate)'], style: FIGURE, cell: ({ cycles }) => `${figuresOf(cycles).value} %` },
  {
    heading: ['effective-', 'ness'],
    style: FIGURE,
    cell: ({ effectiveness }) => (effectiveness === null ? 'n/a' : `${figuresOf(effectiveness, '').value} %`),
  },
];

function plot(comparisons: readonly PairedComparison[]): Block {
  const names = comparisons.flatMap(({ fixed, touch }) => [
    widthOf(fixed, ALIGNMENT),
    INDENT + widthOf(touch, TOUCH),
    INDENT + widthOf('touch model', HEADING),
  ]);
  const left = MARGIN + Math.min(WIDEST_NAME, Math.max(...names)) + COLUMN_GAP;
  const rights: number[] = [];
  let right = RIGHT;
  for (const { heading, style, cell } of columns.toReversed()) {
    rights.unshift(right);
    const texts = [...comparisons.map((of) => widthOf(cell(of), style)), ...heading.map((of) => widthOf(of, HEADING))];
    right -= Math.max(...texts) + COLUMN_GAP;
  }
  const x = scaleOf(comparisons, left, right - COLUMN_GAP);
  const groups = [...groupBy(comparisons, ({ fixed }) => fixed).values()];
  const body = stack(groups.map((group) => groupBlock(group, x, rights)));
  const bottom = HEADINGS + body.height + 8;
  return {
    height: bottom + AXIS,
    svg: [
      ...columns.flatMap(({ heading }, i) =>
        heading.map((words, row) => text(rights[i], 12 + 14 * row, words, { ...HEADING, anchor: 'end' })),
      ),
      text(MARGIN, 12, 'alignment', HEADING),
      text(MARGIN + INDENT, 26, 'touch model', HEADING),
      line(MARGIN, 36, RIGHT, 36, RULE),
      axis(x, bottom),
      `<g transform="translate(0 ${HEADINGS})">\n${body.svg}\n</g>`,
    ].join('\n'),
  };
}

const ALIGNMENT: TextStyle = { size: 13, weight: 'bold' };
const TOUCH: TextStyle = { size: 13 };
const HEADING: TextStyle = { size: 11.5, fill: QUIET };

/** Percent to pixels. Holds zero and all whiskers, and leaves room for a few words on either side of zero. */
function scaleOf(comparisons: readonly PairedComparison[], left: number, right: number): ScaleLinear<number, number> {
  const ends = comparisons.flatMap(({ misses }) => [misses.value, misses.low, misses.high].map((end) => 100 * end));
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const span = most - least || 1;
  return scaleLinear(
    [Math.min(least - 0.03 * span, -0.25 * span), Math.max(most + 0.03 * span, 0.25 * span)],
    [left, right],
  );
}

function axis(x: ScaleLinear<number, number>, bottom: number): string {
  const [left, right] = x.range();
  const labelled = (count: number) => {
    const format = x.tickFormat(count, '+f');
    return x.ticks(count).map((tick) => ({ tick, label: tick === 0 ? '0' : `${format(tick)} %` }));
  };
  const fitting = [8, 6, 5, 4, 3].map(labelled).find((ticks) => {
    const widest = Math.max(...ticks.map(({ label }) => widthOf(label, HEADING)));
    return ticks.length < 2 || x(ticks[1].tick) - x(ticks[0].tick) > widest + 12;
  });
  const zero = x(0);
  const hint = (words: readonly string[], room: number) =>
    words.find((of) => widthOf(of, HEADING) <= room - 10) ?? words[words.length - 1];
  const fewer = hint(['← fewer misses: colouring helps', '← fewer misses', '← fewer', '←'], zero - left);
  const more = hint(['more misses: colouring hurts →', 'more misses →', 'more →', '→'], right - zero);
  return [
    ...(fitting ?? labelled(1)).flatMap(({ tick, label }) => [
      ...(tick === 0 ? [] : [line(x(tick), HEADINGS, x(tick), bottom, RULE)]),
      text(x(tick), bottom + 17, label, { ...HEADING, anchor: 'middle', fill: tick === 0 ? INK : QUIET }),
    ]),
    line(left, bottom, right, bottom, QUIET),
    line(zero, 10, zero, bottom + 4, INK, 1.5),
    text(zero - 9, 26, fewer, { ...HEADING, fill: COLOURS.fewer, anchor: 'end' }),
    text(zero + 9, 26, more, { ...HEADING, fill: COLOURS.more }),
    text((left + right) / 2, bottom + 37, 'change of L1 misses, colouring on against off', {
      ...HEADING,
      anchor: 'middle',
    }),
  ].join('\n');
}

function groupBlock(group: readonly PairedComparison[], x: ScaleLinear<number, number>, rights: number[]): Block {
  const values = group.map(({ misses }) => x(100 * misses.value));
  const [from, to] = [Math.min(...values), Math.max(...values)];
  const height = GROUP_HEAD + ROW * group.length;
  const { fixed } = group[0];
  return {
    height,
    svg: [
      text(MARGIN, GROUP_HEAD - 12, clip(fixed, WIDEST_NAME, ALIGNMENT), ALIGNMENT, fixed),
      band(from, GROUP_HEAD - 4, to - from, height - GROUP_HEAD),
      ...group.flatMap((of, i) => rowOf(of, GROUP_HEAD + ROW * (i + 0.5) - 4, x, rights)),
    ].join('\n'),
  };
}

function rowOf(of: PairedComparison, y: number, x: ScaleLinear<number, number>, rights: number[]): string[] {
  const baseline = y + 4.5;
  const [value, low, high] = [of.misses.value, of.misses.low, of.misses.high].map((end) => x(100 * end));
  const verdict = verdictOf(of);
  return [
    text(MARGIN + INDENT, baseline, clip(of.touch, WIDEST_NAME - INDENT, TOUCH), TOUCH, of.touch),
    ...(of.seeds > 1 ? [line(low, y, high, y, COLOURS[verdict], 2.5)] : []),
    dot(value, y, verdict),
    ...columns.map(({ cell, style }, i) => text(rights[i], baseline, cell(of), style)),
  ];
}

// --- Legend and footnote -------------------------------------------------------------------------------------------

function legend(comparisons: readonly PairedComparison[]): Block {
  const several = comparisons[0].seeds > 1;
  const verdicts = byVerdict(comparisons).map(([verdict]) => verdict);
  const bands = groupBy(comparisons, ({ fixed }) => fixed).size < comparisons.length;
  const entries: [mark: string, words: string][] = [
    ...verdicts.map((verdict): [string, string] => [
      dot(12, 0, verdict),
      several ? meaning[verdict] : 'one seed, no interval',
    ]),
    ...(several ? [[line(2, 0, 22, 0, QUIET, 2.5), '95 % interval'] as [string, string]] : []),
    ...(bands ? [[band(2, -7, 20, 14), 'range over touch models'] as [string, string]] : []),
  ];
  let [left, y] = [MARGIN, 10];
  const placed = entries.map(([mark, words]) => {
    const width = 30 + widthOf(words, HEADING) + 16;
    if (left + width > RIGHT) [left, y] = [MARGIN, y + 22];
    left += width;
    return `<g transform="translate(${at(left - width)} ${y})">${mark}${text(30, 4, words, HEADING)}</g>`;
  });
  return { svg: placed.join('\n'), height: y + 10 };
}

const meaning: Record<Verdict, string> = {
  fewer: 'interval below zero: fewer misses',
  more: 'interval above zero: more misses',
  unclear: 'interval includes zero: no clear change',
};

function footnote(comparisons: readonly PairedComparison[]): Block {
  const words = [
    'A dot is the change of the misses of all seeds together.',
    caveatOf(comparisons),
    'Cycles are estimates. Effectiveness is the share of the misses beyond those of a fully associative LRU cache of the',
    'same size that colouring removes; n/a where these are under 1 % of the misses.',
  ];
  const rule: Block = { svg: line(MARGIN, 0, RIGHT, 0, RULE), height: 10 };
  return stack([rule, paragraph(words.join(' '), { size: 11, fill: QUIET })]);
}

// --- Blocks, one below the other -----------------------------------------------------------------------------------

interface Block {
  readonly svg: string;
  readonly height: number;
}

const gap = (height: number): Block => ({ svg: '', height });

function stack(blocks: readonly Block[]): Block {
  let height = 0;
  const placed = blocks.map((block) => {
    const y = height;
    height += block.height;
    return block.svg === '' ? '' : `<g transform="translate(0 ${at(y)})">\n${block.svg}\n</g>`;
  });
  return { svg: placed.filter((svg) => svg !== '').join('\n'), height };
}

const STEP = 8;

/** On as few lines as will do, and these about equally long. */
function paragraph(words: string, style: TextStyle): Block {
  const broken = (width: number) => wrap(words, (line) => widthOf(line, style) <= width);
  let width = RIGHT - MARGIN;
  const { length } = broken(width);
  while (width > STEP && broken(width - STEP).length === length) width -= STEP;
  const lines = broken(width).map((line) => clip(line, RIGHT - MARGIN, style));
  const leading = 1.35 * style.size;
  return {
    svg: lines.map((line, i) => text(MARGIN, style.size + leading * i, line, style)).join('\n'),
    height: leading * lines.length,
  };
}

// --- Marks and text ------------------------------------------------------------------------------------------------

interface TextStyle {
  readonly size: number;
  readonly weight?: 'bold';
  readonly fill?: string;
  readonly anchor?: 'middle' | 'end';
}

const at = (pixels: number): string => String(Math.round(10 * pixels) / 10);

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${stroke}" stroke-width="${width}"/>`;
}

/** Translucent, for the grid and the zero line go on behind it. */
function band(x: number, y: number, width: number, height: number): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="3" fill="${BAND}" fill-opacity="0.13"/>`;
}

function dot(x: number, y: number, verdict: Verdict): string {
  const [fill, stroke] = verdict === 'unclear' ? [PAPER, COLOURS.unclear] : [COLOURS[verdict], PAPER];
  return `<circle cx="${at(x)}" cy="${at(y)}" r="5" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`;
}

/** One line of text on the baseline y; `whole` is shown on hover, where the text is a clipped one. */
function text(x: number, y: number, words: string, style: TextStyle, whole = words): string {
  const attributes = [
    `x="${at(x)}" y="${at(y)}" font-size="${style.size}" fill="${style.fill ?? INK}"`,
    ...(style.weight === undefined ? [] : [`font-weight="${style.weight}"`]),
    ...(style.anchor === undefined ? [] : [`text-anchor="${style.anchor}"`]),
  ];
  const hover = whole === words ? '' : `<title>${escapeXml(whole)}</title>`;
  return `<text ${attributes.join(' ')}>${hover}${escapeXml(typeset(words))}</text>`;
}

/** Not less than the width in any of the fonts named: there is no font to ask. */
function widthOf(words: string, { size, weight }: TextStyle): number {
  const ems = [...words].reduce((sum, letter) => sum + emOf(letter), 0);
  return ems * size * (weight === 'bold' ? 1.1 : 1);
}

function emOf(letter: string): number {
  if (/[ijlftrI.,:;'|![\]() ·-]/.test(letter)) return 0.42;
  if (/[mwMW%@→←]/.test(letter) || letter > '\u2e80') return 1;
  return /[A-Z+−]/.test(letter) ? 0.8 : 0.64;
}

function clip(words: string, width: number, style: TextStyle): string {
  if (widthOf(words, style) <= width) return words;
  const letters = [...words];
  while (letters.length > 0 && widthOf(`${letters.join('')}…`, style) > width) letters.pop();
  return `${letters.join('')}…`;
}

/** A minus for the hyphen before a figure; names such as size-32 keep theirs. */
const typeset = (words: string): string => words.replace(/(?<![^\s[(])-(?=\d)/g, '−');

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** For XML, which has no way at all to write control characters and lone surrogates. */
const escapeXml = (words: string): string =>
  words.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD').replace(/[&<>"']/g, (character) => entities[character]);
