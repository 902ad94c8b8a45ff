/** A trace step by step: its operations, and what threads touch between them. */
import type { Operations } from './operations.ts';
import type { Touches } from './touches.ts';

/** Calls one of the two for each operation and each run of touches, in the order of the trace. */
export function eachStep(
  operations: Operations,
  touches: Touches | undefined,
  operation: (i: number) => void,
  run: (i: number) => void,
): void {
  let next = 0;
  const runsBefore = (i: number) => {
    while (touches !== undefined && next < touches.runs.length && touches.runs.operation[next] <= i) run(next++);
  };
  for (let i = 0; i < operations.length; i++) {
    runsBefore(i);
    operation(i);
  }
  runsBefore(operations.length);
}
