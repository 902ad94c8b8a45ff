/** What a change of layout saves: the same seeds with it and without. */
import type { Counts } from '../lab/results/counts.ts';
import type { PointResult } from '../lab/results/points.ts';
import { type Effect, effectOf, type Pair } from '../lab/results/statistics.ts';
import { intervalOf, percentOf, thousands } from './figures.ts';
import { columns } from './text-table.ts';

interface Row {
  readonly label: string;
  readonly of: (counts: Counts) => number;
  /** Of each operation, where there are any. */
  readonly perOperation?: true;
}

const rows: readonly Row[] = [
  { label: 'misses', of: ({ misses }) => misses },
  { label: '  false sharing', of: ({ falseSharing }) => falseSharing },
  { label: '  true sharing', of: ({ trueSharing }) => trueSharing },
  { label: '  cold', of: ({ cold }) => cold },
  { label: '  capacity', of: ({ capacity }) => capacity },
  { label: '  conflict', of: ({ conflict }) => conflict },
  { label: 'HITM', of: ({ c2cDirty }) => c2cDirty },
  { label: 'second level misses', of: ({ l2Misses }) => l2Misses },
  { label: 'cycles an operation', of: ({ cycles }) => cycles, perOperation: true },
  { label: 'pages at peak', of: ({ peakPages }) => peakPages },
];

export interface TrialRow {
  readonly label: string;
  /** Null where the change cannot be told: from nothing to something. */
  readonly effect: Effect | null;
  readonly base: number;
  readonly tried: number;
}

/** Each figure of both sides, seed by seed. */
export function trialRows(pairs: readonly Pair<Pick<PointResult, 'counts'>>[]): TrialRow[] {
  return rows.flatMap(({ label, of, perOperation }): TrialRow[] => {
    const fraction = ({ counts }: Pick<PointResult, 'counts'>): [number, number] => [
      of(counts),
      perOperation ? counts.operations : 1,
    ];
    const fractions = pairs.map(({ base, variant }) => ({ base: fraction(base), variant: fraction(variant) }));
    const mean = (side: keyof Pair<unknown>) =>
      fractions.reduce((sum, pair) => sum + pair[side][0], 0) / fractions.reduce((sum, pair) => sum + pair[side][1], 0);
    const [base, tried] = [mean('base'), mean('variant')];
    if (!Number.isFinite(base) || (base === 0 && tried === 0)) return [];
    return [{ label, effect: effectOf(fractions), base, tried }];
  });
}

export function trialText(told: readonly TrialRow[], seeds: number): string {
  const effects = told.map(({ effect }) => effect);
  const percent = percentOf(effects);
  const figure = (value: number) => (value < 100 && !Number.isInteger(value) ? value.toFixed(1) : thousands(value));
  const head = seeds === 1 ? 'of one seed' : `a seed, of ${seeds}`;
  const table = columns(
    [
      [head, 'as it is', 'tried', 'change', seeds === 1 ? '' : '95 % interval'],
      ...told.map(({ label, effect, base, tried }) => [
        ...[label, figure(base), figure(tried)],
        ...(effect === null
          ? ['', '']
          : [`${percent(effect.value)} %`, seeds === 1 ? '' : intervalOf(effect, percent, intervalText)]),
      ]),
    ],
    1,
  );
  return [...table, '', ...verdict(told, seeds), ''].join('\n');
}

const intervalText = ([low, high]: readonly string[]): string => `[${low}, ${high}]`;

/** Misses and cycles, by the rules of comparisons. */
function verdict(told: readonly TrialRow[], seeds: number): string[] {
  const by = (label: string) => told.find((row) => row.label === label);
  const sentences = (['misses', 'cycles an operation'] as const).flatMap((label) => {
    const effect = by(label)?.effect ?? null;
    return effect === null ? [] : [`${label}: ${readingText(effect)}`];
  });
  const [misses, cycles] = [by('misses')?.effect?.value ?? 0, by('cycles an operation')?.effect?.value ?? 0];
  const disagree =
    misses * cycles < 0
      ? ['They disagree: a miss costs what serves it: the second level, memory, or another cache.']
      : [];
  const one = seeds === 1 ? ['One seed gives no interval: --seeds 10 does.'] : [];
  return [`It changes ${sentences.join('; ')}.`, ...disagree, ...one];
}

function readingText(effect: Effect): string {
  const { reading, value, seedsToTell } = effect;
  const percent = percentOf([effect], '');
  const size = `${percent(Math.abs(value))} % ${value < 0 ? 'fewer' : 'more'}`;
  switch (reading) {
    case 'change':
      return size;
    case 'no-change':
      return 'by less than 1 %';
    case 'identical':
      return 'nothing';
    case 'too-few-seeds':
      return `${size}, if at all: too few seeds to tell, about ${thousands(seedsToTell!)} would do`;
    case 'one-seed':
      return value === 0 ? 'nothing' : size;
  }
}
