/** Figures, and text that is broken into lines. */
import type { Estimate } from '../lab/results/statistics.ts';

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

/** From ten times as many on, a change is read as times. */
const TIMES = 9;

/** A change with its unit: `-2.5 %`, or `x 41`. */
export const changeText = (change: number, percent: (fraction: number) => string): string =>
  change >= TIMES ? `x ${thousands(1 + change)}` : `${percent(change)} %`;

/** Where all seeds tell the same change, what they would say of others is no interval. */
export const intervalOf = (
  { value, interval }: Estimate,
  percent: (fraction: number) => string,
  join: (bounds: readonly string[]) => string,
): string => {
  if (interval === null) return 'one seed';
  const [low, high] = interval;
  if (low === high) return SEEDS_ALIKE;
  // As the value is, whose bounds they are.
  return join(
    value >= TIMES && low >= 0 ? interval.map((bound) => `x ${thousands(1 + bound)}`) : interval.map(percent),
  );
};

export const SEEDS_ALIKE = 'seeds alike';

export const thousands = (value: number): string => value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');

/** So many misses, in words. */
export const missesText = (count: number): string => `${thousands(count)} ${count === 1 ? 'miss' : 'misses'}`;

/** Small numbers in order, each once: `0,2-5`. */
export function numbersIn(numbers: readonly number[]): string {
  const ranges: [from: number, to: number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}${to === from + 1 ? ',' : '-'}${to}`)).join(',');
}

/** Bytes, in the largest unit of which they are a whole number. */
export function sizeText(bytes: number): string {
  if (bytes % 2 ** 20 === 0) return `${thousands(bytes / 2 ** 20)} MB`;
  return bytes % 1024 === 0 ? `${thousands(bytes / 1024)} KB` : `${thousands(bytes)} bytes`;
}

export const enumerate = (names: readonly string[]): string => new Intl.ListFormat('en-GB').format(names);

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
