/** Zipf's law: of `ranks` ranks, rank r (from 0) is drawn in proportion to 1 / (r + 1)^exponent. */
import { exp, log } from './elementary.ts';
import type { Random } from './random.ts';

/** Draws ranks, each by one number of `random`. */
export function zipf(ranks: number, exponent: number): (random: Random) => number {
  let sum = 0;
  const upTo = new Float64Array(ranks);
  for (let rank = 0; rank < ranks; rank++) {
    sum += exp(-exponent * log(rank + 1));
    upTo[rank] = sum;
  }
  return (random) => {
    const drawn = random() * sum;
    let [low, high] = [0, ranks - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (upTo[middle] > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
