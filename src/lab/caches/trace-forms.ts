/**
 * The forms of a line in a memory trace. The first line that one of them knows decides the form of all.
 *
 * Sources: Dinero IV's description of its input formats (comments of xdinfmt.c and dinfmt.c, NOTES, release 7); test/golden;
 * Valgrind's manual, "Lackey: an example tool", and the comments of lk_main.c; gem5's util/decode_packet_trace.py, with the
 * flags of src/mem/request.hh; DynamoRIO's documentation of drmemtrace's view tool and of its samples memtrace_x86 and
 * memtrace_simple. Of the last four, what they print and nothing else is read.
 */
import type { LineReader } from './line-reader.ts';

/** What a line is. */
export const MALFORMED = 0;
export const READ = 1;
export const WRITE = 2;
/** A locked read-modify-write. */
export const LOCKED = 3;
/** A read, then a write, of the same bytes, by one instruction. */
export const MODIFY = 4;
/** An instruction fetch. */
export const FETCH = 5;
/** A prefetch, a flush, a request between caches: no access of the program's. */
export const OTHER = 6;
/** A heading, a marker, a message. */
export const NOTHING = 7;

export interface TraceForm {
  /** Of a line, from the first character that is no blank. */
  readonly recognized: RegExp;
  /** What a line should be. */
  readonly line: string;
  /** Reads a line to its end, and leaves CPU, address and size in the reader; `threads` numbers CPUs where the form names threads. */
  readonly read: (line: LineReader, threads: Threads) => number;
}

/** Threads by the name that the trace gives them, numbered as they appear. */
export type Threads = Map<string, number>;

const labelsOf = (spelling: Record<string, number>) => {
  const labels = new Uint8Array(256);
  for (const [letter, label] of Object.entries(spelling)) {
    labels[letter.charCodeAt(0)] = labels[letter.toUpperCase().charCodeAt(0)] = label;
  }
  return labels;
};

/** Goes over a letter; what it means, MALFORMED if nothing. */
function label(line: LineReader, labels: Uint8Array): number {
  const what = labels[line.byte];
  if (what !== MALFORMED) line.at++;
  return what;
}

// --- Dinero's, and ours --------------------------------------------------------------------------------------------

const letters = labelsOf({ r: READ, w: WRITE, x: LOCKED, i: FETCH });
const digits = labelsOf({ 0: READ, 1: WRITE, 2: FETCH });

/** `<r|w|x|i> <hex address> <hex size>`, and a comment. */
function extendedDin(line: LineReader): number {
  const what = label(line, letters);
  if (what === MALFORMED || !line.blanks() || !line.address() || !line.blanks()) return MALFORMED;
  line.size = line.hexadecimal();
  return line.size >= 0 && line.comment() ? what : MALFORMED;
}

const mp: TraceForm = {
  recognized: /^\d+[ \t]+[rwxi][ \t]/i,
  line: '`<cpu> <r|w|x> <hex address> <hex size>`',
  read: (line) => {
    line.cpu = line.decimal();
    return line.cpu >= 0 && line.blanks() ? extendedDin(line) : MALFORMED;
  },
};

const din: TraceForm = {
  recognized: /^[rwxi][ \t]/i,
  line: '`<r|w> <hex address> <hex size>`',
  read: extendedDin,
};

/** It has no sizes: as in Dinero IV, every access is of the aligned 4 bytes at its address. */
const traditionalDin: TraceForm = {
  recognized: /^[0-2][ \t]+(0x)?[0-9a-f]+(\s|$)/i,
  line: '`<0|1|2> <hex address>`',
  read: (line) => {
    const what = label(line, digits);
    if (what === MALFORMED || !line.blanks() || !line.address() || !line.comment()) return MALFORMED;
    line.offset &= ~3;
    line.size = 4;
    return what;
  },
};

// --- Valgrind's lackey ---------------------------------------------------------------------------------------------

const lackeyLetters = labelsOf({ l: READ, s: WRITE, m: MODIFY, i: FETCH });

const lackey: TraceForm = {
  recognized: /^(==\d+==|[ilsm][ \t]+[0-9a-f]+,\d)/i,
  line: '`I  <hex address>,<size>`, ` L ...`, ` S ...` or ` M ...`',
  read: (line) => {
    // What valgrind says of itself: ==PID== text, or --PID-- where it warns.
    if (line.word('==') || line.word('--')) return line.decimal() >= 0 && line.skip() ? NOTHING : MALFORMED;
    const what = label(line, lackeyLetters);
    if (what === MALFORMED || !line.blanks() || !line.address() || !line.comma()) return MALFORMED;
    line.size = line.decimal();
    return line.size >= 0 && line.ends() ? what : MALFORMED;
  },
};

// --- gem5 ----------------------------------------------------------------------------------------------------------

const gem5Letters = labelsOf({ r: READ, w: WRITE, u: OTHER });
/** Of a request. */
const INST_FETCH = 0x100;
const NO_ACCESS = 0x80000;
const PREFETCH = 0x1000000;
const has = (flags: number, flag: number) => Math.floor(flags / flag) % 2 === 1;

const gem5: TraceForm = {
  recognized: /^(\d+,)?[rwu],\d+,\d+(,\d+){1,3}\s*$/,
  line: '`[<packet>,]<r|w|u>,<address>,<size>,[<flags>,]<tick>[,<pc>]`, in decimal',
  read: (line) => {
    if (line.decimal() >= 0 && !line.comma()) return MALFORMED;
    const what = label(line, gem5Letters);
    if (what === MALFORMED || !line.comma() || !line.decimalAddress() || !line.comma()) return MALFORMED;
    line.size = line.decimal();
    let behind = 0;
    let flags = 0;
    while (line.comma()) {
      const number = line.decimal();
      if (Number.isNaN(number)) return MALFORMED;
      if (behind++ === 0) flags = number;
    }
    if (!(line.size >= 0) || behind < 1 || behind > 3 || !line.ends()) return MALFORMED;
    if (behind === 1) return what; // the tick alone
    if (has(flags, PREFETCH) || has(flags, NO_ACCESS)) return OTHER;
    return has(flags, INST_FETCH) ? FETCH : what;
  },
};

// --- DynamoRIO -----------------------------------------------------------------------------------------------------

const viewRecords: Readonly<Record<string, number>> = {
  read: READ,
  write: WRITE,
  ifetch: FETCH,
  iflush: OTHER,
  dflush: OTHER,
};

/** Of an instruction that had no room for all of them on its own line. */
const isBytes = (text: string) => /^[0-9a-f]+$/.test(text);

/** What drmemtrace's view tool prints, since version 5 with the number of the instruction. */
const view: TraceForm = {
  recognized: /^(Output format:|<--record#-|\d+( +\d+)?: +[WT\d][\d.T]* +(<|[a-z]))/,
  line: '`<record> <instruction>: <thread> <read|write> <size> byte(s) @ <hex address> by PC <hex address>`',
  read: (line, threads) => {
    if (line.word('-') || line.word('<') || line.word('Output format:') || line.word('View tool results:')) {
      return line.skip() ? NOTHING : MALFORMED;
    }
    line.decimal();
    if (line.blanks()) line.decimal();
    if (!line.word(':') || !line.blanks()) return MALFORMED;
    if (line.word('total instructions')) return line.ends() ? NOTHING : MALFORMED;
    const thread = line.name();
    if (!line.blanks()) return MALFORMED;
    if (line.word('<')) return line.skip() ? NOTHING : MALFORMED; // a marker
    const record = line.name();
    if (isBytes(record)) {
      while (line.blanks() && !line.atEnd) if (!isBytes(line.name())) return MALFORMED;
      return NOTHING;
    }
    const what = viewRecords[record] ?? (record.startsWith('pref') ? OTHER : MALFORMED);
    line.blanks();
    line.size = line.decimal();
    if (what === MALFORMED || !(line.size >= 0) || !line.word(' byte(s) @ ') || !line.address()) return MALFORMED;
    if (what === FETCH) return line.skip() ? FETCH : MALFORMED;
    if (!line.word(' by PC 0x')) return MALFORMED;
    line.skip();
    if (what === OTHER) return OTHER;
    line.cpu = threads.get(thread) ?? threads.size;
    threads.set(thread, line.cpu);
    return what;
  },
};

const memtraceLetters = labelsOf({ r: READ, w: WRITE });

/** The text of the sample memtrace_x86. */
const memtrace: TraceForm = {
  recognized: /^(Format: <instr address>|0x[0-9a-f]+,[rw],\d+,0x)/,
  line: '`<hex address of the instruction>,<r|w>,<size>,<hex address>`',
  read: (line) => {
    if (line.word('Format:')) return line.skip() ? NOTHING : MALFORMED;
    if (!line.address() || !line.comma()) return MALFORMED;
    const what = label(line, memtraceLetters);
    if (what === MALFORMED || !line.comma()) return MALFORMED;
    line.size = line.decimal();
    return line.size >= 0 && line.comma() && line.address() && line.ends() ? what : MALFORMED;
  },
};

/** That of memtrace_simple; instructions have the name of their opcode. */
const simpleMemtrace: TraceForm = {
  recognized: /^(Format: <data address>|0x[0-9a-f]+: +\d+, \w)/,
  line: '`<hex address>: <size>, <r|w|opcode>`',
  read: (line) => {
    if (line.word('Format:')) return line.skip() ? NOTHING : MALFORMED;
    if (!line.address() || !line.word(':') || !line.blanks()) return MALFORMED;
    line.size = line.decimal();
    if (!(line.size >= 0) || !line.word(', ')) return MALFORMED;
    const type = line.name();
    if (type === '') return MALFORMED;
    line.skip();
    return type === 'r' ? READ : type === 'w' ? WRITE : FETCH;
  },
};

/** Lackey before Dinero: `I  400,4` is a line of either, but for its comma. */
export const traceForms: readonly TraceForm[] = [mp, lackey, din, traditionalDin, gem5, view, memtrace, simpleMemtrace];
