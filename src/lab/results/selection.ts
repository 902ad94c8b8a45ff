/** Naming points of an experiment by some of their keys: `colouring=on,seed=1`. */
import { assignments } from '../../base/assignments.ts';
import { InputError } from '../../base/input-error.ts';
import { type Point, valuesOf } from './points.ts';

/** Those points that `selection` allows, one at least; `place` names it in messages. */
export function selectPoints<P extends Point>(all: readonly P[], selection: string, place: string): [P, ...P[]] {
  const keys = Object.keys(all[0]!);
  const terms = selection.split(',').filter((term) => term.trim() !== '');
  const wanted = terms.map((term) => {
    const [key, value, ...more] = term.split('=').map((part) => part.trim()) as [string, string, ...string[]];
    const isKnown = keys.includes(key);
    if (!isKnown || more.length > 0 || !valuesOf(all, key).map(String).includes(value)) {
      const choices = (isKnown ? [key] : keys).map((each) => `${each}=${valuesOf(all, each).join('|')}`);
      throw new InputError(place, `no point has ${term.trim()}`, `choose from ${choices.join(', ')}`);
    }
    return [key, value] as const;
  });
  const [first, ...others] = all.filter((point) => wanted.every(([key, value]) => String(point[key]) === value));
  if (first === undefined) throw new InputError(place, `no point is ${selection}`, 'name each key once');
  return [first, ...others];
}

/** The first of them. */
export const choosePoint = (all: readonly Point[], selection: string, place: string): Point =>
  selectPoints(all, selection, place)[0];

/** As a selection that allows no other. */
export const selectionOf = (point: Point): string => assignments(point, ',');
