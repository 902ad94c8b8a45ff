/** Tables as perf prints them: headings behind `#`, groups of columns under a dashed heading, dots, figures flush right. */

export interface PerfColumn {
  /** Neighbours of the same group stand under one heading. */
  readonly group: string;
  readonly head: string;
  /** The last column of a table may be flush left: names. */
  readonly left?: true;
}

export const percent = (part: number, whole: number): string =>
  `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)}%`;

/** Lines of a table: five of headings, then one a row. */
export function perfColumns(columns: readonly PerfColumn[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...rows.map((cells) => cells[i].length)));
  const groups = groupsOf(columns);
  for (const { group, from, to } of groups) {
    const missing = group.length - spanOf(widths, from, to);
    if (missing > 0) widths[to - 1] += missing;
  }
  const pad = (cell: string, i: number) => (columns[i].left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  const line = (cells: readonly string[]) => cells.map(pad).join('  ').trimEnd();
  const headings = groups.map(({ group, from, to }) =>
    to - from === 1 ? pad(group, from) : dashed(group, spanOf(widths, from, to)),
  );
  return [
    '#',
    `# ${headings.join('  ').trimEnd()}`,
    `# ${line(columns.map(({ head }) => head))}`,
    `# ${widths.map((width) => '.'.repeat(width)).join('  ')}`,
    '#',
    ...rows.map((cells) => `  ${line(cells)}`),
  ];
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
