/** Text in columns. */

/** Each as wide as its longest cell; the first `labels` flush left, the figures flush right. */
export function columns(rows: readonly (readonly string[])[], labels: number): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const pad = (cell: string, i: number) => (i < labels ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}
