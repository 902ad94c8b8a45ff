import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/lab/results/compare.ts';
import type { AxisValue } from '../../src/lab/results/points.ts';
import type { Effect } from '../../src/lab/results/statistics.ts';
import { answerOf, differencesOf, inShort, questionOf, timeAnswerOf } from '../../src/report/answer.ts';
import { valuesInWords } from '../../src/report/axis-words.ts';
import { aligned, comparison, estimate, fewer, more, negligible, ofOneSeed, unclear } from './results.ts';

/** Values of an axis against the first, each at these values of one other key. */
const along = (axis: string, key: string, cases: readonly [AxisValue, AxisValue, Effect][]): Comparison[] =>
  cases.map(([variant, fixed, misses]) =>
    comparison('', '', misses, { axis, base: 'none', variant, fixed: { [key]: fixed } }),
  );

describe('the question', () => {
  test.each([
    ['colouring', 'Does slab colouring reduce L1 misses on this workload?'],
    ['alignment', 'Does alignment change L1 misses?'],
    ['machine.cpus', 'Does the number of CPUs change L1 misses?'],
    ['limit', 'Does the size of per-CPU arrays change L1 misses?'],
    ['workload.objects', 'Does workload.objects change L1 misses?'],
  ])('of %s is %s', (axis, question) => {
    expect(questionOf(along(axis, 'x', [[1, 1, fewer]]))).toBe(question);
  });
});

describe('values of an axis', () => {
  test.each<[string, AxisValue[], string]>([
    ['machine.cpus', [1, 2, 4], '1 CPU, 2, 4 CPUs'],
    ['machine.model', ['skylake', 'zen-2'], 'skylake, zen-2'],
    ['limit', [0, 16, 60], 'no arrays, limit 16, 60'],
    ['alignment', ['line-fraction', 16], 'line-fraction, 16'],
    ['kernel.numa', ['off'], 'numa off'],
    ['workload.objects', [80], 'objects 80'],
    ['interference.footprint', [32768], '32 KB'],
    ['colouring', [2, 'on'], 'colouring 2, on'],
  ])('of %s: %j is %s', (axis, values, words) => {
    expect(valuesInWords(axis, values)).toBe(words);
  });
});

describe('the answer', () => {
  test('is yes where every case has fewer misses, and by how much', () => {
    const all = [comparison('a', 'word', fewer), comparison('b', 'line', estimate(-0.02, -0.03, -0.005))];
    expect(answerOf(all)).toBe('Yes: 2.0 to 25 % fewer L1 misses');
  });

  test('is no where colouring makes more of them', () => {
    expect(answerOf([comparison('a', 'word', more)])).toBe('No: 25 % more L1 misses');
  });

  test('of an axis that is asked for any change is yes both ways', () => {
    expect(answerOf([aligned('a', 'whole-line', more)])).toBe('Yes: 25 % more L1 misses');
  });

  test('is by value of the axis where that has several, values alike together, the fewest misses first', () => {
    const all = along('alignment', 'machine.cpus', [
      ...([2, 4] as const).map((cpus): [string, number, Effect] => ['line-fraction', cpus, negligible]),
      ...([2, 4] as const).map((cpus): [number, number, Effect] => [16, cpus, negligible]),
      ...([2, 4] as const).map((cpus): [string, number, Effect] => ['whole-line', cpus, estimate(-0.9999, -1, -0.99)]),
    ]);
    expect(answerOf(all)).toBe('whole-line: 100 % fewer L1 misses; line-fraction, 16: no change');
  });

  test('keeps the order of a scale', () => {
    const all = along('machine.cpus', 'x', [
      [2, 1, more],
      [4, 1, fewer],
    ]);
    expect(answerOf(all)).toBe('2 CPUs: 25 % more L1 misses; 4 CPUs: 25 % fewer');
  });

  test('is by the key that tells the cases apart where the axis has one value', () => {
    const all = [
      ...[comparison('a', 'word', negligible), comparison('b', 'word', negligible)],
      ...[comparison('a', 'line', fewer), comparison('b', 'line', fewer)],
    ];
    expect(answerOf(all)).toBe('It depends on alignment: line: 25 % fewer L1 misses; word: no change');
  });

  test('is a range where no key does', () => {
    const all = [
      ...[comparison('a', 'word', fewer), comparison('b', 'word', more)],
      ...[comparison('a', 'line', more), comparison('b', 'line', fewer)],
    ];
    expect(answerOf(all)).toBe('It depends: 25 % fewer L1 misses to 25 % more');
  });

  test('stays short with many cases', () => {
    const all = Array.from({ length: 120 }, (_, i) =>
      along('kernel.version', 'x', [[`2.6.${i}`, i % 7, estimate(i / 60 - 1, i / 60 - 1.01, i / 60 - 0.99)]]),
    ).flat();
    expect(answerOf(all)).toBe('From 100 % fewer L1 misses (2.6.0) to 98 % more (2.6.119)');
  });

  test('tells of manifold changes as times', () => {
    expect(answerOf([aligned('a', 'whole-line', estimate(40, 39, 41))])).toBe('Yes: 41 times as many L1 misses');
  });

  test('is open where the seeds are too few everywhere', () => {
    expect(answerOf([comparison('a', 'word', unclear)])).toBe('Not clear: too few seeds to tell');
  });

  test('is none with one seed', () => {
    expect(answerOf([comparison('a', 'word', ofOneSeed(-0.1))])).toBe('One seed gives no interval, so no answer');
  });

  test('is no where every interval lies within 1 %', () => {
    expect(answerOf([comparison('a', 'word', negligible)])).toBe('No: misses change by less than 1 %');
  });

  test('is none where a change cannot be told', () => {
    expect(answerOf([comparison('a', 'word', null)])).toBe('The change cannot be told: nothing missed on the one side');
  });

  test('says so where nothing was compared', () => {
    expect(answerOf([])).toBe('Nothing was compared: no axis has two values');
  });
});

describe('time', () => {
  const told = (...cycles: Effect[]) =>
    timeAnswerOf(cycles.map((of, i) => comparison(`${i}`, 'word', fewer, { cycles: of })));

  test('is judged as misses are', () => {
    expect(told(estimate(-0.1, -0.12, -0.08))).toBe('Estimated cycles: 10 % fewer');
    expect(told(negligible, negligible)).toBe('Estimated cycles: no change');
    expect(told(fewer, negligible)).toBe('Estimated cycles: depends on the touch model: 0: 25 % fewer; 1: no change');
  });

  test('is not told where there are no operations', () => {
    expect(timeAnswerOf([comparison('a', 'word', null)])).toBe('');
  });

  test('stands behind the misses of an axis that is told in short', () => {
    expect(inShort([aligned('a', 'whole-line', more)])).toBe(
      'Does alignment change L1 misses? Yes: 25 % more L1 misses. Estimated cycles: 25 % more.',
    );
  });
});

describe('where cycles go another way than misses', () => {
  const sides = (base: number, variant: number) => ({ ...estimate(variant / base - 1, -1, 1), base, variant });
  const change = (base: number, variant: number): Effect => ({ ...sides(base, variant), reading: 'change' });
  const with_ = (misses: Effect, cycles: Effect, rest: Partial<Comparison['effects']>): Comparison => {
    const of = comparison('a', 'word', misses, { cycles });
    return { ...of, effects: { ...of.effects, ...rest } };
  };
  const same: Effect = { ...sides(10, 10), reading: 'identical' };

  test('nothing is said where they go together, or one is not told', () => {
    expect(
      differencesOf([comparison('a', 'word', fewer), comparison('b', 'word', fewer, { cycles: unclear })]),
    ).toEqual([]);
  });

  test.each<[string, Comparison, string]>([
    [
      'the second level',
      with_(same, change(100, 70), { l2MissesPerOperation: change(2, 1) }),
      'Cycles are 30 % fewer where misses do not change: 50 % fewer lines miss the second level too.',
    ],
    [
      'waiting for each other',
      with_(same, change(100, 70), {
        lineWaitCyclesPerOperation: change(40, 20),
        l2MissesPerOperation: change(2, 1),
      }),
      'Cycles are 30 % fewer where misses do not change: CPUs wait less for lines and locks of each other.',
    ],
    [
      'sharing',
      with_(change(10, 9), change(100, 150), {
        missesPerThousand: change(100, 90),
        falseSharingPerThousand: change(10, 60),
        l2MissesPerOperation: change(2, 6),
      }),
      'Cycles are 50 % more where misses are 10 % fewer: more misses are by sharing, and come from other CPUs.',
    ],
    [
      'lines that cost little',
      with_(change(10, 9), { ...sides(100, 99.9), reading: 'no-change' }, { l2MissesPerOperation: same }),
      'Cycles do not change where misses are 10 % fewer: those lines come from the second level or are few, and cost little.',
    ],
    [
      'something that counts do not tell',
      with_(same, change(100, 70), {}),
      'Cycles are 30 % fewer where misses do not change: the counts of misses do not tell why.',
    ],
  ])('the reason is named: %s', (_, of, sentence) => {
    expect(differencesOf([of])).toEqual([sentence]);
  });

  test('what contradicts misses comes first, then what most cases do; a fourth way is counted', () => {
    const none: Effect = { ...sides(100, 99.9), reading: 'no-change' };
    const below = with_(same, change(100, 70), { l2MissesPerOperation: change(2, 1) });
    const cheap = with_(change(10, 9), none, {});
    const contrary = with_(change(10, 9), change(100, 150), {});
    const unknown = with_(same, change(100, 70), {});
    const told = differencesOf([below, cheap, cheap, contrary, unknown]);
    expect(told.map((sentence) => sentence.split(':')[0])).toEqual([
      'Cycles are 50 % more where misses are 10 % fewer (1 of 5 cases)',
      'Cycles do not change where misses are 10 % fewer (2 of 5 cases)',
      'Cycles are 30 % fewer where misses do not change (1 of 5 cases)',
      'In 1 more of 5 cases they differ otherwise.',
    ]);
  });

  test('second-level misses are no reason where their own change is not told', () => {
    const of = with_(same, change(100, 70), { l2MissesPerOperation: { ...change(2, 1), reading: 'too-few-seeds' } });
    expect(differencesOf([of])[0]).toContain('the counts of misses do not tell why');
  });

  test('it is said of how many cases', () => {
    const other = with_(same, change(100, 70), { l2MissesPerOperation: change(2, 1) });
    expect(differencesOf([other, comparison('b', 'word', fewer)])[0]).toContain('(1 of 2 cases)');
  });
});
