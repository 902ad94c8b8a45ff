/**
 * Replays a recording of a compiled kernel, one operation at a time, and compares every result: return values, addresses,
 * texts, snapshots, messages, BUG()s. It reads lines and compares; what they mean is a kernel version's (recordings.ts).
 *
 * Replay is one legal schedule: one program at a time, from process context with interrupts on.
 */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { PageFault } from '../../hw/memory.ts';
import { observe } from '../../hw/observe.ts';
import { Lockup } from '../../hw/watchdog.ts';
import { Corruption } from '../../kernel/peek-list.ts';
import type { Access, RecordedTouch } from './accesses.ts';
import { checked, objectIn } from './checked.ts';
import { type CaseOutcome, Comparison, skippedCase } from './outcome.ts';
import type { DumpMachine } from './slabinfo-machine.ts';

export type Results = Readonly<Record<string, unknown>>;
type Line = Readonly<Record<string, unknown>>;
/** A field of a line, by name. */
export type Field = readonly [name: string, value: unknown];

/** A kind of operation. Fields of a line that are no inputs are results. */
export interface OperationType<R> {
  readonly inputs: z.ZodObject;
  /** No CPU performs it: its line may name none. */
  readonly byNobody?: true;
  run(replay: R, cpu: Cpu, given: Line): Program<Results>;
}

/** Makes operation types whose `run` gets what `inputs` checked. */
export const operationsOf =
  <R>() =>
  <I extends z.ZodRawShape>(
    inputs: I,
    run: (replay: R, cpu: Cpu, given: z.output<z.ZodObject<I>>) => Program<Results>,
  ): OperationType<R> => ({ inputs: z.object(inputs), run: run as OperationType<R>['run'] });

/** A kernel under replay. */
export interface Replay {
  readonly machine: Machine;
  /** A fresh machine. */
  powerOn(): void;
  /** An operation begins. */
  begin(): void;
  /** What it did besides, since `begin`. */
  sideEffects(): Results;
  /** How recordings tell that an operation of this kind did not return; null if this is no way that they know. */
  ended(error: unknown, op: string): Results | null;
  readonly names: AccessNames;
}

/** How recordings tell accesses. */
export interface AccessNames {
  /** The recorded accesses of an operation on `cpu`, at the addresses of this kernel. */
  recorded(cpu: number, touch: readonly RecordedTouch[]): Access[];
  /** Of this kernel's own accesses those that recordings do not leave out. */
  comparable(accesses: readonly Access[]): Access[];
  /** What an operation of this kind was, by what was recorded of it; null if its accesses were not. */
  kindOf(op: string, recorded: readonly Access[]): OperationKind | null;
  /** What stands at an address. */
  tell(address: number): string;
}

/** How many of its operations must make the compiled kernel's accesses: all of its kind, or most of all that are so barred. */
export interface OperationKind {
  readonly name: string;
  readonly bar: 'all' | 'most' | 'none';
}

/** What the first line of a recording must say for all versions. */
export interface CommonHeader {
  /** Without it the file's name is the case's. */
  readonly case?: string | undefined;
  /** How many there may be. */
  readonly cpus: number;
  readonly debug: boolean;
}

/** What a kernel version's recordings are, and how they are replayed: all that the lab knows of them. */
export interface Recordings<H extends CommonHeader = CommonHeader, R extends Replay = Replay> {
  /** As in `linux-2.4.22`, the name of the folder that holds them. */
  readonly version: string;
  /** What the header of a case says under "allocator". */
  readonly allocator: RegExp;
  /** The field that numbers operations. */
  readonly number: string;
  readonly header: z.ZodType<H>;
  /** Why the machine of a header cannot be had, for all that it is a right header; null if it can. */
  lacks?(header: H): string | null;
  readonly operations: Readonly<Record<string, OperationType<R>>>;
  start(header: H): R;
  /** The results that a line tells, as they are to be compared. */
  told?(results: readonly Field[]): readonly Field[];
  /** What stands beside the cases. */
  readonly documents: readonly RecordedDocument[];
  /** Dumps of /proc/slabinfo: the versions of their form, and how one is compared with a machine like the one that printed it. */
  readonly slabinfo: RegExp;
  /** Where several versions have the form: the kernels whose dumps are likely this one's. */
  readonly printers?: RegExp;
  /** Whether some build of it prints such a dump; without it, all do. */
  mayHavePrinted?(text: string, file: string, machine: DumpMachine): boolean;
  verifyDump(text: string, file: string, machine: DumpMachine, machineFile: string): CaseOutcome;
}

/** A file of that name, which other versions may have too: then its text tells whose it is. */
export interface RecordedDocument {
  readonly name: string;
  recognises(text: string): boolean;
  verify(text: string, file: string): Iterable<CaseOutcome>;
}

/** Something of an operation that means nothing at its place in the recording. */
export class Unresolved extends Error {
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(problem);
    this.remedy = remedy;
  }
}

/** Looks on while operations are replayed: told of each that was recorded with its accesses. */
export interface AccessComparison {
  /** A machine fresh from power-on. */
  powerOn(cpus: number): void;
  compare(operation: ComparedOperation): void;
  outcome(): CaseOutcome;
}

export interface ComparedOperation {
  readonly kind: OperationKind;
  readonly recorded: readonly Access[];
  readonly ours: readonly Access[];
  readonly tell: (address: number) => string;
}

/** An operation that makes more accesses goes on for ever; booting 512 MB makes a third. */
const MOST_ACCESSES = 1 << 24;
class Runaway extends Error {}

/** A string operation over the largest object there is. */
const LARGEST_ACCESS = 1 << 20;

/** [kind, bytes, where]. */
const touchEntries = z.custom<readonly RecordedTouch[]>(
  (value) => Array.isArray(value) && value.every(isTouch),
  'not a list of [kind, bytes, where]',
);
const isTouch = (entry: unknown) =>
  Array.isArray(entry) &&
  entry.length === 3 &&
  ['r', 'w', 'rw', 'p', 'pw'].includes(entry[0]) &&
  Number.isInteger(entry[1]) &&
  entry[1] > 0 &&
  entry[1] <= LARGEST_ACCESS &&
  typeof entry[2] === 'string';

/** The first line of a case, or what stands in its place. */
export function headerOf(lines: readonly string[], file: string): Line {
  const header = objectIn(lines[0], `${file}:1`);
  if (header.kind === 'header') return header;
  throw new InputError(`${file}:1`, 'no header', 'the first line of a case is {"kind":"header",...}');
}

/** Replays the case in `lines`, whose first is its header; `file` names it in messages. `lookersOn` a case compare its accesses. */
export function verifyCase(
  recordings: Recordings,
  lines: readonly string[],
  file: string,
  lookersOn: (caseName: string) => readonly AccessComparison[],
): CaseOutcome[] {
  const place = `${file}:1`;
  const remedy = `the first line of a case describes a build of ${recordings.version} and its machine`;
  const header = checked(recordings.header, headerOf(lines, file), place, remedy);
  const caseName = header.case ?? file.replace(/^.*[\\/]|\.jsonl(\.gz)?$/g, '');
  const name = `linux-${recordings.version}/${caseName}`;
  const lacking = recordings.lacks?.(header) ?? null;
  if (lacking !== null) return [skippedCase(name, lacking)];
  const comparison = new Comparison(name, 'operations');
  const lookers = lookersOn(name);
  const player = new Player(recordings, header, comparison, lookers);
  lines.slice(1).forEach((line, i) => {
    if (line !== '') player.play(objectIn(line, `${file}:${i + 2}`), `${file}:${i + 2}`);
  });
  return [comparison.outcome(), ...lookers.map((looker) => looker.outcome())];
}

class Player {
  readonly #recordings: Recordings;
  readonly #replay: Replay;
  readonly #comparison: Comparison;
  readonly #lookers: readonly AccessComparison[];
  readonly #frame: ReturnType<typeof frameOf>;
  /** The accesses of this operation; only counted where nobody looks on. */
  #accesses: Access[] = [];
  #count = 0;

  constructor(
    recordings: Recordings,
    header: CommonHeader,
    comparison: Comparison,
    lookers: readonly AccessComparison[],
  ) {
    this.#recordings = recordings;
    this.#comparison = comparison;
    this.#lookers = lookers;
    this.#frame = frameOf(recordings, header);
    this.#replay = recordings.start(header);
    this.#watch();
  }

  /** Performs the operation of a line, and compares. */
  play(line: Line, place: string): void {
    const { op, cpu, touch } = checked(this.#frame, line, place, 'a line is an operation of a CPU of the header');
    const inputs = op === POWER_ON ? z.object({}) : this.#recordings.operations[op].inputs;
    const names = Object.keys(inputs.shape);
    const given = checked(inputs, line, place, `${op} is called with ${names.join(', ') || 'nothing'}`);
    const called = new Set([this.#recordings.number, 'op', 'cpu', 'touch', ...names]);
    const results = Object.entries(line).filter(([field]) => !called.has(field));
    const expected = this.#recordings.told?.(results) ?? results;
    const got = op === POWER_ON ? this.#powerOn() : this.#perform(op, cpu, given, place);
    const where = () => {
      const said = names.map((name) => `${name}=${JSON.stringify(line[name])}`).join(' ');
      return `operation ${line[this.#recordings.number]}: ${op} ${said}`;
    };
    this.#comparison.compare(where, sorted(expected), sorted(Object.entries(got)));
    if (cpu !== undefined && touch !== undefined) this.#compareAccesses(op, cpu, touch, place);
  }

  #powerOn(): Results {
    this.#replay.powerOn();
    this.#watch();
    return {};
  }

  #watch(): void {
    const { cpus } = this.#replay.machine;
    for (const looker of this.#lookers) looker.powerOn(cpus.length);
    for (const cpu of cpus) {
      observe(cpu, ({ id }, kind, address, bytes) => {
        if (++this.#count > MOST_ACCESSES) throw new Runaway();
        if (this.#lookers.length > 0 && kind !== 'p') this.#accesses.push({ cpu: id, kind, address, bytes });
      });
    }
  }

  #perform(op: string, cpu: number | undefined, given: Line, place: string): Results {
    const replay = this.#replay;
    const { machine } = replay;
    const { byNobody, run } = this.#recordings.operations[op];
    if (cpu === undefined && byNobody !== true)
      throw new InputError(place, 'no "cpu"', 'name the CPU that performed the operation');
    this.#accesses = [];
    this.#count = 0;
    replay.begin();
    try {
      const running = machine.cpus[cpu ?? 0];
      const results = machine.run(running, run(replay, running, given));
      return { ...results, ...replay.sideEffects() };
    } catch (error) {
      machine.scheduler.abandon();
      const ended = this.#ending(error, place, op);
      return { ...ended, ...replay.sideEffects() };
    }
  }

  /** How an operation ended that did not return. */
  #ending(error: unknown, place: string, op: string): Results {
    const ended = this.#replay.ended(error, op);
    if (ended !== null) return ended;
    if (error instanceof Lockup) {
      return { bug: `deadlock: ${error.asleep ? 'down() on a held semaphore' : 'spin_lock on a held lock'}` };
    }
    if (error instanceof Runaway) return { fault: `more than ${MOST_ACCESSES} accesses` };
    if (isGoneAstray(error)) return { fault: error.message };
    // Where the kernel has gone another way already, what a line means may be lost; else the line is wrong.
    if (error instanceof Unresolved && this.#comparison.differs) return { fault: error.message };
    return resolved(place, () => {
      throw error;
    });
  }

  #compareAccesses(op: string, cpu: number, touch: readonly RecordedTouch[], place: string): void {
    if (this.#lookers.length === 0) return;
    const { names } = this.#replay;
    const recorded = resolved(place, () => names.recorded(cpu, touch));
    const kind = names.kindOf(op, recorded);
    if (kind === null) return;
    const ours = names.comparable(this.#accesses);
    const tell = (address: number) => {
      try {
        return names.tell(address);
      } catch (error) {
        if (isGoneAstray(error)) return 'what is corrupted';
        throw error;
      }
    };
    for (const looker of this.#lookers) looker.compare({ kind, recorded, ours, tell });
  }
}

/** What a kernel comes to whose memory was overwritten, and what a look at it does: a peek beyond memory is a RangeError. */
const isGoneAstray = (error: unknown) =>
  error instanceof PageFault || error instanceof Corruption || error instanceof RangeError;

/** What `look` gives; what is unresolved there is an error of the recording. */
function resolved<T>(place: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof Unresolved) throw new InputError(place, error.message, error.remedy);
    throw error;
  }
}

/** What every line has. */
const frameOf = ({ number, operations }: Recordings, { cpus }: CommonHeader) =>
  z.object({
    [number]: z.int(),
    op: z.enum([POWER_ON, ...Object.keys(operations)]),
    cpu: z.int().min(0).lt(cpus).optional(),
    touch: touchEntries.optional(),
  }) as unknown as z.ZodType<{ op: string; cpu?: number; touch?: readonly RecordedTouch[] }>;

/** A fresh machine: the one operation that all versions have, and that no CPU performs. */
const POWER_ON = 'power_on';

const sorted = (fields: readonly Field[]) => Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
