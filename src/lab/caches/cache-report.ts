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
