/**
 * Litmus tests as JSON, in the two forms of test/golden/data/litmus-*, with what they are expected to give:
 *
 * - `{"program": [[["W", "x", ["i", 1]], ["R", "EAX", "y"]], ...], "init": {...}, "quantifier": "exists", "condition": "x=1",
 *   "tso_finals": [...], ...}`: a list of instructions a thread. Only `program` is needed.
 * - `{"name": "x86/8-3", "threads": [["W X 1", "R Y 0"], ...], "post": [["X", "1"]], "computed": "allowed", ...}`: the outcome
 *   in question is part of the threads, each R with the value that it reads. A is a locked exchange, F a fence.
 */
import { InputError } from '../../base/input-error.ts';
import { jsonIn } from '../../base/parse-json.ts';
import {
  canonicalName,
  canonicalRegister,
  type FinalState,
  type Instruction,
  type LitmusTest,
  type Operand,
} from './litmus-test.ts';
import { parseNumber, parseQuestion } from './question.ts';

/** What a file says of a test; absent where it says nothing. */
export interface Expected {
  readonly tsoFinals?: readonly FinalState[];
  readonly tsoFinalStates?: number;
  readonly tsoHolds?: boolean;
  readonly scFinals?: readonly FinalState[];
  readonly scFinalStates?: number;
  readonly scHolds?: boolean;
}

export interface LitmusRecord {
  readonly test: LitmusTest;
  readonly expected: Expected;
  /** The file, with the line or the number of the test. */
  readonly place: string;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The tests of a file: one JSON object a line, one object, or an array of them. */
export function parseJsonTests(text: string, file: string): LitmusRecord[] {
  const whole = jsonIn(text);
  if (isObject(whole)) return [parseRecord(whole, file)];
  const records = Array.isArray(whole)
    ? whole.map((record, i) => parseRecord(record, `${file}: test ${i + 1}`))
    : recordsByLine(text, file);
  if (records.length === 0) throw new InputError(file, 'no litmus test', 'each line is one test, a JSON object');
  return records;
}

function recordsByLine(text: string, file: string): LitmusRecord[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const record = jsonIn(line);
    if (record === undefined) {
      throw new InputError(`${file}:${i + 1}`, 'not a JSON line', 'each line is one test, a JSON object');
    }
    return [parseRecord(record, `${file}:${i + 1}`)];
  });
}

/** Whether a text begins as a file of litmus tests in JSON does. */
export function looksLikeJsonTests(text: string): boolean {
  const whole = text.trimStart().startsWith('[') ? jsonIn(text) : jsonIn(text.split('\n', 1)[0]);
  const first = Array.isArray(whole) ? whole[0] : (whole ?? jsonIn(text));
  return isObject(first) && (Array.isArray(first.program) || Array.isArray(first.threads));
}

function parseRecord(record: unknown, at: string): LitmusRecord {
  if (!isObject(record) || !(Array.isArray(record.program) || Array.isArray(record.threads))) {
    throw new InputError(
      at,
      'not a litmus test',
      'a test is an object with a list "program", or with a list "threads"',
    );
  }
  const name = record.name === undefined ? at.replace(/^.*\//, '') : String(record.name);
  const place = record.name === undefined ? at : `${at} (${name})`;
  return { ...(Array.isArray(record.program) ? ofProgram : ofThreads)(record, name, place), place: at };
}

// --- The form with `program` -----------------------------------------------------------------------------------------

function ofProgram(record: Json, name: string, place: string): Omit<LitmusRecord, 'place'> {
  const { quantifier = 'exists', condition = null } = record;
  if ((condition !== null && typeof condition !== 'string') || typeof quantifier !== 'string') {
    throw new InputError(place, '"condition" or "quantifier" is not a text', 'write them in the syntax of herd');
  }
  const test: LitmusTest = {
    name,
    threads: (record.program as unknown[]).map((thread, id) => {
      if (!Array.isArray(thread)) throw new InputError(`${place}, thread ${id}`, 'not a list', FORMS);
      return thread.map((instruction, i) => parseInstruction(instruction, `${place}, thread ${id}, instruction ${i}`));
    }),
    init: parseState(record.init ?? {}, place, 'init'),
    question: condition === null ? null : parseQuestion(quantifier, condition, place),
  };
  return { test, expected: parseExpected(record, place) };
}

const FORMS =
  'a thread is a list of ["W", location, ["i", value] or ["r", register]], ["R", register, location], ' +
  '["X", location, register], ["M", register, ["i", value] or ["r", register]], ["F"], ["N"]';

function parseInstruction(written: unknown, place: string): Instruction {
  const fields: unknown[] = Array.isArray(written) ? written : [];
  const [op, first, second] = fields;
  const count = fields.length;
  if (op === 'F' && count === 1) return { op: 'mfence' };
  if (op === 'N' && count === 1) return { op: 'nop' };
  if (count === 3 && isName(first)) {
    const from = parseOperand(second);
    if (op === 'W' && from !== null) return { op: 'store', location: first, from };
    if (op === 'M' && from !== null) return { op: 'move', register: canonicalRegister(first), from };
    if (op === 'R' && isName(second)) return { op: 'load', register: canonicalRegister(first), location: second };
    if (op === 'X' && isName(second)) return { op: 'exchange', location: first, register: canonicalRegister(second) };
  }
  throw new InputError(place, `not an instruction: ${JSON.stringify(written)?.slice(0, 60)}`, FORMS);
}

/** A location or a register; with a colon it would be taken for a register in final states. */
const isName = (value: unknown): value is string => typeof value === 'string' && /^\w+$/.test(value);
const isWord = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32;

function parseOperand(written: unknown): Operand | null {
  if (!Array.isArray(written) || written.length !== 2) return null;
  const [kind, of] = written as unknown[];
  if (kind === 'i' && isWord(of)) return { value: of | 0 };
  return kind === 'r' && isName(of) ? { register: canonicalRegister(of) } : null;
}

function parseState(written: unknown, place: string, field: string): FinalState {
  const remedy = 'it holds whole numbers of 32 bits by location, or by register as "0:EAX"';
  if (!isObject(written)) throw new InputError(place, `"${field}" with ${JSON.stringify(written)}`, remedy);
  return Object.fromEntries(
    Object.entries(written).map(([name, value]) => {
      if (!/^(\d+:)?\w+$/.test(name) || !isWord(value)) {
        const what = `"${field}" with ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
        throw new InputError(place, what, remedy);
      }
      return [canonicalName(name), value | 0];
    }),
  );
}

function parseExpected(record: Json, place: string): Expected {
  const field = <T>(name: string, what: string, parse: (value: unknown) => T | undefined): T | undefined => {
    const value = record[name] ?? null;
    if (value === null) return undefined;
    const result = parse(value);
    if (result === undefined) throw new InputError(place, `"${name}" is ${JSON.stringify(value)}`, `it is ${what}`);
    return result;
  };
  const finals = (name: string) =>
    field(name, 'a list of final states', (value) =>
      Array.isArray(value) ? value.map((state) => parseState(state, place, name)) : undefined,
    );
  const count = (name: string) =>
    field(name, 'a number of states', (value) => (Number.isInteger(value) ? (value as number) : undefined));
  const verdict = (name: string) =>
    field(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  return given({
    tsoFinals: finals('tso_finals'),
    tsoFinalStates: count('tso_final_states'),
    tsoHolds: verdict('tso_holds'),
    scFinals: finals('sc_finals'),
    scFinalStates: count('sc_final_states'),
    scHolds: verdict('sc_holds'),
  });
}

function given(expected: { [K in keyof Expected]: Expected[K] | undefined }): Expected {
  return Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined));
}

/** The test in the form with `program`. */
export function toJson({ name, init, threads, question }: LitmusTest): Json {
  const program = threads.map((thread) => thread.map(instructionToJson));
  const asked = question === null ? {} : { quantifier: question.quantifier, condition: question.text };
  return { name, init, program, ...asked };
}

function instructionToJson(instruction: Instruction): unknown[] {
  const operand = (from: Operand) => ('value' in from ? ['i', from.value] : ['r', from.register]);
  switch (instruction.op) {
    case 'store':
      return ['W', instruction.location, operand(instruction.from)];
    case 'load':
      return ['R', instruction.register, instruction.location];
    case 'exchange':
      return ['X', instruction.location, instruction.register];
    case 'move':
      return ['M', instruction.register, operand(instruction.from)];
    default:
      return instruction.op === 'mfence' ? ['F'] : ['N'];
  }
}

// --- The form with `threads` -----------------------------------------------------------------------------------------

const REGISTERS = ['EAX', 'EBX', 'ECX', 'EDX', 'ESI', 'EDI', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15'];

function ofThreads(record: Json, name: string, place: string): Omit<LitmusRecord, 'place'> {
  const outcome: string[] = [];
  const threads = (record.threads as unknown[]).map((thread, id) => {
    const where = `${place}, thread ${id}`;
    if (!Array.isArray(thread)) throw new InputError(where, 'not a list', WORDS);
    const free = [...REGISTERS];
    const register = () => {
      const next = free.shift();
      if (next === undefined)
        throw new InputError(where, 'more registers than there are', `${REGISTERS.length} at most`);
      return next;
    };
    return thread.flatMap((written, i): Instruction[] => {
      const match = /^(?:([WRA]) (\w+) (-?\d+)|F\b.*)$/.exec(String(written));
      if (match === null) {
        throw new InputError(`${where}, instruction ${i}`, `not an instruction: ${JSON.stringify(written)}`, WORDS);
      }
      const [, op, location, number] = match;
      if (op === undefined) return [{ op: 'mfence' }];
      const value = parseNumber(number!);
      if (op === 'W') return [{ op: 'store', location: location!, from: { value } }];
      const target = register();
      if (op === 'R') {
        outcome.push(`${id}:${target}=${value}`);
        return [{ op: 'load', register: target, location: location! }];
      }
      return [
        { op: 'move', register: target, from: { value } },
        { op: 'exchange', location: location!, register: target },
      ];
    });
  });
  const { post = [], computed, sc, published } = record;
  if (!Array.isArray(post) || post.some((pair) => !Array.isArray(pair) || pair.length !== 2)) {
    throw new InputError(place, '"post" is not a list of pairs', 'it holds final values, each as [location, value]');
  }
  const conditions = [...post.map(([location, value]) => `${location}=${value}`), ...outcome];
  const verdict = (written: unknown, field: string): boolean | undefined => {
    if (written === undefined) return undefined;
    if (written === 'allowed' || written === 'forbidden') return written === 'allowed';
    throw new InputError(place, `"${field}" is ${JSON.stringify(written)}`, 'it is "allowed" or "forbidden"');
  };
  const test: LitmusTest = {
    name,
    threads,
    init: {},
    question: conditions.length === 0 ? null : parseQuestion('exists', conditions.join(' /\\ '), place),
    ...(typeof published === 'string' ? { published } : {}),
  };
  const tsoHolds = verdict(computed, 'computed');
  const scHolds = verdict(sc, 'sc');
  return {
    test,
    expected: { ...(tsoHolds === undefined ? {} : { tsoHolds }), ...(scHolds === undefined ? {} : { scHolds }) },
  };
}

const WORDS = 'a thread is a list of "W location value", "R location value", "A location value" (locked), "F"';
