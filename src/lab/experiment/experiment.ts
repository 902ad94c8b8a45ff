/** An experiment: a specification, and the trace that it names. */
import { VERSION } from '../../base/version.ts';
import type { Origin, TracedFile } from '../results/assemble.ts';
import { KeyError } from '../specification/problems.ts';
import { modelsOf, type PlaceOf, type Specification } from '../specification/specification.ts';

export interface Experiment {
  readonly specification: Specification;
  readonly trace: TracedFile | null;
  /** Where a key stands, for messages. */
  readonly placeOf: PlaceOf;
}

/** Names the place of a key that turns out to be wrong while points run. */
export async function withPlaces<T>({ placeOf }: Experiment, compute: () => Promise<T> | T): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    throw error instanceof KeyError ? error.at(placeOf(error.key)) : error;
  }
}

export const originOf = ({ specification, trace }: Experiment): Origin => ({
  specification,
  trace,
  machine: modelsOf(specification)
    .map(({ name }) => name)
    .join(', '),
  slabscope: VERSION,
});
