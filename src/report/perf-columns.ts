/** Tables as perf prints them: headings behind `#`, groups of columns under a dashed heading, dots, figures flush right. */
import { wrap } from './figures.ts';

export interface PerfColumn {
  /** Neighbours of the same group stand under one heading. */
  readonly group: string;
  readonly head: string;
  /** The last column of a table may be flush left: names. */
  readonly left?: true;
  /** Where there is no room those with the highest go first; without it a column stays. */
  readonly yields?: number;
}

export interface PerfTable {
  readonly headings: readonly string[];
  /** One a row; of several lines where its name is too long for one. */
  readonly rows: readonly string[];
  /** What there was no room for. */
  readonly leftOut: readonly string[];
}

export const percent = (part: number, whole: number): string =>
  `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)}%`;

/** Lines of a table, and what was left out of it. */
export function perfColumns(
  columns: readonly PerfColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const table = perfTable(columns, rows, width);
  return [...table.headings, ...table.rows, ...leftOutNote([table])];
}

const NOTE_WIDTH = 78;

/** Names the columns for which there was no room; they are the same in tables of one kind. */
export function leftOutNote(tables: readonly PerfTable[]): string[] {
  const leftOut = [...new Set(tables.flatMap((table) => table.leftOut))];
  if (leftOut.length === 0) return [];
  const words = `(without ${leftOut.join(', ')}: --wide shows all)`.split(' ');
  return wrap(words, (line) => line.length <= NOTE_WIDTH).map((line) => `# ${line}`);
}

/** Where names wrap they keep so much room. */
const LEAST_NAME = 34;

/** No line is wider than `width`, as long as there are columns that may go. */
export function perfTable(
  all: readonly PerfColumn[],
  allRows: readonly (readonly string[])[],
  width: number,
): PerfTable {
  const widest = all.map(({ head }, i) => Math.max(head.length, ...allRows.map((cells) => cells[i].length)));
  const kept = new Set(all.keys());
  const widthsOf = (indices: readonly number[]) => {
    const widths = indices.map((i) => widest[i]);
    for (const { group, from, to } of groupsOf(indices.map((i) => all[i]))) {
      const missing = group.length - spanOf(widths, from, to);
      if (missing > 0) widths[to - 1] += missing;
    }
    return widths;
  };
  const needed = () => {
    const widths = widthsOf([...kept]);
    const last = widths.length - 1;
    if (all.at(-1)!.left) widths[last] = Math.min(widths[last], LEAST_NAME);
    return 2 + spanOf(widths, 0, widths.length);
  };
  while (needed() > width) {
    const yielding = [...kept].filter((i) => all[i].yields !== undefined);
    if (yielding.length === 0) break;
    kept.delete(yielding.reduce((first, i) => (all[i].yields! > all[first].yields! ? i : first)));
  }

  const columns = [...kept].map((i) => all[i]);
  const rows = allRows.map((cells) => [...kept].map((i) => cells[i]));
  const widths = widthsOf([...kept]);
  const last = widths.length - 1;
  if (columns[last].left) {
    const room = width - 4 - spanOf(widths, 0, last);
    widths[last] = Math.max(columns[last].head.length, Math.min(widths[last], room));
  }
  const pad = (cell: string, i: number) => (columns[i].left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  const line = (cells: readonly string[]) => cells.map(pad).join('  ').trimEnd();
  const headings = groupsOf(columns).map(({ group, from, to }) =>
    to - from === 1 ? pad(group, from) : dashed(group, spanOf(widths, from, to)),
  );
  const indent = ' '.repeat(4 + spanOf(widths, 0, last));
  return {
    headings: [
      '#',
      ...(columns.some(({ group }) => group !== '') ? [`# ${headings.join('  ').trimEnd()}`] : []),
      `# ${line(columns.map(({ head }) => head))}`,
      `# ${widths.map((width) => '.'.repeat(width)).join('  ')}`,
      '#',
    ],
    rows: rows.map((cells) => {
      const [name, ...more] = columns[last].left ? broken(cells[last], widths[last]) : [cells[last]];
      return [`  ${line([...cells.slice(0, -1), name])}`, ...more.map((rest) => indent + rest)].join('\n');
    }),
    leftOut: all.flatMap(({ group, head }, i) => (kept.has(i) ? [] : [group === '' ? head : `${group} ${head}`])),
  };
}

/** On as many lines as it takes; a word that is too long is cut. */
function broken(text: string, width: number): string[] {
  const words = text.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${width}}`, 'g')) ?? ['']);
  return wrap(words, (line) => line.length <= width);
}

function groupsOf(columns: readonly PerfColumn[]): { group: string; from: number; to: number }[] {
  const groups: { group: string; from: number; to: number }[] = [];
  columns.forEach(({ group }, i) => {
    const last = groups.at(-1);
    if (last?.group === group && group !== '') last.to = i + 1;
    else groups.push({ group, from: i, to: i + 1 });
  });
  return groups;
}

const spanOf = (widths: readonly number[], from: number, to: number) =>
  widths.slice(from, to).reduce((sum, width) => sum + width, 2 * (to - from - 1));

function dashed(heading: string, width: number): string {
  const dashes = Math.max(0, width - heading.length - 2);
  const before = '-'.repeat(dashes >>> 1);
  return dashes === 0 ? heading.padEnd(width) : `${before} ${heading} ${'-'.repeat(dashes - before.length)}`;
}
