/** An experiment with the files that it is from: the specification, and the trace that this names. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import type { Origin, TracedFile } from '../lab/results/assemble.ts';
import type { Point } from '../lab/results/points.ts';
import { KeyError } from '../lab/specification/problems.ts';
import { traceOf } from '../lab/specification/settings.ts';
import {
  checkTraces,
  limitsOf,
  modelsOf,
  type PlaceOf,
  parseSpecification,
  placesIn,
  type Specification,
  tracesOf,
} from '../lab/specification/specification.ts';
import type { AllocationTrace } from '../lab/traces/allocation-trace.ts';
import { readText } from './files.ts';
import { readProfile } from './profile.ts';
import { readTraceFile } from './trace-file.ts';

export interface Experiment {
  readonly specification: Specification;
  /** By what the specification calls them. */
  readonly traces: ReadonlyMap<string, TracedFile>;
  /** Where a key stands, for messages. */
  readonly placeOf: PlaceOf;
}

export async function readExperiment(path: string): Promise<Experiment> {
  const text = readText(path);
  const placeOf = placesIn(text, path);
  const parse = (touches?: boolean) => parseSpecification(text, path, touches);
  return withTraces(parse, (trace) => resolve(dirname(path), trace), placeOf);
}

/** Reads the traces and the profile that a specification names; only with them it is understood in full. */
export async function withTraces(
  parse: (touches?: boolean) => Specification,
  pathOf: (trace: string) => string,
  placeOf: PlaceOf,
): Promise<Experiment> {
  const first = parse();
  const traces = new Map<string, TracedFile>();
  for (const trace of tracesOf(first)) traces.set(trace, await readTraceFile(pathOf(trace), limitsOf(first)));
  const read = [...traces].map(([name, { trace }]) => [name, trace] as const);
  const understood = read.length === 0 ? first : parse(read.every(([, { touches }]) => touches !== undefined));
  const { profile } = understood;
  const specification =
    typeof profile === 'string' ? { ...understood, profile: readProfile(pathOf(profile)) } : understood;
  checkTraces(specification, new Map(read), placeOf);
  return { specification, traces, placeOf };
}

/** The trace that a point replays; null where it replays none. */
export function traceIn({ specification, traces }: Experiment, point: Point): AllocationTrace | null {
  const trace = traceOf(specification, point);
  return trace === null ? null : traces.get(trace)!.trace;
}

/** Names the place of a key that turns out to be wrong while points run. */
export async function withPlaces<T>({ placeOf }: Experiment, compute: () => Promise<T> | T): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    throw error instanceof KeyError ? error.at(placeOf(error.key)) : error;
  }
}

/** A name for the experiment of a file. */
export const nameOf = (file: string): string =>
  basename(file)
    .replace(/[^\w.-]/g, '-')
    .replace(/^\.*$/, 'experiment');

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

export const originOf = ({ specification, traces }: Experiment): Origin => ({
  specification,
  traces,
  machine: modelsOf(specification)
    .map(({ name }) => name)
    .join(', '),
  slabscope: version,
});

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
