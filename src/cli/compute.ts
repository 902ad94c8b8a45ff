/** Points on worker threads. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { InputError } from '../base/input-error.ts';
import { type Experiment, traceIn, withPlaces } from '../lab/experiment/experiment.ts';
import type { Recording } from '../lab/experiment/record.ts';
import type { Point, PointResult } from '../lab/results/points.ts';
import { KeyError } from '../lab/specification/problems.ts';
import { Progress } from './progress.ts';
import type { Handed, RecordTask, Task } from './worker.ts';

/**
 * Computes each point and hands it to `finished`, in whatever order they get done. If one fails, the rest are given up, and
 * `kept` tells what became of those that were done.
 */
export async function computePoints(
  todo: readonly Point[],
  experiment: Experiment,
  workers: number | undefined,
  kept: () => string,
  finished: (point: Point, result: PointResult) => void,
): Promise<void> {
  if (todo.length === 0) return;
  const threads = Math.min(workers ?? availableParallelism(), todo.length);
  const pool = workerPool(threads);
  const progress = new Progress(`points on ${threads} workers`, todo.length);
  const queue = todo.values();
  const failed = ({ message }: Error) =>
    new InputError(experiment.specification.name, `a point failed: ${message}`, kept());
  const takeOneByOne = async () => {
    for (const point of queue) {
      const task = taskOf(experiment, point);
      const handed: Handed<PointResult> = await pool.run(task, { name: 'compute' }).catch((error: Error) => {
        throw isBug(error) ? error : failed(error);
      });
      if ('refused' in handed) throw handed.refused.key === null ? failed(refusalOf(handed)) : refusalOf(handed);
      finished(point, handed.done);
      progress.step();
    }
  };
  try {
    // For each thread one point that it computes and one that waits, so that none is idle while a result is stored. All at
    // once would come in no order: piscina takes every second of its queue.
    await withPlaces(experiment, () => Promise.all(Array.from({ length: 2 * threads }, takeOneByOne)));
  } finally {
    progress.end();
    await pool.destroy();
  }
}

/** Runs a point and writes its accesses to an open file. On a thread of its own, so that this one hears of signals. */
export async function recordOnWorker(
  experiment: Experiment,
  point: Point,
  { fd, path }: { readonly fd: number; readonly path: string },
): Promise<Recording> {
  const pool = workerPool(1);
  try {
    const task: RecordTask = { ...taskOf(experiment, point), fd, path };
    const handed: Handed<Recording> = await pool.run(task, { name: 'record' });
    if ('done' in handed) return handed.done;
    throw refusalOf(handed);
  } finally {
    await pool.destroy();
  }
}

function workerPool(threads: number): Piscina {
  const fromSources = extname(import.meta.url) === '.ts';
  const filename = fileURLToPath(new URL(fromSources ? './worker-from-sources.mjs' : './worker.js', import.meta.url));
  return new Piscina({ filename, minThreads: threads, maxThreads: threads });
}

const taskOf = (experiment: Experiment, point: Point): Task => ({
  specification: experiment.specification,
  trace: traceIn(experiment, point),
  point,
});

const refusalOf = ({ refused: { key, place, problem, remedy } }: Extract<Handed<unknown>, { refused: unknown }>) =>
  key === null ? new InputError(place, problem, remedy) : new KeyError(key, problem, remedy);

/** Errors that the language throws are nobody's input. Of other errors, threads hand on the message alone. */
const isBug = (error: Error) =>
  [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
