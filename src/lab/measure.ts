/** The counters of all CPUs of a machine, added up as results have them. */
import type { Counters } from '../hw/counters.ts';
import type { Machine } from '../hw/machine.ts';

export interface Totals {
  accesses: number;
  lineAccesses: number;
  hits: number;
  misses: number;
  cold: number;
  capacity: number;
  conflict: number;
  trueSharing: number;
  falseSharing: number;
  fullyAssociativeMisses: number;
  /** Clocks, without the time in which a CPU had nothing to do. */
  cycles: number;
}

export function totals(machine: Machine): Totals {
  return totalsOf(machine.cpus.map(({ counters, clock }) => ({ counters, cycles: clock - counters.idleCycles })));
}

export function totalsOf(cpus: readonly { readonly counters: Counters; readonly cycles: number }[]): Totals {
  const sum: Totals = {
    accesses: 0,
    lineAccesses: 0,
    hits: 0,
    misses: 0,
    cold: 0,
    capacity: 0,
    conflict: 0,
    trueSharing: 0,
    falseSharing: 0,
    fullyAssociativeMisses: 0,
    cycles: 0,
  };
  for (const { counters, cycles } of cpus) {
    sum.accesses += counters.accesses;
    sum.lineAccesses += counters.lineAccesses;
    sum.hits += counters.readHits + counters.writeHits;
    sum.misses += counters.misses;
    sum.cold += counters.coldMisses;
    sum.capacity += counters.capacityMisses;
    sum.conflict += counters.conflictMisses;
    sum.trueSharing += counters.trueSharingMisses;
    sum.falseSharing += counters.falseSharingMisses;
    sum.fullyAssociativeMisses += counters.fullyAssociativeMisses;
    sum.cycles += cycles;
  }
  return sum;
}

export function difference(after: Totals, before: Totals): Totals {
  const changed = { ...after };
  for (const key of Object.keys(after) as (keyof Totals)[]) changed[key] = after[key] - before[key];
  return changed;
}
