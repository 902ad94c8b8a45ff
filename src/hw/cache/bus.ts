/**
 * The snooping bus between the CPUs' caches: one request at a time, answered by all others before the next begins. The
 * line directory says who holds a line, so only the holders are asked.
 */
import { type Answer, type Below, CLEAN, DIRTY, NOBODY, NoSecondLevel } from './below.ts';
import { Modified, type ProtocolName, protocols, SUPPLIES, Transitions, WRITES_BACK } from './coherence.ts';
import type { L1 } from './l1.ts';
import { LineDirectory } from './line-directory.ts';
import { PrivateSecondLevel, type SecondLevelOptions, SharedSecondLevel } from './second-level.ts';
import type { TagArray } from './tag-array.ts';

export interface BusOptions {
  readonly protocol: ProtocolName;
  readonly l2: SecondLevelOptions | null;
}

export class Bus {
  readonly directory = new LineDirectory();
  readonly protocol: ProtocolName;
  /** The protocol of the L1s. */
  readonly transitions: Transitions;
  /** Of the caches that hold changed lines: the second level's if the L1s write through. */
  readonly transitionsBelow: Transitions;
  /** Whether memory stays as it is when a changed line goes from one cache to another. */
  readonly handsChangesOver: boolean;
  readonly l1s: L1[] = [];
  /** The shared one, or one for each L1; none where there is no second level. */
  readonly l2s: TagArray[] = [];
  readonly #l2: SecondLevelOptions | null;
  readonly #shared: SharedSecondLevel | null;

  constructor({ protocol, l2 }: BusOptions = { protocol: 'mesi', l2: null }) {
    this.protocol = protocol;
    this.transitions = new Transitions(protocols[protocol]);
    this.transitionsBelow =
      protocol === 'write-through' && l2 !== null ? new Transitions(protocols.mesi) : this.transitions;
    const taken = this.transitionsBelow.busReadExclusive[Modified];
    this.handsChangesOver = (taken & SUPPLIES) !== 0 && (taken & WRITES_BACK) === 0;
    this.#l2 = l2;
    this.#shared = l2?.shared === true ? new SharedSecondLevel(this, l2) : null;
    if (this.#shared !== null) this.l2s.push(this.#shared);
  }

  /** What lies below a new L1. */
  below(l1: L1): Below {
    if (this.#l2 === null) return new NoSecondLevel(this);
    if (this.#shared !== null) return this.#shared;
    const own = new PrivateSecondLevel(this, this.#l2, l1);
    this.l2s.push(own);
    return own;
  }

  /** `asking` wants line `id` to read. */
  read(asking: L1, line: number, id: number): Answer {
    let others = this.directory.holders[id] & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      if (this.#lowest(others).snoopRead(line, id)) dirty = true;
    }
    return this.#transferred(asking, dirty);
  }

  /** `asking` wants line `id` for itself alone. */
  readExclusive(asking: L1, line: number, id: number): Answer {
    let others = this.directory.holders[id] & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      const other = this.#lowest(others);
      if (other.snoopReadExclusive(line, id)) dirty = true;
      asking.counters.invalidationsSent++;
      other.counters.invalidationsReceived++;
    }
    this.directory.holders[id] &= asking.bit;
    return this.#transferred(asking, dirty);
  }

  /** `asking` shares line `id`, or writes it through, and wants all other copies gone. */
  upgrade(asking: L1, line: number, id: number): Answer {
    let others = this.directory.holders[id] & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      const other = this.#lowest(others);
      if (other.snoopUpgrade(line, id)) dirty = true;
      asking.counters.invalidationsSent++;
      other.counters.invalidationsReceived++;
    }
    this.directory.holders[id] &= asking.bit;
    return dirty ? DIRTY : CLEAN;
  }

  /** Tells all who lost line `id` to a write, but the writer itself, which `words` it has written meanwhile. */
  announceWrites(writer: number, id: number, words: number): void {
    for (let losers = this.directory.invalidated[id] & ~writer; losers !== 0; losers &= losers - 1) {
      this.#lowest(losers).classes?.hears(id, words);
    }
  }

  #transferred(asking: L1, dirty: boolean): Answer {
    if (dirty) {
      asking.counters.c2cDirty++;
      return DIRTY;
    }
    asking.counters.c2cClean++;
    return CLEAN;
  }

  /** A device reads `line` from memory; who holds it Modified hands it over, as to another CPU. */
  dmaRead(line: number): void {
    const id = this.directory.idOf(line);
    for (let holders = this.directory.holders[id]; holders !== 0; holders &= holders - 1) {
      this.#lowest(holders).snoopRead(line, id);
    }
  }

  /** A device writes `words` of `line` to memory: all who hold it lose it, and what one alone knew goes to memory first. */
  dmaWrite(line: number, words: number): void {
    const id = this.directory.idOf(line);
    for (let holders = this.directory.holders[id]; holders !== 0; holders &= holders - 1) {
      const holder = this.#lowest(holders);
      if (holder.snoopReadExclusive(line, id) && this.handsChangesOver) holder.counters.writebacksIntervWrite++;
      holder.counters.dmaInvalidations++;
    }
    this.directory.holders[id] = 0;
    this.#shared?.drop(line);
    this.announceWrites(0, id, words);
  }

  #lowest(cpus: number): L1 {
    return this.l1s[31 - Math.clz32(cpus & -cpus)];
  }
}
