/** The counters of all CPUs of a machine, added up as results have them. */
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
  for (const { l1, clock } of machine.cpus) {
    const { counters } = l1;
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
    sum.cycles += clock - counters.idleCycles;
  }
  return sum;
}
