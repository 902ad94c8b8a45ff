/**
 * `slabscope replay TRACE`: the experiment that has this trace and defaults. By itself it shows what the trace holds and costs; asked
 * something (which machine, colouring on and off, alignments) it is a run, with an answer and a picture.
 */
import { join, resolve } from 'node:path';
import { type Experiment, originOf, withTraces } from '../lab/experiment/experiment.ts';
import { resultsOf } from '../lab/results/assemble.ts';
import type { Point, PointResult } from '../lab/results/points.ts';
import { points } from '../lab/specification/settings.ts';
import { type PlaceOf, specificationFrom } from '../lab/specification/specification.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { computePoints } from './compute.ts';
import { nameOf, sha256 } from './experiment.ts';
import { makeFolder } from './files.ts';
import { type RunOptions, runAll, seedsOption } from './run.ts';
import { tableOptions } from './terminal.ts';
import { readTraceFile } from './trace-file.ts';

type Values = readonly (string | number)[];

export interface ReplayOptions extends Omit<RunOptions, 'shard'> {
  readonly machine?: Values;
  readonly cpus?: Values;
  readonly kernel?: Values;
  readonly colouring?: Values;
  readonly alignment?: Values;
  readonly touch?: Values;
  readonly memory?: string;
  readonly seed?: string;
}

export const replayHelp = `
What follows --machine, --cpus, --kernel, --colouring, --alignment and --touch is one value or several, as in a specification: with
any of them the replay is a run. It compares colouring on and off unless told otherwise, under ten seeds, and ends with an answer, and
results.json and a picture in DIR; run again it goes on where it stopped.

Examples:
  slabscope replay examples/tar-extract.ftrace.txt.gz
  slabscope replay examples/tar-extract.ftrace.txt.gz --machine skylake,zen-2 --touch init-head --brief
  slabscope replay examples/tar-extract.ftrace.txt.gz --colouring on --alignment word,whole-line --seeds auto`;

/** `on,off`, `16,32`: numbers as such. */
export const parseValues = (text: string): Values =>
  text.split(',').map((value) => (/^\d+$/.test(value.trim()) ? Number(value) : value.trim()));

/** Options, by the keys that they are. */
const optionOf: Readonly<Record<string, string>> = { model: 'machine', version: 'kernel' };

const placeOf: PlaceOf = (path) => {
  const key = path.findLast((part) => typeof part === 'string') ?? '';
  return `--${optionOf[key] ?? key}`;
};

export async function replay(path: string, options: ReplayOptions, print: (line: string) => void): Promise<void> {
  const { machine, cpus, kernel, colouring, alignment, touch, memory, seed, out } = options;
  const isAsked = [machine, cpus, kernel, colouring, alignment, touch].some((values) => values !== undefined);
  const value = {
    name: nameOf(path),
    machine: { model: machine ?? 'pentium-iii', cpus, memory },
    kernel: { version: kernel },
    workload: { name: 'replay', trace: path },
    touch,
    alignment: alignment ?? ['line-fraction'],
    colouring: colouring ?? (isAsked ? ['on', 'off'] : ['on']),
    seeds: options.seeds ?? (isAsked ? 10 : 1),
    seed,
  };
  const parse = (touches?: boolean) => specificationFrom(value, placeOf, touches);
  const experiment = await withTraces(parse, readTraceFile, placeOf);
  if (!isAsked) return show(experiment, path, options, print);
  const folder = out ?? join('results', experiment.specification.name);
  makeFolder(folder);
  await runAll(experiment, commandFor(path, options), folder, options, print);
}

/** What replays it again. */
function commandFor(path: string, options: ReplayOptions): string {
  const keys = ['machine', 'cpus', 'kernel', 'colouring', 'alignment', 'touch', 'memory', 'seed'] as const;
  const asked = keys.flatMap((key) => (options[key] === undefined ? [] : [`--${key} ${options[key]}`]));
  return ['slabscope replay', resolve(path), ...asked, ...seedsOption(options)].join(' ');
}

/** What the trace holds, and what it costs on one machine. Nothing is kept. */
async function show(
  experiment: Experiment,
  path: string,
  options: ReplayOptions,
  print: (line: string) => void,
): Promise<void> {
  const computed = new Map<Point, PointResult>();
  const all = points(experiment.specification);
  const kept = () => 'a replay keeps no part of its results';
  await computePoints(all, experiment, options.workers, kept, (point, result) => computed.set(point, result));
  const results = resultsOf(
    originOf(experiment),
    all.map((point) => computed.get(point)!),
    sha256,
  );
  if (options.json === true) return print(resultsJson(results));
  print(resultsTable(results, tableOptions(options)).trimEnd());
  print(`\nDoes colouring help here? slabscope replay ${path} --colouring on,off`);
}
