import { describe, expect, test } from 'vitest';
import { nanosecondsOf, nanosecondsTable } from '../../src/report/nanoseconds.ts';
import { comparison, estimate, results } from './results.ts';

const clocks = { slow: 500, fast: 4000 };
const machines = comparison('init-all', '', estimate(1, 0.8, 1.2), {
  ...{ axis: 'machine.model', base: 'slow', variant: 'fast', fixed: { touch: 'init-all' } },
});

describe('nanoseconds', () => {
  test('are the cycles of each side at its own clock: twice the cycles at eight times the clock is a quarter of the time', () => {
    const { value, interval } = nanosecondsOf(machines, { clocks })!;
    expect(value).toBe(-0.75);
    expect(interval!.map((bound) => bound.toFixed(4))).toEqual(['-0.7750', '-0.7250']);
  });

  test.each([
    ['another axis', { ...machines, axis: 'alignment' }, clocks],
    ['machines of one clock', machines, { slow: 500, fast: 500 }],
    ['results of before clocks were told', machines, undefined],
    ['no cycles', { ...machines, effects: { ...machines.effects, cyclesPerOperation: null } }, clocks],
  ])('are not told of %s', (_, of, known) => {
    expect(nanosecondsOf(of, known === undefined ? {} : { clocks: known })).toBeNull();
    expect(nanosecondsTable(results({ comparisons: [of], ...(known === undefined ? {} : { clocks: known }) }))).toEqual(
      [],
    );
  });

  test('stand in a table with the clocks', () => {
    expect(nanosecondsTable(results({ comparisons: [machines], clocks }))).toEqual([
      'nanoseconds an operation, each machine at its clock (slow 500 MHz, fast 4000 MHz)',
      '  fast against slow  -75.0 %  [-77.5, -72.5]',
    ]);
  });
});
