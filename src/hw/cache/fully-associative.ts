/**
 * A fully associative LRU cache, by line number, for Hill's 3C: what misses here too is a matter of capacity.
 *
 * A use that hits is one store, of its time. The line used longest ago stands in a queue of the lines in order of use, as that was
 * when they were sorted last: it is the first that has not been used since. They are sorted anew only when the queue has run out,
 * or the room for lines that came since; so a cache that evicts nothing hardly ever sorts.
 *
 * The lines with lastUse ≠ ABSENT are those that are there: as many as `size` ≤ capacity, each in `lines` at least once. For i from
 * `front` to `sorted`: lastUse[lines[i]] = i + 1 if the line has not been used, or removed, since the last sort.
 */
import { enlarged } from '../../base/column.ts';

const ABSENT = 0;
/** Not there, but still among `lines`. */
const REMOVED = -(2 ** 31);
/** Bits of a digit to sort by, and the largest one. */
const DIGIT = 8;
const DIGITS = 255;

export class FullyAssociative {
  readonly #capacity: number;
  readonly #end: number;
  /** By line number: when it was used last. */
  #lastUse = new Int32Array(0);
  #now = 0;
  #size = 0;
  /** The queue, up to `sorted`; then lines as they came since. */
  readonly #lines: Int32Array;
  #front = 0;
  #sorted = 0;
  #count = 0;
  /** Room to sort in. */
  readonly #ordered: Int32Array;
  readonly #places = new Int32Array(DIGITS + 2);

  /** `end`: a time that does not come, since time begins anew with each sort, and would end with one. */
  constructor(capacity: number, end = 2 ** 31 - 1) {
    this.#capacity = capacity;
    this.#end = end;
    this.#lines = new Int32Array(8 * capacity);
    this.#ordered = new Int32Array(capacity);
  }

  /** Line numbers below `lines` may be used from now on. */
  reach(lines: number): void {
    this.#lastUse = enlarged(this.#lastUse, lines, ABSENT);
  }

  /** Uses line `id`; true if it was there already. */
  use(id: number): boolean {
    if (this.#now === this.#end) this.#sort();
    const before = this.#lastUse[id];
    if (before <= ABSENT) this.#insert(id);
    this.#lastUse[id] = ++this.#now;
    return before > ABSENT;
  }

  has(id: number): boolean {
    return this.#lastUse[id] > ABSENT;
  }

  remove(id: number): void {
    if (this.#lastUse[id] <= ABSENT) return;
    this.#lastUse[id] = REMOVED;
    this.#size--;
  }

  #insert(id: number): void {
    if (this.#size === this.#capacity) this.#evict();
    else this.#size++;
    if (this.#lastUse[id] === REMOVED) return;
    if (this.#count === this.#lines.length) this.#dropRepeats();
    this.#lines[this.#count++] = id;
  }

  #evict(): void {
    for (;;) {
      if (this.#front === this.#sorted) this.#sort();
      const id = this.#lines[this.#front++];
      if (this.#lastUse[id] === this.#front) {
        this.#lastUse[id] = ABSENT;
        return;
      }
    }
  }

  /** Puts the lines that are there in order of their last use, by one digit after the other, and has time begin anew. */
  #sort(): void {
    this.#dropRepeats();
    const lastUse = this.#lastUse;
    const lines = this.#lines;
    const places = this.#places;
    const size = this.#count;
    for (let shift = 0; shift < 32 && this.#now >>> shift !== 0; shift += DIGIT) {
      places.fill(0);
      for (let i = 0; i < size; i++) places[1 + ((lastUse[lines[i]] >>> shift) & DIGITS)]++;
      for (let digit = 1; digit < DIGITS; digit++) places[digit + 1] += places[digit];
      for (let i = 0; i < size; i++) this.#ordered[places[(lastUse[lines[i]] >>> shift) & DIGITS]++] = lines[i];
      lines.set(this.#ordered);
    }
    for (let i = 0; i < size; i++) lastUse[lines[i]] = i + 1;
    this.#sorted = size;
    this.#now = size;
  }

  /** Leaves each line that is there once, in no order: the queue is empty. */
  #dropRepeats(): void {
    const lastUse = this.#lastUse;
    const lines = this.#lines;
    let size = 0;
    for (let i = 0; i < this.#count; i++) {
      const id = lines[i];
      if (lastUse[id] === REMOVED) lastUse[id] = ABSENT;
      if (lastUse[id] <= ABSENT) continue;
      lines[size++] = id;
      lastUse[id] = -lastUse[id]; // met
    }
    for (let i = 0; i < size; i++) lastUse[lines[i]] = -lastUse[lines[i]];
    this.#front = 0;
    this.#sorted = 0;
    this.#count = size;
  }
}
