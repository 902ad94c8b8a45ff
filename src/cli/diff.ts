/** `slabscope diff A B`: two results files, paired by point. */
import { diffResults, type FiledResults } from '../lab/results/diff.ts';
import { knownResults } from '../lab/results/read-results.ts';
import { diffTable } from '../report/diff-table.ts';
import { parseJson } from './files.ts';

export const diffHelp = `
Points are paired by their axes and seed. Of each count that differs: means per point, the change in percent, and its 95 %
interval over seeds; misses and cycles also for each combination of the axes.
Exit status: 0 the same points with the same results, whatever the specifications say; 1 they differ; 2 no results.

Example:
  slabscope diff results/colouring/results.json /tmp/colouring/results.json`;

/** Prints what differs; true if nothing does. */
export function diff(a: string, b: string, options: { json?: boolean }, print: (line: string) => void): boolean {
  const read = (file: string): FiledResults => ({ ...knownResults(parseJson(file), file), file });
  const found = diffResults(read(a), read(b));
  print(options.json === true ? JSON.stringify(found, null, 2) : diffTable(found).trimEnd());
  return found.identical;
}
