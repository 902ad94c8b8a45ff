/** An experiment with the files that it is from: the specification, and the trace that this names. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import type { Origin, TracedFile } from '../lab/results/assemble.ts';
import { KeyError } from '../lab/specification/problems.ts';
import {
  limitsOf,
  modelsOf,
  type PlaceOf,
  parseSpecification,
  placesIn,
  type Specification,
  traceOf,
} from '../lab/specification/specification.ts';
import { readText } from './files.ts';
import { readTraceFile } from './trace-file.ts';

export interface Experiment {
  readonly specification: Specification;
  readonly trace: TracedFile | null;
  /** Where a key stands, for messages. */
  readonly placeOf: PlaceOf;
}

export async function readExperiment(path: string): Promise<Experiment> {
  const text = readText(path);
  const specification = parseSpecification(text, path);
  const named = traceOf(specification);
  const trace = named === null ? null : await readTraceFile(resolve(dirname(path), named), limitsOf(specification));
  return { specification, trace, placeOf: placesIn(text, path) };
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

export const originOf = ({ specification, trace }: Experiment): Origin => ({
  specification,
  trace,
  machine: modelsOf(specification)
    .map(({ name }) => name)
    .join(', '),
  slabscope: version,
});

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
