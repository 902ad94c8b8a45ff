/**
 * Finer classes of one CPU's misses, for those who ask: capacity or conflict (Hill's 3C), and true or false sharing, as
 * decided at the miss and over the line's lifetime. They cost a hit something, so an L1 without them leaves them out.
 *
 * Who wrote which words of a line is kept as one bit a word (aligned 4 bytes), by line number. The words that the present
 * owner writes gather in `written`, by slot of its own cache, and are handed to those who lost the line when the owner's
 * stay in Modified ends, so a store that hits costs one OR.
 *
 * At the miss: S. J. Eggers and T. E. Jeremiassen, "Eliminating False Sharing", ICPP 1991: true sharing if a word that the
 * miss touches was written by another CPU since, and including, the write that took the line away.
 * Over the lifetime: M. Dubois et al., "The Detection and Elimination of Useless Misses in Multiprocessors", ISCA 1993: true
 * if before it loses the line again the CPU uses a word that another CPU wrote since this CPU's last essential miss on it.
 */
import type { Counters } from './counters.ts';
import { FullyAssociative } from './fully-associative.ts';
import { enlarged } from './line-directory.ts';

/** None; sharing as decided at the miss; or all: that, sharing over the lifetime, and 3C. */
export type ClassDetail = 'none' | 'sharing' | 'all';

/** How an access uses its words. */
export const READ = 0;
export const WRITE = 1;
/** A locked read-modify-write. */
export const MODIFY = 2;
export type Use = typeof READ | typeof WRITE | typeof MODIFY;

export class MissClasses {
  readonly shadow: FullyAssociative | null;
  readonly written: Int32Array;
  /** By slot: 1 where the stay of a line is not decided yet, so that its every access counts. */
  readonly undecided: Uint8Array;
  /** Words that others wrote since this CPU lost the line. */
  #foreign = new Int32Array(0);
  /** Words that others wrote since this CPU's last essential miss; of those, not overwritten by itself since. */
  #unseen = new Int32Array(0);
  #unread = new Int32Array(0);
  readonly #counters: Counters;

  constructor(lines: number, detail: 'sharing' | 'all', counters: Counters) {
    this.shadow = detail === 'all' ? new FullyAssociative(lines) : null;
    this.written = new Int32Array(lines);
    this.undecided = new Uint8Array(lines);
    this.#counters = counters;
  }

  /** Makes room for line numbers below `lines`. */
  reach(lines: number): void {
    if (lines <= this.#foreign.length) return;
    this.#foreign = enlarged(this.#foreign, lines);
    if (this.shadow === null) return;
    this.#unseen = enlarged(this.#unseen, lines);
    this.#unread = enlarged(this.#unread, lines);
    this.shadow.reach(lines);
  }

  /** This CPU loses line `id` to a write. */
  loses(id: number): void {
    this.shadow?.remove(id);
    this.#foreign[id] = 0;
  }

  /** Somebody who took the line away wrote `words` of it. */
  hears(id: number, words: number): void {
    this.#foreign[id] |= words;
    if (this.shadow === null) return;
    this.#unseen[id] |= words;
    this.#unread[id] |= words;
  }

  /** A coherence miss of `words` of line `id`: true sharing, as decided at the miss? */
  isTrueSharing(id: number, words: number): boolean {
    return (this.#foreign[id] & words) !== 0;
  }

  /** A miss that is essential whatever follows (cold, replacement): the CPU sees the whole line anew. */
  seesAll(id: number): void {
    if (this.shadow === null) return;
    this.#unseen[id] = 0;
    this.#unread[id] = 0;
  }

  /** An access to `words` of a line whose stay is undecided. True if it is so still. */
  decides(id: number, use: Use, words: number): boolean {
    if ((this.#unseen[id] & words) !== 0) {
      this.#counters.duboisTrueAnyMisses++;
      this.#unseen[id] = 0;
    }
    if (use !== WRITE && (this.#unread[id] & words) !== 0) {
      this.#counters.duboisTrueLoadMisses++;
      this.#unread[id] = 0;
    }
    if (use !== READ) this.#unread[id] &= ~words;
    return (this.#unseen[id] | this.#unread[id]) !== 0;
  }
}
