import { expect, test } from 'vitest';
import type { SweepReport } from '../../src/lab/caches/cache-report.ts';
import { CacheSweep } from '../../src/lab/caches/sweep.ts';
import { sweepChart } from '../../src/report/sweep-chart.ts';
import { sweepTable } from '../../src/report/sweep-table.ts';

/** Two blocks of 1 KB, 32 KB apart, three times over: they meet in one set of small caches of one way. */
function report(): SweepReport {
  const sweep = new CacheSweep(64);
  for (let i = 0; i < 3; i++) {
    for (const base of [0, 0x8000]) for (let line = 0; line < 16; line++) sweep.access(0, 'r', base + 64 * line, 8);
  }
  const { accesses, lineAccesses, unboundedMisses, cpus } = sweep;
  return {
    ...{ schema: 'slabscope-sweep/1', trace: 'blocks.din', cpus, from: 1, warmUp: 0, line: 64 },
    ...{ instructionFetches: 1_234_567, otherRecords: 7_654_321, foldedPages: 1_000_000 },
    ...{ accesses, lineAccesses, unboundedMisses, caches: sweep.caches() },
  };
}

test('the table goes from 1 KB to where nothing changes, and fits 80 columns', () => {
  const lines = sweepTable(report()).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.slice(1)).toEqual([
    'left out  1,234,567 instruction fetches',
    '          7,654,321 prefetches, flushes, requests between caches',
    'folded    1,000,000 pages of 64-bit addresses; counts are as without',
    'caches    LRU, lines of 64 bytes; write-back, write-allocate',
    'misses    in % of 96 line accesses; 33.333 % without bounds',
    'enough    for no more than 1 % beyond that:',
    '          64 KB with 1 way; 2 KB with 2 ways, 4 ways, 8 ways, 16 ways and full',
    '',
    '         1 way   2 ways   4 ways   8 ways  16 ways     full',
    ' 1 KB  100.000  100.000  100.000  100.000  100.000  100.000',
    ' 2 KB  100.000   33.333   33.333   33.333   33.333   33.333',
    ...['4 KB', '8 KB', '16 KB', '32 KB'].map(
      (size) => `${size.padStart(5)}  100.000   33.333   33.333   33.333   33.333   33.333`,
    ),
    '64 KB   33.333   33.333   33.333   33.333   33.333   33.333',
    '',
  ]);
});

test('the picture has a curve for each associativity, each with a point for each size that it has', () => {
  const svg = sweepChart(report());
  expect(svg).toContain('Enough: 64 KB with 1 way; 2 KB with 2 ways, 4 ways, 8 ways, 16 ways and full.');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  const curves = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) => points!.split(' '));
  const [drawn, legend] = [curves.slice(0, 6), curves.slice(6)];
  expect([drawn.map(({ length }) => length), legend.length]).toEqual([[7, 7, 7, 7, 7, 7], 6]);
  // One way misses most at every size but the last: it stands highest, so its y is least.
  const ys = drawn.map((points) => points.map((point) => Number(point.split(',')[1])));
  expect(ys[0]!.slice(1, -1).every((y, i) => y < ys[5]!.slice(1, -1)[i]!)).toBe(true);
});
