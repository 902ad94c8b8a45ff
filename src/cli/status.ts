/** `slabscope status DIR`: what of an experiment is computed, what is missing, and who computes it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { knownResults } from '../lab/results/read-results.ts';
import { runsOf, type Status, statusOf, wholeStatus } from '../lab/results/run-record.ts';
import { statusText } from '../report/status-text.ts';
import { isDirectory, parseJson } from './files.ts';
import { runsIn } from './run-files.ts';
import { storeFileOf } from './shard.ts';
import { PointStore } from './store.ts';

export const statusHelp = `
The exit status is 0 if every point is there, 1 if some are missing.

Example:
  slabscope status results/sweep`;

/** Whether every point is there. */
export function status(folder: string, { json }: { readonly json?: boolean }, print: (line: string) => void): boolean {
  const told = folderStatus(folder);
  print(json === true ? JSON.stringify(told, null, 2) : statusText(told, folder));
  return told.missing.length === 0;
}

function folderStatus(folder: string): Status {
  if (!isDirectory(folder)) throw new InputError(folder, 'is no folder', 'name that of a run, as results/NAME');
  const runs = runsIn(folder, (error) => {
    throw error;
  });
  if (runs.length > 0) {
    const [{ record: last }] = runs;
    const store = new PointStore(folder, storeFileOf(null), last);
    return statusOf(runsOf(last, runs), (point) => store.get(point) !== undefined);
  }
  const results = join(folder, 'results.json');
  if (existsSync(results)) return wholeStatus(knownResults(parseJson(results), results));
  throw new InputError(folder, 'no run has told of itself here', 'name the folder of a run, as results/NAME');
}
