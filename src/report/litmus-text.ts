/** A litmus test, its final states and its answer, as text for a terminal. */
import { assignments } from '../base/assignments.ts';
import type { Exploration, Runs } from '../lab/litmus/exploration.ts';
import type { FinalState, Instruction, LitmusTest, Operand } from '../lab/litmus/litmus-test.ts';
import { columns } from './text-table.ts';

const modelNames: Record<Exploration['model'], string> = { tso: 'x86-TSO', sc: 'sequential consistency' };

export function litmusText(exploration: Exploration): string {
  const { test, model, states, sc, runs } = exploration;
  const also = model === 'tso' ? `, ${sc.length} of them under ${modelNames.sc}` : '';
  return [
    test.name,
    ...indented([test.threads.map((_, id) => `P${id}`), ...rowsOf(test)]),
    ...initLine(test),
    `${states.length} final ${states.length === 1 ? 'state' : 'states'} under ${modelNames[model]}${also}`,
    ...indented(stateRows(exploration)),
    ...answerLine(exploration),
    ...(runs === null ? [] : [runsLine(runs)]),
  ].join('\n');
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

const tellOperand = (from: Operand) => ('value' in from ? String(from.value) : from.register);

const tellState = (state: FinalState) => assignments(state, ' ');

function initLine({ init }: LitmusTest): string[] {
  const set = Object.entries(init).filter(([, value]) => value !== 0);
  return set.length === 0 ? [] : [`at the start ${tellState(Object.fromEntries(set))}, all else 0`];
}

function stateRows({ test: { question }, model, observables, states, sc, runs }: Exploration): string[][] {
  const inSc = new Set(sc.map(tellState));
  const extra: [heading: string, cell: (state: FinalState, i: number) => string][] = [];
  if (model === 'tso') extra.push(['SC', (state) => (inSc.has(tellState(state)) ? 'yes' : 'no')]);
  if (runs !== null) extra.push(['runs', (_, i) => String(runs.counts[i])]);
  if (question !== null) extra.push(['', (state) => (question.isTrueOf(state) ? '<- condition' : '')]);
  return [
    [...observables, ...extra.map(([heading]) => heading)],
    ...states.map((state, i) => [
      ...observables.map((name) => String(state[name])),
      ...extra.map(([, cell]) => cell(state, i)),
    ]),
  ];
}

function answerLine({ test, model, holds, holdsUnderSc }: Exploration): string[] {
  const { question, published } = test;
  if (question === null) return [];
  const answer = (isYes: boolean | null) => (isYes ? 'yes' : 'no');
  const text = question.text.startsWith('(') ? question.text : `(${question.text})`;
  const also = model === 'tso' ? `; ${answer(holdsUnderSc)} under ${modelNames.sc}` : '';
  const known = published === undefined || model === 'sc' ? '' : ` (published: ${published})`;
  return [`${question.quantifier} ${text}: ${answer(holds)} under ${modelNames[model]}${known}${also}`];
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

/** All flush left. */
const indented = (rows: readonly (readonly string[])[]) =>
  columns(rows, Number.POSITIVE_INFINITY).map((line) => `  ${line}`.trimEnd());
