/** An experiment with the files that it is from: the specification, and the traces that this names. */
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { type Experiment, withProfile, withTraces } from '../lab/experiment/experiment.ts';
import { parseSpecification, placesIn } from '../lab/specification/specification.ts';
import { readText } from './files.ts';
import { readProfile } from './profile.ts';
import { readTraceFile } from './trace-file.ts';

export async function readExperiment(path: string): Promise<Experiment> {
  const text = readText(path);
  const pathOf = (name: string) => resolve(dirname(path), name);
  const experiment = await withTraces(
    (touches) => parseSpecification(text, path, touches),
    (trace, limits) => readTraceFile(pathOf(trace), limits),
    placesIn(text, path),
  );
  return withProfile(experiment, (name) => readProfile(pathOf(name)));
}

/** A name for the experiment of a file. */
export const nameOf = (file: string): string =>
  basename(file)
    .replace(/[^\w.-]/g, '-')
    .replace(/^\.*$/, 'experiment');

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
