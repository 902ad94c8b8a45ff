/**
 * How many seeds an experiment has: a number, or as many as it takes, up to one that is stated before. Then it is looked at at
 * ten seeds and whenever they have doubled, so that how often is known beforehand and can be corrected for.
 */
import { ENOUGH_SEEDS } from './statistics.ts';

export type Seeds = number | { readonly at_most: number };

/** `seeds: auto`: five looks. */
export const AS_MANY_AS_IT_TAKES = { at_most: 160 };

/** The numbers of seeds at which one looks whether they suffice; the last is all that there may be. */
export function looksOf(seeds: Seeds): number[] {
  if (typeof seeds === 'number') return [seeds];
  const looks: number[] = [];
  for (let look = ENOUGH_SEEDS; look < seeds.at_most; look *= 2) looks.push(look);
  return [...looks, seeds.at_most];
}

/** The most seeds that there may be. */
export const mostOf = (seeds: Seeds): number => looksOf(seeds).at(-1)!;
