/** An experiment with the files that it is from: the specification, and the trace that this names. */
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import type { Experiment } from '../lab/experiment/experiment.ts';
import { limitsOf, parseSpecification, placesIn, traceOf } from '../lab/specification/specification.ts';
import { readText } from './files.ts';
import { readTraceFile } from './trace-file.ts';

export async function readExperiment(path: string): Promise<Experiment> {
  const text = readText(path);
  const specification = parseSpecification(text, path);
  const named = traceOf(specification);
  const trace = named === null ? null : await readTraceFile(resolve(dirname(path), named), limitsOf(specification));
  return { specification, trace, placeOf: placesIn(text, path) };
}

/** A name for the experiment of a file. */
export const nameOf = (file: string): string =>
  basename(file)
    .replace(/[^\w.-]/g, '-')
    .replace(/^\.*$/, 'experiment');

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
