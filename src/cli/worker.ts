/** One worker thread: computes points. */
import type { AllocationTrace } from '../lab/allocation-trace.ts';
import { runPoint } from '../lab/experiment.ts';
import type { Point, PointResult } from '../lab/results.ts';
import type { Specification } from '../lab/specification.ts';

export interface Task {
  readonly specification: Specification;
  readonly trace: AllocationTrace | null;
  readonly point: Point;
}

export default function compute({ specification, trace, point }: Task): PointResult {
  return runPoint(specification, trace, point);
}
