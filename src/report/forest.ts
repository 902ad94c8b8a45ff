/**
 * A forest plot: a row for each case, in groups by all that varies but the rows, with a mark for the change of a measure, a whisker
 * for its interval, and behind them a band for the range over a group's rows. Several measures stand side by side, each with a
 * scale of its own. Text stands in measured columns, so it can meet neither a mark nor other text.
 */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import type { Comparison } from '../lab/results/compare.ts';
import type { Effect } from '../lab/results/statistics.ts';
import { band, mark, type Said, whisker } from './marks.ts';
import {
  BLUE,
  type Block,
  broken,
  INK,
  LEFT,
  line,
  move,
  QUIET,
  RIGHT,
  RULE,
  stack,
  type TextStyle,
  text,
  VERMILION,
  widthOf,
} from './page.ts';
import { contrastOf, groupsOf, layoutOf, TOUCH_TITLE } from './wording.ts';

/** A column of figures, to the right of a plot. */
export interface Column {
  readonly heading: readonly [string, string];
  readonly style: TextStyle;
  readonly cell: (of: Comparison) => string;
}

/** A measure whose change is plotted. */
export interface Panel {
  /** What there is more or less of. */
  readonly what: string;
  readonly effectOf: (of: Comparison) => Effect | null;
  readonly said: (of: Comparison) => Said;
  readonly columns: readonly Column[];
  /** What stands on either side of zero, the longest first. */
  readonly hints: readonly [less: readonly string[], more: readonly string[]];
}

const ROW = 28;
const LINE = 15;
const HEADINGS = 44;
const AXIS = 44;
const INDENT = 12;
const WIDEST_NAME = 230;
const COLUMN_GAP = 18;

const GROUP: TextStyle = { size: 13, weight: 'bold' };
const ROW_NAME: TextStyle = { size: 13 };
export const HEADING: TextStyle = { size: 11.5, fill: QUIET };

interface Row {
  readonly name: readonly string[];
  readonly of: Comparison;
}

/** Rows under a name, or without one. */
interface Rows {
  readonly name: readonly string[];
  readonly rows: readonly Row[];
  /** Whether the range over the rows says something. */
  readonly isRange: boolean;
}

/** A panel with its scale and the right edges of its columns. */
interface Placed extends Panel {
  readonly x: ScaleLinear<number, number>;
  readonly rights: readonly number[];
}

export function forest(comparisons: readonly Comparison[], panels: readonly Panel[]): Block {
  const layout = layoutOf(comparisons);
  const all = rowsOf(comparisons);
  const isGrouped = all.some(({ name }) => name.length > 0);
  const indent = isGrouped ? INDENT : 0;
  const keys = isGrouped ? [short(layout.groupKeys), short(layout.rowKeys)] : ['', short(layout.rowKeys)];
  const names = all.flatMap(({ rows }) => rows.flatMap(({ name }) => name.map((words) => widthOf(words, ROW_NAME))));
  const headed = keys.map((words) => Math.min(WIDEST_NAME, widthOf(words, HEADING)));
  const left = LEFT + Math.max(...names.map((width) => indent + width), ...headed) + COLUMN_GAP;
  const placed = place(panels, comparisons, left);
  const body = stack(all.map((rows) => rowsBlock(rows, indent, placed)));
  const bottom = HEADINGS + body.height + 8;
  const titles = Math.max(...placed.map((panel) => titleOf(panel.what, comparisons, wholeOf(panel)).length));
  return {
    height: bottom + AXIS + LINE * (titles - 1),
    svg: [
      ...placed.flatMap(({ columns, rights }) =>
        columns.flatMap(({ heading }, i) =>
          heading.map((words, row) => text(rights[i]!, 12 + 14 * row, words, { ...HEADING, anchor: 'end' })),
        ),
      ),
      ...keys.flatMap((words, i) => {
        const room = WIDEST_NAME - (i === 1 ? indent : 0);
        const [shown = ''] = broken(words, room, HEADING);
        return text(LEFT + (i === 1 ? indent : 0), 12 + 14 * i, shown, HEADING, words);
      }),
      line(LEFT, 36, RIGHT, 36, RULE),
      ...placed.map((panel) => axis(panel, bottom, comparisons)),
      move(0, HEADINGS, `\n${body.svg}\n`),
    ].join('\n'),
  };
}

/** Keys by their last parts: groups say `2 CPUs` beside them. */
const short = (keys: string): string => keys.replace(/[\w-]+\.(?=\w)/g, '');

/** In groups; where each group is one row, or there are none, the rows alone, with whole names. */
export function rowsOf(comparisons: readonly Comparison[]): Rows[] {
  const { groupKeys, rowKeys, rowOf } = layoutOf(comparisons);
  const groups = groupsOf(comparisons);
  const lines = (names: readonly string[]) => broken(names.join(' = '), WIDEST_NAME, ROW_NAME);
  if (groupKeys === '') {
    const rows = groups.map(({ names, members: [of] }) => ({ name: lines(names), of }));
    return [{ name: [], rows, isRange: rowKeys === TOUCH_TITLE && rows.length > 1 }];
  }
  return groups.map(({ names, members }) => ({
    isRange: members.length > 1,
    name: broken(names.join(' = '), RIGHT - LEFT, GROUP),
    rows: members.map((of) => ({ name: lines([rowOf(of)]), of })),
  }));
}

/** Plots share what the columns leave. */
function place(panels: readonly Panel[], comparisons: readonly Comparison[], left: number): Placed[] {
  const widths = panels.map(({ columns }) =>
    columns.map(({ heading, style, cell }) =>
      Math.max(
        ...comparisons.map((of) => widthOf(cell(of), style)),
        ...heading.map((words) => widthOf(words, HEADING)),
      ),
    ),
  );
  const taken = widths.flat().reduce((sum, width) => sum + width + COLUMN_GAP, 0);
  const room = (RIGHT - left - taken - 2 * COLUMN_GAP * (panels.length - 1)) / panels.length;
  let from = left;
  return panels.map((panel, i) => {
    const x = scaleOf(comparisons, panel, from, from + room);
    let right = from + room + COLUMN_GAP;
    const rights = widths[i]!.map((width, column) => {
      right += width + (column === 0 ? 0 : COLUMN_GAP);
      return right;
    });
    from = right + 2 * COLUMN_GAP;
    return { ...panel, x, rights };
  });
}

/** Room for the shortest words beside zero. */
const WORDS = 66;

/** Holds zero and all whiskers, and leaves room for a few words on either side of zero. */
function scaleOf(comparisons: readonly Comparison[], { effectOf }: Panel, left: number, right: number) {
  const ends = comparisons.map(effectOf).flatMap((of) => (of === null ? [] : [of.value, ...(of.interval ?? [])]));
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const span = most - least || 0.01;
  const side = (WORDS / (right - left - WORDS)) * span;
  return scaleLinear([Math.min(least - 0.03 * span, -side), Math.max(most + 0.03 * span, side)], [left, right]);
}

/** How wide a panel is, with its columns. */
const wholeOf = ({ x, rights }: Pick<Placed, 'x' | 'rights'>): number => {
  const [left, right] = x.range() as [number, number];
  return Math.max(right, ...rights) - left;
};

const titleOf = (what: string, comparisons: readonly Comparison[], width: number): string[] =>
  broken(`change of ${what}, ${contrastOf(comparisons)}`, width, HEADING);

function axis({ x, hints, what, rights }: Placed, bottom: number, comparisons: readonly Comparison[]): string {
  const [left, right] = x.range() as [number, number];
  const zero = x(0);
  const fitting = (words: readonly string[], room: number) =>
    words.find((of) => widthOf(of, HEADING) <= room - 10) ?? words.at(-1)!;
  const title = titleOf(what, comparisons, wholeOf({ x, rights }));
  const isWide = title.some((words) => widthOf(words, HEADING) > right - left);
  return [
    ...ticksOf(x).flatMap(({ tick, label }) => [
      ...(tick === 0 ? [] : [line(x(tick), HEADINGS, x(tick), bottom, RULE)]),
      text(x(tick), bottom + 17, label, { ...HEADING, anchor: 'middle', fill: tick === 0 ? INK : QUIET }),
    ]),
    line(left, bottom, right, bottom, QUIET),
    line(zero, 10, zero, bottom + 4, INK, 1.5),
    text(zero - 9, 26, fitting(hints[0], zero - left), { ...HEADING, fill: BLUE, anchor: 'end' }),
    text(zero + 9, 26, fitting(hints[1], right - zero), { ...HEADING, fill: VERMILION }),
    ...title.map((words, i) =>
      isWide
        ? text(left, bottom + 37 + LINE * i, words, HEADING)
        : text((left + right) / 2, bottom + 37 + LINE * i, words, { ...HEADING, anchor: 'middle' }),
    ),
  ].join('\n');
}

/** As many as have room for their labels. */
function ticksOf(x: ScaleLinear<number, number>): { tick: number; label: string }[] {
  const labelled = (count: number) => {
    const format = x.tickFormat(count, '+%');
    return x.ticks(count).map((tick) => ({ tick, label: tick === 0 ? '0' : format(tick).replace('%', ' %') }));
  };
  const fitting = [8, 6, 5, 4, 3].map(labelled).find((ticks) => {
    const widest = Math.max(...ticks.map(({ label }) => widthOf(label, HEADING)));
    return ticks.length < 2 || x(ticks[1]!.tick) - x(ticks[0]!.tick) > widest + 12;
  });
  return fitting ?? labelled(1);
}

function rowsBlock({ name, rows, isRange }: Rows, indent: number, panels: readonly Placed[]): Block {
  const head = name.length === 0 ? 4 : 20 + 16 * name.length;
  const heights = rows.map(({ name }) => Math.max(ROW, LINE * name.length + 10));
  const height = head + heights.reduce((sum, each) => sum + each, 0);
  let top = head;
  const middles = heights.map((each) => {
    top += each;
    return top - each / 2 - 4;
  });
  return {
    height,
    svg: [
      ...name.map((words, i) => text(LEFT, head - 12 - 16 * (name.length - 1 - i), words, GROUP)),
      ...(isRange ? panels.map((panel) => range(panel, rows, head - 4, height - head)) : []),
      ...rows.flatMap(({ name, of }, i) => [
        ...name.map((words, line) =>
          text(LEFT + indent, middles[i]! + 4.5 + LINE * (line - (name.length - 1) / 2), words, ROW_NAME),
        ),
        ...panels.flatMap((panel) => valueOn(panel, of, middles[i]!)),
      ]),
    ].join('\n'),
  };
}

function range({ x, effectOf }: Placed, rows: readonly Row[], y: number, height: number): string {
  const values = rows.flatMap(({ of }) => effectOf(of)?.value ?? []).map((value) => x(value));
  if (values.length === 0) return '';
  return band(Math.min(...values), y, Math.max(...values) - Math.min(...values), height);
}

function valueOn({ x, effectOf, said, columns, rights }: Placed, of: Comparison, y: number): string[] {
  const effect = effectOf(of);
  const interval = effect?.interval ?? null;
  return [
    ...(interval === null ? [] : [whisker(x(interval[0]), x(interval[1]), y, said(of))]),
    ...(effect === null ? [] : [mark(x(effect.value), y, said(of))]),
    ...columns.map(({ cell, style }, i) => text(rights[i]!, y + 4.5, cell(of), style)),
  ];
}
