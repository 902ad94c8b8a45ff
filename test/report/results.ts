/** Results as an experiment might give them, all but what a test is about filled in. */

import type { Comparison } from '../../src/lab/results/compare.ts';
import type { Counts } from '../../src/lab/results/counts.ts';
import { type MeasureName, measureNames, measuresOf } from '../../src/lab/results/measures.ts';
import type { PointResult } from '../../src/lab/results/points.ts';
import type { Results, TraceReport } from '../../src/lab/results/results.ts';
import type { Effect } from '../../src/lab/results/statistics.ts';
import { skipReasons } from '../../src/lab/traces/allocation-trace.ts';
import { linux2422 } from '../../src/slab/linux-2.4.22/index.ts';
import { zeroCounts } from '../lab/results/counts.ts';

export const counts: Counts = {
  ...{ ...zeroCounts, accesses: 1_234_567, lineAccesses: 1_234_567, hits: 1_200_000, misses: 34_567 },
  ...{ cold: 1000, capacity: 2000, conflict: 31_000, trueSharing: 500, falseSharing: 67 },
  ...{ fullyAssociativeMisses: 3000, cycles: 5_000_000, peakPages: 420, pages: 300, operations: 40_000 },
  ...{ peakLiveBytes: 1_290_240, allocHits: 95, allocMisses: 5, freeHits: 99, freeMisses: 1 },
};

export function point(name: string, seed: number, counted: Partial<Counts> = {}): PointResult {
  const [touch, alignment, colouring] = name.split(' ') as [string, string, string];
  return { point: { touch, alignment, colouring, seed }, counts: { ...counts, ...counted } };
}

/** As of ten seeds: none where the interval lies within 1 %, else a change where it leaves out zero. */
export function estimate(value: number, low: number, high: number): Effect {
  const isChange = low > 0 || high < 0;
  const reading = Math.max(-low, high) <= 0.01 ? 'no-change' : isChange ? 'change' : 'too-few-seeds';
  const seedsToTell = reading === 'too-few-seeds' ? 400 : null;
  return { ...sides, value, interval: [low, high], effectSize: -2.5, p: isChange ? 0.001 : 0.5, reading, seedsToTell };
}
export const ofOneSeed = (value: number): Effect => ({
  ...{ ...sides, value, interval: null, effectSize: null, p: null, reading: 'one-seed', seedsToTell: null },
});
const sides = { base: 34_567, variant: 25_925 };

export const fewer = estimate(-0.25, -0.3, -0.2);
export const more = estimate(0.25, 0.2, 0.3);
export const unclear = estimate(0.01, -0.1, 0.1);
export const negligible = estimate(0.001, -0.002, 0.004);

/** Colouring on against off under a touch model and an alignment, with these changes of the misses. */
export function comparison(
  touch: string,
  alignment: string,
  misses: Effect | null,
  rest: Partial<Comparison> & {
    readonly cycles?: Effect;
    readonly peakPages?: Effect | null;
    readonly secondLevel?: Effect;
  } = {},
): Comparison {
  const { cycles = misses, peakPages = misses, secondLevel = null, ...members } = rest;
  const effects = Object.fromEntries(measureNames.map((name) => [name, null])) as Record<MeasureName, Effect | null>;
  return {
    ...{ axis: 'colouring', base: 'off', variant: 'on', fixed: { touch, alignment }, seeds: 10 },
    effects: {
      ...effects,
      misses,
      missesPerOperation: misses,
      l2MissesPerOperation: secondLevel,
      cyclesPerOperation: cycles,
      peakPages,
    },
    ...{
      adjustedP: misses?.p ?? null,
      adjustedCyclesP: cycles?.p ?? null,
      owners: null,
      effectiveness: null,
      effectivenessHashed: null,
    },
    ...members,
  };
}

/** An alignment against word under a touch model, colouring on. */
export const aligned = (touch: string, variant: string, misses: Effect, rest: Parameters<typeof comparison>[3] = {}) =>
  comparison(touch, '', misses, {
    ...{ axis: 'alignment', base: 'word', variant, fixed: { touch, colouring: 'on' }, ...rest },
  });

const nothingSkipped = Object.fromEntries(
  skipReasons(linux2422.limits).map((reason) => [reason, 0]),
) as TraceReport['skipped'];

export const trace: TraceReport = {
  ...{ name: 'tar-extract.ftrace.txt.gz', sha256: 'fedcba9876543210', events: 4600, threads: 3 },
  ...{ format: 'ftrace', lines: 4611, otherTracepoints: 0, otherLines: 0, lostEvents: 0, skipped: nothingSkipped },
  ...{
    bornBefore: 0,
    allocations: 2000,
    frees: 1500,
    resizes: 0,
    unseenFrees: 100,
    liveAtEnd: 400,
    peakLiveBytes: 81_920,
  },
  ...{ pageAllocations: 0, cpus: 2, renamedCaches: 0, cachesOfSeveralSizes: 0, unknownFlags: 0, caches: [] },
};

export function results(parts: Partial<Results>): Results {
  return {
    ...{ schema: 'slabscope-results/3', slabscope: '0.1.0', name: 'colouring', specification: {} },
    ...{ specificationHash: '0123456789abcdef0123456789abcdef', seed: 'any', machine: 'Pentium III, 2 CPUs' },
    ...{ trace, points: [], comparisons: [], measures: measuresOf(parts.points ?? []), ...parts },
  };
}
