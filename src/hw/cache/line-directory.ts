/**
 * Every line that any cache has ever held, numbered in order of first touch, with the CPUs that hold it, have held it,
 * and have lost it to another CPU's write: one bit a CPU. So who holds a line is found in constant time, and what a miss
 * is (cold, replacement, coherence) without a look at any other cache.
 *
 * Of every line: the CPUs whose L1 holds it ⊆ everHeld; invalidated ⊆ everHeld; invalidated ∩ those whose L1 holds it = ∅;
 * holders = the CPUs that hold it in their L1 or in a second level of their own.
 *
 * Where CPUs have clocks it also knows until when a line is on its way, since a line is in one place at a time.
 *
 * An open hash table from line to number, at most two thirds full: 24 to 38 bytes a line in all, and 8 for times. Arrays by line number
 * grow by an eighth, so that those who keep several a CPU waste little.
 */
import { enlarged } from '../../base/column.ts';

const EMPTY = -1;
/** A small machine's arrays should not be copied time and again. */
const LEAST_GROWTH = 1 << 14;

/** Why a CPU misses a line: it never held it; it lost it to a write; else to replacement. */
export const COLD = 0;
export const COHERENCE = 1;
export const REPLACEMENT = 2;
export type Cause = typeof COLD | typeof COHERENCE | typeof REPLACEMENT;

export class LineDirectory {
  holders = new Int32Array(1024);
  everHeld = new Int32Array(1024);
  invalidated = new Int32Array(1024);
  #count = 0;
  /** When the last move of the line ends; empty where nobody asks for moves. */
  #busyUntil = new Float64Array(0);

  #lines = new Int32Array(2048).fill(EMPTY);
  #ids = new Int32Array(2048);
  #mask = 2047;

  get count(): number {
    return this.#count;
  }

  /** Numbers below it have room in the arrays. */
  get capacity(): number {
    return this.holders.length;
  }

  /** Why the CPU with this bit does not hold line `id`. */
  causeOf(id: number, bit: number): Cause {
    if ((this.invalidated[id] & bit) !== 0) return COHERENCE;
    return (this.everHeld[id] & bit) === 0 ? COLD : REPLACEMENT;
  }

  /** The number of `line`, given out now if this is the first anybody hears of it. */
  idOf(line: number): number {
    let slot = Math.imul(line, 0x9e3779b1) >>> 7;
    for (;;) {
      slot &= this.#mask;
      const found = this.#lines[slot];
      if (found === line) return this.#ids[slot];
      if (found === EMPTY) break;
      slot++;
    }
    if (this.#count === this.holders.length) this.#grow();
    if (this.#count * 3 > this.#mask * 2) {
      this.#rehash();
      return this.idOf(line);
    }
    this.#lines[slot] = line;
    this.#ids[slot] = this.#count;
    return this.#count++;
  }

  /**
   * Line `id`, asked for at `now`, moves to whoever asks, which takes `cycles`: when it is there. A move that has begun ends before
   * the next of the same line begins.
   */
  moves(id: number, now: number, cycles: number): number {
    if (id >= this.#busyUntil.length) this.#busyUntil = enlarged(this.#busyUntil, this.capacity);
    const arrival = Math.max(now, this.#busyUntil[id]) + cycles;
    this.#busyUntil[id] = arrival;
    return arrival;
  }

  #grow(): void {
    const length = this.holders.length + Math.max(this.holders.length >> 3, LEAST_GROWTH);
    this.holders = enlarged(this.holders, length);
    this.everHeld = enlarged(this.everHeld, length);
    this.invalidated = enlarged(this.invalidated, length);
  }

  #rehash(): void {
    const lines = this.#lines;
    const ids = this.#ids;
    this.#mask = lines.length * 2 - 1;
    this.#lines = new Int32Array(lines.length * 2).fill(EMPTY);
    this.#ids = new Int32Array(lines.length * 2);
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] === EMPTY) continue;
      let slot = (Math.imul(lines[i], 0x9e3779b1) >>> 7) & this.#mask;
      while (this.#lines[slot] !== EMPTY) slot = (slot + 1) & this.#mask;
      this.#lines[slot] = lines[i];
      this.#ids[slot] = ids[i];
    }
  }
}
