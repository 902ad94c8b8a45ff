import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { resultsTable } from '../../src/report/table.ts';
import { comparison, counts, estimate, fewer, more, ofOneSeed, point, results, trace, unclear } from './results.ts';

/** The line that begins with these words, its gaps made one space. */
function lineOf(table: string, start: string): string | undefined {
  return table
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .find((line) => line.startsWith(start));
}

describe('the heading', () => {
  test('tells what was run', () => {
    const points = [point('a word on', 0), point('a word on', 1)];
    expect(resultsTable(results({ points })).split('\n').slice(0, 7)).toEqual([
      'colouring',
      'machine        Pentium III, 2 CPUs',
      'trace          tar-extract.ftrace.txt.gz: ftrace, 4,600 events, 3 threads, 2,000 allocations, 1,500 frees,',
      '               100 unseen frees, 400 objects live at the end, 81,920 bytes at most',
      "seeds          2, drawn from 'any'",
      'specification  0123456789ab, slabscope 0.1.0',
      '',
    ]);
  });

  test('tells what was skipped and why', () => {
    const skipped = { ...trace.skipped, 'free of NULL': 2919, 'pointer hidden by the kernel': 7 };
    expect(lineOf(resultsTable(results({ trace: { ...trace, skipped, otherLines: 3 } })), 'skipped')).toBe(
      'skipped free of NULL (2,919), pointer hidden by the kernel (7), line of no known form (3)',
    );
  });

  test.each([
    ['lost', { lostEvents: 250 }, 'lost 250 dropped by the recorder'],
    ['assumed', { unknownFlags: 12 }, 'assumed 12 with gfp_flags in numbers able to wait'],
    ['assumed', { cachesOfSeveralSizes: 2 }, 'assumed 2 asked for several sizes to be caches of the largest'],
  ])('has a line %s only where there is something to tell', (label, counted, line) => {
    expect(lineOf(resultsTable(results({ trace: { ...trace, ...counted } })), label)).toBe(line);
    expect(lineOf(resultsTable(results({})), label)).toBeUndefined();
  });

  test('tells of resizes and of whole pages where there are any', () => {
    const counted = { threads: 1, resizes: 40, pageAllocations: 3 };
    const table = resultsTable(results({ trace: { ...trace, ...counted } }));
    expect(lineOf(table, 'trace')).toContain('4,600 events, 1 thread, 2,000 allocations, 1,500 frees,');
    expect(lineOf(table, '40 of both')).toContain('40 of both by resizing, 3 taking whole pages,');
  });

  test('tells which caches were renamed', () => {
    const caches = [
      { recordedName: 'filp', name: 'filp', size: 184 },
      { recordedName: 'ext4_prealloc_space', name: 'ext4_prealloc_spa~', size: 112 },
    ];
    expect(lineOf(resultsTable(results({ trace: { ...trace, caches } })), 'renamed')).toBe(
      'renamed ext4_prealloc_space -> ext4_prealloc_spa~',
    );
  });

  test('is followed by a warning where memory ran out', () => {
    const table = resultsTable(results({ points: [point('a word on', 0, { failed: 3 })] }));
    expect(lineOf(table, 'WARNING')).toContain('3 allocations found no memory');
  });
});

describe('the counts', () => {
  test('are means per seed, with thousands parted, in a table for each touch model', () => {
    const points = [
      point('a word on', 0, { misses: 1000 }),
      point('b word on', 0, { misses: 7 }),
      point('a word on', 1, { misses: 3000 }),
    ];
    const table = resultsTable(results({ points }));
    expect(lineOf(table.slice(table.indexOf('touch model a')), 'word, on')).toBe(
      'word, on 1,234,567 1,200,000 2,000 1,000 2,000 31,000 500 67 125.0 420',
    );
    expect(lineOf(table.slice(table.indexOf('touch model b')), 'word, on')).toContain('1,200,000 7 1,000');
  });

  test('call cycles an estimate and say how sharing is decided', () => {
    const table = resultsTable(results({ points: [point('a word on', 0)] }));
    expect(table).toContain('an estimate');
    expect(table).toContain('Eggers and Jeremiassen');
  });
});

describe('the comparisons', () => {
  test('of colouring tell changes, their intervals, and effectiveness', () => {
    const rest = {
      variantCounts: { ...counts, misses: 25_925 },
      cycles: estimate(-0.1, -0.125, -0.075),
      effectiveness: estimate(0.9, 0.8, 1.1),
    };
    const table = resultsTable(results({ colouring: [comparison('init-all', 'word', fewer, rest)] }));
    expect(lineOf(table, 'init-all')).toBe(
      'init-all 34,567 25,925 -25.0 % [-30.0, -20.0] -10.0 % [-12.5, -7.5] 90.0 % [80.0, 110.0]',
    );
  });

  test('write a figure with as many decimals in all rows', () => {
    const colouring = [comparison('a', 'word', fewer), comparison('b', 'word', estimate(-1e-3, -2e-3, -2e-4))];
    expect(lineOf(resultsTable(results({ colouring })), 'a 34,567')).toContain('-25.00 % [-30.00, -20.00]');
  });

  test('say n/a where effectiveness is not told', () => {
    expect(lineOf(resultsTable(results({ colouring: [comparison('a', 'word', fewer)] })), 'a 34,567')).toMatch(/n\/a$/);
  });

  test('of alignments are with word, and tell their price in pages', () => {
    const rest = { base: 'word', variant: 'whole-line', peakPages: estimate(0.05, 0.05, 0.05) };
    const table = resultsTable(results({ alignment: [comparison('a', 'on', more, rest)] }));
    expect(table).toContain('alignment against word');
    expect(table).toMatch(/^whole-line\n {2}a .*\+5\.0 % {2}\[\+5\.0, \+5\.0\]$/m);
  });

  test('say n/a where the base held no page', () => {
    const rest = { base: 'word', variant: 'whole-line', peakPages: null };
    const table = resultsTable(results({ alignment: [comparison('a', 'on', more, rest)] }));
    expect(lineOf(table, 'a 34,567')).toMatch(/n\/a$/);
  });

  test('show no interval of one seed', () => {
    const table = resultsTable(results({ colouring: [comparison('a', 'word', ofOneSeed(-0.2), { seeds: 1 })] }));
    expect(lineOf(table, 'a 34,567')).toContain('-20.0 % one seed');
  });
});

describe('the conclusion', () => {
  test('answers the question', () => {
    expect(resultsTable(results({ colouring: [comparison('a', 'word', fewer)] }))).toContain(
      'Does slab colouring reduce L1 misses on this workload?\nYes: 25.0 % fewer L1 misses.\n',
    );
  });

  test('tells effect and range of each alignment', () => {
    const colouring = [
      comparison('a', 'word', fewer),
      comparison('b', 'word', unclear),
      comparison('c', 'word', more),
      comparison('a', 'line', fewer),
    ];
    const table = resultsTable(results({ colouring }));
    expect(lineOf(table, 'word: ')).toBe(
      'word: fewer misses under a, more misses under c, no clear change under b; -25.0 % (a) to +25.0 % (c).',
    );
    expect(lineOf(table, 'line: ')).toBe('line: fewer misses under a; -25.0 % (a).');
  });

  test('says which alignments were alike', () => {
    const colouring = ['line-fraction', 'whole-line'].map((alignment) => comparison('a', alignment, fewer));
    expect(resultsTable(results({ colouring }))).toContain(
      'Here line-fraction and whole-line laid every object out alike.\n',
    );
  });

  test('says what the intervals speak of', () => {
    const table = resultsTable(results({ colouring: [comparison('a', 'word', fewer)] }));
    expect(table.replaceAll('\n', ' ')).toContain('not of other workloads');
  });

  test('says so where only alignments were compared', () => {
    const alignment = [comparison('a', 'on', more, { base: 'word', variant: 'whole-line' })];
    expect(resultsTable(results({ alignment }))).toContain(
      'Not asked: nothing here ran with colouring both on and off.',
    );
  });

  test('is left out where nothing was compared', () => {
    expect(resultsTable(results({ points: [point('a word on', 0)] }))).not.toContain('Does slab colouring');
  });
});

describe('the table', () => {
  test('has escape sequences only if colour is wanted', () => {
    const shown = results({ colouring: [comparison('a', 'word', fewer)] });
    const coloured = resultsTable(shown, { colour: true });
    expect(coloured).toContain('\u001b[');
    expect(stripVTControlCharacters(coloured)).toBe(resultsTable(shown));
    expect(resultsTable(shown)).not.toContain('\u001b');
  });

  test('fits into 120 columns with the figures of a long run', () => {
    const long = { ...counts, accesses: 123_456_789, hits: 120_000_000, misses: 3_456_789, conflict: 3_000_000 };
    const points = ['word', 'line-fraction', 'whole-line'].map((alignment) =>
      point(`hot-fields ${alignment} off`, 0, long),
    );
    const sides = { baseCounts: long, variantCounts: long, effectiveness: estimate(0.9, 0.8, 1.1) };
    const colouring = [comparison('hot-fields', 'line-fraction', fewer, sides)];
    const caches = Array.from({ length: 9 }, (_, i) => ({
      recordedName: `a_long_name_of_cache_${i}`,
      name: `${i}`,
      size: 8,
    }));
    const table = resultsTable(results({ points, colouring, trace: { ...trace, caches } }));
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
