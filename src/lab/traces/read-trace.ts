/** Reads an allocation trace in whichever format it is: the first line that is an event of one, or names it, decides. */
import { InputError } from '../../base/input-error.ts';
import { type Limits, limitsOfAll } from '../../slab/kernel-facts.ts';
import { kernels } from '../../slab/kernels.ts';
import type { AllocationTrace, TraceParser } from './allocation-trace.ts';
import { isTracepointLine } from './kmem-events.ts';
import { KmemTraceParser } from './kmem-trace.ts';
import { isMallocLine, MallocTraceParser } from './malloc-trace.ts';
import { isTouchTraceLine, TouchTraceParser } from './touch-trace.ts';

const formats: readonly {
  isEvent: (line: string) => boolean;
  parser: new (file: string, limits: Limits) => TraceParser;
}[] = [
  { isEvent: isTracepointLine, parser: KmemTraceParser },
  { isEvent: isMallocLine, parser: MallocTraceParser },
  { isEvent: isTouchTraceLine, parser: TouchTraceParser },
];
/** Headers and warnings of a recorder may come before its first event. */
const LINES_BEFORE_EVENTS = 10_000;
const LONGEST_LINE = 65_536;

/**
 * `file` is for messages only, as below. `limits` are those of the kernels that are to replay the trace; without them any
 * kernel can.
 */
export function readTrace(
  lines: Iterable<string>,
  file: string,
  limits = limitsOfAll(kernels.values()),
): AllocationTrace {
  const reader = new TraceReader(file, limits);
  for (const line of lines) reader.line(line);
  return reader.finish();
}

/** Reads a file of any length as it comes, in pieces that need not end where lines or characters do. */
export async function readTraceBytes(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  limits = limitsOfAll(kernels.values()),
): Promise<AllocationTrace> {
  const reader = new TraceReader(file, limits);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) reader.line(line);
    if (rest.length > LONGEST_LINE) reader.tooLong();
  }
  rest += decoder.decode();
  if (rest !== '') reader.line(rest);
  return reader.finish();
}

class TraceReader {
  readonly #file: string;
  readonly #limits: Limits;
  /** Until the format is known. */
  #before: string[] = [];
  #parser: TraceParser | null = null;
  #lines = 0;

  constructor(file: string, limits: Limits) {
    this.#file = file;
    this.#limits = limits;
  }

  line(text: string): void {
    this.#lines++;
    if (this.#parser !== null) {
      this.#parser.line(text);
      return;
    }
    this.#before.push(text);
    const format = formats.find(({ isEvent }) => isEvent(text));
    if (format !== undefined) {
      this.#parser = new format.parser(this.#file, this.#limits);
      for (const line of this.#before) this.#parser.line(line);
      this.#before = [];
    } else if (this.#before.length === LINES_BEFORE_EVENTS) throw this.#unknown();
  }

  tooLong(): never {
    const problem = `a line of more than ${LONGEST_LINE} characters`;
    throw new InputError(`${this.#file}:${this.#lines + 1}`, problem, 'a trace is text, one event a line');
  }

  finish(): AllocationTrace {
    if (this.#parser === null) throw this.#unknown();
    return this.#parser.finish();
  }

  #unknown(): InputError {
    const among = this.#lines === LINES_BEFORE_EVENTS ? ` in its first ${LINES_BEFORE_EVENTS} lines` : '';
    const first = this.#before.findIndex((text) => /^\s*[^#\s]/.test(text));
    const seen =
      first === -1 ? '' : `; line ${first + 1} begins ${JSON.stringify(this.#before[first].trim().slice(0, 40))}`;
    return new InputError(
      this.#file,
      `holds no event of a known trace format${among}${seen}`,
      'give the text of an ftrace buffer or of perf script with kmem events, a malloc trace, or a touch trace (docs/traces.md)',
    );
  }
}
