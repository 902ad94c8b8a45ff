/**
 * CPUs and their caches as data: what the machine needs to know of one. Each value carries its source; the models themselves
 * stand in cpu-models.ts.
 */
import type { ProtocolName } from './cache/coherence.ts';
import type { PolicyName } from './cache/replacement.ts';

export interface CacheGeometry {
  /** Bytes. */
  readonly size: number;
  readonly ways: number;
  /** Bytes, a power of two. */
  readonly line: number;
  readonly policy: PolicyName;
}

/**
 * What a second level holds of the lines in the L1s above: all, so that what it gives up goes from the L1s too; none, so that
 * it takes what they give up; or neither, so that each goes its own way.
 */
export const inclusions = ['inclusive', 'exclusive', 'neither'] as const;
export type Inclusion = (typeof inclusions)[number];

export interface SecondLevelGeometry extends CacheGeometry {
  /** One for all CPUs, or one for each. */
  readonly shared: boolean;
  readonly inclusion: Inclusion;
}

/** Cycles that an access takes, by what it met. */
export interface Latencies {
  readonly l1: number;
  /** From the second level; without one, a line that this CPU held before and lost to replacement. */
  readonly l2: number;
  /** From memory; without a second level, a line that this CPU never held. */
  readonly memory: number;
  /**
   * From another CPU's cache, and the request that takes it away there; without a second level, a line that another CPU's
   * write took away.
   */
  readonly transfer: number;
}

export interface Cycles extends Latencies {
  /** What a locked read-modify-write takes beyond its access. */
  readonly locked: number;
  /** One turn of a spin loop beyond its load. */
  readonly pause: number;
  /** From the sending of an inter-processor interrupt to its arrival. */
  readonly ipi: number;
  /** From the acceptance of an interrupt to its handler's first instruction, and back. */
  readonly interrupt: number;
}

/** Where a value is from: read at the source named (`v: ...`), or from memory and unverified (`m`, `m: ...`). */
export type Source = `v: ${string}` | 'm' | `m: ${string}`;

/** The sources of a model's values, by what they belong to. */
export interface Sources {
  readonly year: Source;
  readonly mhz: Source;
  /** Size, ways and line of the L1. */
  readonly geometry: Source;
  readonly policy: Source;
  /** Write-back or write-through, and the protocol. */
  readonly protocol: Source;
  /** Size and ways of the second level, for whom it is, and its inclusion; its policy is as that of the L1 unless it says so. */
  readonly l2: Source;
  readonly l1Cycles: Source;
  readonly l2Cycles: Source;
  readonly memoryCycles: Source;
  readonly transferCycles: Source;
  readonly lockedCycles: Source;
  /** Pause, IPI, interrupt. */
  readonly otherCycles: Source;
}

export interface CpuModel {
  readonly name: string;
  readonly mhz: number;
  readonly l1: CacheGeometry;
  readonly protocol: ProtocolName;
  /** Null: none, or none that is modelled. */
  readonly l2: SecondLevelGeometry | null;
  readonly cycles: Cycles;
}

/** A CPU that exists, with where its values are from. */
export interface KnownCpuModel extends CpuModel {
  /** When it came out. */
  readonly year: number;
  readonly sources: Sources;
  /** Where the model is simpler than the CPU. */
  readonly approximations: readonly string[];
}
