/**
 * The question of a litmus test, in herd's syntax: `exists (x=2 /\ 1:EAX=0)`, `~exists`, `forall`; `[x]=2` is `x=2`; `~` (or
 * `not`) binds strongest, then `/\`, then `\/`.
 */
import { InputError } from '../../base/input-error.ts';
import { canonicalName, type FinalState, type Quantifier, type Question, quantifiers } from './litmus-test.ts';

type Proposition = Question['isTrueOf'];

/** Throws an InputError at `place` if the text is not a proposition. */
export function parseQuestion(quantifier: string, text: string, place: string): Question {
  if (!quantifiers.includes(quantifier as Quantifier)) {
    throw new InputError(place, `quantifier ${JSON.stringify(quantifier)}`, `it is one of ${quantifiers.join(', ')}`);
  }
  const names = new Set<string>();
  const isTrueOf = new Parser(text, place, names).proposition();
  return { quantifier: quantifier as Quantifier, text: text.trim(), names: [...names], isTrueOf };
}

/** Whether the question, quantifier included, is answered with yes by these final states. */
export function holds({ quantifier, isTrueOf }: Question, states: readonly FinalState[]): boolean {
  if (quantifier === 'forall') return states.every(isTrueOf);
  return states.some(isTrueOf) === (quantifier === 'exists');
}

const TOKEN =
  /\s*(\/\\|\\\/|~|not\b|\(|\)|true\b|false\b|(\d+:\w+|\[\w+\]|[A-Za-z_]\w*)\s*={1,2}\s*(-?(?:0x[\da-f]+|\d+))(?!\w)|$)/iy;

class Parser {
  readonly #text: string;
  readonly #place: string;
  readonly #names: Set<string>;
  #token: RegExpExecArray;
  /** Where the token begins, and where the next one does. */
  #at = 0;
  #next = 0;

  constructor(text: string, place: string, names: Set<string>) {
    this.#text = text;
    this.#place = place;
    this.#names = names;
    this.#token = this.#read();
  }

  proposition(): Proposition {
    const proposition = this.#either();
    if (this.#token[1] !== '') this.#fail();
    return proposition;
  }

  #either(): Proposition {
    let left = this.#both();
    while (this.#accept('\\/')) {
      const [a, b] = [left, this.#both()];
      left = (state) => a(state) || b(state);
    }
    return left;
  }

  #both(): Proposition {
    let left = this.#simple();
    while (this.#accept('/\\')) {
      const [a, b] = [left, this.#simple()];
      left = (state) => a(state) && b(state);
    }
    return left;
  }

  #simple(): Proposition {
    if (this.#accept('~') || this.#accept('not')) {
      const negated = this.#simple();
      return (state) => !negated(state);
    }
    if (this.#accept('(')) {
      const inner = this.#either();
      if (!this.#accept(')')) this.#fail();
      return inner;
    }
    if (this.#accept('true')) return () => true;
    if (this.#accept('false')) return () => false;
    const [, , written, number] = this.#token;
    if (written === undefined) this.#fail();
    const name = canonicalName(written.replace(/^\[(.*)\]$/, '$1'));
    const value = parseNumber(number!);
    this.#names.add(name);
    this.#token = this.#read();
    return (state) => (state[name] ?? 0) === value;
  }

  #accept(token: string): boolean {
    if (this.#token[1] !== token) return false;
    this.#token = this.#read();
    return true;
  }

  #read(): RegExpExecArray {
    this.#at = this.#next;
    TOKEN.lastIndex = this.#next;
    const token = TOKEN.exec(this.#text);
    if (token === null) this.#fail();
    this.#next = TOKEN.lastIndex;
    return token;
  }

  #fail(): never {
    const rest = this.#text.slice(this.#at).trim();
    throw new InputError(
      this.#place,
      rest === ''
        ? 'the condition ends too early'
        : `not a condition from here on: ${JSON.stringify(rest.slice(0, 60))}`,
      'expected comparisons like x=1, [x]=1 or 0:EAX=1, with /\\, \\/, ~ and parentheses',
    );
  }
}

/** A 32-bit number as herd writes it: decimal or 0x, perhaps with a minus. Two's complement. */
export function parseNumber(text: string): number {
  const magnitude = Number(text.replace('-', ''));
  return (text.startsWith('-') ? -magnitude : magnitude) | 0;
}
