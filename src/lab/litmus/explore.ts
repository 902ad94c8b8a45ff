/**
 * The exhaustive explorer: every final state that a memory model allows. Its own small machine, since emulated CPUs cannot
 * be forked: memory, registers, and a first-in first-out store buffer a thread (x86-TSO), or none (sequential consistency).
 * The buffer has no bound here; threads have no branches, so it never needs one.
 *
 * States are searched depth first, each once. What no other thread can see or disturb, putting a store into the buffer,
 * a move, a fence on an empty buffer, is done at once: it commutes with everything that others, and the buffer, may do.
 * What is left to choose is which thread loads, exchanges or drains next.
 */
import { InputError } from '../../base/input-error.ts';
import { type FinalState, type LitmusTest, type Operand, observables } from './litmus-test.ts';

export type MemoryModel = 'tso' | 'sc';

/** So that a test too large for exhaustion ends in a message and not in want of memory; and numbers in a state stay small. */
const MOST_STATES = 1_000_000;
const MOST_INSTRUCTIONS = 10_000;

/**
 * A state is a row of small numbers: for each thread the instruction it is at and how many of its stores have left the
 * buffer, then memory and registers in the order of `observables`, then the values that wait in buffers, one place for each
 * store. Values are numbers of the table of all values that the test has.
 */
type State = number[];

/** One instruction, with places in the row and numbers of values in place of names. */
type Step =
  | { readonly op: 'store'; readonly to: number; readonly from: Source; readonly slot: number }
  | { readonly op: 'load'; readonly to: number; readonly location: number }
  | { readonly op: 'exchange'; readonly location: number; readonly register: number }
  | { readonly op: 'move'; readonly to: number; readonly from: Source }
  | { readonly op: 'mfence' };

/** A place in the row, or a value. */
type Source = { readonly place: number } | { readonly value: number };

/** Every final state that `model` allows, in the order of their values. Throws an InputError if they are too many to search. */
export function finalStates(test: LitmusTest, model: MemoryModel): FinalState[] {
  return new Explorer(test, model).run();
}

class Explorer {
  readonly #test: LitmusTest;
  readonly #buffered: boolean;
  readonly #names: readonly string[];
  /** Where memory and registers begin, and the slots of buffers. */
  readonly #variables: number;
  readonly #slots: number;
  readonly #values: number[] = [0];
  readonly #threads: Step[][];
  /** By thread and instruction: how many stores come before it. */
  readonly #storesBefore: number[][];
  /** By thread: its stores in order. */
  readonly #stores: Extract<Step, { op: 'store' }>[][];
  readonly #seen = new Set<string>();
  readonly #open: string[] = [];

  constructor(test: LitmusTest, model: MemoryModel) {
    this.#test = test;
    const instructions = test.threads.flat().length;
    if (instructions > MOST_INSTRUCTIONS) {
      throw new InputError(test.name, `${instructions} instructions`, `a test may have ${MOST_INSTRUCTIONS}`);
    }
    this.#buffered = model === 'tso';
    this.#names = observables(test);
    this.#variables = 2 * test.threads.length;
    this.#slots = this.#variables + this.#names.length;
    let slot = this.#slots;
    this.#threads = test.threads.map((thread, id) =>
      thread.flatMap((instruction): Step[] => {
        const register = (name: string) => this.#place(`${id}:${name}`);
        const source = (from: Operand): Source =>
          'value' in from ? { value: this.#numberOf(from.value) } : { place: register(from.register) };
        switch (instruction.op) {
          case 'store': {
            const { op, location, from } = instruction;
            return [{ op, to: this.#place(location), from: source(from), slot: slot++ }];
          }
          case 'load':
            return [{ op: 'load', to: register(instruction.register), location: this.#place(instruction.location) }];
          case 'exchange': {
            const { op, location } = instruction;
            return [{ op, location: this.#place(location), register: register(instruction.register) }];
          }
          case 'move':
            return [{ op: 'move', to: register(instruction.register), from: source(instruction.from) }];
          case 'mfence':
            return [{ op: 'mfence' }];
          default:
            return []; // nop
        }
      }),
    );
    this.#stores = this.#threads.map((steps) => steps.filter((step) => step.op === 'store'));
    this.#storesBefore = this.#threads.map((steps) => {
      let stores = 0;
      return [0, ...steps.map(({ op }) => (op === 'store' ? ++stores : stores))];
    });
    const state: State = Array(slot).fill(0);
    this.#names.forEach((name, i) => {
      state[this.#variables + i] = this.#numberOf(test.init[name] ?? 0);
    });
    this.#threads.forEach((_, id) => {
      this.#settle(state, id);
    });
    this.#reach(state);
  }

  #place(name: string): number {
    return this.#variables + this.#names.indexOf(name);
  }

  #numberOf(value: number): number {
    const number = this.#values.indexOf(value);
    return number >= 0 ? number : this.#values.push(value) - 1;
  }

  run(): FinalState[] {
    const ends = new Set<string>();
    for (let key = this.#open.pop(); key !== undefined; key = this.#open.pop()) {
      const state = Array.from(key, (char) => char.charCodeAt(0));
      let moved = false;
      for (let id = 0; id < this.#threads.length; id++) moved = this.#advance(state, id) || moved;
      if (!moved) ends.add(key.slice(this.#variables, this.#slots));
    }
    const rows = [...ends].map((end) => Array.from(end, (char) => this.#values[char.charCodeAt(0)]));
    rows.sort((a, b) => a.map((value, i) => value - b[i]).find((difference) => difference !== 0) ?? 0);
    return rows.map((row) => Object.fromEntries(row.map((value, i) => [this.#names[i], value])));
  }

  /** Opens the states that thread `id` can bring about next; whether there are any. */
  #advance(state: State, id: number): boolean {
    const drained = this.#drain(state, id);
    const step = this.#threads[id][state[2 * id]];
    const next = step === undefined ? null : this.#execute(state, id, step);
    if (next === null) return drained;
    next[2 * id]++;
    this.#settle(next, id);
    this.#reach(next);
    return true;
  }

  #reach(state: State): void {
    const key = String.fromCharCode(...state);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#open.push(key);
    if (this.#seen.size > MOST_STATES) {
      throw new InputError(
        this.#test.name,
        `more than ${MOST_STATES} states to explore`,
        'take fewer threads or instructions, or seeded runs only',
      );
    }
  }

  /** The state after the step that thread `id` is at, one that others can see; null if it must wait for its stores. */
  #execute(state: State, id: number, step: Step): State | null {
    const next = [...state];
    if (step.op === 'load') {
      next[step.to] = this.#loaded(state, id, step.location);
      return next;
    }
    if (this.#waiting(state, id) > 0) return null;
    if (step.op === 'exchange') {
      next[step.register] = state[step.location];
      next[step.location] = state[step.register];
    } else if (step.op === 'store') next[step.to] = valueFrom(state, step.from);
    return next;
  }

  /** Does what nobody can see, as far as thread `id` gets with it. */
  #settle(state: State, id: number): void {
    const steps = this.#threads[id];
    for (let step = steps[state[2 * id]]; step !== undefined; step = steps[state[2 * id]]) {
      if (step.op === 'move') state[step.to] = valueFrom(state, step.from);
      else if (step.op === 'store' && this.#buffered) state[step.slot] = valueFrom(state, step.from);
      else if (step.op !== 'mfence' || this.#waiting(state, id) > 0) return;
      state[2 * id]++;
    }
  }

  /** Stores of thread `id` that wait in its buffer. */
  #waiting(state: State, id: number): number {
    return this.#buffered ? this.#storesBefore[id][state[2 * id]] - state[2 * id + 1] : 0;
  }

  #drain(state: State, id: number): boolean {
    if (this.#waiting(state, id) === 0) return false;
    const { to, slot } = this.#stores[id][state[2 * id + 1]];
    const next = [...state];
    next[to] = state[slot];
    next[slot] = 0;
    next[2 * id + 1]++;
    this.#settle(next, id);
    this.#reach(next);
    return true;
  }

  /** From the newest store of its own that waits, else from memory. */
  #loaded(state: State, id: number, location: number): number {
    const first = state[2 * id + 1];
    for (let i = first + this.#waiting(state, id) - 1; i >= first; i--) {
      const { to, slot } = this.#stores[id][i];
      if (to === location) return state[slot];
    }
    return state[location];
  }
}

function valueFrom(state: State, from: Source): number {
  return 'value' in from ? from.value : state[from.place];
}
