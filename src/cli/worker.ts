/** One worker thread: computes points. The trace is read once a thread. */
import { basename } from 'node:path';
import { type AllocationTrace, allocationTrace } from '../lab/allocation-trace.ts';
import { runPoint } from '../lab/experiment.ts';
import { readKmemEvents } from '../lab/kmem-events.ts';
import type { Point, PointResult } from '../lab/results.ts';
import type { Specification } from '../lab/specification.ts';
import { readText } from './files.ts';

export interface Task {
  readonly specification: Specification;
  readonly tracePath: string;
  readonly point: Point;
}

const traces = new Map<string, AllocationTrace>();

export function readTrace(path: string): AllocationTrace {
  let trace = traces.get(path);
  if (trace === undefined) {
    trace = allocationTrace(readKmemEvents(readText(path).split('\n'), basename(path)));
    traces.set(path, trace);
  }
  return trace;
}

export default function compute({ specification, tracePath, point }: Task): PointResult {
  return runPoint(specification, readTrace(tracePath), point);
}
