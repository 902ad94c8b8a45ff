/** The races that 2.4.0 has on purpose, or lives with: what the race detector finds in a run of it, with the reason each. */
import type { IntendedRace } from '../kernel-facts.ts';

export const intendedRaces: readonly IntendedRace[] = [];
