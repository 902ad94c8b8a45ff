/** `slabscope litmus FILE|NAME`: every final state of a litmus test, by exhaustion, and what the emulated CPUs come to. */
import { existsSync } from 'node:fs';
import { type Exploration, explore } from '../lab/litmus/exploration.ts';
import { toJson } from '../lab/litmus/json-tests.ts';
import { publishedTest } from '../lab/litmus/named-tests.ts';
import { readLitmusTests } from '../lab/litmus/read-tests.ts';
import { litmusText } from '../report/litmus-text.ts';
import { readText } from './files.ts';
import { Progress } from './progress.ts';

export interface LitmusOptions {
  /** Sequential consistency in place of x86-TSO. */
  readonly sc?: boolean;
  /** Seeded runs of each test on the emulated CPUs. */
  readonly runs?: number;
  readonly seed: string;
  readonly json?: boolean;
}

/** Prints the tests; false if a run on the emulated CPUs came to a state that is not allowed. */
export function litmus(input: string, options: LitmusOptions, print: (line: string) => void): boolean {
  const records = existsSync(input) ? readLitmusTests(readText(input), input) : [publishedTest(input)];
  const { sc, runs, seed, json } = options;
  const explored: Exploration[] = [];
  const progress = new Progress('tests', records.length, 2000);
  for (const { test } of records) {
    const each = explore(test, sc === true ? 'sc' : 'tso', runs === undefined ? null : { runs, seed });
    explored.push(each);
    progress.end();
    if (json !== true) print(`${explored.length > 1 ? '\n' : ''}${litmusText(each)}`);
    progress.step();
  }
  progress.end();
  if (json === true) print(JSON.stringify(explored.map(asJson), null, 2));
  return explored.every(({ runs }) => runs === null || runs.forbidden === null);
}

/** As verify takes it. */
const asJson = ({ test, model, states, sc, holds, holdsUnderSc, runs }: Exploration): unknown => ({
  ...toJson(test),
  ...(model === 'tso' && { tso_holds: holds, tso_final_states: states.length, tso_finals: states }),
  ...{ sc_holds: holdsUnderSc, sc_final_states: sc.length, sc_finals: sc },
  ...(runs !== null && { runs }),
});
