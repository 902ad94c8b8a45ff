/** Counts of a point that did nothing, for tests to fill in what they are about. */
import type { Counts } from '../../../src/lab/results/counts.ts';

export const zeroCounts: Counts = {
  ...{ accesses: 0, lineAccesses: 0, hits: 0, misses: 0, cold: 0, capacity: 0, conflict: 0, trueSharing: 0 },
  ...{ falseSharing: 0, duboisTrueAny: 0, duboisFalseAny: 0, duboisTrueLoad: 0, duboisFalseLoad: 0 },
  ...{
    fullyAssociativeMisses: 0,
    hashedIndexMisses: 0,
    upgrades: 0,
    invalidations: 0,
    dmaInvalidations: 0,
    c2cDirty: 0,
    c2cClean: 0,
  },
  ...{ writeThroughs: 0, l2Hits: 0, l2Misses: 0, l2Evictions: 0, l2Writebacks: 0, backInvalidations: 0 },
  ...{ elapsedCycles: 0, cycles: 0, lineWaitCycles: 0, spinCycles: 0, interruptsOffCycles: 0 },
  ...{ longestInterruptsOff: 0, locked: 0, contendedLocks: 0, interrupts: 0, peakPages: 0, pages: 0 },
  ...{ peakLiveBytes: 0, liveBytes: 0, allocations: 0, colouredAllocations: 0, allocHits: 0, allocMisses: 0 },
  ...{ freeHits: 0, freeMisses: 0, operations: 0, failed: 0, userLoads: 0 },
};
