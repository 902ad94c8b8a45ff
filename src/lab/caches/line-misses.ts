/** Misses by line and class, of all CPUs together: each class is the difference that a miss made to its CPU's counters. */
import type { Counters } from '../../hw/cache/counters.ts';
import type { L1 } from '../../hw/cache/l1.ts';

/** What one line missed. */
export interface LineMissCounts {
  /** The number of the line: its address without the bits within it. */
  readonly line: number;
  misses: number;
  cold: number;
  replacement: number;
  coherence: number;
  /** Of replacement and of coherence misses; 0 without finer classes. */
  conflict: number;
  trueSharing: number;
  /** Those that missed it, a bit each. */
  cpus: number;
}

/** A CPU's counters as of its last miss. */
class Seen {
  misses = 0;
  cold = 0;
  coherence = 0;
  conflict = 0;
  trueSharing = 0;

  /** Adds what happened since to `of`. */
  catchUp(counters: Counters, of: LineMissCounts): void {
    const misses = counters.misses - this.misses;
    const cold = counters.coldMisses - this.cold;
    const coherence = counters.coherenceMisses - this.coherence;
    const conflict = counters.conflictMisses - this.conflict;
    const trueSharing = counters.trueSharingMisses - this.trueSharing;
    of.misses += misses;
    of.cold += cold;
    of.replacement += misses - cold - coherence;
    of.coherence += coherence;
    of.conflict += conflict;
    of.trueSharing += trueSharing;
    this.misses += misses;
    this.cold += cold;
    this.coherence += coherence;
    this.conflict += conflict;
    this.trueSharing += trueSharing;
  }
}

export class LineMisses {
  readonly #byLine = new Map<number, LineMissCounts>();
  readonly #seen: Seen[] = [];

  /** How many lines missed. */
  get size(): number {
    return this.#byLine.size;
  }

  /** One more CPU, which has not missed yet. */
  addCpu(): void {
    this.#seen.push(new Seen());
  }

  /** After each access of `l1` to a line. */
  look(l1: L1, address: number): void {
    const { counters } = l1;
    const seen = this.#seen[l1.cpu];
    if (counters.readMisses + counters.writeMisses === seen.misses) return;
    const line = address >>> l1.shift;
    let of = this.#byLine.get(line);
    if (of === undefined) {
      of = { line, misses: 0, cold: 0, replacement: 0, coherence: 0, conflict: 0, trueSharing: 0, cpus: 0 };
      this.#byLine.set(line, of);
    }
    of.cpus |= l1.bit;
    seen.catchUp(counters, of);
  }

  /** Forgets all misses so far. */
  startCounting(): void {
    this.#byLine.clear();
  }

  /** Of the lines that have any, the `most` with most misses, or coherence misses; of as many, the lowest. */
  worst(most: number, by: 'misses' | 'coherence'): LineMissCounts[] {
    const lines = [...this.#byLine.values()].filter((of) => of[by] > 0);
    return lines.sort((a, b) => b[by] - a[by] || a.line - b.line).slice(0, most);
  }
}
