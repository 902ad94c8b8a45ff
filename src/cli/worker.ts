/** One worker thread: computes points. */

import { runPoint } from '../lab/experiment/point.ts';
import type { Point, PointResult } from '../lab/results/results.ts';
import type { Specification } from '../lab/specification/specification.ts';
import type { AllocationTrace } from '../lab/traces/allocation-trace.ts';

export interface Task {
  readonly specification: Specification;
  readonly trace: AllocationTrace | null;
  readonly point: Point;
}

/** One for all points of this thread: a new one for each would have V8 collect all garbage for each. */
let buffer = new ArrayBuffer(0);

function zeroed(bytes: number): ArrayBuffer {
  if (buffer.byteLength === bytes) new Uint8Array(buffer).fill(0);
  else buffer = new ArrayBuffer(bytes);
  return buffer;
}

export default function compute({ specification, trace, point }: Task): PointResult {
  return runPoint(specification, trace, point, undefined, zeroed);
}
