/**
 * The snooping bus between the CPUs' caches: one request at a time, answered by all others before the next begins. The
 * line directory says who holds a line, so only the holders are asked.
 */
import {
  BUS_READ,
  BUS_READ_EXCLUSIVE,
  BUS_UPGRADE,
  type BusRequest,
  type ProtocolName,
  protocols,
  Transitions,
} from './coherence.ts';
import { type Asking, type Behind, CLEAN, DIRTY, NOBODY, type Response, type Snooped } from './contracts.ts';
import { LineDirectory } from './line-directory.ts';

export class Bus {
  readonly directory = new LineDirectory();
  readonly protocol: ProtocolName;
  /** The protocol of the L1s. */
  readonly transitions: Transitions;
  /** A second level that all share, between the bus and memory. */
  behind: Behind | null = null;
  readonly #l1s: Snooped[] = [];

  constructor(protocol: ProtocolName) {
    this.protocol = protocol;
    this.transitions = new Transitions(protocols[protocol]);
  }

  /** One more L1 listens; its number, that of its CPU. */
  attach(l1: Snooped): number {
    return this.#l1s.push(l1) - 1;
  }

  /** `asking` wants line `id` to read. */
  read(asking: Asking, line: number, id: number): Response {
    let others = this.directory.holders[id] & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      if (this.#l1s[lowest(others)].snoop(BUS_READ, line, id)) dirty = true;
    }
    return transferred(asking, dirty ? DIRTY : CLEAN);
  }

  /** `asking` wants line `id` for itself alone. */
  readExclusive(asking: Asking, line: number, id: number): Response {
    return transferred(asking, this.#invalidateOthers(asking, BUS_READ_EXCLUSIVE, line, id));
  }

  /** `asking` shares line `id`, or writes it through, and wants all other copies gone. */
  upgrade(asking: Asking, line: number, id: number): Response {
    return this.#invalidateOthers(asking, BUS_UPGRADE, line, id);
  }

  #invalidateOthers(asking: Asking, request: BusRequest, line: number, id: number): Response {
    const { holders } = this.directory;
    let others = holders[id] & ~asking.bit;
    if (others === 0) return NOBODY;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      const other = this.#l1s[lowest(others)];
      if (other.snoop(request, line, id)) dirty = true;
      asking.counters.invalidationsSent++;
      other.counters.invalidationsReceived++;
    }
    holders[id] &= asking.bit;
    return dirty ? DIRTY : CLEAN;
  }

  /** Tells all who lost line `id` to a write, but the writer itself, which `words` it has written meanwhile. */
  announceWrites(writer: number, id: number, words: number): void {
    for (let losers = this.directory.invalidated[id] & ~writer; losers !== 0; losers &= losers - 1) {
      this.#l1s[lowest(losers)].classes?.hears(id, words);
    }
  }

  /**
   * Line `id`, which nobody but the `writer` holds, leaves the shadows of all others too: only who has lost it to replacement, and
   * not to a write, may have it there.
   */
  takeFromShadows(writer: number, id: number): void {
    const { everHeld, invalidated } = this.directory;
    for (let others = everHeld[id] & ~invalidated[id] & ~writer; others !== 0; others &= others - 1) {
      this.#l1s[lowest(others)].classes?.forgets(id);
    }
  }

  /** A device reads `line` from memory; who holds it Modified hands it over, as to another CPU. */
  dmaRead(line: number): void {
    const id = this.directory.idOf(line);
    for (let holders = this.directory.holders[id]; holders !== 0; holders &= holders - 1) {
      this.#l1s[lowest(holders)].snoop(BUS_READ, line, id);
    }
  }

  /** A device writes `words` of `line` to memory: all who hold it lose it, and what one alone knew goes to memory first. */
  dmaWrite(line: number, words: number): void {
    const id = this.directory.idOf(line);
    for (let holders = this.directory.holders[id]; holders !== 0; holders &= holders - 1) {
      const holder = this.#l1s[lowest(holders)];
      if (holder.snoop(BUS_READ_EXCLUSIVE, line, id) && this.transitions.handsChangesOver) {
        holder.counters.writebacksIntervWrite++;
      }
      holder.counters.dmaInvalidations++;
    }
    this.directory.holders[id] = 0;
    this.behind?.drop(line);
    this.takeFromShadows(0, id);
    this.announceWrites(0, id, words);
  }
}

/** The number of the first CPU of a mask. */
const lowest = (cpus: number): number => 31 - Math.clz32(cpus & -cpus);

/** Counts how the line came to the one who asks. */
function transferred(asking: Asking, response: Response): Response {
  if (response === DIRTY) asking.counters.c2cDirty++;
  else if (response === CLEAN) asking.counters.c2cClean++;
  return response;
}
