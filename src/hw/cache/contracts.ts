/**
 * What the parts of the caches ask of each other. Each part knows these contracts, not its neighbours, so a test may put a
 * mock in any place; hierarchy.ts builds the whole.
 *
 *   L1 -> Below (the bus alone, or a second level) -> Bus -> Snooped (every other L1, and a second level beside it)
 *
 * A second level asks upwards too, through Above: whether an L1 still holds a line, and that it give one up.
 */

import type { BusRequest, LineState } from './coherence.ts';
import type { Counters } from './counters.ts';

/** Who makes a request: all that is done for it is counted there. */
export interface Asking {
  /** Its CPU's bit in the masks of the line directory. */
  readonly bit: number;
  readonly counters: Counters;
}

/** An L1 as the bus sees it. */
export interface Snooped extends Asking {
  /** Another CPU, or a device, makes `request` of line `id`. True if what this CPU has of it, in all levels, differed from memory. */
  snoop(request: BusRequest, line: number, id: number): boolean;
  /**
   * Where misses are classed: hears which `words` of line `id`, which this CPU lost, another one wrote; and forgets lines that
   * others write, though this CPU may have replaced them before.
   */
  readonly classes: { hears(id: number, words: number): void; forgets(id: number): void } | null;
}

/** A second level that is one CPU's own: it answers the bus beside its L1, and counts there. */
export interface SnoopedLevel {
  snoop(l1: Asking, request: BusRequest, line: number): boolean;
}

/** An L1 as the levels below see it. */
export interface Above extends Asking {
  holds(line: number): boolean;
  /** An inclusive level gives `line` up. True if the copy above, which goes too, differed from memory. */
  backInvalidate(line: number): boolean;
}

/** What lies below an L1. */
export interface Below {
  /** Itself where it is the CPU's own; null where no other CPU asks it, since it is behind the bus or is not there. */
  readonly snooped: SnoopedLevel | null;
  /** Fetches line `id` to be read: its state in the L1, and its source. */
  read(l1: Above, line: number, id: number): Supply;
  /** Fetches line `id` for this CPU alone. Modified if the L1 must answer for changes that others made, else Exclusive. */
  readExclusive(l1: Above, line: number, id: number): Supply;
  /** Takes all other copies of line `id`, which the L1 shares. True if it must answer for changes from now on. */
  upgrade(l1: Above, line: number, id: number): boolean;
  /** Makes a store to line `id` that the L1 writes through: the source of what it waits for, or POSTED. */
  write(l1: Above, line: number, id: number): Source;
  /** The L1 has given up line `id`, which was in `state`. */
  replaced(l1: Above, line: number, id: number, state: LineState): void;
}

/** A level between the bus and memory. */
export interface Behind {
  /** A device has written `line` to memory. */
  drop(line: number): void;
}

/** Of a request on the bus: no other CPU held the line; some did; one held it changed, and handed it over. */
export const NOBODY = 0;
export const CLEAN = 1;
export const DIRTY = 2;
export type Response = typeof NOBODY | typeof CLEAN | typeof DIRTY;

/** Who supplied a line. Without a second level nobody tells: what a miss costs follows from the miss itself. */
export const UNTOLD = 0;
export const FROM_L2 = 8;
/** From another CPU's cache, or after its copies were taken away. */
export const FROM_ELSEWHERE = 16;
export const FROM_MEMORY = 24;
export type Source = typeof UNTOLD | typeof FROM_L2 | typeof FROM_ELSEWHERE | typeof FROM_MEMORY;
/** A store that met nothing on its way down: nobody waits for it. */
export const POSTED = UNTOLD;

/** A line supplied from below, as one number: its state in the L1, and its source. */
export type Supply = number;
export const stateIn = (supply: Supply): LineState => (supply & 7) as LineState;
export const sourceIn = (supply: Supply): Source => (supply & 24) as Source;
