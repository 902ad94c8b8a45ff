/**
 * The snooping bus between the CPUs' caches: one request at a time, answered by all others before the next begins. The
 * line directory says who holds a line, so only the holders are asked.
 */
import { type Answer, type Below, CLEAN, DIRTY, NOBODY, NoSecondLevel } from './below.ts';
import { Modified, type ProtocolName, protocols, SUPPLIES, Transitions, WRITES_BACK } from './coherence.ts';
import type { L1 } from './l1.ts';
import { LineDirectory } from './line-directory.ts';
import { PrivateSecondLevel, type SecondLevelOptions, SharedSecondLevel } from './second-level.ts';

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
  readonly #l2: SecondLevelOptions | null;
  readonly #shared: SharedSecondLevel | null;

  constructor({ protocol, l2 }: BusOptions = { protocol: 'mesi', l2: null }) {
    this.protocol = protocol;
    this.transitions = new Transitions(protocols[protocol]);
    this.transitionsBelow =
      protocol === 'write-through' && l2 !== null ? new Transitions(protocols.mesi) : this.transitions;
    const taken = this.transitionsBelow.busReadExclusive[Modified]!;
    this.handsChangesOver = (taken & SUPPLIES) !== 0 && (taken & WRITES_BACK) === 0;
    this.#l2 = l2;
    this.#shared = l2?.shared === true ? new SharedSecondLevel(this, l2) : null;
  }

  /** What lies below a new L1. */
  below(l1: L1): Below {
    if (this.#l2 === null) return new NoSecondLevel(this);
    return this.#shared ?? new PrivateSecondLevel(this, this.#l2, l1);
  }

  /** `asking` wants line `id` to read. */
  read(asking: L1, line: number, id: number): Answer {
    let others = this.directory.holders[id]! & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      if (this.#lowest(others).snoopRead(line)) dirty = true;
    }
    return this.#transferred(asking, dirty);
  }

  /** `asking` wants line `id` for itself alone. */
  readExclusive(asking: L1, line: number, id: number): Answer {
    let others = this.directory.holders[id]! & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      const other = this.#lowest(others);
      if (other.snoopReadExclusive(line)) dirty = true;
      asking.counters.invalidationsSent++;
      other.counters.invalidationsReceived++;
    }
    this.directory.holders[id]! &= asking.bit;
    return this.#transferred(asking, dirty);
  }

  /** `asking` shares line `id`, or writes it through, and wants all other copies gone. */
  upgrade(asking: L1, line: number, id: number): Answer {
    let others = this.directory.holders[id]! & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      const other = this.#lowest(others);
      if (other.snoopUpgrade(line)) dirty = true;
      asking.counters.invalidationsSent++;
      other.counters.invalidationsReceived++;
    }
    this.directory.holders[id]! &= asking.bit;
    return dirty ? DIRTY : CLEAN;
  }

  /** Tells all others who lost line `id` to a write which `words` `writer` has written meanwhile. */
  announceWrites(writer: L1, id: number, words: number): void {
    for (let losers = this.directory.invalidated[id]! & ~writer.bit; losers !== 0; losers &= losers - 1) {
      this.#lowest(losers).classes!.hears(id, words);
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

  #lowest(cpus: number): L1 {
    return this.l1s[31 - Math.clz32(cpus & -cpus)]!;
  }
}
