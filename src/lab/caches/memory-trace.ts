/**
 * Memory traces for cache simulators, one access a line, read from bytes as they come. What forms a line may have stands in
 * trace-forms.ts; the first access decides the form of all. Blank lines and lines that begin with # are left out; so are
 * instruction fetches, prefetches and the like, which are counted.
 */
import { InputError } from '../../base/input-error.ts';
import type { AccessKind } from '../../hw/observe.ts';
import { LineReader } from './line-reader.ts';
import { FRAMES_A_COLOUR, KEPT_BITS, PAGE_BYTES, PageFolding } from './page-folding.ts';
import {
  FETCH,
  LOCKED,
  MALFORMED,
  MODIFY,
  OTHER,
  READ,
  type Threads,
  type TraceForm,
  traceForms,
  WRITE,
} from './trace-forms.ts';

/** `goesOn`: no access of its own, but where the one before goes on, since its next page is not the next one here. */
export type AccessConsumer = (cpu: number, kind: AccessKind, address: number, bytes: number, goesOn?: true) => void;

/** As many CPUs as a bus can tell apart. */
export const MAX_CPUS = 32;
/** Bytes of one access, and of one line of text: more is damage, not data. */
const MAX_ACCESS = 2 ** 20;
const MAX_LINE = 2 ** 16;

const LINE_FEED = 10;
const HASH = 35;

const KNOWN_FORMS = 'a line of mp, din, lackey, gem5 or DynamoRIO (slabscope cache --help)';

/** Whether a text begins as a memory trace does. */
export function isMemoryTrace(text: string): boolean {
  const first = text.split('\n').find((line) => /^\s*[^\s#]/.test(line));
  return first !== undefined && traceForms.some(({ recognized }) => recognized.test(first.trimStart()));
}

export class MemoryTraceParser {
  /** The number of the line that is being read, from 1; at the end, how many there were. */
  line = 0;
  accesses = 0;
  /** Left out: instruction fetches; prefetches, flushes, requests between caches. */
  instructionFetches = 0;
  otherRecords = 0;
  /** Where pages of 64-bit addresses stand. */
  readonly folding = new PageFolding();

  readonly #file: string;
  readonly #cpus: number;
  readonly #consumer: AccessConsumer;
  readonly #reader = new LineReader();
  readonly #threads: Threads = new Map();
  #form: TraceForm | null = null;
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
    const line = this.#reader;
    line.bytes = bytes;
    for (let start = from; start < end; start = line.at + 1) {
      this.line++;
      line.at = start;
      line.blanks();
      if (line.atEnd) continue;
      if (line.byte === HASH) line.skip();
      else this.#readAccess(this.#form ?? this.#recognize(), start);
    }
  }

  #readAccess(form: TraceForm, start: number): void {
    const line = this.#reader;
    const what = form.read(line, this.#threads);
    if (what === READ) this.#tell('r');
    else if (what === WRITE) this.#tell('w');
    else if (what === LOCKED) this.#tell('x');
    else if (what === FETCH) this.instructionFetches++;
    else if (what === MODIFY) {
      this.#tell('r');
      this.#tell('w');
    } else if (what === OTHER) this.otherRecords++;
    else if (what === MALFORMED) this.#noAccess(start);
  }

  #tell(kind: AccessKind): void {
    const { cpu, page, offset, size } = this.#reader;
    if (cpu >= this.#cpus) this.#tooManyCpus(cpu);
    if (size === 0 || size > MAX_ACCESS) this.#badSize(size);
    this.accesses++;
    const frame = this.#frameOf(page);
    if (offset + size <= PAGE_BYTES) this.#consumer(cpu, kind, frame * PAGE_BYTES + offset, size);
    else this.#tellAcrossPages(kind, frame);
  }

  /** In one piece, as far as frames follow each other as their pages do. */
  #tellAcrossPages(kind: AccessKind, first: number): void {
    const { cpu, page, offset, size } = this.#reader;
    let address = first * PAGE_BYTES + offset;
    let bytes = PAGE_BYTES - offset;
    let goesOn: true | undefined;
    for (let next = 1, left = size - bytes; left > 0; next++, left -= PAGE_BYTES) {
      const frame = this.#frameOf(page + next);
      if (frame * PAGE_BYTES !== address + bytes) {
        this.#consumer(cpu, kind, address, bytes, goesOn);
        goesOn = true;
        address = frame * PAGE_BYTES;
        bytes = 0;
      }
      bytes += Math.min(left, PAGE_BYTES);
    }
    this.#consumer(cpu, kind, address, bytes, goesOn);
  }

  #frameOf(page: number): number {
    const frame =
      page < 2 ** 52 ? this.folding.frameOf(page) : this.#fail('an access beyond 64 bits', 'mend the trace');
    if (frame >= 0) return frame;
    return this.#fail(
      `more than ${FRAMES_A_COLOUR} pages that agree in the low ${KEPT_BITS} bits of their addresses`,
      'here is room for 4 GB, folded so that these bits stay: cut the trace before this line',
    );
  }

  #recognize(): TraceForm {
    const line = this.#reader;
    const text = textOfLine(line.bytes, line.at);
    const form = traceForms.find(({ recognized }) => recognized.test(text));
    if (form === undefined) this.#noAccess(line.at);
    this.#form = form;
    return form;
  }

  #expected(): string {
    return this.#form === null ? KNOWN_FORMS : this.#form.line;
  }

  #fail(problem: string, remedy: string): never {
    throw new InputError(`${this.#file}:${this.line}`, problem, remedy);
  }

  #noAccess(start: number): never {
    const text = textOfLine(this.#reader.bytes, start).trim();
    this.#fail(`not a memory access: ${JSON.stringify(text.slice(0, 60))}`, `expected ${this.#expected()}`);
  }

  #tooManyCpus(cpu: number): never {
    this.#fail(`CPU ${cpu} of ${this.#cpus}`, `CPUs are numbered from 0 to ${this.#cpus - 1} here`);
  }

  #badSize(size: number): never {
    this.#fail(`an access of ${size} bytes`, `an access is of 1 to ${MAX_ACCESS} bytes`);
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
    if (parser.folding.moved > 0)
      throw new InputError(file, 'addresses of more than 32 bits', 'here they have 32 bits');
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
