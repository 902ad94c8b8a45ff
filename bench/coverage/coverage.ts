/**
 * How often a 95 % interval holds what it is about: samples of seeds are drawn from populations of which the truth is known,
 * and the lab's own intervals made of them. What the populations are: made-up.ts and real.ts.
 */
import type { Random } from '../../src/base/random.ts';
import { estimateOf, type Figure } from '../../src/lab/results/statistics.ts';

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
    const [low, high] = estimateOf(figure).interval!;
    if (low - ROUNDING <= truth && truth <= high + ROUNDING) held++;
  }
  return held / repetitions;
}

/** A sample may hit the truth without any spread. */
const ROUNDING = 1e-9;
