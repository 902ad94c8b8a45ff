/** Compares our L1s with golden/cache: counts that independent simulators agree on, and MESI states step by step. */
import { stateLetters } from '../../hw/cache/coherence.ts';
import { totalOf } from '../caches/cache-counts.ts';
import type { CacheCounts } from '../caches/cache-report.ts';
import { CacheSimulator, policies } from '../caches/cache-simulator.ts';
import { type AccessConsumer, AccessList } from '../caches/memory-trace.ts';
import { type CaseOutcome, Comparison } from './outcome.ts';

type Recorded = Readonly<Record<string, unknown>>;

interface RecordedGeometry {
  readonly size: number;
  readonly ways: number;
  readonly line: number;
  readonly sets: number;
  /** By policy. */
  readonly policies: Readonly<Record<string, Recorded>>;
}

interface RecordedTrace {
  readonly accesses: number;
  readonly reads: number;
  readonly writes: number;
  readonly geometries: Readonly<Record<string, RecordedGeometry>>;
}

export interface ExpectedCounts {
  readonly traces: Readonly<
    Record<
      string,
      RecordedTrace & {
        readonly geometries: Readonly<
          Record<string, { readonly straddlingAccesses: number; readonly lineAccesses: number }>
        >;
      }
    >
  >;
}

export interface ExpectedCoherence {
  readonly traces: Readonly<
    Record<
      string,
      RecordedTrace & {
        readonly cpus: number;
        /** Locked read-modify-writes; not among the writes here. */
        readonly atomics: number;
        /** The traced program's shared variables: hexadecimal start, bytes, and accesses that begin in it. */
        readonly objects?: Readonly<Record<string, { start: string; bytes: number; accesses: number }>>;
      }
    >
  >;
}

/** One case for each trace, and for each trace, geometry and policy. `trace` gives the accesses of a trace by name. */
export function* verifyExpectedCounts(
  expected: ExpectedCounts,
  trace: (name: string) => AccessList,
): Generator<CaseOutcome> {
  for (const [name, recorded] of Object.entries(expected.traces)) {
    const accesses = trace(name);
    const { length, kinds } = accesses;
    const reads = kinds.filter((kind) => kind === 'r').length;
    yield compared(name, recorded, { accesses: length, reads, writes: length - reads }, new Set(['geometries']));
    for (const [geometryName, geometry] of Object.entries(recorded.geometries)) {
      const { straddlingAccesses, lineAccesses } = geometry;
      for (const [policy, counts] of Object.entries(geometry.policies)) {
        const all = { ...counts, straddlingAccesses, lineAccesses };
        yield compared(`${name} ${geometryName} ${policy}`, all, missesOverTime(accesses, geometry, policy), notCounts);
      }
    }
  }
}

/** What recordings say beside the counts: who agreed on them. */
const notCounts: ReadonlySet<string> = new Set(['agreed']);

/** A case whose every recorded count must be that of `got`; what is in `leftOut` is no count. */
function compared(name: string, recorded: object, got: object, leftOut: ReadonlySet<string>): CaseOutcome {
  const comparison = new Comparison(`cache/${name}`, 'counts');
  for (const [count, value] of Object.entries(recorded)) {
    if (!leftOut.has(count)) comparison.compare(() => count, value, (got as Recorded)[count]);
  }
  return comparison.outcome();
}

const simulatorOf = ({ size, ways, line }: Omit<RecordedGeometry, 'sets' | 'policies'>, policy: string, cpus: number) =>
  new CacheSimulator({ geometry: { size, ways, line, policy: policies[policy] }, cpus, classes: 'all' });

/** The counts of one CPU's cache, and where in the trace it missed. */
function missesOverTime(accesses: AccessList, geometry: RecordedGeometry, policy: string) {
  const simulator = simulatorOf(geometry, policy, 1);
  const { counters } = simulator.caches.l1s[0];
  const missesAfterEach20th: number[] = [];
  const first20MissingAccesses: number[] = [];
  const twentieth = Math.floor(accesses.length / 20);
  accesses.forEach((cpu, kind, address, bytes, i) => {
    const before = counters.misses;
    simulator.access(cpu, kind, address, bytes);
    if (counters.misses > before && first20MissingAccesses.length < 20) first20MissingAccesses.push(i);
    if ((i + 1) % twentieth === 0 && missesAfterEach20th.length < 20) missesAfterEach20th.push(counters.misses);
  });
  return { ...simulator.counts()[0], missesAfterEach20th, first20MissingAccesses };
}

/** As verifyExpectedCounts, for traces of several CPUs: the counts of each and in total, and the worst lines. */
export function* verifyExpectedCoherence(
  expected: ExpectedCoherence,
  trace: (name: string) => AccessList,
): Generator<CaseOutcome> {
  for (const [name, recorded] of Object.entries(expected.traces)) {
    const accesses = trace(name);
    const { objects = {}, ...counts } = recorded;
    const flat = { ...counts, ...accessesByObject(objects, (object) => objects[object].accesses) };
    yield compared(name, flat, contentsOf(accesses, objects), new Set(['geometries']));
    for (const [geometryName, geometry] of Object.entries(recorded.geometries)) {
      for (const [policy, counts] of Object.entries(geometry.policies)) {
        yield coherenceCase(`${name} ${geometryName} ${policy}`, accesses, geometry, policy, counts);
      }
    }
  }
}

type Objects = NonNullable<ExpectedCoherence['traces'][string]['objects']>;

const accessesByObject = (objects: Objects, count: (object: string) => number) =>
  Object.fromEntries(Object.keys(objects).map((object) => [`accesses of ${object}`, count(object)]));

function contentsOf(accesses: AccessList, objects: Objects) {
  const { addresses, kinds, cpus, length } = accesses;
  const count = (kind: string) => kinds.filter((each) => each === kind).length;
  return {
    accesses: length,
    cpus: new Set(cpus).size,
    reads: count('r'),
    writes: count('w'),
    atomics: count('x'),
    ...accessesByObject(objects, (object) => {
      const start = Number.parseInt(objects[object].start, 16);
      const end = start + objects[object].bytes;
      return addresses.filter((address) => address >= start && address < end).length;
    }),
  };
}

/** Coherence misses, decided at the miss. */
interface Sharing {
  trueSharing: number;
  falseSharing: number;
}
/** `line`: its address, in hexadecimal. */
type LineSharing = Sharing & { readonly line: string };

function coherenceCase(
  name: string,
  accesses: AccessList,
  geometry: RecordedGeometry,
  policy: string,
  recorded: Recorded,
): CaseOutcome {
  const comparison = new Comparison(`cache/${name}`, 'counts');
  const simulator = simulatorOf(geometry, policy, Math.max(...new Set(accesses.cpus)) + 1);
  const topLines = worstLines(simulator, accesses, geometry.line);
  const perCpu = simulator.counts();
  const compare = (whose: string, counts: object, got: CacheCounts) => {
    for (const [count, value] of Object.entries(counts)) {
      comparison.compare(() => `${whose} ${count}`, value, got[count as keyof CacheCounts]);
    }
  };
  const expected = recorded as { total: object; perCpu: object[]; topLines: LineSharing[] };
  compare('total', expected.total, totalOf(perCpu));
  expected.perCpu.forEach((counts, cpu) => {
    compare(`cpu${cpu}`, counts, perCpu[cpu]);
  });
  for (let i = 0; i < Math.max(expected.topLines.length, topLines.length); i++) {
    comparison.compare(() => `topLines ${i}`, expected.topLines[i], topLines[i]);
  }
  return comparison.outcome();
}

/** Feeds the trace; the ten lines with most coherence misses of all CPUs, those of lower address first. */
function worstLines(simulator: CacheSimulator, accesses: AccessList, line: number): LineSharing[] {
  const { l1s } = simulator.caches;
  const byLine = new Map<number, Sharing>();
  const piece: AccessConsumer = (cpu, kind, address, bytes) => {
    const { counters } = l1s[cpu];
    const { coherenceMisses, trueSharingMisses } = counters;
    simulator.access(cpu, kind, address, bytes);
    if (counters.coherenceMisses === coherenceMisses) return;
    const base = address - (address % line);
    const sharing = byLine.get(base) ?? { trueSharing: 0, falseSharing: 0 };
    byLine.set(base, sharing);
    if (counters.trueSharingMisses > trueSharingMisses) sharing.trueSharing++;
    else sharing.falseSharing++;
  };
  accesses.forEach((cpu, kind, address, bytes) => {
    inPieces(cpu, kind, address, bytes, line, piece);
  });
  const misses = ({ trueSharing, falseSharing }: Sharing) => trueSharing + falseSharing;
  return [...byLine]
    .sort(([baseA, a], [baseB, b]) => misses(b) - misses(a) || baseA - baseB)
    .slice(0, 10)
    .map(([base, sharing]) => ({ line: base.toString(16), ...sharing }));
}

/** An access line by line, as caches see one that straddles. */
function inPieces(
  cpu: number,
  kind: Parameters<AccessConsumer>[1],
  address: number,
  bytes: number,
  line: number,
  consumer: AccessConsumer,
): void {
  for (let from = address; from < address + bytes; ) {
    const next = Math.min(address + bytes, from - (from % line) + line);
    consumer(cpu, kind, from, next - from);
    from = next;
  }
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

/** One case for each directed one: the state of every line touched in every cache after every step, and the counts. */
export function verifyDirected({ geometry, policy, cases }: DirectedCases): CaseOutcome[] {
  const { line } = geometry;
  return cases.map(({ cpus, steps, perCpu }, n) => {
    const comparison = new Comparison(`cache/directed-mesi ${n}`, 'steps and counts');
    const simulator = simulatorOf(geometry, policy, cpus);
    const { l1s } = simulator.caches;
    const [texts, states] = [0, 1].map((half) => steps.map((step) => step.split(' > ')[half])) as [string[], string[]];
    const accesses = AccessList.parse(new TextEncoder().encode(texts.join('\n')), `directed-mesi.json case ${n}`);
    accesses.forEach((cpu, kind, address, bytes, i) => {
      // Recorded states are as of right after each piece of a straddling access.
      const seen: string[] = [];
      inPieces(cpu, kind, address, bytes, line, (_cpu, _kind, from, size) => {
        simulator.access(cpu, kind, from, size);
        const base = from - (from % line);
        seen.push(`${base.toString(16)}:${l1s.map((l1) => stateLetters[l1.stateOf(base)]).join('')}`);
      });
      comparison.compare(() => `step ${i}: ${texts[i]}`, states[i], seen.join(' '));
    });
    const counts = simulator.counts();
    perCpu.forEach((recorded, cpu) => {
      for (const [count, value] of Object.entries(recorded)) {
        comparison.compare(() => `cpu${cpu} ${count}`, value, counts[cpu][count as keyof CacheCounts]);
      }
    });
    return comparison.outcome();
  });
}
