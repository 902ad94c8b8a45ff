/**
 * A second level of cache below the L1s: tags and states, as they are. Private ones take part in the bus with their L1;
 * a shared one stands between the bus and memory. Counts go to the CPU that asks.
 *
 * Where an L1 and its private second level both hold a line, the L1's state is the valid one (the copy below may still be
 * Exclusive after a store). On a snoop each level applies its own row of the protocol, and the dirtier answer counts.
 *
 * What others on the bus ask is answered from the protocol's table. What a level makes of its own CPU's requests depends on two
 * levels and on inclusion, and is code: the comments say which state follows, and test/hw/cache holds it to them.
 */

import { InputError } from '../../base/input-error.ts';
import type { Inclusion, SecondLevelGeometry } from '../cpu-model.ts';
import type { Bus } from './bus.ts';
import {
  type BusRequest,
  Exclusive,
  Invalid,
  isDirty,
  type LineState,
  Modified,
  NEXT,
  possible,
  protocols,
  Shared,
  SUPPLIES,
  Transitions,
  WRITES_BACK,
} from './coherence.ts';
import {
  type Above,
  type Asking,
  type Behind,
  type Below,
  DIRTY,
  FROM_ELSEWHERE,
  FROM_L2,
  FROM_MEMORY,
  NOBODY,
  POSTED,
  type Response,
  type SnoopedLevel,
  type Source,
  type Supply,
  sourceIn,
  stateIn,
} from './contracts.ts';
import { countWriteback } from './counters.ts';
import { TagArray } from './tag-array.ts';

abstract class SecondLevel extends TagArray {
  protected readonly bus: Bus;
  protected readonly inclusion: Inclusion;

  constructor(bus: Bus, geometry: SecondLevelGeometry, random: () => number) {
    super(geometry, 'L2', random);
    if (bus.protocol === 'write-through' && geometry.inclusion === 'exclusive') {
      throw new InputError(
        'L2',
        'an exclusive second level below an L1 that writes through',
        'what is written through must be held there: inclusive or neither',
      );
    }
    this.bus = bus;
    this.inclusion = geometry.inclusion;
  }

  /** Line `id` leaves this level, for `l1` to have room. True if a copy above, which goes too, differed from memory. */
  protected abstract evicts(l1: Above, line: number, id: number): boolean;

  /** The slot that holds `line`, used now and counted; -1 and counted if none does. */
  protected request(l1: Asking, line: number): number {
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

  protected fill(l1: Above, line: number, id: number, state: LineState): void {
    const slot = this.victim(line, this.find(line));
    const was = this.states[slot];
    if (was !== Invalid) {
      l1.counters.l2Evictions++;
      this.states[slot] = Invalid;
      if (this.evicts(l1, this.tags[slot], this.ids[slot]) || isDirty(was)) l1.counters.l2Writebacks++;
    }
    this.place(slot, line, id, state);
  }
}

/** One CPU's own. */
export class PrivateSecondLevel extends SecondLevel implements Below, SnoopedLevel {
  readonly snooped = this;
  readonly #transitions: Transitions;

  constructor(bus: Bus, geometry: SecondLevelGeometry, random: () => number) {
    super(bus, geometry, random);
    // Below an L1 that writes through, this level is the one that holds changed lines.
    this.#transitions = bus.protocol === 'write-through' ? new Transitions(protocols.mesi) : bus.transitions;
  }

  read(l1: Above, line: number, id: number): Supply {
    const { loadMissAlone, loadMissShared } = this.bus.transitions;
    const slot = this.request(l1, line);
    if (slot >= 0) {
      const state = this.states[slot];
      if (this.inclusion === 'exclusive') {
        this.states[slot] = Invalid;
        return state | FROM_L2;
      }
      return (isAlone(state) ? loadMissAlone : loadMissShared) | FROM_L2;
    }
    const response = this.bus.read(l1, line, id);
    if (this.inclusion !== 'exclusive') this.fill(l1, line, id, response === NOBODY ? Exclusive : Shared);
    return (response === NOBODY ? loadMissAlone : loadMissShared) | sourceOf(response);
  }

  readExclusive(l1: Above, line: number, id: number): Supply {
    const slot = this.request(l1, line);
    if (slot >= 0) {
      const state = this.states[slot];
      const alone = isAlone(state);
      if (!alone) l1.counters.upgrades++;
      const answers = !alone && this.upgrade(l1, line, id);
      const source = alone ? FROM_L2 : FROM_ELSEWHERE;
      if (this.inclusion !== 'exclusive') return (answers ? Modified : Exclusive) | source;
      this.states[slot] = Invalid;
      return (answers || isDirty(state) ? Modified : Exclusive) | source;
    }
    const response = this.bus.readExclusive(l1, line, id);
    if (this.inclusion !== 'exclusive') this.fill(l1, line, id, Exclusive);
    const answers = response === DIRTY && this.bus.transitions.handsChangesOver;
    return (answers ? Modified : Exclusive) | sourceOf(response);
  }

  upgrade(l1: Above, line: number, id: number): boolean {
    const response = this.bus.upgrade(l1, line, id);
    const slot = this.held(line);
    if (slot >= 0) this.states[slot] = isDirty(this.states[slot]) ? Modified : Exclusive;
    return response === DIRTY;
  }

  write(l1: Above, line: number, id: number): Source {
    const slot = this.request(l1, line);
    if (slot < 0) {
      const response = this.bus.readExclusive(l1, line, id);
      this.fill(l1, line, id, Modified);
      this.bus.directory.holders[id] |= l1.bit;
      return sourceOf(response);
    }
    const shared = this.states[slot] === Shared;
    if (shared) {
      l1.counters.upgrades++;
      this.bus.upgrade(l1, line, id);
    }
    this.states[slot] = Modified;
    return shared ? FROM_ELSEWHERE : POSTED;
  }

  replaced(l1: Above, line: number, id: number, state: LineState): void {
    const slot = this.held(line);
    if (slot >= 0) {
      if (isDirty(state)) this.states[slot] = state;
    } else if (this.inclusion === 'exclusive' || isDirty(state)) this.fill(l1, line, id, state);
    else this.bus.directory.holders[id] &= ~l1.bit;
  }

  snoop(l1: Asking, request: BusRequest, line: number): boolean {
    const slot = this.held(line);
    if (slot < 0) return false;
    const cell = possible(this.#transitions.snoop[request | this.states[slot]]);
    this.states[slot] = cell & NEXT;
    if ((cell & WRITES_BACK) !== 0) countWriteback(l1.counters, request);
    return (cell & SUPPLIES) !== 0;
  }

  protected evicts(l1: Above, line: number, id: number): boolean {
    if (this.inclusion === 'inclusive') {
      const dirty = l1.backInvalidate(line);
      this.bus.directory.holders[id] &= ~l1.bit;
      return dirty;
    }
    if (!l1.holds(line)) this.bus.directory.holders[id] &= ~l1.bit;
    return false;
  }
}

/** One for all CPUs: its lines are Exclusive, or Modified where they differ from memory. */
export class SharedSecondLevel extends SecondLevel implements Below, Behind {
  readonly snooped = null;
  readonly #l1s: readonly Above[];

  /** `l1s`: those above, present and to come. */
  constructor(bus: Bus, geometry: SecondLevelGeometry, random: () => number, l1s: readonly Above[]) {
    super(bus, geometry, random);
    this.#l1s = l1s;
    bus.behind = this;
  }

  read(l1: Above, line: number, id: number): Supply {
    const { loadMissAlone, loadMissShared } = this.bus.transitions;
    const response = this.bus.read(l1, line, id);
    const fetched = this.#fetch(l1, line, id, response);
    if (stateIn(fetched) === Modified) return fetched;
    return (response === NOBODY ? loadMissAlone : loadMissShared) | sourceIn(fetched);
  }

  readExclusive(l1: Above, line: number, id: number): Supply {
    const response = this.bus.readExclusive(l1, line, id);
    const fetched = this.#fetch(l1, line, id, response);
    const answers = stateIn(fetched) === Modified || (response === DIRTY && this.bus.transitions.handsChangesOver);
    return (answers ? Modified : Exclusive) | sourceIn(fetched);
  }

  upgrade(l1: Above, line: number, id: number): boolean {
    return this.bus.upgrade(l1, line, id) === DIRTY;
  }

  write(l1: Above, line: number, id: number): Source {
    const response = this.bus.upgrade(l1, line, id);
    const slot = this.request(l1, line);
    if (slot >= 0) this.states[slot] = Modified;
    else this.fill(l1, line, id, Modified);
    if (response !== NOBODY) return FROM_ELSEWHERE;
    return slot >= 0 ? POSTED : FROM_MEMORY;
  }

  replaced(l1: Above, line: number, id: number, state: LineState): void {
    this.bus.directory.holders[id] &= ~l1.bit;
    const slot = this.held(line);
    if (slot >= 0) {
      if (isDirty(state)) this.states[slot] = Modified;
    } else if (isDirty(state)) this.fill(l1, line, id, Modified);
    else if (this.inclusion === 'exclusive') this.fill(l1, line, id, Exclusive);
  }

  drop(line: number): void {
    const slot = this.held(line);
    if (slot >= 0) this.states[slot] = Invalid;
  }

  protected evicts(_l1: Above, line: number, id: number): boolean {
    if (this.inclusion !== 'inclusive') return false;
    let dirty = false;
    const holders = this.bus.directory.holders[id];
    for (const l1 of this.#l1s) if ((holders & l1.bit) !== 0 && l1.backInvalidate(line)) dirty = true;
    return dirty;
  }

  /**
   * Looks for a line that another CPU's cache may have answered for: the bits of its source, and Modified if it was
   * changed and moves up.
   */
  #fetch(l1: Above, line: number, id: number, response: Response): Supply {
    const slot = this.request(l1, line);
    const source = response === DIRTY ? FROM_ELSEWHERE : slot >= 0 ? FROM_L2 : FROM_MEMORY;
    // A changed line that goes from one cache to another is written back here.
    const writtenBack = response === DIRTY && !this.bus.transitions.handsChangesOver;
    if (this.inclusion !== 'exclusive') {
      if (slot < 0) this.fill(l1, line, id, writtenBack ? Modified : Exclusive);
      else if (writtenBack) this.states[slot] = Modified;
      return source;
    }
    if (writtenBack) l1.counters.l2Writebacks++;
    // Others that share the line have it from memory, so it stays; alone, it moves up.
    if (slot < 0 || response !== NOBODY) return source;
    const state = this.states[slot];
    this.states[slot] = Invalid;
    return state === Modified ? Modified | source : source;
  }
}

const isAlone = (state: number): boolean => state === Exclusive || state === Modified;

const sourceOf = (response: Response): Source => (response === DIRTY ? FROM_ELSEWHERE : FROM_MEMORY);
