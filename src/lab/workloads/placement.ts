/** Which CPU does which part of a trace. */

import { below, type Random } from '../../base/random.ts';
import type { Place } from '../traces/allocation-trace.ts';

export interface Placement {
  cpuOf(place: Place): number;
}

/** Each thread on a CPU that the seed draws. */
class ByThread implements Placement {
  readonly #cpus: number;
  readonly #random: Random;
  readonly #cpuOfThread: number[] = [];

  constructor(cpus: number, random: Random) {
    this.#cpus = cpus;
    this.#random = random;
  }

  cpuOf({ thread }: Place): number {
    while (this.#cpuOfThread.length <= thread) this.#cpuOfThread.push(below(this.#random, this.#cpus));
    return this.#cpuOfThread[thread];
  }
}

/** As recorded, folded onto the CPUs there are. */
class AsRecorded implements Placement {
  readonly #cpus: number;

  constructor(cpus: number) {
    this.#cpus = cpus;
  }

  cpuOf({ cpu }: Place): number {
    return cpu % this.#cpus;
  }
}

/** `thread` draws a CPU for each thread; `trace` keeps the recorded CPUs. */
export const placementOf = (by: 'thread' | 'trace', cpus: number, random: Random): Placement =>
  by === 'trace' ? new AsRecorded(cpus) : new ByThread(cpus, random);
