/** Cycles of different clocks are no measure of time: where machines are compared, what their nanoseconds do. */
import type { Comparison } from '../lab/results/compare.ts';
import { valuesOf } from '../lab/results/points.ts';
import type { Results } from '../lab/results/results.ts';
import type { Estimate } from '../lab/results/statistics.ts';
import { intervalOf, percentOf } from './figures.ts';
import { columns } from './text-table.ts';

/** The change of the estimated time of an operation; null where the clock is the same on both sides, or not known. */
export function nanosecondsOf(of: Comparison, { clocks = {} }: Pick<Results, 'clocks'>): Estimate | null {
  if (of.axis !== 'machine.model') return null;
  const [base, variant] = [clocks[of.base], clocks[of.variant]];
  const { cyclesPerOperation: cycles } = of.effects;
  if (base === undefined || variant === undefined || base === variant || cycles === null) return null;
  const inTime = (change: number) => ((1 + change) * base) / variant - 1;
  const { value, interval } = cycles;
  return { value: inTime(value), interval: interval === null ? null : [inTime(interval[0]), inTime(interval[1])] };
}

/** A title, and a row for each comparison of machines of different clocks; nothing where there is none. */
export function nanosecondsTable(results: Results): string[] {
  const compared = results.comparisons.flatMap((of) => {
    const time = nanosecondsOf(of, results);
    return time === null ? [] : [{ of, time }];
  });
  if (compared.length === 0) return [];
  const fixed = compared.map(({ of }) => of.fixed);
  const varying = Object.keys(fixed[0]).filter((key) => valuesOf(fixed, key).length > 1);
  const percent = percentOf(compared.map(({ time }) => time));
  const rows = compared.map(({ of, time }) => [
    `  ${[`${of.variant} against ${of.base}`, ...varying.map((key) => of.fixed[key])].join(', ')}`,
    `${percent(time.value)} %`,
    intervalOf(time, percent, (bounds) => `[${bounds.join(', ')}]`),
  ]);
  const clocks = Object.entries(results.clocks!).map(([name, mhz]) => `${name} ${mhz} MHz`);
  return [`nanoseconds an operation, each machine at its clock (${clocks.join(', ')})`, ...columns(rows, 1)];
}
