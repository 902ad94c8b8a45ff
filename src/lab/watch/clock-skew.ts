/**
 * Clock skew: by how many cycles an access comes early, its CPU being ahead of the slowest CPU that runs. Code yields before
 * it would act on what another may still change, but plain stretches between two yields run through.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import { type AccessKind, observe } from '../../hw/observe.ts';
import type { PlaceName } from './tell-place.ts';

export interface SkewedAccess {
  /** Cycles ahead of the slowest CPU that runs. */
  readonly skew: number;
  readonly cpu: number;
  readonly kind: AccessKind;
  readonly address: addr_t;
  readonly clock: number;
}

/** Accesses that found a word written by another CPU at a later time than their own. */
export interface Anachronisms {
  count: number;
  largest: SkewedAccess;
}

export interface ClockSkew {
  /** The access that came earliest; null if none came early. */
  readonly largest: SkewedAccess | null;
  readonly accesses: number;
  /** Those made ahead of another CPU. */
  readonly early: number;
  /** What came of it, by what `place` calls the word: a skew in which the CPUs did not meet changes nothing. */
  readonly anachronisms: ReadonlyMap<string, Anachronisms>;
}

/** Observes all CPUs of the machine while `run` runs. */
export function measureClockSkew(machine: Machine, place: (addr: addr_t) => PlaceName, run: () => void): ClockSkew {
  const { cpus, scheduler } = machine;
  let largest: SkewedAccess | null = null;
  let accesses = 0;
  let early = 0;
  const anachronisms = new Map<string, Anachronisms>();
  /** Who wrote a word last, and when. */
  const writes = new Map<number, { cpu: number; clock: number }>();
  /** It is in the middle of a program or handler, and not asleep. */
  const runs = (cpu: Cpu) => {
    const { frames, blocked } = scheduler.current(cpu);
    return frames.length > 0 && !blocked;
  };
  const noteAnachronism = (found: SkewedAccess) => {
    const { field } = place(found.address);
    const known = anachronisms.get(field) ?? { count: 0, largest: found };
    known.count++;
    if (found.skew > known.largest.skew) known.largest = found;
    anachronisms.set(field, known);
  };
  const stops = cpus.map((observed) =>
    observe(observed, ({ id, clock }, kind, address) => {
      if (kind === 'p') return;
      accesses++;
      const write = writes.get(address >>> 2);
      if (write !== undefined && write.cpu !== id && write.clock > clock) {
        noteAnachronism({ skew: write.clock - clock, cpu: id, kind, address, clock });
      }
      if (kind !== 'r') writes.set(address >>> 2, { cpu: id, clock });
      let skew = 0;
      for (const other of cpus) if (clock - other.clock > skew && runs(other)) skew = clock - other.clock;
      if (skew === 0) return;
      early++;
      if (largest === null || skew > largest.skew) largest = { skew, cpu: id, kind, address, clock };
    }),
  );
  try {
    run();
  } finally {
    for (const stop of stops) stop();
  }
  return { largest, accesses, early, anachronisms };
}
