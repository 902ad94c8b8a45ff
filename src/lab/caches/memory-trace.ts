/**
 * Memory traces for cache simulators, one access a line, read from bytes as they come:
 *
 *     mp               <cpu> <r|w|x> <hex address> <hex size>    several CPUs; x: a locked read-modify-write
 *     din              <r|w|x|i> <hex address> <hex size>        Dinero IV's extended din
 *     traditional din  <0|1|2> <hex address>                     Dinero III's: read, write, instruction fetch
 *
 * The first access decides the form of all. Numbers may begin with 0x. Blank lines and lines that begin with # are left out;
 * what follows the last field is a comment. Traditional din has no sizes: as in Dinero IV, every access is of the aligned 4
 * bytes at its address. Instruction fetches (i, 2) are counted and left out. Dinero's other labels are errors.
 *
 * Sources: Dinero IV's description of its input formats (comments of xdinfmt.c and dinfmt.c, NOTES, release 7); test/golden.
 */
import { InputError } from '../../base/input-error.ts';
import type { AccessKind } from '../../hw/observe.ts';

export type AccessConsumer = (cpu: number, kind: AccessKind, address: number, bytes: number) => void;

/** As many CPUs as a bus can tell apart. */
export const MAX_CPUS = 32;
/** Bytes of one access, and of one line of text: more is damage, not data. */
const MAX_ACCESS = 2 ** 20;
const MAX_LINE = 2 ** 16;

const LINE_FEED = 10;
const RETURN = 13;
const HASH = 35;
const ZERO = 48;
const X = 120;

/** What a byte is, by its code. */
const isBlank = new Uint8Array(256);
for (const blank of ' \t\r') isBlank[blank.charCodeAt(0)] = 1;
const NO_DIGIT = 16;
const hexDigit = new Uint8Array(256).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  for (const code of [text, text.toUpperCase()]) hexDigit[code.charCodeAt(0)] = digit;
}

/** Labels are indices of `kinds`. */
const [NONE, FETCH] = [0, 4];
const kinds = ['r', 'r', 'w', 'x', 'r'] as const satisfies AccessKind[];
const labelsOf = (spelling: Record<string, number>) => {
  const labels = new Uint8Array(256);
  for (const [letter, label] of Object.entries(spelling)) {
    labels[letter.charCodeAt(0)] = labels[letter.toUpperCase().charCodeAt(0)] = label;
  }
  return labels;
};
const letters = labelsOf({ r: 1, w: 2, x: 3, i: FETCH });

interface Form {
  readonly recognized: RegExp;
  readonly line: string;
  readonly hasCpu: boolean;
  readonly labels: Uint8Array;
  readonly hasSize: boolean;
}

const forms: readonly Form[] = [
  {
    recognized: /^\d+[ \t]+[rwxi][ \t]/i,
    line: '`<cpu> <r|w|x> <hex address> <hex size>`',
    hasCpu: true,
    labels: letters,
    hasSize: true,
  },
  {
    recognized: /^[rwxi][ \t]/i,
    line: '`<r|w> <hex address> <hex size>`',
    hasCpu: false,
    labels: letters,
    hasSize: true,
  },
  {
    recognized: /^[0-2][ \t]+(0x)?[0-9a-f]+(\s|$)/i,
    line: '`<0|1|2> <hex address>`',
    hasCpu: false,
    labels: labelsOf({ 0: 1, 1: 2, 2: FETCH }),
    hasSize: false,
  },
];

/** Whether a text begins as a memory trace does. */
export function isMemoryTrace(text: string): boolean {
  const first = text.split('\n').find((line) => /^\s*[^\s#]/.test(line));
  return first !== undefined && forms.some(({ recognized }) => recognized.test(first.trimStart()));
}

export class MemoryTraceParser {
  /** The number of the line that is being read, from 1; at the end, how many there were. */
  line = 0;
  accesses = 0;
  /** Left out. */
  instructionFetches = 0;

  readonly #file: string;
  readonly #cpus: number;
  readonly #consumer: AccessConsumer;
  #form: Form | null = null;
  /** A line whose end has not come yet. */
  #begun = new Uint8Array(0);

  /** `consumer` is told of every access in order; `file` names the trace in messages; `cpus` bounds the CPUs it may name. */
  constructor(file: string, consumer: AccessConsumer, cpus = MAX_CPUS) {
    this.#file = file;
    this.#consumer = consumer;
    this.#cpus = cpus;
  }

  /** The next bytes of the trace, cut anywhere. Throws an InputError that names the line that is wrong. */
  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#begun.length > 0) {
      from = chunk.indexOf(LINE_FEED) + 1;
      const line = joined(this.#begun, from === 0 ? chunk : chunk.subarray(0, from));
      if (from === 0) {
        this.#begin(line);
        return;
      }
      this.#begun = new Uint8Array(0);
      this.#readLines(line, 0, line.length);
    }
    const end = Math.max(from, chunk.lastIndexOf(LINE_FEED) + 1);
    this.#readLines(chunk, from, end);
    this.#begin(new Uint8Array(chunk.subarray(end))); // a copy: the caller may use the chunk again
  }

  /** No more bytes will come. Throws an InputError if there was no access at all. */
  end(): void {
    if (this.#begun.length > 0) this.push(Uint8Array.of(LINE_FEED));
    if (this.accesses === 0) {
      throw new InputError(this.#file, 'no access to data in it', `each line of a trace is ${this.#expected()}`);
    }
  }

  #begin(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > MAX_LINE) {
      throw new InputError(
        `${this.#file}:${this.line + 1}`,
        `no end of line within ${MAX_LINE} bytes`,
        `each line of a trace is ${this.#expected()}`,
      );
    }
    this.#begun = bytes;
  }

  /** Reads the whole lines in `bytes`, from `from` to `end`, which stands behind a line feed. */
  #readLines(bytes: Uint8Array, from: number, end: number): void {
    let at = from;
    while (at < end) {
      const start = at;
      this.line++;
      let byte = bytes[at];
      while (isBlank[byte] === 1) byte = bytes[++at];
      if (byte === LINE_FEED) {
        at++;
        continue;
      }
      if (byte === HASH) {
        at = bytes.indexOf(LINE_FEED, at) + 1;
        continue;
      }
      const form = this.#form ?? this.#recognize(bytes, start, at);

      let cpu = 0;
      if (form.hasCpu) {
        const first = at;
        for (; byte >= ZERO && byte <= ZERO + 9; byte = bytes[++at]) cpu = cpu * 10 + byte - ZERO;
        if (at === first || isBlank[byte] === 0) this.#noAccess(bytes, start);
        while (isBlank[byte] === 1) byte = bytes[++at];
        if (cpu >= this.#cpus) this.#tooManyCpus(cpu);
      }

      const label = form.labels[byte];
      byte = bytes[++at];
      if (label === NONE || isBlank[byte] === 0) this.#noAccess(bytes, start);
      while (isBlank[byte] === 1) byte = bytes[++at];

      let first = at;
      if (byte === ZERO && (bytes[at + 1] | 0x20) === X) {
        first = at += 2;
        byte = bytes[at];
      }
      let address = 0;
      for (let digit = hexDigit[byte]; digit !== NO_DIGIT; digit = hexDigit[byte]) {
        address = address * 16 + digit;
        byte = bytes[++at];
      }
      if (at === first) this.#noAccess(bytes, start);

      let size = 4;
      if (form.hasSize) {
        if (isBlank[byte] === 0) this.#noAccess(bytes, start);
        while (isBlank[byte] === 1) byte = bytes[++at];
        first = at;
        if (byte === ZERO && (bytes[at + 1] | 0x20) === X) {
          first = at += 2;
          byte = bytes[at];
        }
        size = 0;
        for (let digit = hexDigit[byte]; digit !== NO_DIGIT; digit = hexDigit[byte]) {
          size = size * 16 + digit;
          byte = bytes[++at];
        }
        if (at === first) this.#noAccess(bytes, start);
      } else address -= address % 4;

      if (byte !== LINE_FEED) {
        if (isBlank[byte] === 0) this.#noAccess(bytes, start);
        const lineEnd = bytes.indexOf(LINE_FEED, at);
        // A lone carriage return is no end of line here: what it ends must not pass for a comment.
        if (bytes.subarray(at, lineEnd - 1).includes(RETURN)) this.#noAccess(bytes, start);
        at = lineEnd;
      }
      at++;

      if (label === FETCH) {
        this.instructionFetches++;
        continue;
      }
      if (size === 0 || size > MAX_ACCESS) this.#badSize(size);
      if (address + size > 2 ** 32) this.#beyond32Bits(address, size);
      this.accesses++;
      this.#consumer(cpu, kinds[label], address, size);
    }
  }

  #recognize(bytes: Uint8Array, start: number, at: number): Form {
    const text = textOfLine(bytes, at);
    const form = forms.find(({ recognized }) => recognized.test(text));
    if (form === undefined) this.#noAccess(bytes, start);
    this.#form = form;
    return form;
  }

  #expected(): string {
    return this.#form === null ? forms.map(({ line }) => line).join(' or ') : this.#form.line;
  }

  #fail(problem: string, remedy: string): never {
    throw new InputError(`${this.#file}:${this.line}`, problem, remedy);
  }

  #noAccess(bytes: Uint8Array, start: number): never {
    const text = textOfLine(bytes, start).trim();
    this.#fail(`not a memory access: ${JSON.stringify(text.slice(0, 60))}`, `expected ${this.#expected()}`);
  }

  #tooManyCpus(cpu: number): never {
    this.#fail(`CPU ${cpu} of ${this.#cpus}`, `CPUs are numbered from 0 to ${this.#cpus - 1} here`);
  }

  #badSize(size: number): never {
    this.#fail(`an access of ${size} bytes`, `the size, in hexadecimal, must be from 1 to ${MAX_ACCESS.toString(16)}`);
  }

  #beyond32Bits(address: number, size: number): never {
    this.#fail(
      `an access of ${size} bytes at 0x${address.toString(16)}`,
      'addresses have 32 bits here: fold them, one to one, so that the low bits (set and offset) stay',
    );
  }
}

const joined = (a: Uint8Array, b: Uint8Array) => {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

const textOfLine = (bytes: Uint8Array, start: number) =>
  String.fromCharCode(...bytes.subarray(start, Math.min(bytes.indexOf(LINE_FEED, start), start + 200)));

/** The accesses of a trace, by column, for those who go through them more than once. */
export class AccessList {
  readonly cpus: number[] = [];
  readonly kinds: AccessKind[] = [];
  readonly addresses: number[] = [];
  readonly sizes: number[] = [];

  /** All of a trace in any of the forms above; `file` names it in messages. */
  static parse(bytes: Uint8Array, file: string): AccessList {
    const list = new AccessList();
    const parser = new MemoryTraceParser(file, (cpu, kind, address, size) => {
      list.cpus.push(cpu);
      list.kinds.push(kind);
      list.addresses.push(address);
      list.sizes.push(size);
    });
    parser.push(bytes);
    parser.end();
    return list;
  }

  get length(): number {
    return this.addresses.length;
  }

  forEach(consumer: (cpu: number, kind: AccessKind, address: number, bytes: number, index: number) => void): void {
    const { cpus, kinds, addresses, sizes } = this;
    for (let i = 0; i < addresses.length; i++) consumer(cpus[i], kinds[i], addresses[i], sizes[i], i);
  }
}

/** The line of one access in the mp form, as the parser reads it. */
export const mpLine = (cpu: number, kind: AccessKind, address: number, bytes: number): string =>
  `${cpu} ${kind} ${address.toString(16)} ${bytes.toString(16)}\n`;
