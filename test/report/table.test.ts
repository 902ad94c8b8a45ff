import { describe, expect, test } from 'vitest';
import type { Counts, Estimate, PairedComparison, PointResult, Results } from '../../src/lab/results.ts';
import { figuresOf, resultsTable, verdictOn } from '../../src/report/table.ts';

const counts: Counts = {
  ...{ accesses: 1_234_567, lineAccesses: 1_234_567, hits: 1_200_000, misses: 34_567 },
  ...{ cold: 1000, capacity: 2000, conflict: 31_000, trueSharing: 500, falseSharing: 67 },
  ...{ fullyAssociativeMisses: 3000, cycles: 5_000_000, peakPages: 420, pages: 300, operations: 40_000, failed: 0 },
};

const estimate = (value: number, low: number, high: number): Estimate => ({ value, low, high });

function comparison(touch: string, fixed: string, misses: Estimate, rest: Partial<PairedComparison> = {}) {
  const same = estimate(0, 0, 0);
  return {
    ...{ touch, fixed, base: 'off', variant: 'on', seeds: 10, baseCounts: counts, variantCounts: counts },
    ...{ misses, cycles: same, peakPages: same, effectiveness: null, ...rest },
  };
}

const fewer = estimate(-0.25, -0.3, -0.2);
const more = estimate(0.25, 0.2, 0.3);
const unclear = estimate(0.01, -0.1, 0.1);

function results(parts: Partial<Results>): Results {
  return {
    ...{ schema: 'slabscope-results/1', slabscope: '0.1.0', name: 'colouring', specification: {} },
    ...{ specificationHash: '0123456789abcdef0123456789abcdef', seed: 'any', machine: 'Pentium III, 2 CPUs' },
    ...{ trace: 'tar-extract', points: [], colouring: [], alignment: [], ...parts },
  };
}

/** The line that begins with these words, its gaps made one space. */
function lineOf(table: string, start: string): string | undefined {
  return table
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .find((line) => line.startsWith(start));
}

describe('the table', () => {
  test('begins with what was run', () => {
    const points = [0, 1].map((seed) => ({ point: { touch: 'a', alignment: 'word', colouring: 'on', seed }, counts }));
    expect(resultsTable(results({ points })).split('\n').slice(0, 5)).toEqual([
      'colouring',
      'machine        Pentium III, 2 CPUs',
      'trace          tar-extract',
      "seeds          2, drawn from 'any'",
      'specification  0123456789ab, slabscope 0.1.0',
    ]);
  });

  test('shows means per seed, with thousands parted, in a table for each touch model', () => {
    const point = (touch: string, seed: number, misses: number): PointResult => ({
      point: { touch, alignment: 'word', colouring: 'on', seed },
      counts: { ...counts, misses },
    });
    const table = resultsTable(results({ points: [point('a', 0, 1000), point('b', 0, 7), point('a', 1, 3000)] }));
    expect(lineOf(table.slice(table.indexOf('touch model a')), 'word, on')).toBe(
      'word, on 1,234,567 1,200,000 2,000 1,000 2,000 31,000 500 67 125.0 420',
    );
    expect(lineOf(table.slice(table.indexOf('touch model b')), 'word, on')).toContain('1,200,000 7 1,000');
  });

  test('calls cycles an estimate and says how sharing is decided', () => {
    const point = { touch: 'a', alignment: 'word', colouring: 'on', seed: 0 };
    const table = resultsTable(results({ points: [{ point, counts }] }));
    expect(table).toContain('an estimate');
    expect(table).toContain('Eggers and Jeremiassen');
  });

  test('answers with changes, their intervals, and effectiveness', () => {
    const colouring = [
      comparison('init-all', 'word', fewer, {
        variantCounts: { ...counts, misses: 25_925 },
        cycles: estimate(-0.1, -0.125, -0.075),
        effectiveness: estimate(0.9, 0.8, 1.1),
      }),
    ];
    expect(lineOf(resultsTable(results({ colouring })), 'init-all')).toBe(
      'init-all 34,567 25,925 -25.0 % [-30.0, -20.0] -10.0 % [-12.5, -7.5] 90.0 % [80.0, 110.0]',
    );
  });

  test('says n/a where effectiveness is not told', () => {
    expect(lineOf(resultsTable(results({ colouring: [comparison('a', 'word', fewer)] })), 'a 34,567')).toMatch(/n\/a$/);
  });

  test('compares alignments with word, and tells their price in pages', () => {
    const alignment = [
      comparison('a', 'on', more, { base: 'word', variant: 'whole-line', peakPages: estimate(0.05, 0.05, 0.05) }),
    ];
    const table = resultsTable(results({ alignment }));
    expect(table).toContain('alignment against word');
    expect(table).toMatch(/^whole-line\n {2}a .*\+5\.0 % {2}\[\+5\.0, \+5\.0\]$/m);
  });

  test('shows no interval of one seed', () => {
    const table = resultsTable(
      results({ colouring: [comparison('a', 'word', estimate(-0.2, -0.2, -0.2), { seeds: 1 })] }),
    );
    expect(lineOf(table, 'a 34,567')).toContain('-20.0 % one seed');
    expect(table).toContain('One seed gives no interval, so no answer.');
  });

  test('concludes with the range of each alignment and where zero stands', () => {
    const colouring = [
      comparison('a', 'word', fewer),
      comparison('b', 'word', unclear),
      comparison('c', 'word', more),
      comparison('a', 'line', fewer),
    ];
    const table = resultsTable(results({ colouring }));
    expect(lineOf(table, 'word: ')).toBe(
      'word: -25.0 % (a) to +25.0 % (c); the interval is below zero under a, above zero under c, across zero under b.',
    );
    expect(lineOf(table, 'line: ')).toBe('line: -25.0 % (a); the interval is below zero under a.');
    expect(table.replaceAll('\n', ' ')).toContain('not of other workloads');
  });

  test('warns of intervals over few seeds', () => {
    const of = (seeds: number) => resultsTable(results({ colouring: [comparison('a', 'word', fewer, { seeds })] }));
    expect(of(5)).toContain('too narrow');
    expect(of(6)).not.toContain('too narrow');
  });

  test('has escape sequences only if colour is wanted', () => {
    const shown = results({ colouring: [comparison('a', 'word', fewer)] });
    expect(resultsTable(shown)).not.toContain('\u001b');
    const coloured = resultsTable(shown, { colour: true });
    expect(
      coloured
        .split('\u001b')
        .map((part) => part.replace(/^\[\d+m/, ''))
        .join(''),
    ).toBe(resultsTable(shown));
    expect(coloured).not.toBe(resultsTable(shown));
  });

  test('fits into 120 columns with the figures of a long run', () => {
    const long = { ...counts, accesses: 123_456_789, hits: 120_000_000, misses: 3_456_789, conflict: 3_000_000 };
    const points = ['word', 'line-fraction', 'whole-line'].map((alignment) => ({
      point: { touch: 'hot-fields', alignment, colouring: 'off', seed: 0 },
      counts: long,
    }));
    const sides = { baseCounts: long, variantCounts: long, cycles: fewer, effectiveness: estimate(0.9, 0.8, 1.1) };
    const table = resultsTable(
      results({ points, colouring: [comparison('hot-fields', 'line-fraction', fewer, sides)] }),
    );
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('says so where colouring was not compared', () => {
    expect(resultsTable(results({}))).toContain('Not asked: nothing here ran with colouring both on and off.');
  });
});

describe('the verdict', () => {
  test('is yes where every interval is below zero', () => {
    const all = ['a', 'b'].flatMap((touch) => ['word', 'line'].map((fixed) => comparison(touch, fixed, fewer)));
    expect(verdictOn(all)).toBe('Yes: fewer misses under both touch models with both alignments');
  });

  test('is no where every interval is above zero', () => {
    expect(verdictOn([comparison('a', 'word', more)])).toBe('No: more misses under a with word alignment');
  });

  test('is open where every interval includes zero', () => {
    expect(verdictOn([comparison('a', 'word', unclear)])).toBe(
      'Not clear: the interval includes zero under a with word alignment',
    );
  });

  test('takes an interval that ends at zero for one that includes it', () => {
    expect(verdictOn([comparison('a', 'word', estimate(-0.1, -0.2, 0))])).toMatch(/^Not clear/);
  });

  test('names the touch models where they decide', () => {
    const all = [comparison('a', 'word', unclear), comparison('b', 'word', fewer), comparison('c', 'word', fewer)];
    expect(verdictOn(all)).toBe('It depends on what is touched: fewer misses under b and c, no clear change under a');
  });

  test('names the alignments where they decide', () => {
    const all = ['a', 'b'].flatMap((touch) => [comparison(touch, 'word', fewer), comparison(touch, 'line', more)]);
    expect(verdictOn(all)).toBe('It depends on the alignment: fewer misses with word, more misses with line');
  });

  test('counts cases where both decide', () => {
    const all = [
      ...[comparison('a', 'word', fewer), comparison('b', 'word', unclear)],
      ...[comparison('a', 'line', more), comparison('b', 'line', fewer)],
    ];
    expect(verdictOn(all)).toBe(
      'It depends on touch model and alignment: fewer misses in 2, more misses in 1, no clear change in 1 of 4 cases',
    );
  });
});

describe('a figure', () => {
  test.each([
    ['has one decimal', estimate(-0.342, -0.361, -0.32), ['-34.2', '-36.1', '-32.0']],
    ['under one percent has more', estimate(0.0033, -0.0032, 0.009), ['+0.33', '-0.32', '+0.90']],
    ['has as many as a bound needs that is not zero', estimate(-0.1, -0.2, -0.0002), ['-10.00', '-20.00', '-0.02']],
    ['has no sign where it is zero', estimate(-0.0001, -0.05, 0), ['0.0', '-5.0', '0.0']],
    ['above a thousand percent has none', estimate(45.123, 40, 50.5), ['+4512', '+4000', '+5050']],
  ])('%s', (_, given, [value, low, high]) => {
    expect(figuresOf(given)).toEqual({ value, low, high });
  });
});
