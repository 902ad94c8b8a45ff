/** An experiment: a specification, and the traces that it names. */
import { VERSION } from '../../base/version.ts';
import type { Limits } from '../../slab/kernel-facts.ts';
import type { Origin, TracedFile } from '../results/assemble.ts';
import type { Point } from '../results/points.ts';
import { KeyError } from '../specification/problems.ts';
import { traceOf } from '../specification/settings.ts';
import {
  checkTraces,
  limitsOf,
  modelsOf,
  type PlaceOf,
  type Specification,
  tracesOf,
} from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import type { TouchProfile } from '../traces/touch-profile.ts';

export interface Experiment {
  readonly specification: Specification;
  /** By what the specification calls them. */
  readonly traces: ReadonlyMap<string, TracedFile>;
  /** Where a key stands, for messages. */
  readonly placeOf: PlaceOf;
}

/** Reads the traces that a specification names, by `readTrace`; only with them it is understood in full. */
export async function withTraces(
  parse: (touches?: boolean) => Specification,
  readTrace: (trace: string, limits: Limits) => Promise<TracedFile>,
  placeOf: PlaceOf,
): Promise<Experiment> {
  const first = parse();
  const traces = new Map<string, TracedFile>();
  for (const trace of tracesOf(first)) traces.set(trace, await readTrace(trace, limitsOf(first)));
  const read = [...traces].map(([name, { trace }]) => [name, trace] as const);
  const specification = read.length === 0 ? first : parse(read.every(([, { touches }]) => touches !== undefined));
  checkTraces(specification, new Map(read), placeOf);
  return { specification, traces, placeOf };
}

/** With what is in the profile that the specification names, if it names one. */
export function withProfile(experiment: Experiment, readProfile: (name: string) => TouchProfile): Experiment {
  const { specification } = experiment;
  const { profile } = specification;
  if (typeof profile !== 'string') return experiment;
  return { ...experiment, specification: { ...specification, profile: readProfile(profile) } };
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

export const originOf = ({ specification, traces }: Experiment): Origin => ({
  specification,
  traces,
  machine: modelsOf(specification)
    .map(({ name }) => name)
    .join(', '),
  slabscope: VERSION,
});
