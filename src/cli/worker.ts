/** One worker thread: computes points, or records one. */
import { InputError } from '../base/input-error.ts';
import { runPoint } from '../lab/experiment/point.ts';
import { type Recording, recordPoint } from '../lab/experiment/record.ts';
import { reusedBuffer } from '../lab/experiment/reused-buffer.ts';
import type { Point, PointResult } from '../lab/results/points.ts';
import { KeyError } from '../lab/specification/problems.ts';
import type { Specification } from '../lab/specification/specification.ts';
import type { AllocationTrace } from '../lab/traces/allocation-trace.ts';
import { TextWriter } from './streams.ts';

export interface Task {
  readonly specification: Specification;
  readonly trace: AllocationTrace | null;
  readonly point: Point;
}

export interface RecordTask extends Task {
  /** Open for writing, and its name. */
  readonly fd: number;
  readonly path: string;
}

/** Errors lose their class on the way from thread to thread, so those that the user is to mend go as data. */
export type Handed<T> = { readonly done: T } | { readonly refused: Refusal };

export interface Refusal extends Pick<InputError, 'place' | 'problem' | 'remedy'> {
  /** The key of the specification that is wrong; null where it is something else. */
  readonly key: readonly string[] | null;
}

function handed<T>(compute: () => T): Handed<T> {
  try {
    return { done: compute() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { place, problem, remedy } = error;
    return { refused: { place, problem, remedy, key: error instanceof KeyError ? error.key : null } };
  }
}

const buffer = reusedBuffer();

export const compute = ({ specification, trace, point }: Task): Handed<PointResult> =>
  handed(() => runPoint(specification, trace, point, undefined, buffer));

export const record = ({ specification, trace, point, fd, path }: RecordTask): Handed<Recording> =>
  handed(() => {
    const writer = new TextWriter(fd, path);
    const recording = recordPoint(specification, trace, point, (line) => writer.write(line));
    writer.flush();
    return recording;
  });
