/** What is known of a kernel version without booting it, in terms that all versions share. */
import type { AccessKind } from '../hw/observe.ts';

export interface KernelFacts {
  /** `2.4.22`: specifications, recordings and folders say it so. */
  readonly name: string;
  readonly features: Features;
  readonly limits: Limits;
  readonly gfp: Gfp;
  readonly flags: CacheFlags;
  /** What is written to /proc/slabinfo to tune the arrays of a cache; without `shared` the shared ones stay as large as they are. */
  tuning(cache: string, limit: number, batchcount: number, shared?: number): string;
  /** Races that the kernel has on purpose, or lives with. */
  readonly intendedRaces: readonly IntendedRace[];
}

/** Which keys of a specification mean something. */
export interface Features {
  /** Builds that have an array of objects at hand for each CPU. */
  readonly cpuArrays: 'none' | 'smp' | 'always';
  readonly colouring: boolean;
  readonly debug: boolean;
  /** How objects are aligned: to a line by SLAB_HWCACHE_ALIGN alone, or to any number of bytes (`align` of create). */
  readonly alignment: 'flag' | 'bytes';
  /** Arrays of objects that the CPUs of a node share. */
  readonly sharedArrays: boolean;
  /** Whether it can be built to know NUMA nodes. */
  readonly nodes: boolean;
}

/** What requests it takes. */
export interface Limits {
  /** Characters of a cache's name. */
  readonly longestName: number;
  /** Whether a cache of this name stands from boot on. */
  readonly isTaken: (name: string) => boolean;
  readonly smallestObject: number;
  /** Of a cache and of kmalloc; what is larger takes pages. */
  readonly largestObject: number;
  /** The largest block of pages, in bytes. */
  readonly largestBlock: number;
  /** The least objects that a per-CPU array may be tuned to hold; 0 where a cache can do without. */
  readonly smallestArray: number;
}

/** What all of these kernels take. */
export function limitsOfAll(kernels: Iterable<KernelFacts>): Limits {
  const all = [...kernels].map(({ limits }) => limits);
  return {
    longestName: Math.min(...all.map(({ longestName }) => longestName)),
    isTaken: (name) => all.some(({ isTaken }) => isTaken(name)),
    smallestObject: Math.max(...all.map(({ smallestObject }) => smallestObject)),
    largestObject: Math.min(...all.map(({ largestObject }) => largestObject)),
    largestBlock: Math.min(...all.map(({ largestBlock }) => largestBlock)),
    smallestArray: Math.max(...all.map(({ smallestArray }) => smallestArray)),
  };
}

/** The numbers behind the names that all versions have. */
export type Gfp = Readonly<Record<'GFP_KERNEL' | 'GFP_ATOMIC' | 'GFP_USER' | 'GFP_DMA', number>>;
export type CacheFlags = Readonly<Record<'SLAB_HWCACHE_ALIGN' | 'SLAB_CACHE_DMA', number>>;

/** A race as the race detector tells it, as narrowly as may be: the field, and the functions that may be on the two sides. */
export interface IntendedRace {
  readonly field: string;
  /** Either may have come first. */
  readonly sides: readonly [RaceSide, RaceSide];
  /** An interrupt of the very CPU that it interrupts; else two CPUs. */
  readonly sameCpu?: true;
  readonly reason: string;
}

export interface RaceSide {
  readonly kind: AccessKind;
  readonly fns: readonly string[];
}
