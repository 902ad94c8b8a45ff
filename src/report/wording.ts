/** The words and figures that all reports share: the question and its answer, what the figures speak of, what was run. */
import type { Estimate, PairedComparison, PointResult, Results } from '../lab/results.ts';
import { groupBy } from './group-by.ts';

// --- The question and its answer -----------------------------------------------------------------------------------

export const QUESTION = 'Does slab colouring reduce L1 misses on this workload?';

/** What colouring does to the misses: told only by an interval, and clear only where that excludes zero. */
export type Verdict = 'fewer' | 'more' | 'unclear' | 'untold';

export function verdictOf({ misses: { interval } }: PairedComparison): Verdict {
  if (interval === null) return 'untold';
  const [low, high] = interval;
  if (high < 0) return 'fewer';
  return low > 0 ? 'more' : 'unclear';
}

/** Those that occur, in a fixed order. */
export function byVerdict(comparisons: readonly PairedComparison[]): [Verdict, PairedComparison[]][] {
  const groups = groupBy(comparisons, verdictOf);
  return (['fewer', 'more', 'unclear', 'untold'] as const).flatMap((verdict) => {
    const group = groups.get(verdict);
    return group === undefined ? [] : [[verdict, group]];
  });
}

/** The answer at a glance. */
export function answerOf(comparisons: readonly PairedComparison[]): string {
  const verdicts = byVerdict(comparisons);
  if (verdicts.length === 0) return 'Not asked: nothing here ran with colouring both on and off';
  if (verdicts.length > 1) {
    const cases = verdicts.map(([verdict, group]) => `${effect[verdict]} in ${group.length}`);
    return `It depends: ${cases.join(', ')} of ${comparisons.length} cases`;
  }
  const [[verdict]] = verdicts;
  if (verdict === 'untold') return 'One seed gives no interval, so no answer';
  if (verdict === 'unclear') return 'Not clear: every interval includes zero';
  const percent = percentOf(comparisons.map(missesOf), '');
  const sizes = comparisons.map((of) => Math.abs(of.misses.value));
  const ends = [Math.min(...sizes), Math.max(...sizes)].map(percent);
  return `${verdict === 'fewer' ? 'Yes' : 'No'}: ${[...new Set(ends)].join(' % to ')} % ${verdict} L1 misses`;
}

const effect: Record<Verdict, string> = {
  fewer: 'fewer misses',
  more: 'more misses',
  unclear: 'no clear change',
  untold: 'no interval',
};

/** What colouring does under which touch model, for comparisons of one alignment. */
export const effectsOf = (comparisons: readonly PairedComparison[]): string =>
  byVerdict(comparisons)
    .map(([verdict, group]) => `${effect[verdict]} under ${enumerate(group.map(({ touch }) => touch))}`)
    .join(', ');

export const missesOf = ({ misses }: PairedComparison): Estimate => misses;
export const cyclesOf = ({ cycles }: PairedComparison): Estimate => cycles;

/** The least and the greatest of a figure, each with its touch model, and its alignment where there are several. */
export function rangeOf(
  comparisons: readonly PairedComparison[],
  figureOf: (of: PairedComparison) => Estimate,
): string {
  const percent = percentOf(comparisons.map(figureOf));
  const oneAlignment = groupBy(comparisons, alignmentOf).size === 1;
  const told = (of: PairedComparison) =>
    `${percent(figureOf(of).value)} % (${oneAlignment ? of.touch : `${of.touch}, ${alignmentOf(of)}`})`;
  const sorted = comparisons.toSorted((a, b) => figureOf(a).value - figureOf(b).value);
  return sorted.length === 1 ? told(sorted[0]) : `${told(sorted[0])} to ${told(sorted[sorted.length - 1])}`;
}

/** Of a comparison of colouring, which holds the alignment fixed. */
export function alignmentOf({ fixed }: PairedComparison): string {
  return fixed;
}

// --- What the figures speak of -------------------------------------------------------------------------------------

/** With fewer seeds, even the range from the least to the greatest covers the median in under 95 % of cases. */
const ENOUGH_SEEDS = 6;

/** Stands wherever intervals are shown. */
export function caveatOf([{ seeds }]: readonly PairedComparison[]): string {
  const intervals =
    seeds === 1
      ? 'One seed gives no interval, and its figures speak of'
      : `Intervals are bootstrapped over ${seeds} seeds in pairs, each for itself and by its own draws. They speak of`;
  const few = seeds > 1 && seeds < ENOUGH_SEEDS ? ' So few seeds give too narrow intervals.' : '';
  return `${intervals} what a seed draws (touches, placement of statics, tasks and threads, ageing of the page allocator), not of other workloads.${few}`;
}

/** Alignments that counted the same everywhere, lest one layout be taken for several witnesses. */
export function alikeOf(comparisons: readonly PairedComparison[]): string[] {
  const alignments = [...groupBy(comparisons, alignmentOf)];
  const countsOf = (group: readonly PairedComparison[]) =>
    JSON.stringify(group.map(({ touch, baseCounts, variantCounts }) => [touch, baseCounts, variantCounts]));
  return [...groupBy(alignments, ([, group]) => countsOf(group)).values()]
    .filter((alike) => alike.length > 1)
    .map((alike) => `Here ${enumerate(alike.map(([alignment]) => alignment))} laid every object out alike.`);
}

/** Points that ran out of memory did less than the trace. */
export function warningsOf(points: readonly PointResult[]): string[] {
  const short = points.filter(({ counts }) => counts.failed > 0);
  if (short.length === 0) return [];
  const failed = short.reduce((sum, { counts }) => sum + counts.failed, 0);
  return [
    `WARNING: ${thousands(failed)} allocations found no memory, at ${short.length} of ${points.length} points, which ran less than the trace: memory is too small for it.`,
  ];
}

// --- What was run --------------------------------------------------------------------------------------------------

export const seedsOf = ({ points, seed }: Results): string =>
  `${new Set(points.map(({ point }) => point.seed)).size}, drawn from '${seed}'`;

export const specificationOf = ({ specificationHash, slabscope }: Results): string =>
  `${specificationHash.slice(0, 12)}, slabscope ${slabscope}`;

// --- Figures and text ----------------------------------------------------------------------------------------------

/**
 * Writes fractions in percent, all with as many decimals as it takes that no bound of these estimates that is off zero
 * is written as zero; three at most.
 */
export function percentOf(estimates: readonly (Estimate | null)[], plus = '+'): (fraction: number) => string {
  const bounds = estimates.flatMap((estimate) => estimate?.interval ?? estimate?.value ?? []);
  const least = Math.min(...bounds.map((bound) => Math.abs(100 * bound)).filter((bound) => bound > 0));
  const decimals = [1, 2].find((decimals) => least * 10 ** decimals >= 0.5) ?? 3;
  return (fraction) => {
    const figure = (100 * fraction).toFixed(decimals);
    return Number(figure) === 0 ? figure.replace('-', '') : figure.replace(/^(?=\d)/, plus);
  };
}

export const thousands = (value: number): string => value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');

const enumerate = (names: readonly string[]): string => new Intl.ListFormat('en-GB').format(names);

/** A percent sign stays with its figure. */
export const wordsOf = (text: string): string[] => text.split(/ (?!%)/);

/** As many words on a line as fit; a word that does not fit stands alone. */
export function wrap(words: readonly string[], fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines[lines.length - 1]} ${word}`;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
