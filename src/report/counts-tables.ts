/** What points counted, and the measures of it, as tables. */
import { groupBy } from '../base/group-by.ts';
import type { ClassedMisses, Counts } from '../lab/results/counts.ts';
import type { CombinationMeasures, MeasureName } from '../lab/results/measures.ts';
import { type Combination, combinationOf, keyOf, type PointResult, RECORDED, valuesOf } from '../lab/results/points.ts';
import type { Results } from '../lab/results/results.ts';
import { thousands } from './figures.ts';
import { BOLD, DIM, fitted, type Line, paragraph, type TableColumn } from './lines.ts';

/** Two tables for each touch model, or, where points have none, for all; then what explains their columns. */
export function countsTables({ points, measures }: Results, width: number): Line[][] {
  const combinations = points.map(({ point }) => combinationOf(point));
  const keys = Object.keys(combinations[0] ?? {}).filter((key) => key !== 'touch');
  const varying = keys.filter((key) => valuesOf(combinations, key).length > 1);
  const shown = varying.length > 0 ? varying : keys;
  const notes = new Set<string>();
  const tableOf = <T>(title: string, items: readonly T[], of: (item: T) => Combination, columns: TableColumn<T>[]) => {
    const names = { heading: keyHeadings(shown), of: (item: T) => shown.map((key) => of(item)[key]).join(', ') };
    const { heading, rows, kept, leftOut } = fitted(items, names, columns, width);
    for (const { note } of kept) if (note !== undefined) notes.add(note);
    return [[title, BOLD] as const, ...heading, ...rows, ...leftOut];
  };
  const tables = [...groupBy(points, ({ point }) => point.touch)].flatMap(([touch, group]) => {
    const under = touch === undefined ? '' : touch === RECORDED ? 'recorded touches: ' : `touch model ${touch}: `;
    const combined = [...groupBy(group, ({ point }) => keyOf(combinationOf(point))).values()];
    const measured = measures.filter(({ combination }) => combination.touch === touch);
    return [
      tableOf(`${under}counts`, combined, ([{ point }]) => point, countsColumns),
      tableOf(`${under}measures`, measured, ({ combination }) => combination, measuresColumns(measured)),
    ];
  });
  const note = `Means per seed. ${[...notes].join(' ')} docs/measures.md defines them all.`;
  return points.length === 0 ? [] : [...tables, paragraph(note, DIM, width)];
}

/** Two headings for the names of combinations, the keys parted as evenly as may be. */
function keyHeadings(keys: readonly string[]): [string, string] {
  const above = keys.slice(0, Math.floor(keys.length / 2));
  return [above.map((key) => `${key},`).join(' '), keys.slice(above.length).join(', ')];
}

const SHARING = 'Sharing is decided at the miss (Eggers and Jeremiassen 1991).';
const CYCLES = 'Cycles per operation are an estimate, of all CPUs that are busy.';

const sumOf = (points: readonly PointResult[], count: Exclude<keyof Counts, 'remoteMisses'>) =>
  points.reduce((total, { counts }) => total + counts[count], 0);

type Heading = readonly [above: string, below: string];

const mean = (
  heading: Heading,
  count: keyof ClassedMisses | 'accesses' | 'hits' | 'peakPages',
  rank: number,
  note?: string,
): TableColumn<readonly PointResult[]> => ({
  ...{ heading, rank, cell: (of) => thousands(sumOf(of, count) / of.length) },
  ...(note === undefined ? {} : { note }),
});

const countsColumns: TableColumn<readonly PointResult[]>[] = [
  mean(['', 'accesses'], 'accesses', 2),
  mean(['', 'hits'], 'hits', 5),
  mean(['', 'misses'], 'misses', 0),
  mean(['', 'cold'], 'cold', 3),
  mean(['', 'capacity'], 'capacity', 3),
  mean(['', 'conflict'], 'conflict', 3),
  mean(['true', 'sharing'], 'trueSharing', 4, SHARING),
  mean(['false', 'sharing'], 'falseSharing', 4, SHARING),
  {
    heading: ['cycles/op', '(est.)'],
    rank: 0,
    note: CYCLES,
    cell: (of) => (sumOf(of, 'cycles') / Math.max(1, sumOf(of, 'operations'))).toFixed(1),
  },
  mean(['peak', 'pages'], 'peakPages', 1),
];

const decimals =
  (places: number) =>
  (value: number): string =>
    value.toFixed(places);
const percentage = (value: number): string => `${(100 * value).toFixed(1)} %`;

const RATES = 'Misses a thousand accesses, in all and by class.';
const SPREAD = 'Over sets, entropy 1 and Gini 0 is evenly.';
const AT_HAND = 'At hand: allocations and frees that a per-CPU array served.';
const WASTED = 'Wasted: of the pages at the peak, what nobody had asked for.';
const ELAPSED = 'Elapsed is the time from beginning to end, by operations.';
const WAITS = 'Waits are for lines on their way to others; they, spinning and interrupts off are in cycles.';

const measuresShown: readonly [
  heading: Heading,
  name: MeasureName,
  (value: number) => string,
  rank: number,
  note?: string,
][] = [
  [['misses', '/1000'], 'missesPerThousand', decimals(2), 0, RATES],
  [['', 'cold'], 'coldPerThousand', decimals(2), 2, RATES],
  [['', 'capacity'], 'capacityPerThousand', decimals(2), 2, RATES],
  [['', 'conflict'], 'conflictPerThousand', decimals(2), 2, RATES],
  [['cold of', 'misses'], 'coldShare', percentage, 8],
  [['', 'remote'], 'remoteMissesPerThousand', decimals(2), 1],
  [['L2', 'hits'], 'l2HitRate', percentage, 1],
  [['sets:', 'entropy'], 'setMissEntropy', decimals(3), 7, SPREAD],
  [['', 'Gini'], 'setMissGini', decimals(3), 7, SPREAD],
  [['at hand:', 'alloc'], 'arrayAllocHitRate', percentage, 4, AT_HAND],
  [['', 'free'], 'arrayFreeHitRate', percentage, 4, AT_HAND],
  [['', 'wasted'], 'fragmentationAtPeak', percentage, 5, WASTED],
  [['elapsed', '/op'], 'elapsedCyclesPerOperation', decimals(1), 3, ELAPSED],
  [['waits', '/op'], 'lineWaitCyclesPerOperation', decimals(2), 6, WAITS],
  [['spin', '/op'], 'spinCyclesPerOperation', decimals(2), 6, WAITS],
  [['irqs off,', 'longest'], 'longestInterruptsOff', thousands, 9, WAITS],
];

/** A column in which nothing is told is left out. */
const measuresColumns = (of: readonly CombinationMeasures[]): TableColumn<CombinationMeasures>[] =>
  measuresShown
    .filter(([, name]) => of.some(({ measures }) => measures[name] !== null))
    .map(([heading, name, write, rank, note]) => ({
      ...{ heading, rank, ...(note === undefined ? {} : { note }) },
      cell: ({ measures: { [name]: value } }) => (value === null ? 'n/a' : write(value)),
    }));
