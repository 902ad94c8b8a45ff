/** A point's memory accesses, as they reach the bus from power-on to the end, in the mp form of memory-trace.ts. */

import { PAGE_SHIFT } from '../../hw/memory.ts';
import { type AccessKind, type AccessObserver, observe } from '../../hw/observe.ts';
import { mpLine } from '../caches/memory-trace.ts';
import type { Counts } from '../results/counts.ts';
import type { Point } from '../results/points.ts';
import type { Specification } from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { runPoint } from './point.ts';

export interface Recording {
  readonly point: Point;
  /** As results.json has them: from the first traced operation on. */
  readonly counts: Counts;
  /** Lines written: one an access. */
  readonly accesses: number;
  /** Those before the first traced operation: boot, ageing, creation of caches. Without them the caches would be cold. */
  readonly warmUp: number;
  readonly prefetches: {
    /**
     * The form has none. In the warm-up one that brought a line stands as a read of it, so that the caches begin the
     * measured part as they were.
     */
    readonly writtenAsReads: number;
    readonly leftOut: number;
    /** In the measured part. If 0, a cache simulator's counts of it are exactly those of the point. */
    readonly leftOutThatBroughtLines: number;
  };
}

/** Runs a point and hands `write` a line for each access. */
export function recordPoint(
  specification: Specification,
  trace: AllocationTrace | null,
  point: Point,
  write: (line: string) => void,
): Recording {
  let accesses = 0;
  let warmUp: number | null = null;
  const prefetches = { writtenAsReads: 0, leftOut: 0, leftOutThatBroughtLines: 0 };
  const note = (cpu: number, kind: AccessKind, addr: number, bytes: number) => {
    accesses++;
    write(mpLine(cpu, kind, addr, bytes));
  };
  const notePrefetch = (cpu: number, addr: number, bringsLine: boolean) => {
    if (bringsLine && warmUp === null) {
      prefetches.writtenAsReads++;
      note(cpu, 'r', addr, 1);
    } else {
      prefetches.leftOut++;
      if (bringsLine) prefetches.leftOutThatBroughtLines++;
    }
  };
  const { counts } = runPoint(specification, trace, point, {
    poweredOn: ({ cpus, memory }) => {
      const observer: AccessObserver = ({ id, l1 }, kind, addr, bytes) => {
        if (kind !== 'p') note(id, kind, addr, bytes);
        else notePrefetch(id, addr, memory.present[addr >>> PAGE_SHIFT] === 1 && !l1.holds(addr >>> l1.shift));
      };
      for (const cpu of cpus) observe(cpu, observer);
    },
    measured: () => {
      warmUp = accesses;
    },
  });
  return { point, counts, accesses, warmUp: warmUp ?? accesses, prefetches };
}
