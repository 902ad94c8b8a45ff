import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { OwnerEffect } from '../../src/lab/results/compare.ts';
import { resultsTable } from '../../src/report/table.ts';
import {
  aligned,
  comparison,
  counts,
  estimate,
  fewer,
  more,
  negligible,
  ofOneSeed,
  point,
  results,
  trace,
  unclear,
} from './results.ts';

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
    expect(lineOf(table.slice(table.indexOf('touch model a: counts')), 'word, on')).toBe(
      'word, on 1,234,567 1,200,000 2,000 1,000 2,000 31,000 500 67 125.0 420',
    );
    expect(lineOf(table.slice(table.indexOf('touch model b: counts')), 'word, on')).toContain('1,200,000 7 1,000');
  });

  test('have remote misses where a machine has nodes, and no column for them elsewhere', () => {
    const measuresOf = (counted: object) => {
      const table = resultsTable(results({ points: [point('a word on', 0, counted)] }));
      return lineOf(table.slice(table.indexOf('touch model a: measures')), 'word, on')?.split(' ') ?? [];
    };
    const without = measuresOf({});
    const remote = measuresOf({ remoteMisses: 12_345 });
    // 12,345 of 1,234,567 accesses, behind the name, the misses by class and the cold ones' share.
    expect(remote).toEqual(without.toSpliced(8, 0, '10.00'));
  });

  test('are followed by the measures of the same points', () => {
    const sets = { accesses: [5, 5], misses: [4, 0] };
    const table = resultsTable(results({ points: [{ ...point('a word on', 0), sets }] }));
    // 34,567 of 1,234,567 accesses; 420 pages, of which 1,290,240 bytes are a fourth less.
    expect(lineOf(table.slice(table.indexOf('touch model a: measures')), 'word, on')).toBe(
      'word, on 28.00 0.81 1.62 25.11 2.9 % 0.000 0.500 95.0 % 99.0 % 25.0 % 0.0 0.00 0.00 0',
    );
  });

  test('of points without touch models stand in one table, by all their keys', () => {
    const points = [1, 2].map((cpus) => ({ point: { 'machine.cpus': cpus, seed: 0 }, counts }));
    const table = resultsTable(results({ points, trace: null }));
    expect(lineOf(table, 'machine.cpus')).toContain('accesses hits misses');
    expect(lineOf(table, '2 1,234,567')).toContain('1,200,000 34,567');
    expect(lineOf(table, 'trace')).toBeUndefined();
  });

  test('call cycles an estimate and say how sharing is decided', () => {
    const table = resultsTable(results({ points: [point('a word on', 0)] })).replaceAll('\n', ' ');
    expect(table).toContain('an estimate');
    expect(table).toContain('Eggers and Jeremiassen');
  });
});

describe('the comparisons', () => {
  test('of colouring tell changes, their intervals, and the shares of an even spread and of full associativity', () => {
    const rest = { effectivenessHashed: estimate(0.9, 0.8, 1.1), effectiveness: estimate(0.5, 0.4, 0.6) };
    const table = resultsTable(results({ comparisons: [comparison('init-all', 'word', fewer, rest)] }));
    expect(lineOf(table, 'init-all')).toBe(
      'init-all 34,567 -25.0 % [-30.0, -20.0] -2.5 90.0 % [80.0, 110.0] 50.0 % [40.0, 60.0]',
    );
  });

  test('tell what misses below the L1, and cycles, in a table of their own', () => {
    const rest = { secondLevel: estimate(-0.2, -0.25, -0.15), cycles: estimate(-0.1, -0.125, -0.075) };
    const [, below] = resultsTable(results({ comparisons: [comparison('init-all', 'word', fewer, rest)] })).split(
      'L2 misses/op',
    );
    expect(lineOf(below!, 'init-all')).toBe('init-all 34567.000 -20.0 % [-25.0, -15.0] 34567.0 -10.0 % [-12.5, -7.5]');
  });

  test('leave the second level out where there is none', () => {
    const table = resultsTable(results({ comparisons: [comparison('init-all', 'word', fewer)] }));
    expect(table).not.toContain('L2 misses');
    expect(table).toContain('cycles/op');
  });

  test('tell whose misses change most, as shares of all', () => {
    const owner = (role: OwnerEffect['role'], value: number): OwnerEffect => ({
      ...{ role, value, interval: [value - 0.01, value + 0.01], base: 1, variant: 1 },
    });
    const roles = ['slab descriptor', 'object', 'page', 'zone', 'lock'] as const;
    const owners = roles.map((role, i) => owner(role, -0.2 / (i + 1)));
    const all = ['a', 'b'].map((touch) => comparison(touch, 'word', fewer, { owners }));
    const [, whose] = resultsTable(results({ comparisons: all })).split(
      'whose misses change, colouring on against off\n',
    );
    const lines = whose!.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
    expect(lines.slice(0, 7)).toEqual([
      'of all 95 % interval',
      'a slab descriptor -20.0 % [-21.0, -19.0]',
      'object -10.0 % [-11.0, -9.0]',
      'page -6.7 % [-7.7, -5.7]',
      'zone -5.0 % [-6.0, -4.0]',
      'b slab descriptor -20.0 % [-21.0, -19.0]',
      'object -10.0 % [-11.0, -9.0]',
    ]);
  });

  test('say that seeds are alike in place of an interval without width', () => {
    const same = estimate(-0.25, -0.25, -0.25);
    const table = resultsTable(results({ comparisons: [comparison('a', 'word', same)] }));
    expect(lineOf(table, 'a 34,567')).toContain('-25.0 % seeds alike');
    expect(table.replaceAll('\n', ' ')).toContain('seeds alike: the change does not depend on the seed');
    expect(resultsTable(results({ comparisons: [comparison('a', 'word', fewer)] }))).not.toContain('seeds alike');
  });

  test('name the margin and the correction by which fewer and more are said', () => {
    const table = resultsTable(results({ comparisons: [comparison('a', 'word', fewer)] })).replaceAll('\n', ' ');
    expect(table).toContain(
      'A change of misses, or of cycles, that lies within 1 % is none. Else fewer or more is said where p is at most 5 %',
    );
    expect(table).toContain('Holm\u2019s correction for all comparisons along the axis');
  });

  test('write a figure with as many decimals in all rows', () => {
    const colouring = [comparison('a', 'word', fewer), comparison('b', 'word', estimate(-1e-3, -2e-3, -2e-4))];
    expect(lineOf(resultsTable(results({ comparisons: colouring })), 'a 34,567')).toContain(
      '-25.00 % [-30.00, -20.00]',
    );
  });

  test('say n/a where effectiveness is not told', () => {
    expect(lineOf(resultsTable(results({ comparisons: [comparison('a', 'word', fewer)] })), 'a 34,567')).toMatch(
      /n\/a$/,
    );
  });

  test('of alignments are with word, and tell their price in pages', () => {
    const comparisons = ['line-fraction', 'whole-line'].map((variant) =>
      aligned('a', variant, more, { peakPages: estimate(0.05, 0.04, 0.06) }),
    );
    const table = resultsTable(results({ comparisons }));
    expect(table).toContain('alignment against word');
    expect(table).toMatch(/^whole-line .*\+5\.0 % {2}\[\+4\.0, \+6\.0\]$/m);
  });

  test('say n/a where the base held no page', () => {
    const comparisons = [aligned('a', 'whole-line', more, { peakPages: null })];
    expect(lineOf(resultsTable(results({ comparisons })), 'a 34,567')).toMatch(/n\/a$/);
  });

  test('stand in a table for each axis', () => {
    const table = resultsTable(results({ comparisons: [comparison('a', 'word', fewer), aligned('a', 'half', more)] }));
    expect(table).toContain('colouring on against off\n');
    expect(table).toContain('alignment half against word\n');
  });

  test('of the only axis there is have its values for rows', () => {
    const along = { axis: 'machine.cpus', base: 1, fixed: {} };
    const comparisons = [2, 4].map((variant) => comparison('', '', fewer, { ...along, variant }));
    const table = resultsTable(results({ comparisons }));
    expect(lineOf(table, 'machine.cpus against')).toBe('machine.cpus against 1');
    expect(lineOf(table, '4 34,567')).toContain('-25.0 % [-30.0, -20.0]');
  });

  test.each([
    ['? too few seeds to tell', unclear],
    ['~ under 1 %, whatever its sign', negligible],
    ['= the same under every seed', { ...negligible, reading: 'identical' as const }],
  ])('mark what is no change: %s', (meaning, misses) => {
    const marked = resultsTable(results({ comparisons: [comparison('a', 'word', misses)] }));
    expect(lineOf(marked, 'a 34,567')).toContain(`% ${meaning[0]} [`);
    expect(marked.replaceAll('\n', ' ')).toContain(meaning);
    expect(resultsTable(results({ comparisons: [comparison('a', 'word', fewer)] }))).not.toContain(meaning);
  });

  test('warn where the seeds are too few, and say how many would do', () => {
    const comparisons = [comparison('a', 'word', unclear), comparison('b', 'word', fewer)];
    expect(lineOf(resultsTable(results({ comparisons })), 'Too few seeds')).toBe(
      'Too few seeds to tell the change of misses in 1 of 2 cases: about 400 would do.',
    );
  });

  test('show no interval of one seed', () => {
    const table = resultsTable(results({ comparisons: [comparison('a', 'word', ofOneSeed(-0.2), { seeds: 1 })] }));
    expect(lineOf(table, 'a 34,567')).toContain('-20.0 % one seed');
  });
});

describe('the conclusion', () => {
  test('answers the question', () => {
    expect(resultsTable(results({ comparisons: [comparison('a', 'word', fewer)] }))).toContain(
      'Does slab colouring reduce L1 misses on this workload?\nYes: 25 % fewer L1 misses.\nEstimated cycles: 25 % fewer.\n',
    );
  });

  test('tells effect and range of each alignment', () => {
    const colouring = [
      comparison('a', 'word', fewer),
      comparison('b', 'word', unclear),
      comparison('c', 'word', more),
      comparison('a', 'line', fewer),
    ];
    const table = resultsTable(results({ comparisons: colouring }));
    expect(lineOf(table, 'word: ')).toBe(
      'word: fewer misses under a, more misses under c, too few seeds to tell under b; misses change by -25.0 % (a)',
    );
    expect(lineOf(table, 'line: ')).toBe(
      'line: fewer misses under a; misses change by -25.0 % (a), estimated cycles by -25.0 % (a).',
    );
  });

  test('leaves groups to the tables where there are many, and tells of other axes in short', () => {
    const many = ['p', 'q', 'r', 's', 't'].map((alignment) => comparison('a', alignment, fewer));
    const table = resultsTable(results({ comparisons: [...many, aligned('a', 'half', more)] }));
    const [, answer] = table.split('on this workload?\n');
    expect(answer).not.toContain('fewer misses under a');
    expect(answer).toContain(
      'Does alignment change L1 misses? Yes: 25 % more L1 misses. Estimated cycles: 25 % more.\n',
    );
  });

  test('is of what is asked of the kernel, not of where it runs, where both vary', () => {
    const where = comparison('', '', more, { axis: 'machine.cpus', base: 1, variant: 2, fixed: { limit: 0 } });
    const asked = comparison('', '', fewer, { axis: 'limit', base: 0, variant: 60, fixed: { 'machine.cpus': 1 } });
    expect(lineOf(resultsTable(results({ comparisons: [where, asked] })), 'Does')).toBe(
      'Does the size of per-CPU arrays change L1 misses?',
    );
  });

  test('says which alignments were alike', () => {
    const colouring = ['line-fraction', 'whole-line'].map((alignment) => comparison('a', alignment, fewer));
    expect(resultsTable(results({ comparisons: colouring }))).toContain(
      'Here line-fraction and whole-line laid every object out alike.\n',
    );
  });

  test('says what the intervals speak of', () => {
    const table = resultsTable(results({ comparisons: [comparison('a', 'word', fewer)] }));
    expect(table.replaceAll('\n', ' ')).toContain('not of other workloads');
  });

  test('is of the first axis', () => {
    const table = resultsTable(results({ comparisons: [aligned('a', 'whole-line', more)] }));
    expect(table).toContain(
      'Does alignment change L1 misses?\nYes: 25 % more L1 misses.\nEstimated cycles: 25 % more.\nmore misses under a;',
    );
  });

  test('is left out where nothing was compared', () => {
    expect(resultsTable(results({ points: [point('a word on', 0)] }))).not.toContain('Does slab colouring');
  });
});

describe('the table', () => {
  test('has escape sequences only if colour is wanted', () => {
    const shown = results({ comparisons: [comparison('a', 'word', fewer)] });
    const coloured = resultsTable(shown, { colour: true });
    expect(coloured).toContain('\u001b[');
    expect(stripVTControlCharacters(coloured)).toBe(resultsTable(shown));
    expect(resultsTable(shown)).not.toContain('\u001b');
  });

  test.each([80, 100, 120, Number.POSITIVE_INFINITY])(
    'fits into %d columns with the figures of a long run',
    (width) => {
      const long = { ...counts, accesses: 123_456_789, hits: 120_000_000, misses: 3_456_789, conflict: 3_000_000 };
      const points = ['word', 'line-fraction', 'whole-line'].map((alignment) =>
        point(`hot-fields ${alignment} off`, 0, long),
      );
      const sides = {
        ...{ effectiveness: estimate(0.9, 0.8, 1.1), effectivenessHashed: estimate(0.9, 0.8, 1.1) },
        secondLevel: estimate(-0.1234, -0.2345, -0.0123),
      };
      const colouring = [comparison('hot-fields', 'line-fraction', fewer, sides)];
      const caches = Array.from({ length: 9 }, (_, i) => ({
        recordedName: `a_long_name_of_cache_${i}`,
        name: `${i}`,
        size: 8,
      }));
      const table = resultsTable(results({ points, comparisons: colouring, trace: { ...trace, caches } }), { width });
      expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(Math.min(width, 120));
      expect(table.replaceAll('\n', ' ').includes('no room for: hits, cold, capacity, conflict, true sharing')).toBe(
        width === 80,
      );
    },
  );

  test('names columns by the keys that vary, and tells once what is so throughout', () => {
    const of = (colouring: string) => ({ point: { touch: 'a', alignment: 'word', colouring, seed: 0 }, counts });
    const table = resultsTable(results({ points: [of('on'), of('off')] }));
    expect(lineOf(table, 'throughout')).toBe('throughout alignment word');
    expect(lineOf(table, 'off')).toMatch(/^off 1,234,567 /);
  });

  test('explains the columns that it has, and no others', () => {
    const explained = (width: number) =>
      resultsTable(results({ points: [point('a word on', 0)] }), { width }).replaceAll('\n', ' ');
    expect(explained(120)).toContain('Sharing is decided at the miss');
    expect(explained(60)).not.toContain('Sharing is decided at the miss');
    expect(explained(120)).not.toContain('Over sets, entropy');
  });

  test('tells the answer first where it is asked to', () => {
    const parts = { points: [point('a word on', 0)], comparisons: [comparison('a', 'word', fewer)] };
    const [first, last] = (['first', 'last'] as const).map((answer) => {
      const table = resultsTable(results(parts), { answer });
      return table.indexOf('Does slab colouring') < table.indexOf('touch model a: counts');
    });
    expect([first, last]).toEqual([true, false]);
  });

  test('is brief where it is asked to: the answer, and the comparison that it is from', () => {
    const parts = {
      points: [point('a word on', 0)],
      comparisons: [comparison('a', 'word', fewer), aligned('a', 'half', more)],
    };
    const table = resultsTable(results(parts), { brief: true });
    expect(table).toContain('Yes: 25 % fewer L1 misses.');
    expect(table).toContain('colouring on against off');
    expect(table).not.toMatch(/counts|alignment half against word|Holm/);
  });

  test('colours cycles by what becomes of cycles', () => {
    const shown = results({ comparisons: [comparison('a', 'word', fewer, { cycles: more })] });
    const yellow = resultsTable(shown, { colour: true }).split('\u001b[33m');
    expect(yellow[1]).toMatch(/^a .*\+25\.0 %/);
  });
});
