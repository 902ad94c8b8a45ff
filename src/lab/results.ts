/** What an experiment gives: the form of results.json, and all that reports ever see. */
import type { KnownCpuModel } from '../hw/cpu-model.ts';
import type { SecondLevelGeometry } from '../hw/second-level.ts';
import type { TraceSummary } from './allocation-trace.ts';

export type { KnownCpuModel, SecondLevelGeometry };

/** What one point (one combination, one seed) counted, over both CPUs, from the first traced operation to the last. */
export interface Counts {
  /** Loads and stores; one that straddles two lines is one access. */
  readonly accesses: number;
  /** One an access and line. hits + misses = lineAccesses. */
  readonly lineAccesses: number;
  readonly hits: number;
  readonly misses: number;
  /** The classes of the misses; they add up to `misses`. Sharing is decided at the miss. */
  readonly cold: number;
  readonly capacity: number;
  readonly conflict: number;
  readonly trueSharing: number;
  readonly falseSharing: number;
  /** Misses of a fully associative LRU cache of the same size on the same stream. */
  readonly fullyAssociativeMisses: number;
  /** Estimated busy cycles of all CPUs. */
  readonly cycles: number;
  /** Most pages that the slab allocator held at a time, and those it held at the end. */
  readonly peakPages: number;
  readonly pages: number;
  /** Traced allocations and frees that were performed; allocations that found no memory. */
  readonly operations: number;
  readonly failed: number;
}

export interface Point {
  readonly touch: string;
  readonly alignment: string;
  readonly colouring: string;
  readonly seed: number;
}

export interface PointResult {
  readonly point: Point;
  readonly counts: Counts;
}

/** A figure with its 95 % bootstrap interval over seeds, resampled in pairs; null where one seed allows none. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

/** One variant against its base, paired by seed, under one touch model. */
export interface PairedComparison {
  readonly touch: string;
  /** What is held fixed, and what differs: e.g. alignment 'word'; base colouring 'off', variant 'on'. */
  readonly fixed: string;
  readonly base: string;
  readonly variant: string;
  readonly seeds: number;
  /** Mean counts per seed. */
  readonly baseCounts: Counts;
  readonly variantCounts: Counts;
  /** Relative changes of sums, variant against base: -0.1 is 10 % fewer. */
  readonly misses: Estimate;
  readonly cycles: Estimate;
  /** Null where the base held no page of any slab. */
  readonly peakPages: Estimate | null;
  /** (M_off - M_on) / (M_off - F_off), for comparisons of colouring; null where the denominator is under 1 % of M_off. */
  readonly effectiveness: Estimate | null;
}

/** What was replayed, what was left out and why, and under which names caches ran. */
export interface TraceReport extends Omit<TraceSummary, 'file' | 'caches'> {
  /** The file's name, without its folder. */
  readonly name: string;
  readonly sha256: string;
  /** Every named cache: as recorded, as 2.4 takes it (at most 18 characters), and its object size. */
  readonly caches: readonly { readonly recordedName: string; readonly name: string; readonly size: number }[];
}

export interface Results {
  readonly schema: 'slabscope-results/1';
  readonly slabscope: string;
  readonly name: string;
  /** The specification as understood, defaults filled in, and the SHA-256 of it and of the trace. */
  readonly specification: unknown;
  readonly specificationHash: string;
  readonly seed: string;
  readonly machine: string;
  readonly trace: TraceReport;
  readonly points: readonly PointResult[];
  readonly colouring: readonly PairedComparison[];
  readonly alignment: readonly PairedComparison[];
}

export interface ReadsAndWrites {
  readonly read: number;
  readonly write: number;
}

/**
 * What one CPU's cache did with a trace, or all of them. Names and definitions are those of golden/cache; hits, misses and
 * classes count line accesses, so an access that straddles two lines counts twice. docs/cache.md says what each means.
 */
export interface CacheCounts {
  readonly accesses: number;
  readonly lineAccesses: number;
  readonly straddlingAccesses: number;
  /** Locked read-modify-writes; each is one of the writes. */
  readonly atomics: number;
  readonly readHit: number;
  readonly readMiss: number;
  readonly writeHit: number;
  readonly writeMiss: number;
  readonly evictions: number;
  readonly writebacks: number;
  readonly compulsory: ReadsAndWrites;
  readonly upgrades: number;
  readonly invalidationsSent: number;
  readonly invalidationsReceived: number;
  readonly missCold: number;
  readonly missReplacement: number;
  readonly missCoherence: number;
  readonly c2cDirty: number;
  readonly c2cClean: number;
  readonly writebacksEvict: number;
  readonly writebacksIntervRead: number;
  readonly writebacksIntervWrite: number;
  /** Stores that a write-through L1 passed on. */
  readonly writeThroughs: number;
  /** Requests to the second level; what it replaced, and of that wrote back; lines that it took from the L1 thereby. */
  readonly l2Hit: number;
  readonly l2Miss: number;
  readonly l2Evictions: number;
  readonly l2Writebacks: number;
  readonly backInvalidations: number;
  /** From here on only with classes. */
  readonly capacity?: ReadsAndWrites;
  readonly conflict?: ReadsAndWrites;
  readonly fullyAssociativeMisses?: number;
  /** Sharing decided at the miss. */
  readonly trueSharing?: number;
  readonly falseSharing?: number;
  /** Sharing decided over the line's stay. */
  readonly duboisTrueAny?: number;
  readonly duboisFalseAny?: number;
  readonly duboisTrueLoad?: number;
  readonly duboisFalseLoad?: number;
  /** Always: lines by state when the trace ended. */
  readonly dirtyAtEnd: number;
  readonly endS: number;
  readonly endE: number;
  readonly endM: number;
  readonly endO: number;
}

/** What `slabscope cache` gives. */
export interface CacheReport {
  readonly schema: 'slabscope-cache/1';
  readonly trace: string;
  readonly l1: { readonly size: number; readonly ways: number; readonly line: number; readonly sets: number };
  readonly policy: string;
  readonly protocol: string;
  readonly l2: SecondLevelGeometry | null;
  readonly classes: boolean;
  readonly cpus: number;
  /** The line of the trace from which on accesses are counted, and how many came before. */
  readonly from: number;
  readonly warmUp: number;
  /** Left out. */
  readonly instructionFetches: number;
  readonly total: CacheCounts;
  readonly perCpu: readonly CacheCounts[];
}

/** What `slabscope diff` gives: two results, paired by point. */
export interface ResultsDiff {
  readonly schema: 'slabscope-diff/1';
  /** Both have the same points, and each the same result; what is said of the specification does not matter. */
  readonly identical: boolean;
  readonly a: ResultsIdentity;
  readonly b: ResultsIdentity;
  /** Keys, as dotted paths, that the specifications do not have the same; null where one has none. */
  readonly specification: readonly { readonly key: string; readonly a: unknown; readonly b: unknown }[];
  readonly points: {
    /** In both; of these, those whose results differ. */
    readonly common: number;
    readonly different: number;
    readonly onlyInA: readonly Point[];
    readonly onlyInB: readonly Point[];
  };
  /** Of each count that differs at a common point, over all of these. */
  readonly counts: readonly CountChange[];
  /** Misses and cycles of each combination where they differ, over its seeds. */
  readonly combinations: readonly { readonly point: Omit<Point, 'seed'>; readonly counts: readonly CountChange[] }[];
  /** Members of points, beside the counts, that differ somewhere; as `counts.NAME`, counts that one side alone has. */
  readonly other: readonly string[];
}

export interface ResultsIdentity {
  readonly file: string;
  readonly name: string;
  readonly slabscope: string;
  readonly specificationHash: string;
}

export interface CountChange {
  readonly count: string;
  /** At how many points it differs. */
  readonly points: number;
  /** Means per point. */
  readonly a: number;
  readonly b: number;
  /** Of B's sum against A's, resampled by seed; null where A's is 0. */
  readonly change: Estimate | null;
}
