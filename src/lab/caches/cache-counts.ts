/** What a cache did, as one record whose names are those of test/golden; sums and differences of such records. */
import { Exclusive, Modified, Owned, Shared } from '../../hw/cache/coherence.ts';
import type { Counters } from '../../hw/cache/counters.ts';
import type { L1 } from '../../hw/cache/l1.ts';
import type { CacheCounts, ReadsAndWrites } from './cache-report.ts';

/** All counts but those that only the one who splits accesses knows. */
export function cacheCounts(l1: L1): Omit<CacheCounts, 'straddlingAccesses'> {
  const { counters } = l1;
  const modified = l1.countInState(Modified);
  const owned = l1.countInState(Owned);
  return {
    accesses: counters.accesses,
    lineAccesses: counters.lineAccesses,
    atomics: counters.locked,
    readHit: counters.readHits,
    readMiss: counters.readMisses,
    writeHit: counters.writeHits,
    writeMiss: counters.writeMisses,
    evictions: counters.evictions,
    writebacks: counters.writebacksEvict,
    compulsory: { read: counters.coldReadMisses, write: counters.coldWriteMisses },
    upgrades: counters.upgrades,
    invalidationsSent: counters.invalidationsSent,
    invalidationsReceived: counters.invalidationsReceived,
    missCold: counters.coldMisses,
    missReplacement: counters.replacementMisses,
    missCoherence: counters.coherenceMisses,
    c2cDirty: counters.c2cDirty,
    c2cClean: counters.c2cClean,
    writebacksEvict: counters.writebacksEvict,
    writebacksIntervRead: counters.writebacksIntervRead,
    writebacksIntervWrite: counters.writebacksIntervWrite,
    writeThroughs: counters.writeThroughs,
    l2Hit: counters.l2Hits,
    l2Miss: counters.l2Misses,
    l2Evictions: counters.l2Evictions,
    l2Writebacks: counters.l2Writebacks,
    backInvalidations: counters.backInvalidations,
    ...(l1.classes === null ? {} : finerCounts(counters)),
    dirtyAtEnd: modified + owned,
    endS: l1.countInState(Shared),
    endE: l1.countInState(Exclusive),
    endM: modified,
    endO: owned,
  };
}

function finerCounts(counters: Counters): Partial<CacheCounts> {
  return {
    capacity: { read: counters.capacityReadMisses, write: counters.capacityWriteMisses },
    conflict: { read: counters.conflictReadMisses, write: counters.conflictWriteMisses },
    fullyAssociativeMisses: counters.fullyAssociativeMisses,
    trueSharing: counters.trueSharingMisses,
    falseSharing: counters.falseSharingMisses,
    ...overTheStay(counters),
  };
}

function overTheStay(counters: Counters): Partial<CacheCounts> {
  const { coherenceMisses, duboisTrueAnyMisses, duboisTrueLoadMisses } = counters;
  return {
    duboisTrueAny: duboisTrueAnyMisses,
    duboisFalseAny: coherenceMisses - duboisTrueAnyMisses,
    duboisTrueLoad: duboisTrueLoadMisses,
    duboisFalseLoad: coherenceMisses - duboisTrueLoadMisses,
  };
}

/** What is there when the trace ends; no count of what happened. */
const states: ReadonlySet<string> = new Set([
  'dirtyAtEnd',
  'endS',
  'endE',
  'endM',
  'endO',
] satisfies (keyof CacheCounts)[]);

/** All CPUs together. */
export const totalOf = (perCpu: readonly CacheCounts[]): CacheCounts =>
  perCpu.reduce((total, counts) => combined(total, counts, (a, b) => a + b));

/** What happened from `before` on; the states at the end are those of `after`. */
export const countsSince = (before: CacheCounts, after: CacheCounts): CacheCounts =>
  combined(after, before, (a, b, name) => (states.has(name) ? a : a - b));

function combined(a: CacheCounts, b: CacheCounts, count: (a: number, b: number, name: string) => number): CacheCounts {
  const result: Record<string, number | ReadsAndWrites> = {};
  for (const [name, x] of Object.entries(a) as [keyof CacheCounts, number | ReadsAndWrites][]) {
    const y = b[name]!;
    result[name] =
      typeof x === 'number' || typeof y === 'number'
        ? count(Number(x), Number(y), name)
        : { read: count(x.read, y.read, name), write: count(x.write, y.write, name) };
  }
  return result as unknown as CacheCounts;
}
