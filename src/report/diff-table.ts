/** Two results held against each other, as text for a terminal. */
import { assignments } from '../base/assignments.ts';
import type { CountChange, ResultsDiff } from '../lab/results/diff.ts';
import type { Combination, Point } from '../lab/results/points.ts';
import { intervalOf, percentOf, thousands } from './figures.ts';
import { columns } from './text-table.ts';

export function diffTable(diff: ResultsDiff): string {
  const { a, b, points, counts, combinations, other } = diff;
  const sections = [
    [`A  ${a.file}: ${a.name}, ${tellIdentity(a)}`, `B  ${b.file}: ${b.name}, ${tellIdentity(b)}`],
    diff.specification.map(({ key, a, b }) => `specification: ${key} is ${tell(a)} in A, ${tell(b)} in B`),
    [verdict(diff), ...lonely('A', points.onlyInA), ...lonely('B', points.onlyInB)],
    other.map((member) => `${told[member] ?? member} differs too`),
    countRows('all common points', counts),
    ...combinations.map(({ point, counts }) => countRows(describe(point) || 'the only combination', counts)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** Members of points in words; counts that one side alone has stand for themselves. */
const told: Readonly<Record<string, string>> = {
  sets: 'L1 set pressure',
  missesByRole: 'what was missed, by its role,',
};

const tellIdentity = ({ slabscope, specificationHash }: ResultsDiff['a']) =>
  `specification ${specificationHash.slice(0, 12)}, slabscope ${slabscope}`;

const tell = (value: unknown) =>
  typeof value === 'string' ? value : value === null ? 'not given' : JSON.stringify(value);

const describe = (point: Combination) => assignments(point, ', ');

function verdict({ identical, points }: ResultsDiff): string {
  if (identical) return `identical: ${thousands(points.common)} points, and every count of each is the same`;
  return `different: ${thousands(points.different)} of ${thousands(points.common)} common points`;
}

function lonely(side: string, points: readonly Point[]): string[] {
  if (points.length === 0) return [];
  const more = points.length > 1 ? ' and so on' : '';
  return [`only in ${side}: ${thousands(points.length)} points (${describe(points[0])}${more})`];
}

function countRows(title: string, counts: readonly CountChange[]): string[] {
  if (counts.length === 0) return [];
  const percent = percentOf(counts.map(({ change }) => change));
  const rows = counts.map(({ count, points, a, b, change }) => {
    const cells =
      change === null
        ? ['', '']
        : [`${percent(change.value)} %`, intervalOf(change, percent, (bounds) => `[${bounds.join(', ')}]`)];
    return [`  ${count}`, thousands(points), figure(a), figure(b), figure(b - a), ...cells];
  });
  const headings = ['  mean per point', 'differs at', 'A', 'B', 'B - A', 'change', '95 % interval'];
  return [title, ...columns([headings, ...rows], 1)];
}

/** A mean that rounds to nothing or to no whole number keeps its decimals. */
const figure = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1000
    ? `${value < 0 ? '-' : ''}${thousands(Math.abs(value))}`
    : value.toPrecision(3);
