/** `slabscope verify PATH...`: replays recorded truth and prints, per case, what was compared and what differed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { type AccessOptions, knownNames, Verification } from '../lab/verify/formats.ts';
import type { CaseOutcome } from '../lab/verify/outcome.ts';
import { describeCount, describeOutcome, describeTogether } from '../report/verify-text.ts';
import { isDirectory, parseJson, readText, readUnpacked } from './files.ts';
import { Progress } from './progress.ts';

export interface VerifyOptions extends AccessOptions {
  /** Print the outcomes as JSON. */
  readonly json?: boolean;
}

/** The recordings that a path means: the file itself, or those in the folder and below. */
function* recordingsAt(path: string, verification: Verification): Generator<string> {
  if (!isDirectory(path)) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) yield* recordingsAt(inside, verification);
    else if (verification.knows(inside)) yield inside;
  }
}

/** Prints the outcomes as they come; true if every case that ran passed. */
export function verify(paths: readonly string[], options: VerifyOptions, print: (line: string) => void): boolean {
  const { json = false } = options;
  const verification = new Verification({ text: readText, bytes: readUnpacked, json: parseJson }, options);
  const outcomes: CaseOutcome[] = [];
  const tell = (outcome: CaseOutcome, describe: (outcome: CaseOutcome) => string) => {
    outcomes.push(outcome);
    if (!json) print(describe(outcome));
  };
  for (const path of paths) {
    const files = [...recordingsAt(path, verification)];
    if (files.length === 0) throw new InputError(path, 'no recording in this folder', knownNames);
    const progress = new Progress('files', files.length, 2000);
    for (const file of files) {
      for (const outcome of verification.verify(file)) {
        progress.end();
        tell(outcome, describeOutcome);
      }
      progress.step();
    }
    progress.end();
  }
  for (const outcome of verification.together()) tell(outcome, describeTogether);
  print(json ? JSON.stringify({ outcomes }, null, 2) : describeCount(outcomes));
  return outcomes.every(({ differences }) => differences === 0);
}
