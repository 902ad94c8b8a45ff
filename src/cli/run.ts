/** `slabscope run SPEC`: all points of an experiment, on worker threads; tables, results.json, and a picture. */
import { join, resolve } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { likeOthers } from '../lab/experiment/alike.ts';
import { type Experiment, originOf, traceIn } from '../lab/experiment/experiment.ts';
import { identityOf, resultsOf } from '../lab/results/assemble.ts';
import { isTold } from '../lab/results/compare.ts';
import { looksOf, type Seeds } from '../lab/results/looks.ts';
import type { Point, PointResult } from '../lab/results/points.ts';
import type { Identity, Results } from '../lab/results/results.ts';
import { runRecordOf, runsOf, shareOf } from '../lab/results/run-record.ts';
import { points } from '../lab/specification/settings.ts';
import { type Plotted, resultsChart } from '../report/chart.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { computePoints } from './compute.ts';
import { readExperiment, sha256 } from './experiment.ts';
import { makeFolder, writeWhole } from './files.ts';
import { whenStopped } from './interruption.ts';
import { forgetRuns, runsIn, tellOfRun, thisProcess } from './run-files.ts';
import { type Shard, shardFrom, storeFileOf } from './shard.ts';
import { PointStore } from './store.ts';
import { type TableChoices, tableOptions } from './terminal.ts';

export interface RunOptions extends TableChoices {
  readonly seeds?: Seeds;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
  /** What the picture shows. */
  readonly measure?: readonly [Plotted, ...Plotted[]];
  /** `i/n`: compute this share of the points, and write only its store. */
  readonly shard?: string;
}

export const runHelp = `
Each point is appended to DIR/points.jsonl as it is done. A run that was stopped, by whatever, goes on when it is run again:
all DIR/points*.jsonl are read, and what is missing is computed.

--shard i/n computes every n-th point from the i-th on, writes DIR/points.i-of-n.jsonl and nothing else. Once the files of all
shares stand in one folder, a run without --shard finds every point and writes tables, results.json and the picture. In a Slurm
array job (SLURM_ARRAY_TASK_ID) the share is taken from the environment; in a Kubernetes job of Indexed mode
(JOB_COMPLETION_INDEX) too, with n from JOB_COMPLETIONS or --shard /n. With --shard /n the number of a Slurm task is its share,
so that --array=3,7 computes these two again. --shard 1/1 is all points wherever it runs. slabscope status DIR tells how far it is.

Examples:
  slabscope run experiments/colouring.yaml --seeds 20 --out /tmp/colouring
  slabscope run experiments/colouring.yaml --shard 2/8`;

export async function run(path: string, options: RunOptions, print: (line: string) => void): Promise<void> {
  const read = await readExperiment(path);
  const specification = { ...read.specification, seeds: options.seeds ?? read.specification.seeds };
  const experiment = { ...read, specification };
  const shard = shardFrom(options.shard, process.env);
  const out = options.out ?? join('results', specification.name);
  makeFolder(out);

  const command = ['slabscope run', resolve(path), ...seedsOption(options)].join(' ');
  if (shard === null) await runAll(experiment, command, out, options, print);
  else await runShare(experiment, command, out, shard, path, options, print);
}

/** The number of seeds as it was asked for. */
export const seedsOption = ({ seeds }: Pick<RunOptions, 'seeds'>): string[] =>
  seeds === undefined ? [] : [`--seeds ${typeof seeds === 'number' ? seeds : 'auto'}`];

/**
 * Computes what is missing in `out`, for more and more seeds where that is asked for; writes and tells what all of it came to.
 * `command` is what runs it again.
 */
export async function runAll(
  experiment: Experiment,
  command: string,
  out: string,
  options: RunOptions,
  print: (line: string) => void,
): Promise<void> {
  const { specification } = experiment;
  const origin = originOf(experiment);
  const identity = identityOf(origin, sha256);
  const store = storeIn(out, null, identity);
  let results: Results | null = null;
  for (const seeds of looksOf(specification.seeds)) {
    const all = points({ ...specification, seeds });
    if (results === null) tellFound(store, all);
    tellOfShare(store, out, all, null, command, experiment);
    await fill(store, all, experiment, options.workers);
    results = resultsOf(
      origin,
      all.map((point) => store.get(point)!),
      sha256,
    );
    if (isTold(results.comparisons)) break;
  }
  const picture = join(out, `${specification.name}.svg`);
  const json = `${resultsJson(results!)}\n`;
  writeWhole(join(out, 'results.json'), json);
  writeWhole(picture, resultsChart(results!, options.measure));
  forgetRuns(out, identity);
  if (options.json === true) print(json.trimEnd());
  else {
    print(resultsTable(results!, tableOptions(options)));
    print(`\nwritten: ${join(out, 'results.json')}, ${picture}`);
  }
}

async function runShare(
  experiment: Experiment,
  command: string,
  out: string,
  shard: Shard,
  path: string,
  options: RunOptions,
  print: (line: string) => void,
): Promise<void> {
  const { specification } = experiment;
  if (looksOf(specification.seeds).length > 1) {
    throw new InputError(shard.source, 'a share of as many seeds as it takes', 'say how many: --seeds N');
  }
  const all = points(specification);
  const wanted = shareOf(all, shard);
  const identity = identityOf(originOf(experiment), sha256);
  const store = storeIn(out, shard, identity);
  tellFound(store, wanted);
  tellOfShare(store, out, all, shard, command, experiment);
  await fill(store, wanted, experiment, options.workers);
  const now = new PointStore(out, storeFileOf(shard), identity);
  const remaining = all.filter((point) => now.get(point) === undefined).length;
  tellShare(shard, { file: store.path, points: all.length, remaining }, path, options, print);
}

function storeIn(out: string, shard: Shard | null, identity: Identity): PointStore {
  const store = new PointStore(out, storeFileOf(shard), identity);
  for (const text of store.notes) note(text);
  return store;
}

function tellFound(store: PointStore, wanted: readonly Point[]): void {
  const found = wanted.filter((point) => store.get(point) !== undefined).length;
  if (found > 0) note(`${found} of ${wanted.length} points found in ${store.files}: delete it to compute them anew`);
}

/** Tells others of this run, and this one's user of others, if there is anything to compute. */
function tellOfShare(
  store: PointStore,
  out: string,
  all: readonly Point[],
  shard: Shard | null,
  command: string,
  experiment: Experiment,
): void {
  const wanted = shard === null ? all : shareOf(all, shard);
  if (wanted.every((point) => store.get(point) !== undefined)) return;
  const identity = identityOf(originOf(experiment), sha256);
  noteOthers(out, shard, identity);
  const share = shard === null ? null : { index: shard.index, of: shard.of };
  const { name } = experiment.specification;
  tellOfRun(out, runRecordOf({ ...identity, name, command, share, ...thisProcess() }, all));
}

/** As many points as take hours: whoever meant fewer should hear of it at once. */
const MANY = 10_000;

const note = (text: string) => process.stderr.write(`slabscope: ${text}\n`);

/** Tells who computes some of the same points at this time: nothing is lost by it but time. */
function noteOthers(folder: string, shard: Shard | null, identity: Identity): void {
  for (const { record, state } of runsOf(
    identity,
    runsIn(folder, ({ message }) => note(message)),
  )) {
    const { share, host, pid, job } = record;
    const isApart = share !== null && share.of === shard?.of && share.index !== shard.index;
    if (state !== 'running' || isApart) continue;
    const what = share === null ? 'all points' : `share ${share.index} of ${share.of}`;
    note(
      `${job ?? `process ${pid}`} on ${host} computes ${what} at this time: what it has not done yet is computed twice`,
    );
  }
}

/** Computes those points that the store lacks. Each is in the store as soon as it is done. */
async function fill(
  store: PointStore,
  wanted: readonly Point[],
  experiment: Experiment,
  workers: number | undefined,
): Promise<void> {
  const missing = wanted.filter((point) => store.get(point) === undefined);
  if (missing.length >= MANY) note(`${missing.length} points to compute; each is kept as it gets done`);
  let done = wanted.length - missing.length;
  const kept = () => `${done} of ${wanted.length} points are in ${store.files}; the same command goes on from there`;
  const stopListening = whenStopped(kept);
  const traceFor = (point: Point) => traceIn(experiment, point);
  const alike = missing.length < 2 ? new Map<Point, Point>() : likeOthers(experiment.specification, traceFor, missing);
  const keep = (result: PointResult) => {
    store.append(result);
    done++;
  };
  try {
    const running = missing.filter((point) => !alike.has(point));
    await computePoints(running, experiment, workers, kept, (_, result) => keep(result));
    if (alike.size > 0) note(`${alike.size} of ${wanted.length} points are laid out as others are: not run again`);
    for (const [point, other] of alike) keep({ ...store.get(other)!, point });
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
  const options = [typeof seeds === 'number' ? ` --seeds ${seeds}` : '', out === undefined ? '' : ` --out ${out}`].join(
    '',
  );
  print(`share ${index} of ${of} (${source}) is computed: ${file}`);
  print(
    remaining > 0
      ? `${remaining} of ${points} points remain; once the other shares' points*.jsonl stand beside it:`
      : `all ${points} points are computed; for tables, results.json and the picture:`,
  );
  print(`  slabscope run ${path}${options}`);
}
