/** Lines of a terminal, and tables that fit into it. */
import { wordsOf, wrap } from './figures.ts';
import { columns as inColumns } from './text-table.ts';

/** A line of text and how a terminal shows it (SGR). */
export type Line = readonly [text: string, style: number];

export const [PLAIN, BOLD, DIM, RED, YELLOW, MAGENTA, CYAN] = [0, 1, 2, 31, 33, 35, 36];

/** Longer lines are hard to read. */
const LONGEST = 110;

export const textWidth = (width: number): number => Math.min(LONGEST, width);

export const paragraph = (text: string, style: number, width: number): Line[] =>
  wrap(wordsOf(text), (line) => line.length <= textWidth(width)).map((line) => [line, style]);

/** A column of a table: two lines of heading, and a cell for each item. */
export interface TableColumn<T> {
  readonly heading: readonly [above: string, below: string];
  readonly cell: (of: T) => string;
  /** The greater, the sooner it is left out where there is no room, together with others of its rank; 0: never. */
  readonly rank: number;
  /** What explains it, below the table. */
  readonly note?: string;
}

export interface FittedTable<T> {
  readonly heading: readonly [Line, Line];
  /** One for each item. */
  readonly rows: readonly Line[];
  readonly kept: readonly TableColumn<T>[];
  /** What was left out, in a line; none where all fits. */
  readonly leftOut: readonly Line[];
}

/** As many of the columns as fit, behind one of names. */
export function fitted<T>(
  items: readonly T[],
  names: { readonly heading: readonly [string, string]; readonly of: (item: T) => string },
  columns: readonly TableColumn<T>[],
  width: number,
  styleOf: (item: T) => number = () => PLAIN,
): FittedTable<T> {
  const cellsOf = (of: readonly TableColumn<T>[]) => [
    ...([0, 1] as const).map((line) => [names.heading[line], ...of.map(({ heading }) => heading[line])]),
    ...items.map((item) => [names.of(item), ...of.map(({ cell }) => cell(item))]),
  ];
  let kept = columns;
  let lines = inColumns(cellsOf(kept), 1);
  while (Math.max(...lines.map(({ length }) => length)) > width) {
    const last = Math.max(...kept.map(({ rank }) => rank));
    if (last <= 0) break;
    kept = kept.filter(({ rank }) => rank !== last);
    lines = inColumns(cellsOf(kept), 1);
  }
  const [above, below, ...rows] = lines as [string, string, ...string[]];
  const gone = columns.filter((column) => !kept.includes(column) && column.heading[1] !== 'interval');
  const words = gone.map(({ heading }) => heading.join(' ').trim());
  return {
    heading: [
      [above, DIM],
      [below, DIM],
    ],
    rows: rows.map((text, i) => [text, styleOf(items[i]!)]),
    kept,
    leftOut: words.length === 0 ? [] : paragraph(`no room for: ${words.join(', ')}; --wide shows them`, DIM, width),
  };
}
