/** Who owns the misses, and which lines go from cache to cache: what attribution tells, and `slabscope c2c` prints. */
import type { Role } from '../../slab/allocator.ts';
import type { ClassedMisses } from './counts.ts';

/** What the missing byte belonged to when the miss was counted. */
export interface Owner {
  /** Unique among the owners: `slab_t.inuse of dentry_cache`, `inode_cache object +0x18 (i_count)`. */
  readonly name: string;
  /** `memory` where nothing is known of an address but itself: of a memory trace. */
  readonly kind: Role | 'memory';
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
  /** Turns of loops in which CPUs waited for it to change: of a lock, for whoever held it. */
  readonly spins: number;
  /** Lines that came from another node's memory; only of machines with nodes. */
  readonly remoteMisses?: number;
}

/** The lines that went from cache to cache: fetched while another CPU held them modified, or missed for its writes. */
export interface Sharing {
  /** Bytes of a line. */
  readonly line: number;
  /** How many lines did, and all their fetches of modified copies. */
  readonly lines: number;
  readonly hitm: number;
  /** All sharing misses, each with what took the line away before; most misses first. */
  readonly pairs: readonly SharingPair[];
  /** Those with most, at most 100. */
  readonly hottest: readonly SharedLine[];
}

/** By what lines are the hottest. */
export type SharingOrder = 'hitm' | 'trueSharing' | 'falseSharing';

/** One side of a pair. */
export interface Side extends Owner {
  readonly cpu: number;
  /** The kernel function that made the access, or in parentheses what the workload was doing; empty where it is not noted. */
  readonly fn: string;
}

/** Sharing misses that are alike: what was missed, and whose store had taken the line away. */
export interface SharingPair {
  readonly sharing: 'trueSharing' | 'falseSharing';
  readonly victim: Side;
  /** Null where it did so before anything was watched, or was a device. */
  readonly taker: Side | null;
  /** Whether both are in one object or structure, or in two that lie in one line. */
  readonly sameObject: boolean;
  readonly misses: number;
  /** Of the misses: those that found the line modified in another cache. */
  readonly hitm: number;
  /** Of the misses: those before which nothing else of the line was written by others, so that without this field they had been none. */
  readonly alone: number;
  /** How many lines had such misses. */
  readonly lines: number;
}

/** Misses of one owner by the function that made them. */
export interface FunctionMisses extends ClassedMisses {
  /** As a side has it. */
  readonly fn: string;
  readonly owner: Owner;
  readonly hitm: number;
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
  /** Where the object or structure begins that it was in at first. */
  readonly base: number;
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
