/**
 * The touches of a trace: every read and write inside its objects, in the order in which they were made. In columns, 8 bytes
 * for all accesses that one site makes in one object, and no object of the host's, so that a trace of millions fits beside the
 * machine it runs on, and worker threads can share it.
 */

export const touchKinds = ['read', 'write', 'modify'] as const;
/** A `modify` is read and written by one instruction. */
export type TouchKind = (typeof touchKinds)[number];
export const [READ, WRITE, MODIFY] = [0, 1, 2];

/** Places in the code that touch an object in one way: `count` accesses of `bytes` each, one behind the other from `offset` on. */
export interface Sites {
  readonly length: number;
  /** An index of touchKinds. */
  readonly kind: Uint8Array;
  readonly offset: Int32Array;
  readonly bytes: Uint8Array;
  readonly count: Int32Array;
  /** The function that it is in, an index of Touches.functions. */
  readonly fn: Int32Array;
}

/** What one thread touched on one CPU, with no operation and nobody else's touch between, as far as that was recorded. */
export interface Runs {
  readonly length: number;
  /** The first visit of each run, and behind the last run the number of all visits. */
  readonly begin: Int32Array;
  /** How many operations of the trace come before it. */
  readonly operation: Int32Array;
  readonly thread: Int32Array;
  readonly cpu: Uint16Array;
}

export interface Touches {
  /** Visits: of one site to one object. */
  readonly length: number;
  readonly site: Int32Array;
  readonly object: Int32Array;
  readonly sites: Sites;
  readonly runs: Runs;
  /** Names; the first is empty, and stands for a function that was not recorded. */
  readonly functions: readonly string[];
  /** Of each object: the function that called the allocator, an index of `functions`. */
  readonly allocatedBy: Int32Array;
}
