/**
 * What lies below an L1: only the bus (here), a second level of its own, or one that all L1s share (second-level.ts).
 */
import type { Bus } from './bus.ts';
import { Exclusive, type LineState, Modified } from './coherence.ts';
import type { L1 } from './l1.ts';

/** What others on the bus answer to a request: none holds the line; some do; one held it changed, and handed it over. */
export const NOBODY = 0;
export const CLEAN = 1;
export const DIRTY = 2;
export type Answer = typeof NOBODY | typeof CLEAN | typeof DIRTY;

/** Bits beside the state in the answer to a request: where the line came from. None without a second level. */
export const SOURCE = 24;
export const FROM_L2 = 8;
/** From another CPU's cache, or after its copies were taken away. */
export const FROM_ELSEWHERE = 16;
export const FROM_MEMORY = 24;

export interface Below {
  /** Fetches line `id` to be read: its state in the L1, with the bits of its source. */
  read(l1: L1, line: number, id: number): number;
  /** Fetches line `id` for this CPU alone. The state is Modified if the L1 must answer for changes that others made. */
  readExclusive(l1: L1, line: number, id: number): number;
  /** Takes all other copies of line `id`, which the L1 shares. True if it must answer for changes from now on. */
  upgrade(l1: L1, line: number, id: number): boolean;
  /** Makes a store to line `id` that the L1 writes through; the bits of what it met, none where it meets nothing. */
  write(l1: L1, line: number, id: number): number;
  /** The L1 has given up line `id`, which was in `state`. */
  replaced(l1: L1, line: number, id: number, state: LineState): void;
  /** Another CPU asks on the bus. True if the copy below differed from memory. */
  snoopRead(line: number): boolean;
  snoopReadExclusive(line: number): boolean;
  snoopUpgrade(line: number): boolean;
}

/** L1s on a bus with memory behind it: where a line came from does not matter to anybody. */
export class NoSecondLevel implements Below {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  read(l1: L1, line: number, id: number): number {
    const { readAlone, readShared } = this.#bus.transitions;
    return this.#bus.read(l1, line, id) === NOBODY ? readAlone : readShared;
  }

  readExclusive(l1: L1, line: number, id: number): number {
    return this.#bus.readExclusive(l1, line, id) === DIRTY && this.#bus.handsChangesOver ? Modified : Exclusive;
  }

  upgrade(l1: L1, line: number, id: number): boolean {
    return this.#bus.upgrade(l1, line, id) === DIRTY;
  }

  write(l1: L1, line: number, id: number): number {
    return this.#bus.upgrade(l1, line, id) === NOBODY ? 0 : FROM_ELSEWHERE;
  }

  replaced(l1: L1, _line: number, id: number): void {
    this.#bus.directory.holders[id] &= ~l1.bit;
  }

  snoopRead(): boolean {
    return false;
  }

  snoopReadExclusive(): boolean {
    return false;
  }

  snoopUpgrade(): boolean {
    return false;
  }
}
