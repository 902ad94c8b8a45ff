/** `slabscope run SPEC`: all points of an experiment, on worker threads; tables, results.json, and a picture. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { InputError } from '../hw/input-error.ts';
import type { AllocationTrace } from '../lab/allocation-trace.ts';
import { compareAll } from '../lab/compare.ts';
import { measuresOf } from '../lab/measures.ts';
import type { PointResult, Results, TraceReport } from '../lab/results.ts';
import { seeded } from '../lab/seeded.ts';
import { points } from '../lab/settings.ts';
import { modelsOf, parseSpecification, type Specification, traceOf, withTrace } from '../lab/specification.ts';
import { resultsChart } from '../report/chart.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { makeFolder, readText, writeText } from './files.ts';
import { Progress } from './progress.ts';
import { record } from './record.ts';
import { readTraceFile, type TraceFile } from './trace-file.ts';
import type { Task } from './worker.ts';

export interface RunOptions {
  readonly seeds?: number;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
  /** Instead of all points: run one, and write its accesses to this file. */
  readonly record?: string;
  /** Which one, as `key=value,...`. */
  readonly point?: string;
}

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

export async function run(path: string, options: RunOptions, print: (line: string) => void): Promise<void> {
  if (options.record === undefined && options.point !== undefined) {
    throw new InputError('--point', 'a run computes all points', 'add --record FILE to run and record one alone');
  }
  if (options.record !== undefined && (options.out ?? options.workers) !== undefined) {
    throw new InputError(
      '--record',
      'one point is run alone, and only FILE is written',
      'leave out --out and --workers',
    );
  }
  const read = parseSpecification(readText(path), path);
  const specification: Specification = { ...read, seeds: options.seeds ?? read.seeds };
  const named = traceOf(specification);
  const trace = named === null ? null : await readTraceFile(resolve(dirname(path), named));
  if (options.record !== undefined) {
    record(options.record, specification, trace?.trace ?? null, options, print);
    return;
  }
  const out = options.out ?? join('results', specification.name);

  makeFolder(out);

  const results = await experiment(specification, trace, options.workers, (computed) => {
    const saved = join(out, 'points-computed.json');
    writeText(saved, `${JSON.stringify(computed, null, 2)}\n`);
    return `the ${computed.length} points computed so far are in ${saved}`;
  });
  const json = `${resultsJson(results)}\n`;
  writeText(join(out, 'results.json'), json);
  writeText(join(out, `${specification.name}.svg`), resultsChart(results));
  if (options.json === true) print(json.trimEnd());
  else {
    print(resultsTable(results));
    print(`\nwritten: ${join(out, 'results.json')}, ${join(out, `${specification.name}.svg`)}`);
  }
}

/** Computes every point. If one fails, `rescue` gets those computed so far, and tells what became of them. */
export async function experiment(
  specification: Specification,
  trace: TraceFile | null,
  workers: number | undefined,
  rescue: (computed: PointResult[]) => string,
): Promise<Results> {
  const computed = await computePoints(specification, trace?.trace ?? null, workers ?? availableParallelism(), rescue);
  const identity = trace === null ? specification : withTrace(specification, trace.sha256);
  return {
    schema: 'slabscope-results/2',
    slabscope: version,
    name: specification.name,
    specification: trace === null ? specification : withTrace(specification, trace.name),
    specificationHash: sha256(JSON.stringify(identity)),
    seed: specification.seed,
    machine: modelsOf(specification)
      .map(({ name }) => name)
      .join(', '),
    trace: trace === null ? null : traceReport(trace),
    points: computed,
    measures: measuresOf(computed),
    comparisons: compareAll(computed, (label) => seeded(specification.seed, label)),
  };
}

function traceReport({ name, sha256, trace: { summary, caches } }: TraceFile): TraceReport {
  const { file: _, ...counts } = summary;
  return { name, sha256, ...counts, caches };
}

/** In the order of the points, whatever the number of workers. */
async function computePoints(
  specification: Specification,
  trace: AllocationTrace | null,
  workers: number,
  rescue: (computed: PointResult[]) => string,
): Promise<PointResult[]> {
  const todo = points(specification);
  const fromSources = extname(import.meta.url) === '.ts';
  const filename = fileURLToPath(new URL(fromSources ? './worker-from-sources.mjs' : './worker.js', import.meta.url));
  const threads = Math.min(workers, todo.length);
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  const progress = new Progress(`points on ${threads} workers`, todo.length);
  const done = new Map<number, PointResult>();
  try {
    await Promise.all(
      todo.map(async (point, i) => {
        done.set(i, (await pool.run({ specification, trace, point } satisfies Task)) as PointResult);
        progress.step();
      }),
    );
  } catch (error) {
    throw new InputError(specification.name, `a point failed: ${(error as Error).message}`, rescue([...done.values()]));
  } finally {
    progress.end();
    await pool.destroy();
  }
  return todo.map((_, i) => done.get(i)!);
}

const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');
