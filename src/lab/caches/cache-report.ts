/** What caches did with a memory trace: the form of `slabscope cache --json`. */
import type { SecondLevelGeometry } from '../../hw/cpu-model.ts';

export interface ReadsAndWrites {
  readonly read: number;
  readonly write: number;
}

/**
 * What one CPU's cache did with a trace, or all of them. Names are those of test/golden/data/expected*.json; hits, misses and
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

/** A memory trace, and what of it counts. */
export interface TraceRead {
  readonly trace: string;
  readonly cpus: number;
  /** The line of the trace from which on accesses are counted, and how many came before. */
  readonly from: number;
  readonly warmUp: number;
  /** Left out: instruction fetches; prefetches, flushes, requests between caches. */
  readonly instructionFetches: number;
  readonly otherRecords: number;
  /** Pages of 64-bit addresses that stand elsewhere in the 32 bits of the caches. */
  readonly foldedPages: number;
}

/** A line that missed, and why. */
export interface WorstLine {
  /** As it stands in the trace, in hexadecimal. */
  readonly address: string;
  readonly misses: number;
  readonly cold: number;
  readonly replacement: number;
  readonly coherence: number;
  /** Only with classes, as of CacheCounts. */
  readonly capacity?: number;
  readonly conflict?: number;
  readonly trueSharing?: number;
  readonly falseSharing?: number;
  /** Those that missed it. */
  readonly cpus: readonly number[];
}

/** What `slabscope cache` gives. */
export interface CacheReport extends TraceRead {
  readonly schema: 'slabscope-cache/1';
  readonly l1: { readonly size: number; readonly ways: number; readonly line: number; readonly sets: number };
  readonly policy: string;
  readonly protocol: string;
  readonly l2: SecondLevelGeometry | null;
  readonly classes: boolean;
  readonly total: CacheCounts;
  readonly perCpu: readonly CacheCounts[];
  /** How many lines missed, and those of them that missed most. */
  readonly missingLines: number;
  readonly worstLines: readonly WorstLine[];
}

/** One of the caches of a sweep. */
export interface SweptCache {
  /** 1: fully associative. */
  readonly sets: number;
  readonly ways: number;
  /** In bytes. */
  readonly size: number;
  /** Of all CPUs, each with such a cache. */
  readonly misses: number;
}

/** What `slabscope cache --sweep` gives. */
export interface SweepReport extends TraceRead {
  readonly schema: 'slabscope-sweep/1';
  readonly line: number;
  readonly accesses: number;
  readonly lineAccesses: number;
  /** Of caches without bounds: a CPU's first use of each line, and the first after another's write. */
  readonly unboundedMisses: number;
  /** Fully associative ones first, by size; then by sets and ways. */
  readonly caches: readonly SweptCache[];
}
