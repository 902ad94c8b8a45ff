/** `slabscope run SPEC`: all points of an experiment, on worker threads; tables, results.json, and a picture. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { seeded } from '../base/random.ts';
import { compareAll } from '../lab/results/compare.ts';
import { measuresOf } from '../lab/results/measures.ts';
import type { Point, PointResult, Results, TraceReport } from '../lab/results/results.ts';
import { points } from '../lab/specification/settings.ts';
import {
  limitsOf,
  modelsOf,
  parseSpecification,
  type Specification,
  traceOf,
  withTrace,
} from '../lab/specification/specification.ts';
import { resultsChart } from '../report/chart.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { inColour } from './colour.ts';
import { computePoints } from './compute.ts';
import { makeFolder, readText, writeText } from './files.ts';
import { whenStopped } from './interruption.ts';
import { record } from './record.ts';
import { type Shard, shardFrom, shareOf, storeFileOf } from './shard.ts';
import { PointStore } from './store.ts';
import { readTraceFile, type TraceFile } from './trace-file.ts';

export interface RunOptions {
  readonly seeds?: number;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
  /** `i/n`: compute this share of the points, and write only its store. */
  readonly shard?: string;
  /** Instead of all points: run one, and write its accesses to this file. */
  readonly record?: string;
  /** Which one, as `key=value,...`. */
  readonly point?: string;
}

export const runHelp = `
Each point is appended to DIR/points.jsonl as it is done. A run that was stopped, by whatever, goes on when it is run again:
all DIR/points*.jsonl are read, and what is missing is computed.

--shard i/n computes every n-th point from the i-th on, writes DIR/points.i-of-n.jsonl and nothing else. Once the files of all
shares stand in one folder, a run without --shard finds every point and writes tables, results.json and the picture. In a Slurm
array job (SLURM_ARRAY_TASK_ID) the share is taken from the environment; in a Kubernetes job of Indexed mode
(JOB_COMPLETION_INDEX) too, with n from JOB_COMPLETIONS or --shard /n. --shard 1/1 is all points wherever it runs.

Examples:
  slabscope run experiments/colouring.yaml --seeds 20 --out /tmp/colouring
  slabscope run experiments/colouring.yaml --shard 2/8
  slabscope run experiments/colouring.yaml --record accesses.mp.gz --point colouring=off,seed=3`;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

export async function run(path: string, options: RunOptions, print: (line: string) => void): Promise<void> {
  if (options.record === undefined && options.point !== undefined) {
    throw new InputError('--point', 'a run computes all points', 'add --record FILE to run and record one alone');
  }
  if (options.record !== undefined && (options.out ?? options.workers ?? options.shard) !== undefined) {
    throw new InputError(
      '--record',
      'one point is run alone, and only FILE is written',
      'leave out --out, --workers and --shard',
    );
  }
  const read = parseSpecification(readText(path), path);
  const specification: Specification = { ...read, seeds: options.seeds ?? read.seeds };
  const named = traceOf(specification);
  const trace = named === null ? null : await readTraceFile(resolve(dirname(path), named), limitsOf(specification));
  if (options.record !== undefined) {
    record(options.record, specification, trace?.trace ?? null, options, print);
    return;
  }
  const shard = shardFrom(options.shard, process.env);
  const out = options.out ?? join('results', specification.name);
  makeFolder(out);

  const identity = { slabscope: version, specificationHash: hashOf(specification, trace) };
  const store = new PointStore(out, storeFileOf(shard), identity);
  for (const text of store.notes) note(text);
  const all = points(specification);
  await fill(store, shard === null ? all : shareOf(all, shard), specification, trace, options.workers);
  if (shard !== null) {
    const now = new PointStore(out, storeFileOf(shard), identity);
    const remaining = all.filter((point) => now.get(point) === undefined).length;
    tellShare(shard, { file: store.path, points: all.length, remaining }, path, options, print);
    return;
  }

  const computed = all.map((point) => store.get(point)!);
  const results = resultsOf(specification, trace, computed);
  const json = `${resultsJson(results)}\n`;
  writeText(join(out, 'results.json'), json);
  writeText(join(out, `${specification.name}.svg`), resultsChart(results));
  if (options.json === true) print(json.trimEnd());
  else {
    print(resultsTable(results, { colour: inColour() }));
    print(`\nwritten: ${join(out, 'results.json')}, ${join(out, `${specification.name}.svg`)}`);
  }
}

const note = (text: string) => process.stderr.write(`slabscope: ${text}\n`);

/** Computes those points that the store lacks. Each is in the store as soon as it is done. */
async function fill(
  store: PointStore,
  wanted: readonly Point[],
  specification: Specification,
  trace: TraceFile | null,
  workers: number | undefined,
): Promise<void> {
  const missing = wanted.filter((point) => store.get(point) === undefined);
  let done = wanted.length - missing.length;
  if (done > 0) note(`${done} of ${wanted.length} points found in ${store.files}: delete it to compute them anew`);
  const kept = () => `${done} of ${wanted.length} points are in ${store.files}; the same command goes on from there`;
  const stopListening = whenStopped(kept);
  try {
    await computePoints(missing, specification, trace?.trace ?? null, workers, kept, (_, result) => {
      store.append(result);
      done++;
    });
  } finally {
    stopListening();
    store.close();
  }
}

/** What became of a share, and what the experiment still lacks. */
function tellShare(
  { index, of, source }: Shard,
  store: { readonly file: string; readonly points: number; readonly remaining: number },
  path: string,
  { json, out, seeds }: RunOptions,
  print: (line: string) => void,
): void {
  const { file, points, remaining } = store;
  if (json === true) {
    print(JSON.stringify({ share: index, of, source, ...store }, null, 2));
    return;
  }
  const options = [seeds === undefined ? '' : ` --seeds ${seeds}`, out === undefined ? '' : ` --out ${out}`].join('');
  print(`share ${index} of ${of} (${source}) is computed: ${file}`);
  print(
    remaining > 0
      ? `${remaining} of ${points} points remain; once the other shares' points*.jsonl stand beside it:`
      : `all ${points} points are computed; for tables, results.json and the picture:`,
  );
  print(`  slabscope run ${path}${options}`);
}

/** Of all that can reach a point's result, but the point itself: how many seeds there are cannot. */
function hashOf(specification: Specification, trace: TraceFile | null): string {
  const { seeds: _, ...rest } = trace === null ? specification : withTrace(specification, trace.sha256);
  return sha256(JSON.stringify({ schema: SCHEMA, ...rest }));
}

const SCHEMA: Results['schema'] = 'slabscope-results/2';

/** From the results of all points, in the points' order. */
export function resultsOf(specification: Specification, trace: TraceFile | null, computed: PointResult[]): Results {
  return {
    schema: SCHEMA,
    slabscope: version,
    name: specification.name,
    specification: trace === null ? specification : withTrace(specification, trace.name),
    specificationHash: hashOf(specification, trace),
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

const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');
