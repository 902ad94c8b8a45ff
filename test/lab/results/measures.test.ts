import { describe, expect, test } from 'vitest';
import type { Counts } from '../../../src/lab/results/counts.ts';
import { entropy, gini, type MeasureName, measured } from '../../../src/lab/results/measures.ts';
import fc from '../../fast-check.ts';
import { zeroCounts } from './counts.ts';

const result = (counts: Partial<Counts>) => ({ counts: { ...zeroCounts, ...counts } });

test.each<[MeasureName, Partial<Counts>, number | null]>([
  ['misses', { misses: 7 }, 7],
  ['missesPerOperation', { misses: 30, operations: 12 }, 2.5],
  ['missesPerOperation', { misses: 30 }, null],
  ['missesPerThousand', { misses: 5, accesses: 200 }, 25],
  ['coldPerThousand', { cold: 1, accesses: 200 }, 5],
  ['capacityPerThousand', { capacity: 2, accesses: 200 }, 10],
  ['conflictPerThousand', { conflict: 3, accesses: 200 }, 15],
  ['trueSharingPerThousand', { trueSharing: 4, accesses: 200 }, 20],
  ['falseSharingPerThousand', { falseSharing: 5, accesses: 200 }, 25],
  ['duboisTrueAnyPerThousand', { duboisTrueAny: 6, accesses: 200 }, 30],
  ['duboisFalseAnyPerThousand', { duboisFalseAny: 7, accesses: 200 }, 35],
  ['duboisTrueLoadPerThousand', { duboisTrueLoad: 8, accesses: 200 }, 40],
  ['duboisFalseLoadPerThousand', { duboisFalseLoad: 9, accesses: 200 }, 45],
  ['remoteMissesPerThousand', { remoteMisses: 3, accesses: 200 }, 15],
  ['remoteMissesPerThousand', { accesses: 200 }, null],
  ['l2MissesPerOperation', { l2Hits: 3, l2Misses: 1, operations: 4 }, 0.25],
  ['l2MissesPerOperation', { operations: 4 }, null],
  ['l2HitRate', { l2Hits: 3, l2Misses: 1 }, 0.75],
  ['l2HitRate', {}, null],
  ['cyclesPerOperation', { cycles: 100, operations: 8 }, 12.5],
  ['peakPages', { peakPages: 4 }, 4],
  ['pages', { pages: 3 }, 3],
  // Four pages are 16,384 bytes.
  ['wastedAtPeak', { peakPages: 4, peakLiveBytes: 16_000 }, 384],
  ['fragmentationAtPeak', { peakPages: 4, peakLiveBytes: 12_288 }, 0.25],
  ['wasted', { pages: 1, liveBytes: 96 }, 4000],
  ['fragmentation', { pages: 1, liveBytes: 1024 }, 0.75],
  ['fragmentation', {}, null],
  // Objects may lie in slabs that were there before: then more is held than was taken.
  ['wasted', { pages: 0, liveBytes: 96 }, -96],
  ['colouredShare', { allocations: 8, colouredAllocations: 2 }, 0.25],
  ['colouredShare', {}, null],
  ['arrayAllocHitRate', { allocHits: 9, allocMisses: 1 }, 0.9],
  ['arrayFreeHitRate', { freeHits: 1, freeMisses: 3 }, 0.25],
  ['arrayFreeHitRate', {}, null],
  ['spinCyclesPerOperation', { spinCycles: 10, operations: 4 }, 2.5],
  ['contendedLocksPerOperation', { contendedLocks: 1, operations: 4 }, 0.25],
  ['longestInterruptsOff', { longestInterruptsOff: 321 }, 321],
  ['setMissGini', {}, null],
])('%s of %o is %d', (name, counts, value) => {
  expect(measured(name, [result(counts)])).toBe(value);
});

test('a measure of several points is a ratio of sums', () => {
  expect(
    measured(
      'missesPerThousand',
      [10, 90].map((accesses) => result({ misses: 1, accesses })),
    ),
  ).toBe(20);
});

test('the spread over sets of several points is the mean of theirs', () => {
  const points = [
    [1, 1],
    [2, 0],
  ].map((misses) => ({ ...result({}), sets: { accesses: [1, 1], misses } }));
  expect(measured('setMissEntropy', points)).toBe(0.5);
  expect(measured('setMissGini', points)).toBe(0.25);
});

describe('over sets', () => {
  test.each<[string, number[], number | null, number | null]>([
    ['evenly', [5, 5, 5, 5], 1, 0],
    ['all in one', [0, 0, 8, 0], 0, 0.75],
    ['in half of them', [3, 0, 3, 0], 0.5, 0.5],
    // Sorted 1, 3: (-1 + 3) / (2 * 4). Entropy: 1/4 * 2 + 3/4 * log2(4/3).
    ['one and three', [3, 1], 0.5 + 0.75 * Math.log2(4 / 3), 0.25],
    ['nothing', [0, 0], null, null],
    ['of one set', [7], null, 0],
  ])('%s: entropy and Gini coefficient', (_, counts, expectedEntropy, expectedGini) => {
    expect(entropy(counts)).toBe(expectedEntropy);
    expect(gini(counts)).toBe(expectedGini);
  });

  test('neither depends on the order of sets, nor on how much there is in all', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 2, maxLength: 64 }), (counts) => {
        const others = counts.toReversed().map((count) => 8 * count);
        for (const figure of [entropy, gini]) {
          const value = figure(counts);
          if (value === null) expect(figure(others)).toBeNull();
          else expect(figure(others)).toBeCloseTo(value, 10);
        }
      }),
      { seed: 3, numRuns: 50 },
    );
  });
});
