/**
 * A litmus test: what each CPU's thread does, what memory and registers hold at the start, and the question about the end.
 * Locations are 32-bit words that share no line. A thread has no branches.
 */
import { assignments } from '../../base/assignments.ts';

export type Operand = { readonly value: number } | { readonly register: string };

export type Instruction =
  | { readonly op: 'store'; readonly location: string; readonly from: Operand }
  | { readonly op: 'load'; readonly register: string; readonly location: string }
  /** xchg: locked by itself. */
  | { readonly op: 'exchange'; readonly location: string; readonly register: string }
  | { readonly op: 'move'; readonly register: string; readonly from: Operand }
  | { readonly op: 'mfence' }
  | { readonly op: 'nop' };

export interface LitmusTest {
  readonly name: string;
  readonly threads: readonly (readonly Instruction[])[];
  /** By location, and by register as `thread:REG`; what is not named starts at 0. */
  readonly init: Readonly<Record<string, number>>;
  /** Null if the test only asks what final states there are. */
  readonly question: Question | null;
  /** What the literature says of the question under x86-TSO, where it does. */
  readonly published?: string;
}

/** What locations and registers (`thread:REG`) hold at the end. */
export type FinalState = Readonly<Record<string, number>>;

export const quantifiers = ['exists', 'forall', '~exists'] as const;
export type Quantifier = (typeof quantifiers)[number];

export interface Question {
  readonly quantifier: Quantifier;
  /** The proposition as written. */
  readonly text: string;
  /** What it asks about: locations and registers, each as a final state names it. */
  readonly names: readonly string[];
  /** Whether the proposition is true of one final state. What the state does not name is 0. */
  readonly isTrueOf: (state: FinalState) => boolean;
}

/** The registers of one thread, by one name each: EAX is also written rax, R8 also r8d. */
export function canonicalRegister(name: string): string {
  const upper = name.toUpperCase();
  const match = /^[ER](AX|BX|CX|DX|SI|DI|BP|SP)$/.exec(upper);
  return match === null ? upper.replace(/^(R\d+)D$/, '$1') : `E${match[1]}`;
}

/** A location, or a register as `thread:REG`, by its one name. */
export function canonicalName(name: string): string {
  const match = /^(\d+):(.+)$/.exec(name);
  return match === null ? name : `${match[1]}:${canonicalRegister(match[2])}`;
}

const isRegister = (name: string) => name.includes(':');

/** The order of what a final state tells: locations by name, then registers by thread and name. */
export function byPlace(a: string, b: string): number {
  const kind = Number(isRegister(a)) - Number(isRegister(b));
  if (kind !== 0) return kind;
  return (isRegister(a) ? Number.parseInt(a, 10) - Number.parseInt(b, 10) : 0) || (a < b ? -1 : 1);
}

/** All that a final state of the test tells, in that order. */
export function observables({ threads, init, question }: LitmusTest): string[] {
  const names = new Set([...Object.keys(init), ...(question?.names ?? [])]);
  threads.forEach((thread, id) => {
    for (const instruction of thread) {
      if ('location' in instruction) names.add(instruction.location);
      if ('register' in instruction) names.add(`${id}:${instruction.register}`);
      if ('from' in instruction && 'register' in instruction.from) names.add(`${id}:${instruction.from.register}`);
    }
  });
  return [...names].sort(byPlace);
}

export function locationsOf(test: LitmusTest): string[] {
  return observables(test).filter((name) => !isRegister(name));
}

/** `x=1 0:EAX=0`, in the order of the state's own names. */
export const tellState = (state: FinalState): string => assignments(state, ' ');
