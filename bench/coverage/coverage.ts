/**
 * How often a 95 % interval holds what it is about: samples of seeds are drawn from populations of which the truth is known,
 * and the lab's own intervals made of them. What the populations are: made-up.ts and real.ts.
 */
import type { Random } from '../../src/base/random.ts';
import { type Estimate, estimateOf, type Figure, NEGLIGIBLE } from '../../src/lab/results/statistics.ts';

/** All seeds that there might be: one is drawn at a time, and a sample of them has a figure. */
export interface Population<Seed> {
  readonly name: string;
  readonly draw: (random: Random) => Seed;
  readonly figureOf: (sample: readonly Seed[]) => Figure | null;
  /** The figure of the whole population. */
  readonly truth: number;
}

/** The share of intervals over so many seeds that hold the truth. A sample that has no figure holds nothing. */
export function coverage<Seed>(
  { draw, figureOf, truth }: Population<Seed>,
  seeds: number,
  repetitions: number,
  random: Random,
): number {
  let held = 0;
  for (let i = 0; i < repetitions; i++) {
    const figure = figureOf(Array.from({ length: seeds }, () => draw(random)));
    if (figure === null) continue;
    if (holds(estimateOf(figure), truth)) held++;
  }
  return held / repetitions;
}

const holds = ({ interval }: Estimate, truth: number): boolean =>
  interval![0] - ROUNDING <= truth && truth <= interval![1] + ROUNDING;

/** A sample may hit the truth without any spread. */
const ROUNDING = 1e-9;

export interface SeedsAdded {
  /** The share of intervals that hold the truth, where one stopped. */
  readonly held: number;
  /** The share that says fewer where there are more, more where there are fewer, or either where the change is nothing. */
  readonly wrong: number;
  /** How many seeds it took, on average. */
  readonly seeds: number;
}

/** The same where seeds are added until a change, or that there is none, is told; `corrected`: for how many looks. */
export function coverageAsSeedsAreAdded<Seed>(
  { draw, figureOf, truth }: Population<Seed>,
  looks: readonly number[],
  corrected: number,
  repetitions: number,
  random: Random,
): SeedsAdded {
  const total = { held: 0, wrong: 0, seeds: 0 };
  for (let i = 0; i < repetitions; i++) {
    const sample: Seed[] = [];
    for (const look of looks) {
      while (sample.length < look) sample.push(draw(random));
      const figure = figureOf(sample)!;
      const estimate = estimateOf(figure, corrected);
      const [low, high] = estimate.interval!;
      const isNone = Math.max(-low, high) <= NEGLIGIBLE;
      const isChange = !isNone && (low > 0 || high < 0);
      if (!isNone && !isChange && look !== looks.at(-1)) continue;
      total.seeds += look / repetitions;
      if (holds(estimate, truth)) total.held += 1 / repetitions;
      if (isChange && Math.sign(figure.value) !== Math.sign(truth)) total.wrong += 1 / repetitions;
      break;
    }
  }
  return total;
}
