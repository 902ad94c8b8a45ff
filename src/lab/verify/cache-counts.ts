/** Compares our L1s with test/golden: counts that independent simulators agree on, and MESI states step by step. */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import { stateLetters } from '../../hw/cache/coherence.ts';
import { MiB } from '../../hw/memory.ts';
import { totalOf } from '../caches/cache-counts.ts';
import type { CacheCounts } from '../caches/cache-report.ts';
import { CacheSimulator, policies } from '../caches/cache-simulator.ts';
import { eachLine } from '../caches/each-line.ts';
import { AccessList, MAX_CPUS } from '../caches/memory-trace.ts';
import { checked, powerOfTwo } from './checked.ts';
import { type CaseOutcome, Comparison } from './outcome.ts';

const count = z.int().min(0);
const record = z.record(z.string(), z.unknown());
type Recorded = z.output<typeof record>;

const MOST_BYTES = 64 * MiB;
/** A cache that can be built with its finer miss classes. */
const geometryShape = {
  size: z.int().min(4).max(MOST_BYTES),
  ways: z.int().min(1).max(4096),
  line: powerOfTwo(4, 128),
};
const policyName = z.string().refine((name) => Object.hasOwn(policies, name), 'no policy of this name is known');

const countsByGeometry = <T extends z.ZodType, U extends z.ZodRawShape>(policyCounts: T, more: U) =>
  z.record(z.string(), z.looseObject({ ...geometryShape, ...more, policies: z.record(policyName, policyCounts) }));
const contents = { accesses: count, reads: count, writes: count };

const expectedCounts = z.object({
  traces: z.record(
    z.string(),
    z.looseObject({
      ...contents,
      geometries: countsByGeometry(record, { straddlingAccesses: count, lineAccesses: count }),
    }),
  ),
});

const lineSharing = z.object({ line: z.string(), trueSharing: count, falseSharing: count });
const expectedCoherence = z.object({
  traces: z.record(
    z.string(),
    z.looseObject({
      ...contents,
      cpus: count,
      /** Locked read-modify-writes; not among the writes here. */
      atomics: count,
      geometries: countsByGeometry(
        z.looseObject({ total: record, perCpu: z.array(record), topLines: z.array(lineSharing) }),
        {},
      ),
      /** The traced program's shared variables: hexadecimal start, bytes, and accesses that begin in it. */
      objects: z
        .record(z.string(), z.object({ start: z.string().regex(/^[0-9a-f]{1,8}$/), bytes: count, accesses: count }))
        .optional(),
    }),
  ),
});
type RecordedTrace = z.output<typeof expectedCoherence>['traces'][string];
type RecordedGeometry = Readonly<Record<keyof typeof geometryShape, number>>;

/** One case for each trace, and for each trace, geometry and policy. `trace` gives the accesses of a trace by name. */
export function* verifyExpectedCounts(
  document: unknown,
  file: string,
  trace: (name: string) => AccessList,
): Generator<CaseOutcome> {
  const { traces } = checked(expectedCounts, document, file, 'counts by trace, geometry and policy: docs/cache.md');
  for (const [name, recorded] of Object.entries(traces)) {
    const accesses = trace(name);
    const { length, kinds } = accesses;
    const reads = kinds.filter((kind) => kind === 'r').length;
    yield compared(name, recorded, { accesses: length, reads, writes: length - reads }, new Set(['geometries']));
    for (const [geometryName, geometry] of Object.entries(recorded.geometries)) {
      const { straddlingAccesses, lineAccesses } = geometry;
      for (const [policy, counts] of Object.entries(geometry.policies)) {
        const all = { ...counts, straddlingAccesses, lineAccesses };
        const simulator = simulatorAt(`${file}: ${name} ${geometryName}`, geometry, policy, 1);
        yield compared(`${name} ${geometryName} ${policy}`, all, missesOverTime(accesses, simulator), notCounts);
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

/** An InputError at `place` for what cannot be built. */
function simulatorAt(
  place: string,
  { size, ways, line }: RecordedGeometry,
  policy: string,
  cpus: number,
): CacheSimulator {
  try {
    return new CacheSimulator({ geometry: { size, ways, line, policy: policies[policy] }, cpus, classes: 'all' });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(place, `no cache can be so (${error.message})`, 'a cache has sets, ways and lines that fit');
  }
}

/** The counts of one CPU's cache, and where in the trace it missed. */
function missesOverTime(accesses: AccessList, simulator: CacheSimulator) {
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
  document: unknown,
  file: string,
  trace: (name: string) => AccessList,
): Generator<CaseOutcome> {
  const { traces } = checked(expectedCoherence, document, file, 'counts by trace, geometry and policy: docs/cache.md');
  for (const [name, recorded] of Object.entries(traces)) {
    const accesses = trace(name);
    const { objects = {}, ...counts } = recorded;
    const flat = { ...counts, ...accessesByObject(objects, (object) => objects[object].accesses) };
    yield compared(name, flat, contentsOf(accesses, objects), new Set(['geometries']));
    for (const [geometryName, geometry] of Object.entries(recorded.geometries)) {
      for (const [policy, counts] of Object.entries(geometry.policies)) {
        const cpus = Math.max(...new Set(accesses.cpus)) + 1;
        const simulator = simulatorAt(`${file}: ${name} ${geometryName}`, geometry, policy, cpus);
        yield coherenceCase(`${name} ${geometryName} ${policy}`, accesses, geometry.line, simulator, counts);
      }
    }
  }
}

type Objects = NonNullable<RecordedTrace['objects']>;

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
type LineSharing = z.output<typeof lineSharing>;

function coherenceCase(
  name: string,
  accesses: AccessList,
  line: number,
  simulator: CacheSimulator,
  expected: { total: Recorded; perCpu: Recorded[]; topLines: LineSharing[] },
): CaseOutcome {
  const comparison = new Comparison(`cache/${name}`, 'counts');
  const topLines = worstLines(simulator, accesses, line);
  const perCpu = simulator.counts();
  compareCounts(comparison, 'total', expected.total, totalOf(perCpu));
  expected.perCpu.forEach((counts, cpu) => {
    compareCounts(comparison, `cpu${cpu}`, counts, perCpu[cpu]);
  });
  for (let i = 0; i < Math.max(expected.topLines.length, topLines.length); i++) {
    comparison.compare(() => `topLines ${i}`, expected.topLines[i], topLines[i]);
  }
  return comparison.outcome();
}

function compareCounts(comparison: Comparison, whose: string, recorded: Recorded, got: CacheCounts | undefined): void {
  for (const [name, value] of Object.entries(recorded)) {
    comparison.compare(() => `${whose} ${name}`, value, got?.[name as keyof CacheCounts]);
  }
}

/** Feeds the trace; the ten lines with most coherence misses of all CPUs, those of lower address first. */
function worstLines(simulator: CacheSimulator, accesses: AccessList, line: number): LineSharing[] {
  accesses.forEach((cpu, kind, address, bytes) => {
    simulator.access(cpu, kind, address, bytes);
  });
  return simulator.lineMisses.worst(10, 'coherence').map(({ line: number, coherence, trueSharing }) => ({
    line: (number * line).toString(16),
    trueSharing,
    falseSharing: coherence - trueSharing,
  }));
}

const directedCases = z.object({
  geometry: z.object(geometryShape),
  policy: policyName,
  cases: z.array(
    z.object({
      cpus: z.int().min(1).max(MAX_CPUS),
      steps: z.array(z.string().regex(/^[^>]+ > [^>]+$/, 'must be an access, " > " and the states after it')),
      perCpu: z.array(record),
    }),
  ),
});

/** One case for each directed one: the state of every line touched in every cache after every step, and the counts. */
export function verifyDirected(document: unknown, file: string): CaseOutcome[] {
  const remedy = 'directed cases have a geometry, a policy, and cases with their steps and counts';
  const { geometry, policy, cases } = checked(directedCases, document, file, remedy);
  const { line } = geometry;
  return cases.map(({ cpus, steps, perCpu }, n) => {
    const comparison = new Comparison(`cache/directed-mesi ${n}`, 'steps and counts');
    const simulator = simulatorAt(file, geometry, policy, cpus);
    const { l1s } = simulator.caches;
    const [texts, states] = [0, 1].map((half) => steps.map((step) => step.split(' > ')[half])) as [string[], string[]];
    const accesses = AccessList.parse(new TextEncoder().encode(texts.join('\n')), `${file} case ${n}`);
    accesses.forEach((cpu, kind, address, bytes, i) => {
      // Recorded states are as of right after each piece of a straddling access.
      const seen: string[] = [];
      eachLine(address, bytes, line, (from, size) => {
        simulator.access(cpu, kind, from, size);
        const base = from - (from % line);
        seen.push(`${base.toString(16)}:${l1s.map((l1) => stateLetters[l1.stateOf(base)]).join('')}`);
      });
      comparison.compare(() => `step ${i}: ${texts[i]}`, states[i], seen.join(' '));
    });
    const counts = simulator.counts();
    perCpu.forEach((recorded, cpu) => {
      compareCounts(comparison, `cpu${cpu}`, recorded, counts[cpu]);
    });
    return comparison.outcome();
  });
}
