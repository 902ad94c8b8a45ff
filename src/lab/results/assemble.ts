/** Puts results together from the points that were computed: what they follow from, their measures, their comparisons. */
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { compareAll } from './compare.ts';
import { looksOf, type Seeds } from './looks.ts';
import { measuresOf } from './measures.ts';
import type { PointResult } from './points.ts';
import { type Identity, RESULTS_SCHEMA, type Results, type TraceReport } from './results.ts';

/** SHA-256 in hexadecimal, of text as UTF-8: Node and browsers have it under different names. */
export type Sha256 = (text: string) => string;

/** A trace with the file that it is from. */
export interface TracedFile {
  /** The file's name, without its folder. */
  readonly name: string;
  /** Of the file as it is, packed or not. */
  readonly sha256: string;
  readonly trace: AllocationTrace;
}

/** Of a specification as understood, what results must know. All other members are told as they are. */
export interface Described {
  readonly name: string;
  readonly seeds: Seeds;
  readonly seed: string;
  readonly workload: Workload | readonly Workload[];
}

type Workload = { readonly name: string } & Readonly<Record<string, unknown>>;

/** What results follow from, beside the points. */
export interface Origin {
  readonly specification: Described;
  /** The names of the CPU models. */
  readonly machine: string;
  /** Those that are replayed, by what the specification calls them. */
  readonly traces: ReadonlyMap<string, TracedFile>;
  /** The version that computes. */
  readonly slabscope: string;
}

/** Hashes all that can reach a point's result, but the point itself: how many seeds there are cannot. */
export function identityOf({ specification, traces, slabscope }: Origin, sha256: Sha256): Identity {
  const { seeds: _, ...rest } = withTraces(specification, (trace) => traces.get(trace)!.sha256);
  return { slabscope, specificationHash: sha256(JSON.stringify({ schema: RESULTS_SCHEMA, ...rest })) };
}

/** `points` in the order of the experiment's. */
export function resultsOf(origin: Origin, points: readonly PointResult[], sha256: Sha256): Results {
  const { specification, machine, traces } = origin;
  const reports = [...traces.values()].map(traceReport);
  const { slabscope, specificationHash } = identityOf(origin, sha256);
  return {
    schema: RESULTS_SCHEMA,
    slabscope,
    name: specification.name,
    specification: withTraces(specification, (trace) => traces.get(trace)!.name),
    specificationHash,
    seed: specification.seed,
    machine,
    trace: reports.length === 1 ? reports[0] : null,
    ...(reports.length > 1 ? { traces: reports } : {}),
    points,
    measures: measuresOf(points),
    comparisons: compareAll(points, looksOf(specification.seeds).length),
  };
}

/** The same specification with what `told` says in place of each trace's path: its hash, or its name without the folder. */
function withTraces(specification: Described, told: (path: string) => string): Described {
  const toldAll = (trace: unknown): unknown => (Array.isArray(trace) ? trace.map(toldAll) : told(String(trace)));
  const named = (workload: Workload): Workload =>
    'trace' in workload ? { ...workload, trace: toldAll(workload.trace) } : workload;
  const { workload } = specification;
  return { ...specification, workload: isList(workload) ? workload.map(named) : named(workload) };
}

/** Array.isArray does not tell a readonly list from what is no list. */
const isList = (workload: Described['workload']): workload is readonly Workload[] => Array.isArray(workload);

function traceReport({ name, sha256, trace: { summary, caches } }: TracedFile): TraceReport {
  const { file: _, ...counts } = summary;
  return { name, sha256, ...counts, caches };
}
