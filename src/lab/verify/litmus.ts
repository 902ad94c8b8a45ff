/** Compares what the exhaustive explorer finds with the final states and verdicts that a file of litmus tests lists. */
import { finalStates } from '../litmus/explore.ts';
import type { Expected, LitmusRecord } from '../litmus/json-tests.ts';
import { byPlace, type FinalState, tellState } from '../litmus/litmus-test.ts';
import { holds } from '../litmus/question.ts';
import { type CaseOutcome, Comparison } from './outcome.ts';

/** One case: a test agrees if all that the file says of it does. */
export function verifyLitmus(records: readonly LitmusRecord[], name: string): CaseOutcome {
  const comparison = new Comparison(name, 'tests');
  for (const { test, expected, place } of records) {
    const tso = finalStates(test, 'tso');
    const sc = asksForSc(expected) ? finalStates(test, 'sc') : [];
    const differing = [
      ...comparedStates('tso_finals', expected.tsoFinals, tso),
      ...compared('tso_final_states', expected.tsoFinalStates, tso.length),
      ...comparedStates('sc_finals', expected.scFinals, sc),
      ...compared('sc_final_states', expected.scFinalStates, sc.length),
      ...compared('tso_holds', expected.tsoHolds, test.question === null ? null : holds(test.question, tso)),
      ...compared('sc_holds', expected.scHolds, test.question === null ? null : holds(test.question, sc)),
    ];
    const side = (index: 1 | 2) => Object.fromEntries(differing.map((field) => [field[0], field[index]]));
    comparison.compare(() => `${place}: ${test.name}`, side(1), side(2));
  }
  return comparison.outcome();
}

const asksForSc = ({ scFinals, scFinalStates, scHolds }: Expected) =>
  scFinals !== undefined || scFinalStates !== undefined || scHolds !== undefined;

type Differing = [field: string, expected: unknown, got: unknown];

/** The field, where the file tells it and it differs. */
function compared(field: string, expected: unknown, got: unknown): Differing[] {
  return expected === undefined || expected === got ? [] : [[field, expected, got]];
}

/** Sets of states, by the locations and registers that the file lists of each; in any order. */
function comparedStates(
  field: string,
  expected: readonly FinalState[] | undefined,
  states: readonly FinalState[],
): Differing[] {
  if (expected === undefined) return [];
  const names = [...new Set(expected.flatMap((state) => Object.keys(state)))].sort(byPlace);
  const tell = (state: FinalState) => tellState(Object.fromEntries(names.map((name) => [name, state[name] ?? NaN])));
  const [theirs, ours] = [expected, states].map((list) => [...new Set(list.map(tell))].sort());
  return JSON.stringify(theirs) === JSON.stringify(ours) ? [] : [[field, theirs, ours]];
}
