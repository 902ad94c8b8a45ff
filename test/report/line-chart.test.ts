import { describe, expect, test } from 'vitest';
import type { AxisValue, PointResult } from '../../src/lab/results/points.ts';
import { measureChart } from '../../src/report/line-chart.ts';
import { counts, results } from './results.ts';

const at = (keys: Record<string, AxisValue>, seed: number, misses: number): PointResult => ({
  point: { ...keys, seed },
  counts: { ...counts, misses, operations: 100 },
});
const chart = (points: PointResult[], axis = 'machine.cpus') =>
  measureChart(results({ points }), axis, 'missesPerOperation', '--by');
const texts = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, words]) => words);
const lines = (svg: string) => [...svg.matchAll(/<polyline points="([^"]*)" (.*)\/>/g)];

/** Pixels of the marks of the first line. */
const marks = (svg: string) =>
  lines(svg)[0]![1]!
    .split(' ')
    .map((point) => point.split(',').map(Number) as [number, number]);

const cpus = [1, 2, 4, 8];
const scaling = (workload: string, misses: (cpus: number, seed: number) => number) =>
  cpus.flatMap((n) => [0, 1].map((seed) => at({ 'machine.cpus': n, workload }, seed, misses(n, seed))));

describe('a measure against an axis', () => {
  test('has a line for each combination of what else varies, beside its name', () => {
    const svg = chart([...scaling('churn', (n) => 100 * n), ...scaling('hoard', () => 50)]);
    expect(lines(svg)).toHaveLength(2);
    expect(texts(svg)).toEqual(expect.arrayContaining(['churn', 'hoard', '1', '2', '4', '8', 'machine.cpus']));
    expect(texts(svg)[0]).toBe('missesPerOperation (misses an operation) by the number of CPUs');
  });

  test('stands where its value is, of numbers that double by powers, from zero up', () => {
    const found = marks(chart(scaling('churn', (n) => 100 * n)));
    const steps = found.slice(1).map(([x], i) => x - found[i]![0]);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThan(0.3);
    // 1, 2, 4 and 8 misses an operation on an axis from 0, at 380 pixels, to 8, at 10.
    expect(found.map(([, y]) => y)).toEqual([333.8, 287.5, 195, 10]);
  });

  test('has the interval of each value over seeds', () => {
    const bars = (svg: string) => svg.match(/stroke-width="1.5"/g)?.length ?? 0;
    expect(bars(chart(scaling('churn', (n, seed) => 100 * n + seed)))).toBe(3 * 4);
    expect(bars(chart(scaling('churn', (n) => n).filter(({ point }) => point.seed === 0)))).toBe(0);
  });

  test('of words stands evenly, in their order', () => {
    const of = ['skylake', 'athlon', 'k6'].map((model, i) => at({ model }, 0, i));
    const [a, b, c] = marks(chart(of, 'model')).map(([x]) => x) as [number, number, number];
    expect(b - a).toBeCloseTo(c - b, 1);
    expect(b).toBeGreaterThan(a);
  });

  test('shows what is the same everywhere once', () => {
    const svg = chart([...scaling('churn', (n) => n), ...scaling('hoard', (n) => n)]);
    expect(lines(svg)).toHaveLength(1);
    expect(texts(svg)).toContain('churn = hoard');
  });

  test('tells eight lines apart by shape and dashes, and refuses more', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => scaling(`w${i}`, (n) => n + i)).flat();
    const styles = lines(chart(many(8))).map(([, , style]) => style);
    expect(new Set(styles).size).toBe(8);
    expect(() => chart(many(9))).toThrow('--by: 9 lines in one picture; choose some by --where: workload');
  });

  test('of a key that is not there is refused', () => {
    expect(() =>
      chart(
        scaling('churn', (n) => n),
        'limit',
      ),
    ).toThrow('--by: no key limit in these results; choose from machine.cpus, workload');
  });

  test('that is nowhere told is refused', () => {
    const points = scaling('churn', (n) => n).map((of) => ({ ...of, counts: { ...of.counts, operations: 0 } }));
    expect(() => chart(points)).toThrow('--by: missesPerOperation is nowhere told; choose another measure');
  });
});
