/**
 * Who made an access, for attribution: the function that a trace recorded, where one did; else that of the emulated kernel, from
 * the host's stack; else what the workload was doing, in parentheses.
 */
import { callerAmong, functionsQuickly, type Trace } from './calling-function.ts';
import type { Makers } from './line-attribution.ts';

/** Attribution and those who look on with it stand between the access and its function: V8 would keep ten frames. */
const FRAMES = 30;

type Note = string | Trace;

export interface AccessSources {
  /** Host functions through which a workload touches its objects, and what it does there. */
  readonly steps: Readonly<Record<string, string>>;
  /** The function that the trace has for what a CPU touches now; null where it has none. */
  readonly recorded?: (cpu: number) => string | null;
}

export function accessMakers({ steps, recorded }: AccessSources): Makers<Note> {
  return {
    note: (cpu) => recorded?.(cpu) ?? stackHere(),
    tell: (note) => (typeof note === 'string' ? note : functionOrStep(note, steps)),
  };
}

/** As the race detector has it; a workload's own functions have no names in the kernel. */
function functionOrStep(trace: Trace, steps: AccessSources['steps']): string {
  const names = functionsQuickly(trace);
  const step = names.find((name) => Object.hasOwn(steps, name));
  if (step !== undefined) return `(${steps[step]})`;
  const fn = callerAmong(names);
  return /^[\w$]+$/.test(fn) ? fn : '(workload)';
}

function stackHere(): Error {
  const host = Error as { stackTraceLimit?: number | undefined };
  const limit = host.stackTraceLimit;
  host.stackTraceLimit = FRAMES;
  const trace = new Error();
  host.stackTraceLimit = limit;
  return trace;
}
