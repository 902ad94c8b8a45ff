/** Populations of known form: bases that differ by some 10 % between seeds, and differences of mean 0 from three distributions. */
import type { Random } from '../../src/base/random.ts';
import type { Fraction } from '../../src/lab/results/measures.ts';
import { changeOf, type Figure, type Pair, ratioOfSums } from '../../src/lab/results/statistics.ts';
import type { Population } from './coverage.ts';

export type ChangedCount = Pair<Fraction>;

/** The change of a measure, as the lab has it. */
export function changeIn(sample: readonly ChangedCount[]): Figure | null {
  const [base, variant] = [
    ratioOfSums(sample.map(({ base }) => base)),
    ratioOfSums(sample.map(({ variant }) => variant)),
  ];
  return base === null || variant === null ? null : changeOf(base, variant);
}

/** Box and Muller's. */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const without = (name: string, difference: (random: Random) => number): Population<ChangedCount> =>
  changed(name, 0, difference);

/** `by`: the true change, of a base of 1000. */
const changed = (name: string, by: number, difference: (random: Random) => number): Population<ChangedCount> => ({
  name,
  draw: (random) => {
    const base = 1000 + 100 * normal(random);
    return { base: [base, 1], variant: [base + 1000 * by + difference(random), 1] };
  },
  figureOf: changeIn,
  truth: by,
});

export const madeUp: readonly Population<ChangedCount>[] = [
  without('normal differences', (random) => 10 * normal(random)),
  without('lognormal differences', (random) => 10 * (Math.exp(normal(random)) - Math.exp(0.5))),
  without('two-point differences, p = 1/4', (random) => (random() < 1 / 4 ? 15 : -5)),
];

/** Normal differences of seeds, so many percent of the base wide, around a true change: what seeds are added for. */
export const uncertain: readonly Population<ChangedCount>[] = [
  ...[2, 5, 10].map((wide) =>
    changed(`no change, seeds differ by ${wide} %`, 0, (random) => 10 * wide * normal(random)),
  ),
  ...[5, 10].map((wide) => changed(`-2 %, seeds differ by ${wide} %`, -0.02, (random) => 10 * wide * normal(random))),
];
