/** The points of an experiment and what each came to; how they are named, told apart and grouped, once for all. */
import type { Role } from '../../slab/allocator.ts';
import type { Counts, SetPressure } from './counts.ts';
import type { OwnerCounts, Sharing } from './owners.ts';

/** Of an axis of the experiment, or a key that has one value. */
export type AxisValue = string | number;

/**
 * One combination of the values of a specification's axes, and the number of a seed. An axis is named by the dotted path of
 * its key (`machine.cpus`); a model or workload that is written out is shown by its name.
 */
export type Point = Readonly<Record<string, AxisValue>> & { readonly seed: number };

/** The value of `touch` that is no model: what the trace tells. */
export const RECORDED = 'recorded';

/** Beside names of caches, where passing them over varies. */
export const NONE_PASSED_OVER = 'none';

/** The names of caches in a value of `pass_over`. */
export const cachesNamed = (text: string): string[] =>
  text.split(/\s+/).filter((name) => name !== '' && name !== NONE_PASSED_OVER);

/** All of a point but its seed. */
export type Combination = Readonly<Record<string, AxisValue>>;

/** What was missed, as c2c's kinds of owners; a role that is not there missed nothing. */
export type MissesByRole = Readonly<Partial<Record<Role, number>>>;

export interface PointResult {
  readonly point: Point;
  readonly counts: Counts;
  readonly sets?: SetPressure;
  /** Only where the specification asks for owners: misses by the role of what they missed; they add up to all. */
  readonly missesByRole?: MissesByRole;
  /** Only where misses were attributed: every one has exactly one owner, so they add up to `counts`. Most misses first. */
  readonly owners?: readonly OwnerCounts[];
  readonly sharing?: Sharing;
}

export function combinationOf({ seed: _, ...combination }: Point): Combination {
  return combination;
}

/** The same for the same values, in whatever order the keys were written; of a point, or of a combination. */
export const keyOf = (values: Combination): string =>
  JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The values that a key has, in the order of the points. */
export const valuesOf = (points: readonly Combination[], key: string): AxisValue[] => [
  ...new Set(points.map((point) => point[key])),
];
