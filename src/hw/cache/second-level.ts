/**
 * A second level of cache below the L1s: tags and states, as they are. Private ones take part in the bus with their L1;
 * a shared one stands between the bus and memory. Counts go to the CPU that asks.
 *
 * While a private one holds a line beside its L1, the L1's state says more: the copy below may be Exclusive where the L1
 * has changed the line. Each level answers the bus by its own table, and together they answer rightly.
 */

import { InputError } from '../../base/input-error.ts';
import { type Answer, type Below, DIRTY, FROM_ELSEWHERE, FROM_L2, FROM_MEMORY, NOBODY, SOURCE } from './below.ts';
import type { Bus } from './bus.ts';
import {
  Exclusive,
  Invalid,
  isDirty,
  type LineState,
  Modified,
  NEXT,
  Owned,
  possible,
  Shared,
  SUPPLIES,
  type Transitions,
  WRITES_BACK,
} from './coherence.ts';
import type { L1 } from './l1.ts';
import { type CacheGeometry, TagArray } from './tag-array.ts';

/**
 * What it holds of the lines in the L1s above: all, so that what it gives up goes from the L1s too; none, so that it
 * takes what they give up; or neither, so that each goes its own way.
 */
export const inclusions = ['inclusive', 'exclusive', 'neither'] as const;
export type Inclusion = (typeof inclusions)[number];

export interface SecondLevelGeometry extends CacheGeometry {
  /** One for all CPUs, or one for each. */
  readonly shared: boolean;
  readonly inclusion: Inclusion;
}

export interface SecondLevelOptions extends SecondLevelGeometry {
  /** For the random policy; from the run's seed. */
  readonly random: () => number;
}

abstract class SecondLevel extends TagArray {
  protected readonly bus: Bus;
  protected readonly inclusion: Inclusion;

  constructor(bus: Bus, options: SecondLevelOptions) {
    super(options, 'L2', options.random);
    if (bus.protocol === 'write-through' && options.inclusion === 'exclusive') {
      throw new InputError(
        'L2',
        'an exclusive second level below an L1 that writes through',
        'what is written through must be held there: inclusive or neither',
      );
    }
    this.bus = bus;
    this.inclusion = options.inclusion;
  }

  /** Line `id` leaves this level. True if a copy above, which goes too, differed from memory. */
  protected abstract evicts(line: number, id: number): boolean;

  /** The slot that holds `line`, used now and counted; -1 and counted if none does. */
  protected request(l1: L1, line: number): number {
    const slot = this.held(line);
    if (slot >= 0) {
      l1.counters.l2Hits++;
      this.uses(line & this.setMask, slot, false);
    } else l1.counters.l2Misses++;
    return slot;
  }

  protected held(line: number): number {
    const slot = this.find(line);
    return slot >= 0 && this.states[slot] !== Invalid ? slot : -1;
  }

  protected fill(l1: L1, line: number, id: number, state: LineState): void {
    const slot = this.victim(line, this.find(line));
    const was = this.states[slot];
    if (was !== Invalid) {
      l1.counters.l2Evictions++;
      this.states[slot] = Invalid;
      if (this.evicts(this.tags[slot], this.ids[slot]) || isDirty(was)) l1.counters.l2Writebacks++;
    }
    this.place(slot, line, id, state);
  }
}

/** One CPU's own. */
export class PrivateSecondLevel extends SecondLevel implements Below {
  readonly #l1: L1;
  readonly #transitions: Transitions;

  constructor(bus: Bus, options: SecondLevelOptions, l1: L1) {
    super(bus, options);
    this.#l1 = l1;
    this.#transitions = bus.transitionsBelow;
  }

  read(l1: L1, line: number, id: number): number {
    const { readAlone, readShared } = this.bus.transitions;
    const slot = this.request(l1, line);
    if (slot >= 0) {
      const state = this.states[slot];
      if (this.inclusion === 'exclusive') {
        this.states[slot] = Invalid;
        return state | FROM_L2;
      }
      return (state === Exclusive || state === Modified ? readAlone : readShared) | FROM_L2;
    }
    const answer = this.bus.read(l1, line, id);
    if (this.inclusion !== 'exclusive') this.fill(l1, line, id, answer === NOBODY ? Exclusive : Shared);
    return (answer === NOBODY ? readAlone : readShared) | sourceOf(answer);
  }

  readExclusive(l1: L1, line: number, id: number): number {
    const slot = this.request(l1, line);
    if (slot >= 0) {
      const state = this.states[slot];
      const alone = state === Exclusive || state === Modified;
      if (!alone) l1.counters.upgrades++;
      const answers = !alone && this.upgrade(l1, line, id);
      const source = alone ? FROM_L2 : FROM_ELSEWHERE;
      if (this.inclusion !== 'exclusive') return (answers ? Modified : Exclusive) | source;
      this.states[slot] = Invalid;
      return (answers || isDirty(state) ? Modified : Exclusive) | source;
    }
    const answer = this.bus.readExclusive(l1, line, id);
    if (this.inclusion !== 'exclusive') this.fill(l1, line, id, Exclusive);
    const answers = answer === DIRTY && this.bus.handsChangesOver;
    return (answers ? Modified : Exclusive) | sourceOf(answer);
  }

  upgrade(l1: L1, line: number, id: number): boolean {
    const answer = this.bus.upgrade(l1, line, id);
    const slot = this.held(line);
    if (slot >= 0) this.states[slot] = isDirty(this.states[slot]) ? Modified : Exclusive;
    return answer === DIRTY;
  }

  write(l1: L1, line: number, id: number): number {
    const slot = this.request(l1, line);
    if (slot < 0) {
      const answer = this.bus.readExclusive(l1, line, id);
      this.fill(l1, line, id, Modified);
      this.bus.directory.holders[id] |= l1.bit;
      return sourceOf(answer);
    }
    const shared = this.states[slot] === Shared;
    if (shared) {
      l1.counters.upgrades++;
      this.bus.upgrade(l1, line, id);
    }
    this.states[slot] = Modified;
    return shared ? FROM_ELSEWHERE : 0;
  }

  replaced(l1: L1, line: number, id: number, state: LineState): void {
    const slot = this.held(line);
    if (slot >= 0) {
      if (isDirty(state)) this.states[slot] = state;
    } else if (this.inclusion === 'exclusive' || isDirty(state)) this.fill(l1, line, id, state);
    else this.bus.directory.holders[id] &= ~l1.bit;
  }

  snoopRead(line: number): boolean {
    const slot = this.held(line);
    if (slot < 0) return false;
    const cell = possible(this.#transitions.busRead[this.states[slot]]);
    this.states[slot] = cell & NEXT;
    if ((cell & WRITES_BACK) !== 0) this.#l1.counters.writebacksIntervRead++;
    return (cell & SUPPLIES) !== 0;
  }

  snoopReadExclusive(line: number): boolean {
    const slot = this.held(line);
    if (slot < 0) return false;
    const cell = possible(this.#transitions.busReadExclusive[this.states[slot]]);
    this.states[slot] = cell & NEXT;
    if ((cell & WRITES_BACK) !== 0) this.#l1.counters.writebacksIntervWrite++;
    return (cell & SUPPLIES) !== 0;
  }

  snoopUpgrade(line: number): boolean {
    const slot = this.held(line);
    if (slot < 0) return false;
    const was = this.states[slot];
    this.states[slot] = possible(this.#transitions.busUpgrade[was]) & NEXT;
    return was === Owned;
  }

  protected evicts(line: number, id: number): boolean {
    if (this.inclusion === 'inclusive') {
      const dirty = this.#l1.backInvalidate(line);
      this.bus.directory.holders[id] &= ~this.#l1.bit;
      return dirty;
    }
    if (!this.#l1.holds(line)) this.bus.directory.holders[id] &= ~this.#l1.bit;
    return false;
  }
}

/** One for all CPUs: its lines are Exclusive, or Modified where they differ from memory. */
export class SharedSecondLevel extends SecondLevel implements Below {
  read(l1: L1, line: number, id: number): number {
    const { readAlone, readShared } = this.bus.transitions;
    const answer = this.bus.read(l1, line, id);
    const fetched = this.#fetch(l1, line, id, answer);
    if ((fetched & NEXT) === Modified) return fetched;
    return (answer === NOBODY ? readAlone : readShared) | (fetched & SOURCE);
  }

  readExclusive(l1: L1, line: number, id: number): number {
    const answer = this.bus.readExclusive(l1, line, id);
    const fetched = this.#fetch(l1, line, id, answer);
    const answers = (fetched & NEXT) === Modified || (answer === DIRTY && this.bus.handsChangesOver);
    return (answers ? Modified : Exclusive) | (fetched & SOURCE);
  }

  upgrade(l1: L1, line: number, id: number): boolean {
    return this.bus.upgrade(l1, line, id) === DIRTY;
  }

  write(l1: L1, line: number, id: number): number {
    const answer = this.bus.upgrade(l1, line, id);
    const slot = this.request(l1, line);
    if (slot >= 0) this.states[slot] = Modified;
    else this.fill(l1, line, id, Modified);
    if (answer !== NOBODY) return FROM_ELSEWHERE;
    return slot >= 0 ? 0 : FROM_MEMORY;
  }

  replaced(l1: L1, line: number, id: number, state: LineState): void {
    this.bus.directory.holders[id] &= ~l1.bit;
    const slot = this.held(line);
    if (slot >= 0) {
      if (isDirty(state)) this.states[slot] = Modified;
    } else if (isDirty(state)) this.fill(l1, line, id, Modified);
    else if (this.inclusion === 'exclusive') this.fill(l1, line, id, Exclusive);
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

  /** A device has written the line to memory. */
  drop(line: number): void {
    const slot = this.held(line);
    if (slot >= 0) this.states[slot] = Invalid;
  }

  protected evicts(line: number, id: number): boolean {
    if (this.inclusion !== 'inclusive') return false;
    let dirty = false;
    const holders = this.bus.directory.holders[id];
    for (const l1 of this.bus.l1s) if ((holders & l1.bit) !== 0 && l1.backInvalidate(line)) dirty = true;
    return dirty;
  }

  /**
   * Looks for a line that another CPU's cache may have answered for: the bits of its source, and Modified if it was
   * changed and moves up.
   */
  #fetch(l1: L1, line: number, id: number, answer: Answer): number {
    const slot = this.request(l1, line);
    const source = answer === DIRTY ? FROM_ELSEWHERE : slot >= 0 ? FROM_L2 : FROM_MEMORY;
    // A changed line that goes from one cache to another is written back here.
    const writtenBack = answer === DIRTY && !this.bus.handsChangesOver;
    if (this.inclusion !== 'exclusive') {
      if (slot < 0) this.fill(l1, line, id, writtenBack ? Modified : Exclusive);
      else if (writtenBack) this.states[slot] = Modified;
      return source;
    }
    if (writtenBack) l1.counters.l2Writebacks++;
    // Others that share the line have it from memory, so it stays; alone, it moves up.
    if (slot < 0 || answer !== NOBODY) return source;
    const state = this.states[slot];
    this.states[slot] = Invalid;
    return state === Modified ? Modified | source : source;
  }
}

const sourceOf = (answer: Answer): number => (answer === DIRTY ? FROM_ELSEWHERE : FROM_MEMORY);
