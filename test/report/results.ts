/** Results as an experiment might give them, all but what a test is about filled in. */
import { skipReasons } from '../../src/lab/allocation-trace.ts';
import type { Counts, Estimate, PairedComparison, PointResult, Results, TraceReport } from '../../src/lab/results.ts';

export const counts: Counts = {
  ...{ accesses: 1_234_567, lineAccesses: 1_234_567, hits: 1_200_000, misses: 34_567 },
  ...{ cold: 1000, capacity: 2000, conflict: 31_000, trueSharing: 500, falseSharing: 67 },
  ...{
    fullyAssociativeMisses: 3000,
    cycles: 5_000_000,
    peakPages: 420,
    pages: 300,
    operations: 40_000,
    failed: 0,
    userLoads: 0,
  },
};

export function point(name: string, seed: number, counted: Partial<Counts> = {}): PointResult {
  const [touch, alignment, colouring] = name.split(' ') as [string, string, string];
  return { point: { touch, alignment, colouring, seed }, counts: { ...counts, ...counted } };
}

export const estimate = (value: number, low: number, high: number): Estimate => ({ value, interval: [low, high] });
export const ofOneSeed = (value: number): Estimate => ({ value, interval: null });

export const fewer = estimate(-0.25, -0.3, -0.2);
export const more = estimate(0.25, 0.2, 0.3);
export const unclear = estimate(0.01, -0.1, 0.1);

export function comparison(
  touch: string,
  fixed: string,
  misses: Estimate,
  rest: Partial<PairedComparison> = {},
): PairedComparison {
  return {
    ...{ touch, fixed, base: 'off', variant: 'on', seeds: 10, baseCounts: counts, variantCounts: counts },
    ...{ misses, cycles: misses, peakPages: misses, effectiveness: null, ...rest },
  };
}

const nothingSkipped = Object.fromEntries(skipReasons.map((reason) => [reason, 0])) as TraceReport['skipped'];

export const trace: TraceReport = {
  ...{ name: 'tar-extract.ftrace.txt.gz', sha256: 'fedcba9876543210', events: 4600, threads: 3 },
  ...{ format: 'ftrace', lines: 4611, otherTracepoints: 0, otherLines: 0, lostEvents: 0, skipped: nothingSkipped },
  ...{ allocations: 2000, frees: 1500, resizes: 0, unseenFrees: 100, liveAtEnd: 400, peakLiveBytes: 81_920 },
  ...{ pageAllocations: 0, cpus: 2, renamedCaches: 0, cachesOfSeveralSizes: 0, unknownFlags: 0, caches: [] },
};

export function results(parts: Partial<Results>): Results {
  return {
    ...{ schema: 'slabscope-results/1', slabscope: '0.1.0', name: 'colouring', specification: {} },
    ...{ specificationHash: '0123456789abcdef0123456789abcdef', seed: 'any', machine: 'Pentium III, 2 CPUs' },
    ...{ trace, points: [], colouring: [], alignment: [], ...parts },
  };
}
