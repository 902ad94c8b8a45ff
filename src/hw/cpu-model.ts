/**
 * CPUs as data: what the machine needs to know of one. Each value carries its source; the models themselves stand in
 * cpu-models.ts.
 */
import type { ProtocolName } from './cache/coherence.ts';
import type { Latencies } from './cache/l1.ts';
import type { SecondLevelGeometry } from './cache/second-level.ts';
import type { CacheGeometry } from './cache/tag-array.ts';

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
