/** `slabscope litmus FILE|NAME`: every final state of a litmus test, by exhaustion, and what the emulated CPUs come to. */
import { existsSync } from 'node:fs';
import { finalStates, type MemoryModel } from '../lab/litmus/explore.ts';
import { toJson } from '../lab/litmus/json-tests.ts';
import {
  type FinalState,
  type Instruction,
  type LitmusTest,
  observables,
  tellState,
} from '../lab/litmus/litmus-test.ts';
import { publishedTest } from '../lab/litmus/named-tests.ts';
import { holds } from '../lab/litmus/question.ts';
import { readLitmusTests } from '../lab/litmus/read-tests.ts';
import { runOnCpus } from '../lab/litmus/seeded-run.ts';
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

/** A test, what each memory model allows, and what runs came to. */
interface Explored {
  readonly test: LitmusTest;
  readonly model: MemoryModel;
  /** Those of `model`. */
  readonly states: readonly FinalState[];
  readonly sc: readonly FinalState[];
  readonly runs: Runs | null;
}

interface Runs {
  readonly seed: string;
  readonly runs: number;
  /** How many runs ended in each of the model's states, and which was the first, from 1 (0: none). */
  readonly counts: readonly number[];
  readonly firsts: readonly number[];
  /** A state that the model does not allow, with the run that came to it: a fault of the emulator. */
  readonly forbidden: { readonly run: number; readonly state: FinalState } | null;
}

/** Prints the tests; false if a run on the emulated CPUs came to a state that is not allowed. */
export function litmus(input: string, options: LitmusOptions, print: (line: string) => void): boolean {
  const records = existsSync(input) ? readLitmusTests(readText(input), input) : [publishedTest(input)];
  const explored: Explored[] = [];
  const progress = new Progress('tests', records.length, 2000);
  for (const { test } of records) {
    const sc = finalStates(test, 'sc');
    const model = options.sc === true ? 'sc' : 'tso';
    const states = model === 'sc' ? sc : finalStates(test, model);
    const runs = options.runs === undefined ? null : manyRuns(test, model, states, options.runs, options.seed);
    const each = { test, model, states, sc, runs } as const;
    explored.push(each);
    progress.end();
    if (options.json !== true) print(`${explored.length > 1 ? '\n' : ''}${describe(each).join('\n')}`);
    progress.step();
  }
  progress.end();
  if (options.json === true) print(JSON.stringify(explored.map(asJson), null, 2));
  return explored.every(({ runs }) => runs === null || runs.forbidden === null);
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

function asJson({ test, model, states, sc, runs }: Explored): unknown {
  const verdict = (of: readonly FinalState[]) => (test.question === null ? null : holds(test.question, of));
  return {
    ...toJson(test),
    ...(model === 'tso' && { tso_holds: verdict(states), tso_final_states: states.length, tso_finals: states }),
    ...{ sc_holds: verdict(sc), sc_final_states: sc.length, sc_finals: sc },
    ...(runs !== null && { runs }),
  };
}

// --- Text ------------------------------------------------------------------------------------------------------------

const modelNames: Record<MemoryModel, string> = { tso: 'x86-TSO', sc: 'sequential consistency' };

function describe(explored: Explored): string[] {
  const { test, model, states, sc, runs } = explored;
  const also = model === 'tso' ? `, ${sc.length} of them under ${modelNames.sc}` : '';
  return [
    test.name,
    ...indented(columns([test.threads.map((_, id) => `P${id}`), ...rowsOf(test)])),
    ...initLine(test),
    `${states.length} final ${states.length === 1 ? 'state' : 'states'} under ${modelNames[model]}${also}`,
    ...indented(stateTable(explored)),
    ...answerLine(explored),
    ...(runs === null ? [] : [runsLine(runs)]),
  ];
}

function rowsOf({ threads }: LitmusTest): string[][] {
  const length = Math.max(0, ...threads.map((thread) => thread.length));
  return Array.from({ length }, (_, i) => threads.map((thread) => (thread[i] === undefined ? '' : tell(thread[i]))));
}

function tell(instruction: Instruction): string {
  switch (instruction.op) {
    case 'store':
      return `mov [${instruction.location}],${tellOperand(instruction.from)}`;
    case 'load':
      return `mov ${instruction.register},[${instruction.location}]`;
    case 'exchange':
      return `xchg [${instruction.location}],${instruction.register}`;
    case 'move':
      return `mov ${instruction.register},${tellOperand(instruction.from)}`;
    default:
      return instruction.op;
  }
}

const tellOperand = (from: { value: number } | { register: string }) =>
  'value' in from ? String(from.value) : from.register;

function initLine({ init }: LitmusTest): string[] {
  const set = Object.entries(init).filter(([, value]) => value !== 0);
  return set.length === 0 ? [] : [`at the start ${tellState(Object.fromEntries(set))}, all else 0`];
}

function stateTable({ test, model, states, sc, runs }: Explored): string[] {
  const names = observables(test);
  const inSc = new Set(sc.map(tellState));
  const extra: [heading: string, cell: (state: FinalState, i: number) => string][] = [];
  if (model === 'tso') extra.push(['SC', (state) => (inSc.has(tellState(state)) ? 'yes' : 'no')]);
  if (runs !== null) extra.push(['runs', (_, i) => String(runs.counts[i])]);
  if (test.question !== null) extra.push(['', (state) => (test.question!.isTrueOf(state) ? '<- condition' : '')]);
  return columns([
    [...names, ...extra.map(([heading]) => heading)],
    ...states.map((state, i) => [
      ...names.map((name) => String(state[name])),
      ...extra.map(([, cell]) => cell(state, i)),
    ]),
  ]);
}

function answerLine({ test, model, states, sc }: Explored): string[] {
  const { question, published } = test;
  if (question === null) return [];
  const answer = (of: readonly FinalState[]) => (holds(question, of) ? 'yes' : 'no');
  const text = question.text.startsWith('(') ? question.text : `(${question.text})`;
  const also = model === 'tso' ? `; ${answer(sc)} under ${modelNames.sc}` : '';
  const known = published === undefined || model === 'sc' ? '' : ` (published: ${published})`;
  return [`${question.quantifier} ${text}: ${answer(states)} under ${modelNames[model]}${known}${also}`];
}

function runsLine({ seed, runs, counts, firsts, forbidden }: Runs): string {
  if (forbidden !== null) {
    return `FAILED: run ${forbidden.run} of seed ${seed} on the emulated CPUs came to ${tellState(forbidden.state)}, which is not allowed`;
  }
  const reached = counts.filter((count) => count > 0).length;
  const all =
    reached === counts.length
      ? `every state was reached, the last in run ${Math.max(...firsts)}`
      : `${reached} of ${counts.length} states were reached, and no other`;
  return `${runs} runs on the emulated CPUs, seed ${seed}: ${all}`;
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`.trimEnd());

/** Each as wide as its longest cell. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => rows.reduce((width, row) => Math.max(width, row[i].length), 0));
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i])).join('  ');
  return rows.map((row) => line(row).trimEnd());
}
