/** `slabscope diff A B`: what two runs wrote, paired by point. */
import { InputError } from '../base/input-error.ts';
import { diffResults, type FiledResults } from '../lab/results/diff.ts';
import { diffTable } from '../report/diff-table.ts';
import { readPointsFile } from './points-file.ts';

export const diffHelp = `
A and B are results.json of runs, their folders, or stores (points.jsonl). Points are paired by their axes and seed; a key
that varies in one alone is an axis of one value in the other, as its specification has it (a store has none). Of each count
that differs: means per point, the change in percent, and its 95 % interval over seeds; misses and cycles also for each
combination of the axes.
Exit status: 0 the same points with the same results, whatever the specifications say; 1 they differ; 2 no results.

Example:
  slabscope diff results/colouring /tmp/colouring`;

/** Prints what differs; true if nothing does. */
export function diff(a: string, b: string, options: { json?: boolean }, print: (line: string) => void): boolean {
  const found = diffResults(filedResults(a), filedResults(b));
  print(options.json === true ? JSON.stringify(found, null, 2) : diffTable(found).trimEnd());
  return found.identical;
}

function filedResults(path: string): FiledResults {
  const found = readPointsFile(path);
  const { file } = found;
  if (found.results !== null) return { ...found.results, file };
  const [{ slabscope, specificationHash }] = found.stored;
  const isAnother = (of: (typeof found.stored)[number]) =>
    of.slabscope !== slabscope || of.specificationHash !== specificationHash;
  const other = found.stored.find(isAnother);
  if (other !== undefined) {
    throw new InputError(
      other.place,
      'a point of another specification or version',
      'name a results.json, or a store of one',
    );
  }
  const points = found.stored.map(({ result }) => result);
  return { file, name: 'a store', slabscope, specificationHash, specification: null, points };
}
