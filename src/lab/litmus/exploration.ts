/** All that can be told of a litmus test: what the memory models allow, and what seeded runs on the emulated CPUs come to. */
import { finalStates, type MemoryModel } from './explore.ts';
import { type FinalState, type LitmusTest, observables, tellState } from './litmus-test.ts';
import { holds } from './question.ts';
import { runOnCpus } from './seeded-run.ts';

export interface Exploration {
  readonly test: LitmusTest;
  readonly model: MemoryModel;
  /** What states tell, in this order. */
  readonly observables: readonly string[];
  /** Those that `model` allows, and those of sequential consistency. */
  readonly states: readonly FinalState[];
  readonly sc: readonly FinalState[];
  /** Whether they answer the question with yes; null where there is none. */
  readonly holds: boolean | null;
  readonly holdsUnderSc: boolean | null;
  readonly runs: Runs | null;
}

export interface Runs {
  readonly seed: string;
  readonly runs: number;
  /** How many runs ended in each of the model's states, and which was the first, from 1 (0: none). */
  readonly counts: readonly number[];
  readonly firsts: readonly number[];
  /** A state that the model does not allow, with the run that came to it: a fault of the emulator. */
  readonly forbidden: { readonly run: number; readonly state: FinalState } | null;
}

export function explore(
  test: LitmusTest,
  model: MemoryModel,
  runs: { readonly runs: number; readonly seed: string } | null,
): Exploration {
  const sc = finalStates(test, 'sc');
  const states = model === 'sc' ? sc : finalStates(test, model);
  const verdict = (of: readonly FinalState[]) => (test.question === null ? null : holds(test.question, of));
  return {
    ...{ test, model, observables: observables(test), states, sc },
    ...{ holds: verdict(states), holdsUnderSc: verdict(sc) },
    runs: runs === null ? null : manyRuns(test, model, states, runs.runs, runs.seed),
  };
}

function manyRuns(
  test: LitmusTest,
  model: MemoryModel,
  states: readonly FinalState[],
  runs: number,
  seed: string,
): Runs {
  const numbers = new Map(states.map((state, i) => [tellState(state), i]));
  const counts = states.map(() => 0);
  const firsts = states.map(() => 0);
  for (let run = 1; run <= runs; run++) {
    const state = runOnCpus(test, `${seed}/${run}`, model);
    const i = numbers.get(tellState(state));
    if (i === undefined) return { seed, runs: run, counts, firsts, forbidden: { run, state } };
    if (counts[i]++ === 0) firsts[i] = run;
  }
  return { seed, runs, counts, firsts, forbidden: null };
}
