/** What an experiment gives: the form of results.json, and all that reports ever see. */

import type { KnownCpuModel } from '../../hw/cpu-model.ts';
import type { SecondLevelGeometry } from '../../hw/cpu-model.ts';
import type { Role } from '../../slab/allocator.ts';
import type { TraceSummary } from '../traces/allocation-trace.ts';
import type { MeasureName } from './measures.ts';

export type { KnownCpuModel, SecondLevelGeometry };

/** Misses and their classes, which add up to them. Sharing is decided at the miss (Eggers and Jeremiassen 1991). */
export interface ClassedMisses {
  readonly misses: number;
  readonly cold: number;
  readonly capacity: number;
  readonly conflict: number;
  readonly trueSharing: number;
  readonly falseSharing: number;
}

/**
 * What one point (one combination, one seed) counted, over all CPUs, from the workload's first operation to its last. Counts
 * add up over seeds; measures.ts has what is computed from them, docs/measures.md what each means.
 */
export interface Counts extends ClassedMisses {
  /** Loads and stores; one that straddles two lines is one access. */
  readonly accesses: number;
  /** One an access and line. hits + misses = lineAccesses. */
  readonly lineAccesses: number;
  readonly hits: number;
  /** The same coherence misses, decided over the line's stay (Dubois et al. 1993), in both readings of "uses". */
  readonly duboisTrueAny: number;
  readonly duboisFalseAny: number;
  readonly duboisTrueLoad: number;
  readonly duboisFalseLoad: number;
  /** Misses of a fully associative LRU cache of the same size on the same stream. */
  readonly fullyAssociativeMisses: number;
  readonly upgrades: number;
  /** Copies lost to another CPU's write; copies lost to a device's. */
  readonly invalidations: number;
  readonly dmaInvalidations: number;
  /** Misses that another cache answered, by the state of its line. */
  readonly c2cDirty: number;
  readonly c2cClean: number;
  readonly writeThroughs: number;
  /** All 0 without a second level. */
  readonly l2Hits: number;
  readonly l2Misses: number;
  readonly l2Evictions: number;
  readonly l2Writebacks: number;
  readonly backInvalidations: number;
  /** Estimated busy cycles of all CPUs; those of them spent spinning, and with interrupts off. */
  readonly cycles: number;
  readonly spinCycles: number;
  readonly interruptsOffCycles: number;
  /** The longest time with interrupts off of any CPU, in cycles. */
  readonly longestInterruptsOff: number;
  /** Locked operations; spinlocks that were held when a CPU came for them; interrupts taken. */
  readonly locked: number;
  readonly contendedLocks: number;
  readonly interrupts: number;
  /** Pages taken from the page allocator since the beginning: the most at a time, and at the end. */
  readonly peakPages: number;
  readonly pages: number;
  /** Bytes asked for in objects allocated since the beginning and not yet freed: when `peakPages` was first reached, and at the end. */
  readonly peakLiveBytes: number;
  readonly liveBytes: number;
  /** Allocations and frees that a per-CPU array could serve at once, and those it could not. Caches without arrays are left out. */
  readonly allocHits: number;
  readonly allocMisses: number;
  readonly freeHits: number;
  readonly freeMisses: number;
  /** What the workload did (docs/workloads.md), of a trace allocations and frees; allocations that found no memory. */
  readonly operations: number;
  readonly failed: number;
  /** Loads of user mode between kernel entries (interference), which no other count has. */
  readonly userLoads: number;
}

/** Of an axis of the experiment, or a key that has one value. */
export type AxisValue = string | number;

/**
 * One combination of the values of a specification's axes, and the number of a seed. An axis is named by the dotted path of
 * its key (`machine.cpus`); a model or workload that is written out is shown by its name.
 */
export type Point = Readonly<Record<string, AxisValue>> & { readonly seed: number };

/** Line accesses and misses by L1 set, over all CPUs: misses of set 3 are misses[3]. */
export interface SetPressure {
  readonly accesses: readonly number[];
  readonly misses: readonly number[];
}

export interface PointResult {
  readonly point: Point;
  readonly counts: Counts;
  readonly sets?: SetPressure;
  /** Only where misses were attributed: every one has exactly one owner, so they add up to `counts`. Most misses first. */
  readonly owners?: readonly OwnerCounts[];
  readonly sharing?: Sharing;
}

/** What the missing byte belonged to when the miss was counted. */
export interface Owner {
  /** Unique among the owners: `slab_t.inuse of dentry_cache`, `inode_cache object +0x18 (i_count)`. */
  readonly name: string;
  readonly kind: Role;
  /** The structure and its field, as `slab_t.inuse`; of an object the field's own name, empty where none is known. */
  readonly field: string;
  /** Which of its kind: the name of a cache or of a static; empty where there is but one, and for all pages together. */
  readonly of: string;
  /** Only of an object: bytes from its start, to the field where that is named. */
  readonly offset?: number;
}

export interface OwnerCounts extends Owner, ClassedMisses {
  /** Lines fetched, by misses and prefetches, that another CPU's cache held modified. */
  readonly hitm: number;
  /** Lines that prefetches fetched: no misses. */
  readonly prefetchFills: number;
  /** Stores that found the line shared, and waited until it was this CPU's alone. */
  readonly upgrades: number;
  /** Copies that stores and prefetches took away from other CPUs. */
  readonly invalidations: number;
}

/** The lines that went from cache to cache: fetched while another CPU held them modified, or missed for its writes. */
export interface Sharing {
  /** Bytes of a line. */
  readonly line: number;
  /** How many lines did, and all their fetches of modified copies. */
  readonly lines: number;
  readonly hitm: number;
  /** Those with most, at most 100. */
  readonly hottest: readonly SharedLine[];
}

/** One line, from the moment on when it first went from cache to cache in the measured part. */
export interface SharedLine {
  /** Physical, of its first byte; the static there, or the address in hexadecimal. */
  readonly address: number;
  readonly symbol: string;
  readonly accesses: readonly LineAccesses[];
}

/** Accesses of one CPU to one offset in a line while it had one owner. */
export interface LineAccesses {
  /** Of the first byte, from the start of the line. */
  readonly offset: number;
  readonly cpu: number;
  readonly owner: Owner;
  /** Locked operations are stores; a prefetch that fetched the line is a load. */
  readonly loads: number;
  readonly stores: number;
  readonly loadMisses: number;
  readonly storeMisses: number;
  /** Of the misses: those that found the line modified in another CPU's cache. */
  readonly loadHitm: number;
  readonly storeHitm: number;
  readonly trueSharing: number;
  readonly falseSharing: number;
}

/** The measures of one combination of the keys' values, over all its seeds; null where there is none. */
export interface CombinationMeasures {
  readonly combination: Readonly<Record<string, AxisValue>>;
  readonly measures: Readonly<Record<MeasureName, number | null>>;
}

/** A figure with its 95 % bootstrap interval over seeds, resampled in pairs; null where one seed allows none. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

/**
 * What the seeds allow to say of a change; statistics.ts has the rules.
 * - `change`: there is one. - `no-change`: it is under 1 %. - `identical`: every seed gave the same on both sides.
 * - `too-few-seeds`: neither can be told. - `one-seed`: nothing can.
 */
export type Reading = 'change' | 'no-change' | 'identical' | 'too-few-seeds' | 'one-seed';

/** The change of one measure; value and interval are relative: -0.1 is 10 % less. */
export interface Effect extends Estimate {
  /** The measure on both sides, over all seeds. */
  readonly base: number;
  readonly variant: number;
  /** Cohen's d_z: the mean of the seeds' differences in units of their standard deviation; null where that is 0 or unknown. */
  readonly effectSize: number | null;
  readonly reading: Reading;
  /** Where the reading is `too-few-seeds`: about how many would do. */
  readonly seedsToTell: number | null;
}

/** One value of an axis against its base, paired by seed, all else equal. */
export interface Comparison {
  readonly axis: string;
  readonly base: AxisValue;
  readonly variant: AxisValue;
  /** All other keys of the points, with what they are on both sides. */
  readonly fixed: Readonly<Record<string, AxisValue>>;
  readonly seeds: number;
  /** Null where a measure has no value on a side, or is 0 on the base's alone. */
  readonly effects: Readonly<Record<MeasureName, Effect | null>>;
  /** (M_off - M_on) / (M_off - F_off), where colouring `on` is compared with `off` and the denominator is 1 % of M_off or more. */
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
  readonly schema: 'slabscope-results/2';
  readonly slabscope: string;
  readonly name: string;
  /** The specification as understood, defaults filled in, and the SHA-256 of it and of the trace. */
  readonly specification: unknown;
  readonly specificationHash: string;
  readonly seed: string;
  readonly machine: string;
  /** Null where no trace was replayed. */
  readonly trace: TraceReport | null;
  readonly points: readonly PointResult[];
  /** Of each combination, in the order of the points. */
  readonly measures: readonly CombinationMeasures[];
  /** Axis by axis. */
  readonly comparisons: readonly Comparison[];
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
