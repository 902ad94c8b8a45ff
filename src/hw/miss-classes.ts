/**
 * Finer classes of one CPU's misses, for those who ask: capacity or conflict (Hill's 3C), and true or false sharing as
 * decided at the miss. Costs a hit something, so an L1 without it leaves it out altogether.
 */
import { enlarged, type LineDirectory } from './line-directory.ts';

const ABSENT = -2;
const END = -1;

/** A fully associative LRU cache of `capacity` lines, by line number: a linked list through two arrays. */
class FullyAssociative {
  readonly #capacity: number;
  #size = 0;
  #newest = END;
  #oldest = END;
  #newer = new Int32Array(0);
  #older = new Int32Array(0);

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Uses line `id`; true if it was there already. */
  use(id: number): boolean {
    if (id === this.#newest) return true;
    if (id >= this.#newer.length) {
      const length = Math.max(1024, id + (id >> 1) + 1);
      this.#newer = enlarged(this.#newer, length, ABSENT);
      this.#older = enlarged(this.#older, length, ABSENT);
    }
    const present = this.#newer[id] !== ABSENT;
    if (present) this.#unlink(id);
    else if (this.#size === this.#capacity) this.remove(this.#oldest);
    this.#older[id] = this.#newest;
    this.#newer[id] = END;
    if (this.#newest !== END) this.#newer[this.#newest] = id;
    else this.#oldest = id;
    this.#newest = id;
    if (!present) this.#size++;
    return present;
  }

  remove(id: number): void {
    if (id >= this.#newer.length || this.#newer[id] === ABSENT) return;
    this.#unlink(id);
    this.#newer[id] = ABSENT;
    this.#size--;
  }

  #unlink(id: number): void {
    const newer = this.#newer[id]!;
    const older = this.#older[id]!;
    if (newer !== END) this.#older[newer] = older;
    else this.#newest = older;
    if (older !== END) this.#newer[older] = newer;
    else this.#oldest = newer;
  }
}

/**
 * Who wrote which words of a line since this CPU lost it: one bit a word (aligned 4 bytes), by line number. The words
 * that the present owner writes gather in `written`, by way of its own cache, and are handed to those who lost the line
 * when the owner's stay in Modified ends, so a store that hits costs one OR.
 *
 * S. J. Eggers and T. E. Jeremiassen, "Eliminating False Sharing", ICPP 1991: a miss is true sharing if a word that it
 * touches was written by another CPU since, and including, the write that took the line away.
 */
export class MissClasses {
  readonly shadow: { use(id: number): boolean; remove(id: number): void };
  readonly written: Int32Array;
  #writtenByOthers = new Int32Array(0);

  constructor(lines: number) {
    this.shadow = new FullyAssociative(lines);
    this.written = new Int32Array(lines);
  }

  /** This CPU loses line `id` to a write. */
  loses(id: number): void {
    this.shadow.remove(id);
    if (id < this.#writtenByOthers.length) this.#writtenByOthers[id] = 0;
  }

  /** Somebody who took the line away wrote `words` of it. */
  hears(id: number, words: number, directory: LineDirectory): void {
    if (id >= this.#writtenByOthers.length)
      this.#writtenByOthers = enlarged(this.#writtenByOthers, directory.holders.length);
    this.#writtenByOthers[id]! |= words;
  }

  /** Whether a coherence miss on `words` of line `id` is true sharing. */
  isTrueSharing(id: number, words: number): boolean {
    return id < this.#writtenByOthers.length && (this.#writtenByOthers[id]! & words) !== 0;
  }
}
