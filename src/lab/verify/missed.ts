/**
 * Puts both streams of accesses, the recorded kernel's and the emulator's own, through caches, and compares their misses by
 * class: each stream as a whole, and operation by operation from the same state of the cache, so that nothing cancels out.
 */
import type { PolicyName } from '../../hw/cache/replacement.ts';
import { KiB } from '../../hw/memory.ts';
import { CacheSimulator } from '../caches/cache-simulator.ts';
import { type Access, firstDifference } from './accesses.ts';
import { type CaseOutcome, type MissSummary, skippedCase } from './outcome.ts';
import type { AccessComparison, ComparedOperation } from './recording.ts';

const geometries = [
  { size: 32 * KiB, ways: 8, line: 64 },
  { size: 16 * KiB, ways: 4, line: 32 },
  { size: 8 * KiB, ways: 2, line: 32 },
  { size: 4 * KiB, ways: 1, line: 32 },
  { size: 1 * KiB, ways: 2, line: 32 },
];
const policies: readonly PolicyName[] = ['lru', 'tree-plru'];
const caches = geometries.flatMap((geometry) => policies.map((policy) => ({ ...geometry, policy })));
type Cache = (typeof caches)[number];

/** From this size on both streams miss alike; in smaller caches misses may differ by so much of those recorded. */
const ROOMY = 16 * KiB;
const IN_TINY_CACHES = 0.002;

const missClasses = ['cold', 'capacity', 'conflict', 'true sharing', 'false sharing'] as const;
/** By class, in that order. */
type Misses = readonly number[];

/** A cache of each CPU, and what it missed so far. */
class Caches {
  readonly #simulator: CacheSimulator;

  constructor(geometry: Cache, cpus: number) {
    this.#simulator = new CacheSimulator({ geometry, cpus, classes: 'all' });
  }

  access(accesses: readonly Access[]): this {
    for (const { cpu, kind, address, bytes } of accesses) this.#simulator.access(cpu, kind, address, bytes);
    return this;
  }

  misses(): Misses {
    const perCpu = this.#simulator.caches.l1s.map(({ counters }) => [
      counters.coldMisses,
      counters.capacityMisses,
      counters.conflictMisses,
      counters.trueSharingMisses,
      counters.falseSharingMisses,
    ]);
    return missClasses.map((_, i) => perCpu.reduce((sum, counts) => sum + counts[i], 0));
  }
}

/** Both streams through one kind of cache, from one power-on to the next. */
class Run {
  readonly cache: Cache;
  readonly recorded: Caches;
  readonly ours: Caches;
  byOperation: Misses = missClasses.map(() => 0);
  readonly #cpus: number;

  constructor(cache: Cache, cpus: number) {
    this.cache = cache;
    this.#cpus = cpus;
    this.recorded = new Caches(cache, cpus);
    this.ours = new Caches(cache, cpus);
  }

  /** `history`: what was recorded before; null where both sides are the same, and so miss the same from the same state. */
  compare({ recorded, ours }: ComparedOperation, history: readonly Access[] | null): void {
    this.recorded.access(recorded);
    this.ours.access(ours);
    if (history === null) return;
    const fromSameState = new Caches(this.cache, this.#cpus).access(history).access(ours).misses();
    const apart = this.recorded.misses().map((misses, i) => Math.abs(misses - fromSameState[i]));
    this.byOperation = this.byOperation.map((sum, i) => sum + apart[i]);
  }
}

export class MissComparison implements AccessComparison {
  readonly #name: string;
  readonly #runs: Run[] = [];
  #now: readonly Run[] = [];
  #history: Access[] = [];
  #operations = 0;

  constructor(name: string) {
    this.#name = name;
  }

  powerOn(cpus: number): void {
    this.#now = caches.map((cache) => new Run(cache, cpus));
    this.#runs.push(...this.#now);
    this.#history = [];
  }

  compare(operation: ComparedOperation): void {
    this.#operations++;
    const same = firstDifference(operation.recorded, operation.ours) === null;
    for (const run of this.#now) run.compare(operation, same ? null : this.#history);
    this.#history.push(...operation.recorded);
  }

  summary(): MissSummary[] {
    return caches.map((cache) => {
      const { size, ways, line, policy } = cache;
      const runs = this.#runs.filter((run) => run.cache === cache);
      const summed = (misses: (run: Run) => Misses, i: number) => runs.reduce((sum, run) => sum + misses(run)[i], 0);
      return {
        cache: `${size / KiB}K/${ways}/${line} ${policy}`,
        size,
        classes: missClasses.map((missClass, i) => ({
          missClass,
          recorded: summed(({ recorded }) => recorded.misses(), i),
          ours: summed(({ ours }) => ours.misses(), i),
          byOperation: summed(({ byOperation }) => byOperation, i),
        })),
      };
    });
  }

  outcome(): CaseOutcome {
    if (this.#operations === 0) {
      return skippedCase(this.#name, 'no operation of this case was recorded with the memory it touched');
    }
    return outcomeOf(this.#name, this.#operations, this.summary());
  }

  get operations(): number {
    return this.#operations;
  }
}

/** All recordings of one call together; null where none was compared. */
export function totalMisses(cases: readonly MissComparison[]): CaseOutcome | null {
  const compared = cases.filter(({ operations }) => operations > 0);
  if (compared.length === 0) return null;
  const summaries = compared.map((each) => each.summary());
  const total = summaries[0].map((first, c) => ({
    ...first,
    classes: first.classes.map(({ missClass }, i) => {
      const all = summaries.map((summary) => summary[c].classes[i]);
      return {
        missClass,
        recorded: all.reduce((sum, { recorded }) => sum + recorded, 0),
        ours: all.reduce((sum, { ours }) => sum + ours, 0),
        byOperation: all.reduce((sum, { byOperation }) => sum + byOperation, 0),
      };
    }),
  }));
  return outcomeOf(
    'misses, all recordings',
    compared.reduce((sum, { operations }) => sum + operations, 0),
    total,
  );
}

/** Fails where a cache's misses are further apart than its size allows. */
function outcomeOf(name: string, compared: number, misses: readonly MissSummary[]): CaseOutcome {
  const failed = misses.filter((summary) => apart(summary) > allowed(summary));
  const [first] = failed;
  return {
    name,
    compared,
    unit: 'operations',
    differences: failed.length,
    first:
      first === undefined
        ? null
        : {
            where: `misses of ${first.cache}`,
            expected: `${allowed(first)} apart at most`,
            got: `${apart(first)} apart`,
          },
    skipped: null,
    misses,
  };
}

/** How far the streams are apart, in total or operation by operation, whichever is more. */
function apart({ classes }: MissSummary): number {
  const inTotal = classes.reduce((sum, { recorded, ours }) => sum + Math.abs(recorded - ours), 0);
  return Math.max(
    inTotal,
    classes.reduce((sum, { byOperation }) => sum + byOperation, 0),
  );
}

const allowed = ({ size, classes }: MissSummary) =>
  size >= ROOMY ? 0 : IN_TINY_CACHES * classes.reduce((sum, { recorded }) => sum + recorded, 0);
