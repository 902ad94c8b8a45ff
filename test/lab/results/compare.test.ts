import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../../src/lab/results/compare.ts';
import { axesOf, baselineOf, compareAll, compareAlong, isTold, primaryOf } from '../../../src/lab/results/compare.ts';
import type { AxisValue, PointResult } from '../../../src/lab/results/points.ts';
import { zeroCounts } from './counts.ts';

/** Half the misses are beyond those of a fully associative cache; ten cycles a miss, a hundred operations. */
function point(keys: Record<string, AxisValue>, seed: number, misses: number, peakPages = 10): PointResult {
  const missed = { misses, conflict: misses, fullyAssociativeMisses: misses / 2, cycles: 10 * misses };
  return {
    point: { ...keys, seed },
    counts: { ...zeroCounts, ...missed, accesses: 10_000, peakPages, operations: 100 },
  };
}

/** `name` is touch model, alignment, colouring. */
function twoSeeds(name: string, ...misses: [number, number]): PointResult[] {
  const [touch, alignment, colouring] = name.split(' ') as [string, string, string];
  return misses.map((count, seed) => point({ touch, alignment, colouring }, seed, count));
}
const colouring = (points: PointResult[]) => compareAlong(points, 'colouring', 'off');
const told = ({ base, variant, fixed }: Comparison) => `${variant} against ${base}, ${Object.values(fixed).join(' ')}`;

test('colouring is compared by seed, on against off', () => {
  const points = [...twoSeeds('init-all word on', 80, 160), ...twoSeeds('init-all word off', 100, 200)];
  const [comparison, ...others] = colouring(points);
  expect(others).toEqual([]);
  expect(comparison).toMatchObject({
    ...{ axis: 'colouring', base: 'off', variant: 'on', fixed: { touch: 'init-all', alignment: 'word' }, seeds: 2 },
    effectiveness: { value: 0.4, interval: [0.4, 0.4] },
  });
  expect(comparison!.effects.misses).toMatchObject({ value: -0.2, interval: [-0.2, -0.2], base: 150, variant: 120 });
  expect(comparison!.effects.cyclesPerOperation).toMatchObject({ value: -0.2, base: 15, variant: 12 });
  expect(comparison!.effects.peakPages).toMatchObject({ value: 0, interval: [0, 0], reading: 'identical' });
});

test('seeds are paired whatever the order of the points', () => {
  const on = twoSeeds('init-all word on', 80, 160);
  const [comparison] = colouring([...on.toReversed(), ...twoSeeds('init-all word off', 100, 200)]);
  expect(comparison!.effects.misses).toMatchObject({ value: -0.2, interval: [-0.2, -0.2] });
});

test('comparisons stand in the order in which their values appear', () => {
  const points = ['b word', 'a word', 'b line', 'a line'].flatMap((name) => [
    ...twoSeeds(`${name} off`, 100, 100),
    ...twoSeeds(`${name} on`, 90, 90),
  ]);
  const order = colouring(points).map(({ fixed }) => `${fixed.touch} ${fixed.alignment}`);
  expect(order).toEqual(['b word', 'b line', 'a word', 'a line']);
});

test('a combination that ran with one value only is not compared', () => {
  const points = [
    ...twoSeeds('a word on', 90, 90),
    ...twoSeeds('a word off', 100, 100),
    ...twoSeeds('a line on', 9, 9),
  ];
  expect(colouring(points).map(({ fixed }) => fixed.alignment)).toEqual(['word']);
});

test('every other value of an axis is compared with its base, under each value of the others', () => {
  const points = ['word', 'line', 'half'].flatMap((alignment) =>
    ['on', 'off'].flatMap((colour) => twoSeeds(`a ${alignment} ${colour}`, 100, 100)),
  );
  expect(compareAlong(points, 'alignment', 'word').map(told)).toEqual([
    ...['line against word, a on', 'line against word, a off'],
    ...['half against word, a on', 'half against word, a off'],
  ]);
});

test('an axis may have any name and its values may be numbers', () => {
  const points = [1, 2].flatMap((cpus) => [0, 1].map((seed) => point({ 'machine.cpus': cpus }, seed, 100 * cpus)));
  const [comparison] = compareAll(points);
  expect(comparison).toMatchObject({ axis: 'machine.cpus', base: 1, variant: 2, fixed: {}, effectiveness: null });
  expect(comparison!.effects.misses!.value).toBe(1);
});

describe('of all points', () => {
  const points = ['word', 'line'].flatMap((alignment) =>
    ['a', 'b'].flatMap((touch) => ['on', 'off'].flatMap((colour) => twoSeeds(`${touch} ${alignment} ${colour}`, 9, 9))),
  );

  test('the axes are the keys that vary, colouring first, and touch models are none', () => {
    expect(axesOf(points)).toEqual(['colouring', 'alignment']);
    expect(compareAll(points).map(({ axis }) => axis)).toEqual([
      ...Array(4).fill('colouring'),
      ...Array(4).fill('alignment'),
    ]);
  });

  test.each([
    ['colouring', 'off'],
    ['alignment', 'word'],
  ])('the base of %s is %s', (axis, base) => {
    expect(baselineOf(points, axis)).toBe(base);
  });

  test('only colouring on against off has an effectiveness', () => {
    const has = compareAll(points).map(({ axis, effectiveness }) => [axis, effectiveness !== null]);
    expect(new Set(has.map(String))).toEqual(new Set(['colouring,true', 'alignment,false']));
  });
});

test('what is asked of misses and of cycles is corrected for all comparisons, each for itself, other measures are not', () => {
  // 2.6 % and 1.4 % fewer with standard errors of 1 % and 0.3 %: t of nine degrees of freedom 2.6 and 4.7, p 2.9 % and 0.1 %.
  const ten = (name: string, misses: (seed: number) => number) =>
    Array.from({ length: 10 }, (_, seed) => {
      const [touch, alignment, colouring] = name.split(' ') as [string, string, string];
      return point({ touch, alignment, colouring }, seed, misses(seed));
    });
  const sign = (seed: number) => (seed % 2 === 0 ? 1 : -1);
  const [a, b] = [
    ten('a word on', (seed) => 1000 * (0.974 + 0.03 * sign(seed))),
    ten('b word on', (seed) => 1000 * (0.986 + 0.009 * sign(seed))),
  ];
  const bases = ['a word off', 'b word off'].flatMap((name) => ten(name, () => 1000));
  const alone = compareAll([...a!, ...bases.slice(0, 10)]);
  const both = compareAll([...a!, ...b!, ...bases]);
  const readings = (of: Comparison) => [of.effects.missesPerOperation!.reading, of.effects.misses!.reading];
  expect(alone.map(readings)).toEqual([['change', 'change']]);
  expect(alone[0]!.adjustedP).toBe(alone[0]!.effects.missesPerOperation!.p);
  const [pOfA, pOfB] = both.map((of) => of.effects.missesPerOperation!.p!);
  expect(both.map(({ adjustedP }) => adjustedP)).toEqual([Math.max(pOfA!, 2 * pOfB!), 2 * pOfB!]);
  expect(both.map(readings)).toEqual([
    ['change', 'change'],
    ['change', 'change'],
  ]);
  const many = compareAll([
    ...a!,
    ...bases.slice(0, 10),
    ...['c', 'd'].flatMap((touch) => [...ten(`${touch} word on`, () => 1000), ...ten(`${touch} word off`, () => 1000)]),
  ]);
  expect(many.map(({ adjustedP }) => adjustedP)).toEqual([3 * pOfA!, 1, 1]);
  expect(readings(many[0]!)).toEqual(['too-few-seeds', 'change']);
  expect(many.map(({ adjustedCyclesP }) => adjustedCyclesP)).toEqual([
    3 * many[0]!.effects.cyclesPerOperation!.p!,
    1,
    1,
  ]);
  expect(many[0]!.effects.cyclesPerOperation!.reading).toBe('too-few-seeds');
});

describe('looks at growing numbers of seeds', () => {
  // Standard error 0.3 %: t of nine degrees of freedom is 2.8, p 2.1 %.
  const ten = (colouring: string, misses: (seed: number) => number) =>
    Array.from({ length: 10 }, (_, seed) => point({ colouring }, seed, misses(seed)));
  const points = [
    ...ten('on', (seed) => 1000 * (0.98 + 0.0225 * (seed % 2 === 0 ? 1 : -1))),
    ...ten('off', () => 1000),
  ];
  const [one, five] = [1, 5].map((looks) => compareAll(points, looks)[0]!);

  test('share out what a look may miss, so intervals grow, and a change is told later', () => {
    const widthOf = ({ effects }: Comparison) => effects.misses!.interval![1] - effects.misses!.interval![0];
    // t of nine degrees of freedom: 3.250 of 1 %, 2.262 of 5 %.
    expect(widthOf(five!) / widthOf(one!)).toBeCloseTo(3.249_836 / 2.262_157, 5);
    expect(five!.adjustedP).toBe(5 * one!.adjustedP!);
    expect([one, five].map((of) => of!.effects.missesPerOperation!.reading)).toEqual(['change', 'too-few-seeds']);
  });

  test('end where misses and cycles of every comparison are told', () => {
    expect([one!, five!].map((of) => isTold([of]))).toEqual([true, false]);
    const { effects } = one!;
    const open: Comparison = { ...one!, effects: { ...effects, cyclesPerOperation: five!.effects.cyclesPerOperation } };
    expect(isTold([one!, open])).toBe(false);
    expect(isTold([{ ...one!, effects: { ...effects, cyclesPerOperation: null } }])).toBe(true);
    expect(isTold(compareAll(points.filter(({ point }) => point.seed === 0)))).toBe(false);
  });
});

test('the primary measure is misses of an operation; of a point where there are no operations', () => {
  const withOperations = colouring([...twoSeeds('a word on', 9, 9), ...twoSeeds('a word off', 9, 9)])[0]!;
  const { missesPerOperation: _, ...others } = withOperations.effects;
  expect(primaryOf(withOperations)).toBe('missesPerOperation');
  expect(primaryOf({ effects: { ...others, missesPerOperation: null } })).toBe('misses');
});

test('a point without its pair is an error that names the missing one', () => {
  const points = [...twoSeeds('a word on', 90, 90), ...twoSeeds('a word off', 100, 100).slice(0, 1)];
  expect(() => colouring(points)).toThrow('no result for touch a, alignment word, colouring off, seed 1');
});

test('a base without misses has no change of them', () => {
  const points = [...twoSeeds('a word off', 0, 0), ...twoSeeds('a word on', 1, 1)];
  expect(colouring(points)[0]!.effects.misses).toBeNull();
});

test('one seed has no intervals', () => {
  const points = [...twoSeeds('a word off', 100, 0).slice(0, 1), ...twoSeeds('a word on', 90, 0).slice(0, 1)];
  const [{ effects, effectiveness }] = colouring(points) as [Comparison];
  expect([effects.misses, effects.peakPages, effectiveness].map((estimate) => estimate!.interval)).toEqual([
    null,
    null,
    null,
  ]);
});

describe('whose misses changed', () => {
  /** Misses of objects and of slab descriptors; the rest of a hundred operations' are pages'. */
  const owned = (colouring: string, seed: number, object: number, descriptor: number, misses: number): PointResult => ({
    ...point({ touch: 'a', colouring }, seed, misses),
    missesByRole: { object, 'slab descriptor': descriptor, page: misses - object - descriptor },
  });
  const points = [
    ...[owned('off', 0, 60, 30, 100), owned('off', 1, 140, 50, 200)],
    ...[owned('on', 0, 50, 24, 84), owned('on', 1, 130, 26, 166)],
  ];
  const ownersOf = (points: PointResult[]) => colouring(points)[0]!.owners;

  test('is told as shares of all misses, which add up to the change, the greatest first', () => {
    const owners = ownersOf(points)!;
    expect(owners.map(({ role, base, variant }) => [role, base, variant])).toEqual([
      ['slab descriptor', 0.4, 0.25],
      ['object', 1, 0.9],
      ['page', 0.1, 0.1],
    ]);
    expect(owners.map(({ value }) => Number(value.toFixed(12)))).toEqual([-0.1, Number((-20 / 300).toFixed(12)), 0]);
    const total = owners.reduce((sum, { value }) => sum + value, 0);
    expect(total).toBeCloseTo(colouring(points)[0]!.effects.missesPerOperation!.value, 12);
  });

  // Of slab descriptors 6 of 100 and 24 of 200 are saved, 0.1 in all: residuals 4 and -4, by the mean of 150 misses.
  test('has the interval of a ratio', () => {
    const { value, interval } = ownersOf(points)![0]!;
    expect(interval![1] - value).toBeCloseTo((12.7062047 * 4) / 150, 6);
  });

  test('counts a role that one side lacks as none there', () => {
    const [off, on] = [owned('off', 0, 100, 0, 100), owned('on', 0, 100, 0, 150)];
    const { page: _, ...without } = off!.missesByRole!;
    expect(ownersOf([{ ...off!, missesByRole: without }, on!])).toMatchObject([
      { role: 'page', base: 0, variant: 0.5, value: 0.5, interval: null },
      { role: 'object', value: 0 },
      { role: 'slab descriptor', value: 0 },
    ]);
  });

  test('is not told where a point does not tell it, nor where nothing missed before', () => {
    expect(ownersOf([...points.slice(0, 3), point({ touch: 'a', colouring: 'on' }, 1, 166)])).toBeNull();
    expect(ownersOf([owned('off', 0, 0, 0, 0), owned('on', 0, 1, 0, 1)])).toEqual([]);
  });
});
