/** What is counted at a point, and where in the L1 it happened. docs/measures.md says what each count means. */

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
  /** Misses of a cache of the same sets, ways and policy, on the same stream, whose sets are told by a hash. */
  readonly hashedIndexMisses: number;
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
  /** From the beginning to the end of the last CPU, whether CPUs are busy, idle or in user mode meanwhile. */
  readonly elapsedCycles: number;
  /** Estimated busy cycles of all CPUs; those of them that they waited for lines on their way elsewhere, spun, had interrupts off. */
  readonly cycles: number;
  readonly lineWaitCycles: number;
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
  /** Allocations from caches, and those of them from caches with a second colour: elsewhere colouring can do nothing. */
  readonly allocations: number;
  readonly colouredAllocations: number;
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
  /** Lines and stores that waited for another node's memory; only of machines with nodes. */
  readonly remoteMisses?: number;
}

/** Line accesses and misses by L1 set, over all CPUs: misses of set 3 are misses[3]. */
export interface SetPressure {
  readonly accesses: readonly number[];
  readonly misses: readonly number[];
}
