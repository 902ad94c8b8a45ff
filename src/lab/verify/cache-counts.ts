/** Compares our L1s with golden/cache: counts that independent simulators agree on, and MESI states step by step. */
import { Modified, stateLetters } from '../../hw/coherence.ts';
import type { Counters } from '../../hw/counters.ts';
import type { L1 } from '../../hw/l1.ts';
import type { PolicyName } from '../../hw/replacement.ts';
import { CacheSimulator, type MemoryAccess, parseAccess } from '../cache-trace.ts';
import { type CaseOutcome, Comparison } from './outcome.ts';

/** The recordings' names of policies. */
const policies: Record<string, PolicyName> = {
  lru: 'lru',
  fifo: 'fifo',
  plru: 'tree-plru',
  'plru-invalid-first': 'tree-plru-invalid-first',
  'lru-plru4': 'lru-of-tree-plru4',
};

interface RecordedGeometry {
  readonly size: number;
  readonly ways: number;
  readonly line: number;
  readonly straddlingAccesses: number;
  readonly lineAccesses: number;
  readonly policies: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface ExpectedCounts {
  readonly traces: Readonly<
    Record<string, { readonly accesses: number; readonly geometries: Readonly<Record<string, RecordedGeometry>> }>
  >;
}

/** One case for each trace, geometry and policy. `trace` gives the accesses of a trace by name. */
export function* verifyExpectedCounts(
  expected: ExpectedCounts,
  trace: (name: string) => readonly MemoryAccess[],
): Generator<CaseOutcome> {
  for (const [traceName, { geometries }] of Object.entries(expected.traces)) {
    const accesses = trace(traceName);
    for (const [geometryName, geometry] of Object.entries(geometries)) {
      for (const [policy, counts] of Object.entries(geometry.policies)) {
        const comparison = new Comparison(`cache/${traceName} ${geometryName} ${policy}`, 'counts');
        const recorded: Record<string, unknown> = { ...counts, lineAccesses: geometry.lineAccesses };
        delete recorded.agreed;
        const simulated: Record<string, unknown> = simulate(accesses, geometry, policies[policy]!);
        for (const [count, value] of Object.entries(recorded)) {
          comparison.compare(() => count, value, simulated[count]);
        }
        yield comparison.outcome();
      }
    }
  }
}

function simulate(accesses: readonly MemoryAccess[], geometry: RecordedGeometry, policy: PolicyName) {
  const { size, ways, line } = geometry;
  const simulator = new CacheSimulator({ size, ways, line, policy }, 1, 'all');
  const l1 = simulator.bus.l1s[0]!;
  const { counters } = l1;
  const missesAfterEach20th: number[] = [];
  const first20MissingAccesses: number[] = [];
  const twentieth = Math.floor(accesses.length / 20);
  accesses.forEach((access, i) => {
    const before = counters.misses;
    simulator.access(access);
    if (counters.misses > before && first20MissingAccesses.length < 20) first20MissingAccesses.push(i);
    if ((i + 1) % twentieth === 0 && missesAfterEach20th.length < 20) missesAfterEach20th.push(counters.misses);
  });
  return {
    lineAccesses: counters.lineAccesses,
    readHit: counters.readHits,
    readMiss: counters.readMisses,
    writeHit: counters.writeHits,
    writeMiss: counters.writeMisses,
    evictions: counters.evictions,
    writebacks: counters.writebacksEvict,
    dirtyAtEnd: l1.countInState(Modified),
    compulsory: { read: counters.coldReadMisses, write: counters.coldWriteMisses },
    capacity: { read: counters.capacityReadMisses, write: counters.capacityWriteMisses },
    conflict: { read: counters.conflictReadMisses, write: counters.conflictWriteMisses },
    missesAfterEach20th,
    first20MissingAccesses,
  };
}

export interface DirectedCases {
  readonly geometry: { readonly size: number; readonly ways: number; readonly line: number };
  readonly policy: string;
  readonly cases: readonly {
    readonly cpus: number;
    readonly steps: readonly string[];
    readonly perCpu: readonly Readonly<Record<string, number>>[];
  }[];
}

/** Counts of golden/cache that need the reading of sharing over a line's lifetime (Dubois), which is not built yet. */
const notBuilt = /^dubois/;

/** One case for each directed one: the state of every line touched in every cache after every step, and the counts. */
export function verifyDirected(directed: DirectedCases): CaseOutcome[] {
  const { size, ways, line } = directed.geometry;
  return directed.cases.map(({ cpus, steps, perCpu }, n) => {
    const comparison = new Comparison(`cache/directed-mesi ${n}`, 'steps and counts');
    const simulator = new CacheSimulator({ size, ways, line, policy: policies[directed.policy]! }, cpus, 'all');
    const { l1s } = simulator.bus;
    steps.forEach((step, i) => {
      const [access, states] = step.split(' > ') as [string, string];
      const { cpu, kind, address, bytes } = parseAccess(access, `directed-mesi.json case ${n}`, i);
      // Recorded states are as of right after each piece of a straddling access.
      const seen: string[] = [];
      for (let from = address; from < address + bytes; ) {
        const next = Math.min(address + bytes, (Math.floor(from / line) + 1) * line);
        simulator.access({ cpu, kind, address: from, bytes: next - from });
        const base = Math.floor(from / line) * line;
        seen.push(`${base.toString(16)}:${l1s.map((l1) => stateLetters[l1.stateOf(base)]).join('')}`);
        from = next;
      }
      comparison.compare(() => `step ${i}: ${access}`, states, seen.join(' '));
    });
    perCpu.forEach((recorded, cpu) => {
      const counts: Record<string, number> = coherenceCounts(l1s[cpu]!.counters, l1s[cpu]!);
      for (const [count, value] of Object.entries(recorded)) {
        if (!notBuilt.test(count)) comparison.compare(() => `cpu${cpu} ${count}`, value, counts[count]);
      }
    });
    return comparison.outcome();
  });
}

function coherenceCounts(counters: Counters, l1: L1) {
  return {
    readHit: counters.readHits,
    readMiss: counters.readMisses,
    writeHit: counters.writeHits,
    writeMiss: counters.writeMisses,
    upgrades: counters.upgrades,
    invalidationsSent: counters.invalidationsSent,
    invalidationsReceived: counters.invalidationsReceived,
    missCold: counters.coldMisses,
    missReplacement: counters.replacementMisses,
    missCoherence: counters.coherenceMisses,
    trueSharing: counters.trueSharingMisses,
    falseSharing: counters.falseSharingMisses,
    c2cDirty: counters.c2cDirty,
    c2cClean: counters.c2cClean,
    writebacksEvict: counters.writebacksEvict,
    writebacksIntervRead: counters.writebacksIntervRead,
    writebacksIntervWrite: counters.writebacksIntervWrite,
    evictions: counters.evictions,
    dirtyAtEnd: l1.countInState(Modified),
    endS: l1.countInState(1),
    endE: l1.countInState(2),
    endM: l1.countInState(Modified),
  };
}
