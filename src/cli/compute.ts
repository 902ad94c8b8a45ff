/** Points on worker threads. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { InputError } from '../base/input-error.ts';
import type { Point, PointResult } from '../lab/results/results.ts';
import type { Specification } from '../lab/specification/specification.ts';
import type { AllocationTrace } from '../lab/traces/allocation-trace.ts';
import { Progress } from './progress.ts';
import type { Task } from './worker.ts';

/**
 * Computes each point and hands it to `finished`, in whatever order they get done. If one fails, the rest are given up, and
 * `kept` tells what became of those that were done.
 */
export async function computePoints(
  todo: readonly Point[],
  specification: Specification,
  trace: AllocationTrace | null,
  workers: number | undefined,
  kept: () => string,
  finished: (point: Point, result: PointResult) => void,
): Promise<void> {
  if (todo.length === 0) return;
  const fromSources = extname(import.meta.url) === '.ts';
  const filename = fileURLToPath(new URL(fromSources ? './worker-from-sources.mjs' : './worker.js', import.meta.url));
  const threads = Math.min(workers ?? availableParallelism(), todo.length);
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  const progress = new Progress(`points on ${threads} workers`, todo.length);
  const queue = todo.values();
  const takeOneByOne = async () => {
    for (const point of queue) {
      const result = (await pool.run({ specification, trace, point } satisfies Task).catch((error: Error) => {
        throw isBug(error) ? error : new InputError(specification.name, `a point failed: ${error.message}`, kept());
      })) as PointResult;
      finished(point, result);
      progress.step();
    }
  };
  try {
    // For each thread one point that it computes and one that waits, so that none is idle while a result is stored. All at
    // once would come in no order: piscina takes every second of its queue.
    await Promise.all(Array.from({ length: 2 * threads }, takeOneByOne));
  } finally {
    progress.end();
    await pool.destroy();
  }
}

/** Errors that the language throws are nobody's input. Of other errors, threads hand on the message alone. */
const isBug = (error: Error) =>
  [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
