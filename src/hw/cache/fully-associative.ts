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
  readonly #keys: Float64Array;

  /** `end`: a time that does not come, since time begins anew with each sort, and would end with one. */
  constructor(capacity: number, end = 2 ** 31 - 1) {
    this.#capacity = capacity;
    this.#end = end;
    this.#lines = new Int32Array(8 * capacity);
    this.#keys = new Float64Array(capacity);
  }

  /** Line numbers below `lines` may be used from now on. */
  reach(lines: number): void {
    this.#lastUse = enlarged(this.#lastUse, lines, ABSENT);
  }

  /** Uses line `id`; true if it was there already. */
  use(id: number): boolean {
    if (this.#now === this.#end) this.#sort();
    const before = this.#lastUse[id];
    if (before === ABSENT) this.#insert(id);
    this.#lastUse[id] = ++this.#now;
    return before !== ABSENT;
  }

  has(id: number): boolean {
    return this.#lastUse[id] !== ABSENT;
  }

  remove(id: number): void {
    if (this.#lastUse[id] === ABSENT) return;
    this.#lastUse[id] = ABSENT;
    this.#size--;
  }

  #insert(id: number): void {
    if (this.#size === this.#capacity) this.#evict();
    else this.#size++;
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

  /** Puts the lines that are there in order of their last use, and has time begin anew. */
  #sort(): void {
    this.#dropRepeats();
    const size = this.#count;
    const capacity = this.#capacity;
    const lines = this.#lines.slice(0, size);
    for (let i = 0; i < size; i++) this.#keys[i] = this.#lastUse[lines[i]] * capacity + i;
    const keys = this.#keys.subarray(0, size).sort();
    for (let i = 0; i < size; i++) {
      const id = lines[keys[i] - Math.floor(keys[i] / capacity) * capacity];
      this.#lines[i] = id;
      this.#lastUse[id] = i + 1;
    }
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
