/** Randomness: every stream comes from the run's seed and a label, so that adding one stream moves no other. */
import seedrandom from 'seedrandom';

/** Numbers in [0, 1). */
export type Random = () => number;

export function seeded(seed: string | number, label: string): Random {
  return seedrandom.alea(`${seed}/${label}`);
}

/** A whole number from 0 to limit - 1. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** Fisher and Yates, in place. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
