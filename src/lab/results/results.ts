/** What an experiment gives: the form of results.json. */
import type { TraceCache, TraceSummary } from '../traces/allocation-trace.ts';
import type { Comparison } from './compare.ts';
import type { CombinationMeasures } from './measures.ts';
import type { PointResult } from './points.ts';

/** What was replayed, what was left out and why, and under which names caches ran. */
export interface TraceReport extends Omit<TraceSummary, 'file' | 'caches'> {
  /** The file's name, without its folder. */
  readonly name: string;
  readonly sha256: string;
  /** Every named cache: as recorded, as 2.4 takes it (at most 18 characters), and its object size. */
  readonly caches: readonly TraceCache[];
}

/** Members may be added within a version; one that goes, or changes its meaning, makes another. */
export const RESULTS_SCHEMA = 'slabscope-results/3';

export interface Results {
  readonly schema: typeof RESULTS_SCHEMA;
  readonly slabscope: string;
  readonly name: string;
  /** The specification as understood, defaults filled in, and the SHA-256 of it and of the trace. */
  readonly specification: unknown;
  readonly specificationHash: string;
  readonly seed: string;
  readonly machine: string;
  /** Null where no trace was replayed, or several. */
  readonly trace: TraceReport | null;
  /** Where several were: points name them by `workload.trace`. */
  readonly traces?: readonly TraceReport[];
  readonly points: readonly PointResult[];
  /** Of each combination, in the order of the points. */
  readonly measures: readonly CombinationMeasures[];
  /** Axis by axis. */
  readonly comparisons: readonly Comparison[];
}

/** What a point's counts follow from, beside the point: results of different identities are never mixed. */
export type Identity = Pick<Results, 'slabscope' | 'specificationHash'>;
