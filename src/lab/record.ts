/** A point's memory accesses, as they reach the bus from power-on to the end, in the mp form of memory-trace.ts. */
import type { Machine } from '../hw/machine.ts';
import { observe } from '../hw/observe.ts';
import type { AllocationTrace } from './allocation-trace.ts';
import { runPoint } from './experiment.ts';
import { mpLine } from './memory-trace.ts';
import type { Counts, Point } from './results.ts';
import type { Specification } from './specification.ts';

export interface Recording {
  readonly point: Point;
  /** As results.json has them: from the first traced operation on. */
  readonly counts: Counts;
  /** Lines written: one an access. */
  readonly accesses: number;
  /** Those before the first traced operation: boot, ageing, creation of caches. Without them the caches would be cold. */
  readonly warmUp: number;
  readonly prefetchesLeftOut: number;
  /** Lines that these brought. If none, they changed nothing, and a cache simulator's counts are exactly those of the point. */
  readonly prefetchFills: number;
}

/** Runs a point and hands `write` a line for each access. */
export function recordPoint(
  specification: Specification,
  trace: AllocationTrace,
  point: Point,
  write: (line: string) => void,
): Recording {
  let accesses = 0;
  let warmUp = 0;
  let cpus: Machine['cpus'] = [];
  const { counts } = runPoint(specification, trace, point, {
    poweredOn: (machine) => {
      cpus = machine.cpus;
      for (const cpu of cpus) {
        observe(cpu, ({ id }, kind, addr, bytes) => {
          accesses++;
          write(mpLine(id, kind, addr, bytes));
        });
      }
    },
    measured: () => {
      warmUp = accesses;
    },
  });
  const sum = (count: 'prefetches' | 'prefetchFills') => cpus.reduce((total, cpu) => total + cpu.counters[count], 0);
  return { point, counts, accesses, warmUp, prefetchesLeftOut: sum('prefetches'), prefetchFills: sum('prefetchFills') };
}
