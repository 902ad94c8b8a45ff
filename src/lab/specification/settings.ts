/** The axes of a specification, its points, and what one point sets. */

import { mostOf } from '../results/looks.ts';
import type { Point } from '../results/points.ts';
import type { InterferenceOptions } from '../workloads/interference.ts';
import { labelOf } from '../workloads/parameter-types.ts';
import { type DrawnPart, type Specification, traceName } from './specification.ts';

/** One value of each key that may be a list. */
type One<T> = T extends readonly (infer Value)[] ? One<Value> : T extends object ? { [K in keyof T]: One<T[K]> } : T;

/** They hold lists that are no axes. */
type ListKey = 'fields' | 'layouts' | 'profile';
const withoutLists = ({ fields: _, layouts: __, profile: ___, ...rest }: Specification): Omit<Specification, ListKey> =>
  rest;

/** A specification at one point: every key has one value. */
export type Settings = One<Omit<Specification, 'name' | ListKey | 'seeds' | 'seed'>>;

/** A key that varies, by its dotted path, and how points show its values. */
interface Axis {
  readonly path: string;
  readonly labels: readonly (string | number)[];
}

/** What stands in a point for a value of the axis at `path`. */
const labelAt = (path: string, value: unknown): string | number =>
  path === 'workload.trace' ? traceName(String(value)) : labelOf(value);

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** In the order of the specification's keys. */
function axesIn(value: unknown, path: string): Axis[] {
  if (Array.isArray(value)) return [{ path, labels: value.map((each) => labelAt(path, each)) }];
  if (!isGroup(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => axesIn(inner, path === '' ? key : `${path}.${key}`));
}

/** All points that there may be: every combination under every seed; seeds vary last, so that the first seed's comparison is whole early. */
export function points(specification: Specification): Point[] {
  let combinations: Record<string, string | number>[] = [{}];
  for (const { path, labels } of axesIn(withoutLists(specification), '')) {
    combinations = combinations.flatMap((combination) => labels.map((label) => ({ ...combination, [path]: label })));
  }
  return Array.from({ length: mostOf(specification.seeds) }, (_, seed) => seed).flatMap((seed) =>
    combinations.map((combination) => ({ ...combination, seed })),
  );
}

export function settingsOf(specification: Specification, point: Point): Settings {
  const choose = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.find((each) => labelAt(path, each) === point[path]);
    if (!isGroup(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, choose(inner, path === '' ? key : `${path}.${key}`)]),
    );
  };
  return choose(withoutLists(specification), '') as Settings;
}

/** The trace that a point replays, as the specification names it; null where it replays none. */
export function traceOf(specification: Specification, point: Point): string | null {
  const { trace } = settingsOf(specification, point).workload;
  return trace === undefined ? null : String(trace);
}

/** What user mode does between kernel entries; null: nothing. */
export function interferenceOf({ interference }: Settings): InterferenceOptions | null {
  const options = typeof interference === 'number' ? { share: interference } : interference;
  return options.share === 0 ? null : options;
}

/** What the random streams of a part of a point are seeded by, each with a label of its own. */
export function seedOf(specification: Specification, point: Point, part: DrawnPart): string {
  const { drawn } = settingsOf(specification, point);
  return `${specification.seed}/${drawn === 'all' || drawn === part ? point.seed : 0}`;
}
