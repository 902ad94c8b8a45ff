/**
 * Finer classes of one CPU's misses, for those who ask: capacity or conflict (Hill's 3C), and true or false sharing, as
 * decided at the miss and over the line's lifetime. They cost a hit something, so an L1 without them leaves them out.
 *
 * Interface, for the L1 that they class:
 * - a miss that fills a slot: `missed`; one of a store that does not fill: `storedBelow`; a prefetch that fills: `filledEarly`,
 *   and of any prefetch `prefetched`;
 * - every hit that the L1's fast table does not answer: `hit`; of a store, `stored` before it, and `takes` if the line was not
 *   Modified already;
 * - the end of a stay in Modified: `leavesModified`; a line lost to a write: `loses`; what the writer then wrote: `hears`; that
 *   somebody writes the line, lost already or not: `forgets`.
 *
 * Shadows, the fully associative cache and the one with hashed index, follow from the CPUs' accesses alone, whatever the L1 beside
 * them holds: they fill where an L1 in their place would, and a store anywhere takes the line from those of all other CPUs. So one
 * stream gives one count of fully associative misses at any number of ways. A store to a line that is Modified already takes nothing: nobody else can have used the line since.
 *
 * A stay is the time from a line's fill to its loss. Who wrote which words of a line is kept as one bit a word (aligned 4
 * bytes), by line number. The words that the present owner writes gather in `written`, by slot of its own cache, and are handed
 * to those who lost the line when the owner's stay in Modified ends, so a store that hits costs one OR.
 *
 * At the miss: S. J. Eggers and T. E. Jeremiassen, "Eliminating False Sharing", ICPP 1991: true sharing if a word that the
 * miss touches was written by another CPU since, and including, the write that took the line away.
 * Over the lifetime: M. Dubois et al., "The Detection and Elimination of Useless Misses in Multiprocessors", ISCA 1993: true
 * if before it loses the line again the CPU uses a word that another CPU wrote since this CPU's last essential miss on it.
 *
 * Of the line `id` in each slot: open[slot] ≠ 0 implies unseen[id] | unread[id] ≠ 0; written[slot] ≠ 0 implies Modified.
 */
import { enlarged } from '../../base/column.ts';
import { InputError } from '../../base/input-error.ts';
import type { CacheGeometry } from '../cpu-model.ts';
import type { Bus } from './bus.ts';
import type { Asking } from './contracts.ts';
import type { Counters } from './counters.ts';
import { FullyAssociative } from './fully-associative.ts';
import { HashedIndex } from './hashed-index.ts';
import { type Cause, COHERENCE, REPLACEMENT } from './line-directory.ts';

/**
 * None; sharing as decided at the miss; all: that, sharing over the lifetime, and 3C; or bounds: all, and what the same cache would
 * miss if its lines were spread by a hash.
 */
export type ClassDetail = 'none' | 'sharing' | 'all' | 'bounds';

/** How an access uses its words. */
export const READ = 0;
export const WRITE = 1;
/** A locked read-modify-write. */
export const MODIFY = 2;
export type Use = typeof READ | typeof WRITE | typeof MODIFY;

const COUNTED = 1;
const UNCOUNTED = 2;

type ClassingBus = Pick<Bus, 'announceWrites' | 'takeFromShadows' | 'transitions'>;

export class MissClasses {
  readonly shadow: FullyAssociative | null;
  /** A second shadow, told the same. */
  readonly #hashed: HashedIndex | null;
  readonly #counters: Counters;
  readonly #bus: ClassingBus;
  readonly #bit: number;
  readonly #storeMissFills: boolean;
  readonly #inLine: number;
  /** By slot: the words written since the line became Modified. */
  readonly #written: Int32Array;
  /**
   * By slot: not 0 while it is not decided whether the line's stay is true sharing, so that its every access counts; UNCOUNTED
   * if the stay began before counting did.
   */
  readonly #open: Uint8Array;
  /** Words that others wrote since this CPU lost the line. */
  #foreign = new Int32Array(0);
  /** Words that others wrote since this CPU's last essential miss; of those, not overwritten by itself since. */
  #unseen = new Int32Array(0);
  #unread = new Int32Array(0);

  constructor(l1: Asking, bus: ClassingBus, geometry: CacheGeometry, detail: Exclude<ClassDetail, 'none'>) {
    const { size, line } = geometry;
    if (line > 128) {
      throw new InputError('L1', `miss classes on lines of ${line} bytes`, 'classes take lines of 128 bytes at most');
    }
    const slots = size / line;
    this.shadow = detail === 'sharing' ? null : new FullyAssociative(slots);
    this.#hashed = detail === 'bounds' ? new HashedIndex(geometry) : null;
    this.#counters = l1.counters;
    this.#bus = bus;
    this.#bit = l1.bit;
    this.#storeMissFills = bus.transitions.storeMissFills;
    this.#inLine = line - 1;
    this.#written = new Int32Array(slots);
    this.#open = new Uint8Array(slots);
  }

  /** Makes room for line numbers below `lines`. */
  reach(lines: number): void {
    if (lines <= this.#foreign.length) return;
    this.#foreign = enlarged(this.#foreign, lines);
    if (this.shadow === null) return;
    this.#unseen = enlarged(this.#unseen, lines);
    this.#unread = enlarged(this.#unread, lines);
    this.shadow.reach(lines);
    this.#hashed?.reach(lines);
  }

  /**
   * A miss on bytes `first` to `end` of line `id` has filled `slot`. Returns whether the stay is open: then its next access
   * counts, even a repeat.
   */
  missed(slot: number, id: number, cause: Cause, use: Use, first: number, end: number): boolean {
    const words = this.#words(first, end);
    if (use !== READ) {
      this.#written[slot] = words;
      this.takes(id);
    }
    if (cause === COHERENCE) this.#countSharing(id, words);
    return this.shadow !== null && this.#opens(this.shadow, slot, id, cause, use, words);
  }

  /** The rest of a miss's classes, where all are counted. Returns whether the stay begins open. */
  #opens(shadow: FullyAssociative, slot: number, id: number, cause: Cause, use: Use, words: number): boolean {
    const inShadow = this.#usesShadows(shadow, id, use);
    const open =
      cause === COHERENCE ? this.#staysOpen(id, use, words, COUNTED) : this.#seesAll(id, cause, use, inShadow);
    this.#open[slot] = open ? COUNTED : 0;
    return open;
  }

  /** A miss that is essential whatever follows (cold, replacement): the CPU sees the whole line anew. */
  #seesAll(id: number, cause: Cause, use: Use, inShadow: boolean): boolean {
    this.#unseen[id] = 0;
    this.#unread[id] = 0;
    this.#countReplacement(inShadow, cause, use);
    return false;
  }

  /** A store that missed was made below, and filled nothing. */
  storedBelow(id: number, cause: Cause, first: number, end: number): void {
    const words = this.#words(first, end);
    if (cause === COHERENCE) this.#countSharing(id, words);
    if (this.shadow !== null) {
      const inShadow = this.#usesShadows(this.shadow, id, WRITE);
      this.#countReplacement(inShadow, cause, WRITE);
      // The CPU's own from now on: to read them back is no communication.
      this.#unread[id] &= ~words;
    }
    this.takes(id);
    this.#bus.announceWrites(this.#bit, id, words);
  }

  /** Misses count from now on: stays that are open began with earlier ones, of which nothing is told. */
  startCounting(): void {
    this.#open.forEach((open, slot) => {
      if (open !== 0) this.#open[slot] = UNCOUNTED;
    });
  }

  /** A prefetch has filled `slot`. */
  filledEarly(slot: number): void {
    this.#open[slot] = 0;
  }

  /** A prefetch of line `id`, to write or to read, fills the shadows, and is no use of what they have. */
  prefetched(id: number, toWrite: boolean): void {
    if (this.shadow?.has(id) === false) this.shadow.use(id);
    if (this.#hashed?.has(id) === false) this.#hashed.use(id);
    if (toWrite) this.takes(id);
  }

  /** This CPU writes line `id`, which was not Modified: nobody else's shadows keep it. */
  takes(id: number): void {
    if (this.shadow !== null) this.#bus.takeFromShadows(this.#bit, id);
  }

  /** A store hit in `slot`, whose line is Modified by now, or was written through. */
  stored(slot: number, id: number, first: number, end: number, isModified: boolean): void {
    const words = this.#words(first, end);
    if (isModified) this.#written[slot] |= words;
    else this.#bus.announceWrites(this.#bit, id, words);
  }

  /** A hit in `slot`. Returns whether the next access counts, even a repeat: the stay is still open, or shadows may lack the line. */
  hit(slot: number, id: number, use: Use, first: number, end: number): boolean {
    const { shadow } = this;
    if (shadow === null) return false;
    let mayLack = false;
    // Nearly always, so the rest is not asked for.
    if (this.#hashed === null && shadow.has(id)) shadow.use(id);
    else {
      this.#usesShadows(shadow, id, use);
      mayLack = !this.#fillsAt(use);
    }
    const open = this.#open[slot];
    if (open === 0) return mayLack;
    if (this.#staysOpen(id, use, this.#words(first, end), open)) return true;
    this.#open[slot] = 0;
    return mayLack;
  }

  /** A stay in Modified ends: those who lost the line to it learn what was written. */
  leavesModified(slot: number, id: number): void {
    this.#bus.announceWrites(this.#bit, id, this.#written[slot]);
    this.#written[slot] = 0;
  }

  /** This CPU loses line `id` to a write. */
  loses(id: number): void {
    this.forgets(id);
    this.#foreign[id] = 0;
  }

  /** Somebody else writes line `id`, which the L1 may have lost to replacement long ago. */
  forgets(id: number): void {
    this.shadow?.remove(id);
    this.#hashed?.remove(id);
  }

  /** Somebody who took the line away wrote `words` of it. */
  hears(id: number, words: number): void {
    this.#foreign[id] |= words;
    if (this.shadow === null) return;
    this.#unseen[id] |= words;
    this.#unread[id] |= words;
  }

  /** An access to line `id` in the shadows, which fill as the L1 does; counts their misses. Returns whether the fully associative hits. */
  #usesShadows(shadow: FullyAssociative, id: number, use: Use): boolean {
    const fills = this.#fillsAt(use);
    const hashed = this.#hashed;
    if (hashed !== null && !((fills || hashed.has(id)) && hashed.use(id))) this.#counters.hashedIndexMisses++;
    if ((fills || shadow.has(id)) && shadow.use(id)) return true;
    this.#counters.fullyAssociativeMisses++;
    return false;
  }

  /** Whether a miss of such an access fills. */
  #fillsAt(use: Use): boolean {
    return use === READ || this.#storeMissFills;
  }

  #countSharing(id: number, words: number): void {
    if ((this.#foreign[id] & words) !== 0) this.#counters.trueSharingMisses++;
    else this.#counters.falseSharingMisses++;
  }

  #countReplacement(inShadow: boolean, cause: Cause, use: Use): void {
    if (cause !== REPLACEMENT) return;
    const counters = this.#counters;
    if (inShadow) {
      if (use === READ) counters.conflictReadMisses++;
      else counters.conflictWriteMisses++;
    } else if (use === READ) counters.capacityReadMisses++;
    else counters.capacityWriteMisses++;
  }

  /** Looks whether this access makes the line's stay true sharing. Returns whether it is still open. */
  #staysOpen(id: number, use: Use, words: number, open: number): boolean {
    let unseen = this.#unseen[id];
    let unread = this.#unread[id];
    if ((unseen & words) !== 0) {
      this.#counters.duboisTrueAnyMisses += open & COUNTED;
      unseen = 0;
    }
    if (use !== WRITE && (unread & words) !== 0) {
      this.#counters.duboisTrueLoadMisses += open & COUNTED;
      unread = 0;
    }
    if (use !== READ) unread &= ~words;
    this.#unseen[id] = unseen;
    this.#unread[id] = unread;
    return (unseen | unread) !== 0;
  }

  /** The words (aligned 4 bytes) of their line that bytes `first` to `end` touch, one bit each. */
  #words(first: number, end: number): number {
    const from = (first & this.#inLine) >>> 2;
    const to = (end & this.#inLine) >>> 2;
    return (-1 << from) & (-1 >>> (31 - to));
  }
}
