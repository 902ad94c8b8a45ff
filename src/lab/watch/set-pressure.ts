/**
 * Line accesses and misses by L1 set. A cache that is counted gets methods of its own in place of the shared ones, so caches
 * that nobody counts pay nothing. Counted where the accesses reach the L1, not where the program makes them.
 *
 * The methods are the same functions for every cache and find their counts through it: V8 would compile functions made for each
 * cache anew, for every point of an experiment.
 */
import type { L1 } from '../../hw/cache/l1.ts';
import type { SetPressure } from '../results/counts.ts';

type Access = (this: L1, addr: number, bytes: number) => number;

const COUNTS = Symbol('set pressure');

interface Counts {
  readonly accesses: number[];
  readonly misses: number[];
  /** What the cache did before. */
  readonly load: Access;
  readonly store: Access;
  readonly modify: Access;
}
type CountedL1 = L1 & { readonly [COUNTS]: Counts };

/** Counts those of all `l1s`, which are of one geometry, from now on: into the arrays returned. */
export function countSets(l1s: readonly L1[]): SetPressure {
  const sets = l1s[0].setMask + 1;
  const accesses = new Array<number>(sets).fill(0);
  const misses = new Array<number>(sets).fill(0);
  for (const l1 of l1s) {
    const { load, store, modify } = l1;
    Object.assign(l1, { ...countingMethods, [COUNTS]: { accesses, misses, load, store, modify } satisfies Counts });
  }
  return { accesses, misses };
}

const countingMethods = {
  load(this: CountedL1, addr: number, bytes: number): number {
    return counting(this, this[COUNTS], this[COUNTS].load, addr, bytes);
  },
  store(this: CountedL1, addr: number, bytes: number): number {
    return counting(this, this[COUNTS], this[COUNTS].store, addr, bytes);
  },
  modify(this: CountedL1, addr: number, bytes: number): number {
    return counting(this, this[COUNTS], this[COUNTS].modify, addr, bytes);
  },
};

function counting(l1: L1, { accesses, misses }: Counts, access: Access, addr: number, bytes: number): number {
  const { counters, shift, setMask } = l1;
  const first = addr >>> shift;
  const last = (addr + bytes - 1) >>> shift;
  accesses[first & setMask]++;
  // Only the first line's lookup is not disturbed by what the access itself replaces: the second gets what is left.
  let missing = 0;
  if (first !== last) {
    accesses[last & setMask]++;
    missing = l1.holds(first) ? 0 : 1;
    misses[first & setMask] += missing;
  }
  const before = counters.readMisses + counters.writeMisses;
  const cycles = access.call(l1, addr, bytes);
  const after = counters.readMisses + counters.writeMisses;
  if (after !== before) misses[last & setMask] += after - before - missing;
  return cycles;
}
