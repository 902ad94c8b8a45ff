/** The words that all reports share: the question and its answer, what the figures speak of, what was run. */

import { groupBy } from '../base/group-by.ts';
import { type Comparison, primaryOf } from '../lab/results/compare.ts';
import { looksOf, type Seeds } from '../lab/results/looks.ts';
import { type Combination, cachesNamed, keyOf, type PointResult, RECORDED } from '../lab/results/points.ts';
import type { Results, TraceReport } from '../lab/results/results.ts';
import { type Effect, ENOUGH_SEEDS, type Estimate, NEGLIGIBLE, type Reading } from '../lab/results/statistics.ts';
import { valuesInWords } from './axis-words.ts';
import { changeText, enumerate, percentOf, thousands } from './figures.ts';

// --- What was compared ---------------------------------------------------------------------------------------------

/** The comparisons along each axis, what is asked of the kernel before what is asked of where it runs. */
export const byAxis = (comparisons: readonly Comparison[]): Comparison[][] =>
  [...groupBy(comparisons, ({ axis }) => axis).values()].sort(
    ([a], [b]) => Number(isSetting(a)) - Number(isSetting(b)),
  );

const isSetting = ({ axis }: Comparison): boolean => /^(machine|interference|workload|think|ageing)\b/.test(axis);

/** Those that the answer and the picture are about: along the first axis. */
export const mainComparisons = (comparisons: readonly Comparison[]): Comparison[] => byAxis(comparisons)[0] ?? [];

/** Misses and cycles of an operation; of a point, where the workload has no operations. */
export const missesOf = (of: Comparison): Effect | null => of.effects[primaryOf(of)];
export const secondLevelOf = ({ effects }: Comparison): Effect | null => effects.l2MissesPerOperation;
export const cyclesOf = ({ effects }: Comparison): Effect | null => effects.cyclesPerOperation;

/** A figure that reports show; a change has a sign, a share has none. */
export interface ShownFigure {
  readonly heading: readonly [string, string];
  readonly figureOf: (of: Comparison) => Estimate | null;
  readonly plus: '+' | '';
}

/**
 * What reports show of comparisons along one axis behind all else: what the change costs, or how much of what can be had colouring
 * brings, first of what a spread over the sets can reach.
 */
export const lastFigures = ([{ axis }]: readonly Comparison[]): readonly [ShownFigure, ...ShownFigure[]] =>
  axis === 'colouring'
    ? [
        { heading: ['of an even', 'spread'], figureOf: ({ effectivenessHashed }) => effectivenessHashed, plus: '' },
        { heading: ['of full', 'assoc.'], figureOf: ({ effectiveness }) => effectiveness, plus: '' },
      ]
    : [{ heading: ['change of', 'peak pages'], figureOf: ({ effects }) => effects.peakPages, plus: '+' }];

/** What is compared along one axis: `colouring on against off`. */
export function contrastOf(comparisons: readonly Comparison[]): string {
  const [{ axis, base, variant }] = comparisons;
  return hasVariants(comparisons) ? `${axis} against ${base}` : `${axis} ${variant} against ${base}`;
}

const hasVariants = (comparisons: readonly Comparison[]): boolean =>
  new Set(comparisons.map(({ variant }) => variant)).size > 1;

/** How the comparisons along one axis stand in rows, and the rows in groups. */
export interface Layout {
  /** What names a row and a group: keys of the points. Without groups there is one, without a name. */
  readonly rowKeys: string;
  readonly groupKeys: string;
  readonly rowOf: (of: Comparison) => string;
  /** Rows of these comparisons in a sentence. */
  readonly rowsInWords: (of: readonly Comparison[]) => string;
  readonly groupOf: (of: Comparison) => string;
}

/**
 * Touch models stand side by side, so they are rows; where they do not vary, the last key that does is, or the axis itself. What does
 * not vary names nothing.
 */
export function layoutOf(comparisons: readonly Comparison[]): Layout {
  const [first] = comparisons;
  const axis = first?.axis ?? '';
  const all = Object.keys(first?.fixed ?? {});
  const keys = all.filter((key) => new Set(comparisons.map(({ fixed }) => fixed[key])).size > 1);
  const variants = hasVariants(comparisons);
  const only = variants ? undefined : all.includes('touch') ? 'touch' : all.at(-1);
  const row = keys.includes('touch') ? 'touch' : (keys.at(-1) ?? only);
  if (row === undefined) {
    return {
      ...{ rowKeys: axis, groupKeys: '', rowOf: ({ variant }) => String(variant), groupOf: () => '' },
      rowsInWords: (of) =>
        valuesInWords(
          axis,
          of.map(({ variant }) => variant),
        ),
    };
  }
  const groups = keys.filter((key) => key !== row);
  return {
    rowKeys: titleOf(row),
    groupKeys: [...(variants ? [axis] : []), ...groups].map(titleOf).join(', '),
    rowOf: ({ fixed }) => String(fixed[row]),
    rowsInWords: (of) =>
      valuesInWords(
        row,
        of.map(({ fixed }) => fixed[row]!),
      ),
    groupOf: ({ variant, fixed }) =>
      [
        ...(variants ? [valuesInWords(axis, [variant])] : []),
        ...groups.map((key) => valuesInWords(key, [fixed[key]!])),
      ].join(', '),
  };
}

const titleOf = (key: string): string => (key === 'touch' ? TOUCH_TITLE : key);
export const TOUCH_TITLE = 'touch model';

/** A comparison's row, with its group where there are several. */
export function caseOf(of: Comparison, comparisons: readonly Comparison[]): string {
  const { rowsInWords, groupOf } = layoutOf(comparisons);
  const row = rowsInWords([of]);
  return groupBy(comparisons, groupOf).size === 1 ? row : `${row}, ${groupOf(of)}`;
}

// --- Verdicts ------------------------------------------------------------------------------------------------------

/** What a change of the axis does to misses, or to another measure. */
export type Verdict = 'fewer' | 'more' | 'none' | 'unclear' | 'untold';

export function verdictOf(of: Comparison, effectOf: (of: Comparison) => Effect | null = missesOf): Verdict {
  const effect = effectOf(of);
  if (effect === null) return 'untold';
  if (effect.reading === 'change') return effect.value < 0 ? 'fewer' : 'more';
  return withoutChange[effect.reading];
}

const withoutChange: Record<Exclude<Reading, 'change'>, Verdict> = {
  'no-change': 'none',
  identical: 'none',
  'too-few-seeds': 'unclear',
  'one-seed': 'untold',
};

const VERDICTS = ['fewer', 'more', 'none', 'unclear', 'untold'] as const;

/** Those that occur, in a fixed order. */
export function verdicts(comparisons: readonly Comparison[], effectOf = missesOf): Verdict[] {
  const found = new Set(comparisons.map((of) => verdictOf(of, effectOf)));
  return VERDICTS.filter((verdict) => found.has(verdict));
}

const effect: Record<Verdict, string> = {
  fewer: 'fewer misses',
  more: 'more misses',
  none: 'no change of 1 %',
  unclear: 'too few seeds to tell',
  untold: 'no interval',
};

/** What happens in which rows, for comparisons of one group of this layout. */
export const effectsOf = (comparisons: readonly Comparison[], { rowKeys, rowsInWords }: Layout): string =>
  verdicts(comparisons)
    .map((verdict) => {
      const where = rowKeys === titleOf('touch') ? 'under' : 'with';
      return `${effect[verdict]} ${where} ${rowsInWords(comparisons.filter((of) => verdictOf(of) === verdict))}`;
    })
    .join(', ');

/** The least and the greatest of a figure, each with its case; empty where it is nowhere told. */
export function rangeOf(comparisons: readonly Comparison[], figureOf: (of: Comparison) => Estimate | null): string {
  const told = comparisons.flatMap((of) => {
    const figure = figureOf(of);
    return figure === null ? [] : [{ of, figure }];
  });
  const percent = percentOf(told.map(({ figure }) => figure));
  const sorted = told.toSorted((a, b) => a.figure.value - b.figure.value);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return '';
  const written = ({ of, figure }: (typeof told)[number]) =>
    `${changeText(figure.value, percent)} (${caseOf(of, comparisons)})`;
  if (least === most) return written(least);
  const isOne = percent(least.figure.value) === percent(most.figure.value);
  return isOne ? `${changeText(least.figure.value, percent)} each` : `${written(least)} to ${written(most)}`;
}

/** The ranges of misses, and of what time hangs on more: what misses the second level too, and cycles. */
export function changesOf(comparisons: readonly Comparison[]): string {
  const ranges = [
    ['misses', rangeOf(comparisons, missesOf)],
    ['L2 misses', rangeOf(comparisons, secondLevelOf)],
    ['estimated cycles', rangeOf(comparisons, cyclesOf)],
  ].filter(([, range]) => range !== '');
  return ranges.map(([what, range], i) => `${what} ${i === 0 ? 'change by' : 'by'} ${range}`).join(', ');
}

// --- What the figures speak of -------------------------------------------------------------------------------------

/** Stands wherever intervals are shown. */
export function caveatOf(
  [{ seeds }]: readonly Comparison[],
  results: Pick<Results, 'points' | 'specification'>,
): string {
  const looks = looksAt(results);
  const level = looks === 1 ? '' : `, so wide that all ${looks} looks together miss the truth in 5 %`;
  const intervals =
    seeds === 1
      ? 'One seed gives no interval, and its figures speak of'
      : `Intervals are Student\u2019s t over ${seeds} seeds in pairs, each for itself${level}. They speak of`;
  const few =
    seeds > 1 && seeds < ENOUGH_SEEDS ? ' So few seeds hold only if their differences are normally distributed.' : '';
  const touches = touchesOf(results) === 'recorded' ? '' : 'touches, ';
  return `${intervals} what a seed draws (${touches}threads on CPUs, and the system's past: statics, tasks, caches and what stood in them, pages), not of other workloads.${few}`;
}

/** By which rules fewer, more and none are said. */
export const RULES =
  `A change of misses, or of cycles, that lies within ${100 * NEGLIGIBLE} % is none. Else fewer or more is said where p is at most ` +
  '5 % after Holm\u2019s correction for all comparisons along the axis, misses and cycles each for themselves. Of other measures ' +
  'nothing is said: each interval stands for itself.';

/** Where the seeds are too few to tell whether misses change, and about how many would do. */
export function seedsWarningOf(comparisons: readonly Comparison[]): string[] {
  const few = comparisons.map(missesOf).filter((misses) => misses?.reading === 'too-few-seeds');
  if (few.length === 0) return [];
  const enough = Math.max(...few.map((misses) => misses!.seedsToTell!));
  return [
    `Too few seeds to tell the change of misses in ${few.length} of ${comparisons.length} cases: about ${thousands(enough)} would do.`,
  ];
}

/** For how much of what is allocated colouring can do anything, on the side of these comparisons that has colours. */
export function reachOf(comparisons: readonly Comparison[], measures: Results['measures']): string[] {
  if (comparisons[0]?.axis !== 'colouring') return [];
  const sharesOf = new Map(measures.map(({ combination, measures }) => [keyOf(combination), measures.colouredShare]));
  const shares = comparisons.flatMap(({ axis, variant, fixed }) => {
    const share = sharesOf.get(keyOf({ ...fixed, [axis]: variant })) ?? null;
    return share === null ? [] : [{ fixed, percent: `${(100 * share).toFixed(0)} %` }];
  });
  if (shares.length === 0) return [];
  const without = (fixed: Combination, key: string) => keyOf({ ...fixed, [key]: '' });
  const matters = (key: string) =>
    [...groupBy(shares, ({ fixed }) => without(fixed, key)).values()].some(
      (alike) => new Set(alike.map(({ percent }) => percent)).size > 1,
    );
  const keys = Object.keys(comparisons[0].fixed).filter(matters);
  const names = groupBy(shares, ({ percent }) => percent);
  const written = [...names].map(([percent, of]) => {
    const cases = new Set(of.map(({ fixed }) => keys.map((key) => fixed[key]).join(' ')));
    return keys.length === 0 ? percent : `${percent} (${[...cases].join(', ')})`;
  });
  return [
    `Of the allocations from caches ${written.join(', ')} come from caches with a second colour; for all others colouring can do nothing.`,
  ];
}

/** Cases that stand together: those of one group, of one row where there are no groups, or of several that gave the same everywhere. */
export interface Group {
  readonly names: readonly string[];
  /** Of the first of them. */
  readonly members: readonly [Comparison, ...Comparison[]];
}

/** Those that gave the same everywhere are one, lest one layout be taken for several witnesses. */
export function groupsOf(comparisons: readonly Comparison[]): Group[] {
  const { groupKeys, groupOf, rowOf } = layoutOf(comparisons);
  const slices = [...groupBy(comparisons, groupKeys === '' ? rowOf : groupOf)];
  const sidesOf = (slice: readonly Comparison[]) =>
    JSON.stringify(
      slice.map((of) => [
        groupKeys === '' ? '' : rowOf(of),
        Object.values(of.effects).map((effect) => [effect?.base, effect?.variant]),
      ]),
    );
  return [...groupBy(slices, ([, slice]) => sidesOf(slice)).values()].map((alike) => ({
    names: alike.map(([name]) => name),
    members: alike[0]![1] as [Comparison, ...Comparison[]],
  }));
}

/** Which groups gave the same. */
export function alikeOf(comparisons: readonly Comparison[]): string[] {
  const { groupKeys, rowKeys } = layoutOf(comparisons);
  return groupsOf(comparisons)
    .filter(({ names }) => names.length > 1)
    .map(({ names }) =>
      (groupKeys || rowKeys) === 'alignment'
        ? `Here ${enumerate(names)} laid every object out alike.`
        : `${enumerate(names)} gave the same counts.`,
    );
}

/** Points that ran out of memory did less than the trace. */
export function warningsOf(points: readonly PointResult[]): string[] {
  const short = points.filter(({ counts }) => counts.failed > 0);
  if (short.length === 0) return [];
  const failed = short.reduce((sum, { counts }) => sum + counts.failed, 0);
  return [
    `WARNING: ${thousands(failed)} allocations found no memory, at ${short.length} of ${points.length} points, which ran less than the workload: memory is too small for it.`,
  ];
}

// --- What was run --------------------------------------------------------------------------------------------------

/** Where all touches come from, or none, a trace; or models stand beside it. */
export function touchesOf({ points, specification }: Pick<Results, 'points' | 'specification'>) {
  const { touch } = specification as { readonly touch?: unknown };
  const names = new Set(points.map(({ point }) => point.touch ?? touch));
  if (!names.has(RECORDED)) return 'models';
  return names.size === 1 ? 'recorded' : 'both';
}

export const touchesToldOf = (results: Results): string[] =>
  ({
    recorded: ['as recorded: no figure hangs on a touch model'],
    both: ['as recorded where touch is recorded; all else are models'],
    models: [],
  })[touchesOf(results)];

/** What was replayed, else the experiment's name. */
export function tracedOf({ name, trace, traces = [] }: Results): string {
  if (trace !== null) return `trace ${trace.name}`;
  return traces.length === 0 ? name : `traces ${enumerate(traces.map((each) => each.name))}`;
}

/** The caches of a trace that some points pass over. */
export function passedOverOf({ specification }: Results, { caches }: TraceReport): string[] {
  const { workload } = specification as { readonly workload?: unknown };
  const given = [workload].flat().flatMap((each) => (each as { readonly pass_over?: unknown })?.pass_over ?? []);
  const names = new Set(given.flatMap((each) => cachesNamed(String(each))));
  return caches
    .filter(({ recordedName }) => names.has(recordedName))
    .map(({ recordedName, objects, touches = 0 }) =>
      objects === undefined
        ? recordedName
        : `${recordedName} (${thousands(objects)} objects, ${thousands(touches)} touches)`,
    );
}

export function seedsOf({ points, seed, specification }: Results): string {
  const most = plannedOf(specification).at(-1);
  const limit = most === undefined ? '' : ` of at most ${most}, until every comparison was told`;
  return `${new Set(points.map(({ point }) => point.seed)).size}${limit}, drawn from '${seed}'`;
}

/** At how many numbers of seeds it was planned to look whether they suffice. */
export const looksAt = ({ specification }: Pick<Results, 'specification'>): number =>
  Math.max(1, plannedOf(specification).length);

/** Of a specification as understood; none where the number of seeds was given. */
function plannedOf(specification: unknown): number[] {
  const { seeds } = (specification ?? {}) as { readonly seeds?: Seeds };
  return typeof seeds === 'object' ? looksOf(seeds) : [];
}

export const specificationOf = ({ specificationHash, slabscope }: Results): string =>
  `${specificationHash.slice(0, 12)}, slabscope ${slabscope}`;

/** What was run, in small print. */
export const factsOf = (results: Results): string[] => [
  [results.machine, tracedOf(results)].join('  ·  '),
  ...touchesToldOf(results).map((told) => `touches ${told}`),
  `seeds: ${seedsOf(results)}  ·  specification ${specificationOf(results)}`,
];
