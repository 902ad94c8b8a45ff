/**
 * A fully associative LRU cache, by line number, for Hill's 3C: what misses here too is a matter of capacity.
 *
 * Every use is written behind the last one; a line's newest entry is the one that `entry` names, older ones are stale.
 * So a use is two stores, and the line used longest ago is found by passing over what is stale at the old end.
 */
import { enlarged } from '../../base/column.ts';

const ABSENT = -1;

export class FullyAssociative {
  readonly #capacity: number;
  readonly #uses: Int32Array;
  /** The place in `uses` of each line's newest use. */
  #entry = new Int32Array(0);
  #size = 0;
  #oldest = 0;
  #end = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#uses = new Int32Array(8 * capacity);
  }

  /** Line numbers below `lines` may be used from now on. */
  reach(lines: number): void {
    this.#entry = enlarged(this.#entry, lines, ABSENT);
  }

  /** Uses line `id`; true if it was there already. */
  use(id: number): boolean {
    const entry = this.#entry[id];
    const end = this.#end;
    if (entry >= 0 && entry === end - 1) return true;
    this.#uses[end] = id;
    this.#entry[id] = end;
    this.#end = end + 1;
    if (entry === ABSENT) {
      if (this.#size === this.#capacity) this.#evict();
      else this.#size++;
    }
    if (this.#end === this.#uses.length) this.#compact();
    return entry !== ABSENT;
  }

  has(id: number): boolean {
    return this.#entry[id] !== ABSENT;
  }

  remove(id: number): void {
    if (this.#entry[id] === ABSENT) return;
    this.#entry[id] = ABSENT;
    this.#size--;
  }

  #evict(): void {
    for (;;) {
      const id = this.#uses[this.#oldest];
      if (this.#entry[id] === this.#oldest++) {
        this.#entry[id] = ABSENT;
        return;
      }
    }
  }

  /** Moves the newest use of each line to the front, in order. */
  #compact(): void {
    let end = 0;
    for (let i = this.#oldest; i < this.#end; i++) {
      const id = this.#uses[i];
      if (this.#entry[id] !== i) continue;
      this.#uses[end] = id;
      this.#entry[id] = end++;
    }
    this.#oldest = 0;
    this.#end = end;
  }
}
