import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/lab/results/compare.ts';
import { measuresOf } from '../../src/lab/results/measures.ts';
import type { PointResult } from '../../src/lab/results/points.ts';
import type { Effect } from '../../src/lab/results/statistics.ts';
import { percentOf } from '../../src/report/figures.ts';
import {
  alikeOf,
  caveatOf,
  effectsOf,
  layoutOf,
  missesOf,
  passedOverOf,
  rangeOf,
  reachOf,
  touchesOf,
  touchesToldOf,
  verdictOf,
  warningsOf,
} from '../../src/report/wording.ts';
import {
  aligned,
  comparison,
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

describe('the verdict', () => {
  test.each([
    ['fewer where the interval is below zero', fewer, 'fewer'],
    ['more where it is above zero', more, 'more'],
    ['unclear where it includes zero', unclear, 'unclear'],
    ['unclear where it ends at zero', estimate(-0.1, -0.2, 0), 'unclear'],
    ['none where it lies within 1 %', negligible, 'none'],
    ['none where it does, though it leaves out zero', estimate(-0.003, -0.004, -0.002), 'none'],
    ['none where all seeds gave the same', { ...negligible, reading: 'identical' as const }, 'none'],
    ['untold where there is no change to tell', null, 'untold'],
    ['untold where there is none', ofOneSeed(-0.1), 'untold'],
  ])('is %s', (_, misses, verdict) => {
    expect(verdictOf(comparison('a', 'word', misses))).toBe(verdict);
  });
});

test('effects are told with all their touch models', () => {
  const all = [comparison('a', 'word', more), comparison('b', 'word', fewer), comparison('c', 'word', more)];
  expect(effectsOf(all, layoutOf(all))).toBe('fewer misses under b, more misses under a, c');
});

describe('a range', () => {
  const rangeOfMisses = (...all: [touch: string, fixed: string, misses: Effect][]) =>
    rangeOf(
      all.map((one) => comparison(...one)),
      missesOf,
    );

  test('goes from the least to the greatest, with their touch models', () => {
    const range = rangeOfMisses(['a', 'word', unclear], ['b', 'word', more], ['c', 'word', fewer]);
    expect(range).toBe('-25.0 % (c) to +25.0 % (b)');
  });

  test('names the alignments where there are several', () => {
    expect(rangeOfMisses(['a', 'word', more], ['a', 'line', fewer])).toBe('-25.0 % (line) to +25.0 % (word)');
  });

  test('of one is itself', () => {
    expect(rangeOfMisses(['a', 'word', fewer])).toBe('-25.0 % (a)');
  });
});

describe('the caveat', () => {
  const caveat = (seeds: number, specification: unknown = {}) =>
    caveatOf([comparison('a', 'word', fewer, { seeds })], results({ specification, points: [point('a', seeds)] }));

  test('says what intervals speak of', () => {
    expect(caveat(10)).toContain('not of other workloads');
  });

  test('tells touches among what is drawn, unless they were recorded', () => {
    expect(caveat(10)).toContain('(touches, threads on CPUs, ');
    const [of] = [comparison('a', 'word', fewer, { seeds: 10 })];
    const recorded = results({
      specification: { touch: 'recorded' },
      points: [{ ...point('a', 0), point: { seed: 0 } }],
    });
    expect(caveatOf([of], recorded)).toContain('(threads on CPUs, ');
  });

  test('says what intervals over few seeds presume', () => {
    expect(caveat(9)).toContain('normally distributed');
    expect(caveat(10)).not.toContain('normally distributed');
  });

  test('tells of no interval of one seed', () => {
    expect(caveat(1)).toMatch(/^One seed gives no interval, .* not of other workloads\.$/);
  });
});

describe('touches', () => {
  const of = (...touches: string[]) => results({ points: touches.map((touch) => point(touch, 0)) });

  test.each([
    [['recorded'], ['as recorded: no figure hangs on a touch model']],
    [['recorded', 'init-all'], ['as recorded where touch is recorded; all else are models']],
    [['init-all'], []],
  ])('%j: %j', (touches, told) => {
    expect(touchesToldOf(of(...touches))).toEqual(told);
  });

  test('of one value are those of the specification', () => {
    const points = [{ ...point('x', 0), point: { seed: 0 } }];
    expect(touchesOf(results({ points, specification: { touch: 'recorded' } }))).toBe('recorded');
    expect(touchesOf(results({ points, specification: { touch: 'init-all' } }))).toBe('models');
  });

  test('that are passed over are told by their caches', () => {
    const caches = [
      { recordedName: 'task_struct', name: 'task_struct', size: 6208, objects: 3, touches: 14_000 },
      { recordedName: 'filp', name: 'filp', size: 232, objects: 2, touches: 2 },
    ];
    const passedOver = (pass_over: unknown) =>
      passedOverOf(results({ specification: { workload: { name: 'replay', pass_over } } }), { ...trace, caches });
    expect(passedOver('task_struct gone')).toEqual(['task_struct (3 objects, 14,000 touches)']);
    expect(passedOver(['none', 'filp task_struct'])).toHaveLength(2);
    expect(passedOver('none')).toEqual([]);
    expect(passedOver(undefined)).toEqual([]);
  });
});

describe('the reach of colouring', () => {
  const sides = (alignment: string, allocations: number, colouredAllocations: number) => [
    point(`a ${alignment} on`, 0, { allocations, colouredAllocations }),
    point(`a ${alignment} off`, 0, { allocations, colouredAllocations: 0 }),
  ];
  const reach = (alignments: string[], points: PointResult[]) =>
    reachOf(
      alignments.map((alignment) => comparison('a', alignment, fewer)),
      measuresOf(points),
    );

  test('is the share of allocations from caches that have colours', () => {
    expect(reach(['word'], sides('word', 400, 100))).toEqual([
      'Of the allocations from caches 25 % come from caches with a second colour; for all others colouring can do nothing.',
    ]);
  });

  test('is told of each alignment, those alike together', () => {
    const points = [...sides('word', 400, 100), ...sides('half', 400, 200), ...sides('whole', 400, 200)];
    expect(reach(['word', 'half', 'whole'], points)[0]).toContain('25 % (word), 50 % (half, whole) come');
  });

  test('is not told where nothing was allocated, nor of other axes', () => {
    expect(reach(['word'], sides('word', 0, 0))).toEqual([]);
    expect(reachOf([aligned('a', 'whole-line', more)], measuresOf(sides('word', 4, 1)))).toEqual([]);
  });
});

describe('groups that counted the same', () => {
  const counted = (touch: string, alignment: string, misses: number) =>
    comparison(touch, alignment, { ...fewer, variant: misses });

  test('are told', () => {
    const all = ['word', 'half', 'whole'].map((alignment, i) => counted('a', alignment, i === 0 ? 7 : 8));
    expect(alikeOf(all)).toEqual(['Here half and whole laid every object out alike.']);
  });

  test('are told by whatever axis names them', () => {
    const fixed = (cpus: number) => ({ fixed: { 'machine.cpus': cpus, touch: 'a' } });
    expect(alikeOf([1, 2].map((cpus) => comparison('', '', fewer, fixed(cpus))))).toEqual([
      '1 and 2 gave the same counts.',
    ]);
  });

  test('are not told where one touch model saw a difference', () => {
    const all = ['half', 'whole'].flatMap((alignment, i) => [counted('a', alignment, 7), counted('b', alignment, i)]);
    expect(alikeOf(all)).toEqual([]);
  });
});

describe('the layout', () => {
  const rowsAndGroups = (...all: Comparison[]) => {
    const { rowKeys, groupKeys, rowOf, groupOf } = layoutOf(all);
    return [rowKeys, groupKeys, ...all.map((of) => `${rowOf(of)} in '${groupOf(of)}'`)];
  };
  const along = (variant: number, fixed: Comparison['fixed']) =>
    comparison('', '', fewer, { axis: 'machine.cpus', base: 1, variant, fixed });

  test.each([
    [
      'touch models in rows, all else that varies in groups',
      [comparison('a', 'word', fewer), comparison('b', 'word', fewer), comparison('b', 'line', fewer)],
      ['touch model', 'alignment', "a in 'word'", "b in 'word'", "b in 'line'"],
    ],
    [
      'the last key that varies in rows where they do not',
      [along(2, { x: 1, y: 2, z: 3 }), along(2, { x: 1, y: 3, z: 3 }), along(2, { x: 2, y: 2, z: 3 })],
      ['y', 'x', "2 in 'x 1'", "3 in 'x 1'", "2 in 'x 2'"],
    ],
    [
      'several values of the axis in groups',
      [along(2, { y: 1 }), along(4, { y: 2 })],
      ['y', 'machine.cpus', "1 in '2 CPUs'", "2 in '4 CPUs'"],
    ],
    [
      'the axis in rows where nothing else varies',
      [along(2, { y: 1 }), along(4, { y: 1 })],
      ['machine.cpus', '', "2 in ''", "4 in ''"],
    ],
    ['a touch model in the only row', [comparison('a', 'word', fewer)], ['touch model', '', "a in ''"]],
    ['the axis in the only row where there is no key', [along(2, {})], ['machine.cpus', '', "2 in ''"]],
  ])('puts %s', (_, comparisons, expected) => {
    expect(rowsAndGroups(...comparisons)).toEqual(expected);
  });
});

describe('a warning', () => {
  test('tells at how many points memory ran out', () => {
    const points = [
      point('a word on', 0, { failed: 1200 }),
      point('a word on', 1),
      point('a word on', 2, { failed: 1 }),
    ];
    expect(warningsOf(points)).toEqual([
      'WARNING: 1,201 allocations found no memory, at 2 of 3 points, which ran less than the workload: memory is too small for it.',
    ]);
  });

  test('is not given where all found memory', () => {
    expect(warningsOf([point('a word on', 0)])).toEqual([]);
  });
});

describe('percentages', () => {
  test.each([
    ['have one decimal', [fewer], [-0.342, 1], ['-34.2', '+100.0']],
    ['have as many as a bound needs that is not zero', [fewer, estimate(-0.1, -0.2, -0.0002)], [-0.1], ['-10.00']],
    ['have three at most', [estimate(1e-6, -1e-6, 3e-6)], [0.1], ['+10.000']],
    ['have as many as a value needs that has no interval', [ofOneSeed(0.0001)], [0.0001], ['+0.01']],
    ['have no sign where they are zero', [fewer], [-0.0001, 0], ['0.0', '0.0']],
    ['may be of nothing', [null], [0.5], ['+50.0']],
  ])('%s', (_, estimates, fractions, written) => {
    expect(fractions.map(percentOf(estimates))).toEqual(written);
  });
});
