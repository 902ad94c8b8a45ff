/** Line accesses and misses by L1 set, counted where the accesses reach the L1, not where the program makes them. */
import type { L1 } from '../../hw/cache/l1.ts';
import { interpose } from '../../hw/interpose.ts';
import type { SetPressure } from '../results/counts.ts';

/** Counts those of all `l1s`, which are of one geometry, from now on: into the arrays returned. */
export function countSets(l1s: readonly L1[]): SetPressure {
  const sets = l1s[0].setMask + 1;
  const counts = { accesses: new Array<number>(sets).fill(0), misses: new Array<number>(sets).fill(0) };
  for (const l1 of l1s) {
    interpose(l1, {
      load: (below) => (addr, bytes) => counting(l1, counts, below, addr, bytes),
      store: (below) => (addr, bytes) => counting(l1, counts, below, addr, bytes),
      modify: (below) => (addr, bytes) => counting(l1, counts, below, addr, bytes),
    });
  }
  return counts;
}

interface Counts {
  readonly accesses: number[];
  readonly misses: number[];
}
type Access = (addr: number, bytes: number) => number;

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
  const cycles = access(addr, bytes);
  const after = counters.readMisses + counters.writeMisses;
  if (after !== before) misses[last & setMask] += after - before - missing;
  return cycles;
}
