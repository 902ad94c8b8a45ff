/**
 * One CPU's L1 data cache: tags and states only, since memory holds the bytes and coherent caches cannot disagree with
 * it. Set-associative, physically indexed, write-back, write-allocate, with any replacement policy.
 *
 * The fast table. `readable[set]` is a line of that set whose load needs no bookkeeping: present, and the one used last
 * in its set, so that using it again changes no replacement state. `writable[set]` is the same for a store: present,
 * used last, and Modified. A CPU compares with these and asks `load` and `store` only otherwise. Where miss classes are
 * on, the table answers only what they need not see, so a hit without classes pays nothing for them.
 */
import type { Bus } from './bus.ts';
import { Exclusive, Invalid, type LineState, Modified, Shared } from './coherence.ts';
import { Counters } from './counters.ts';
import { InputError } from './input-error.ts';
import { PAGE_SHIFT, PageFault } from './memory.ts';
import { MissClasses } from './miss-classes.ts';
import { createReplacement, NO_LINE, type PolicyName, type Replacement } from './replacement.ts';

export interface CacheGeometry {
  /** Bytes. */
  readonly size: number;
  readonly ways: number;
  /** Bytes, a power of two. */
  readonly line: number;
  readonly policy: PolicyName;
}

/** Cycles that an access takes, by what it met. */
export interface Latencies {
  readonly l1: number;
  /** A line that this CPU held before and lost to replacement: until a second level exists, L2's latency. */
  readonly l2: number;
  /** A line that this CPU never held. */
  readonly memory: number;
  /** A line that another CPU's write took away, and the request that takes it away. */
  readonly transfer: number;
}

export interface L1Options {
  readonly geometry: CacheGeometry;
  readonly latencies: Latencies;
  /** Split replacement misses into capacity and conflict, and coherence misses into true and false sharing. */
  readonly classes: boolean;
  /** For the random policy; from the run's seed. */
  readonly random: () => number;
  /** One byte a physical page, 0 = not present; null where addresses are those of a trace. */
  readonly present: Uint8Array | null;
}

const isPowerOfTwo = (n: number) => Number.isInteger(n) && n > 0 && 2 ** Math.round(Math.log2(n)) === n;

/** Throws an InputError that says which part of a cache cannot be built. */
export function checkGeometry({ size, ways, line }: CacheGeometry, place: string): void {
  if (!isPowerOfTwo(line) || line < 4 || line > 4096) {
    throw new InputError(
      place,
      `a line of ${line} bytes cannot be built`,
      'line must be a power of two from 4 to 4096',
    );
  }
  if (!Number.isInteger(ways) || ways < 1)
    throw new InputError(place, `${ways} ways`, 'ways must be a whole number from 1');
  if (!isPowerOfTwo(size / ways / line)) {
    throw new InputError(
      place,
      `${size} bytes in ${ways} ways of ${line}-byte lines make ${size / ways / line} sets`,
      'size must be ways x line x a power of two',
    );
  }
}

export class L1 {
  readonly counters = new Counters();
  readonly cpu: number;
  readonly bit: number;
  readonly shift: number;
  readonly setMask: number;
  readonly readable: Int32Array;
  readonly writable: Int32Array;
  readonly classes: MissClasses | null;

  readonly #bus: Bus;
  readonly #line: number;
  readonly #ways: number;
  readonly #latencies: Latencies;
  readonly #present: Uint8Array | null;
  readonly #policy: Replacement;
  readonly #tags: Int32Array;
  readonly #states: Uint8Array;
  /** The directory's number of the line in each way. */
  readonly #ids: Int32Array;
  #lastSet = 0;

  constructor(bus: Bus, options: L1Options) {
    const { geometry } = options;
    checkGeometry(geometry, 'L1');
    const sets = geometry.size / geometry.ways / geometry.line;
    const lines = sets * geometry.ways;
    if (options.classes && geometry.line > 128) {
      throw new InputError(
        'L1',
        `miss classes on lines of ${geometry.line} bytes`,
        'classes take lines of 128 bytes at most',
      );
    }
    this.#bus = bus;
    this.cpu = bus.l1s.length;
    this.bit = 1 << this.cpu;
    bus.l1s.push(this);
    this.shift = Math.log2(geometry.line);
    this.setMask = sets - 1;
    this.#line = geometry.line;
    this.#ways = geometry.ways;
    this.#latencies = options.latencies;
    this.#present = options.present;
    this.#policy = createReplacement(geometry.policy, sets, geometry.ways, options.random);
    this.#tags = new Int32Array(lines).fill(NO_LINE);
    this.#states = new Uint8Array(lines);
    this.#ids = new Int32Array(lines);
    this.readable = new Int32Array(sets).fill(NO_LINE);
    this.writable = new Int32Array(sets).fill(NO_LINE);
    this.classes = options.classes ? new MissClasses(lines) : null;
  }

  /** Cycles of a load of `bytes` at `addr` that the fast table did not answer. The caller has counted the load. */
  load(addr: number, bytes: number): number {
    const end = addr + bytes - 1;
    const last = end >>> this.shift;
    let line = addr >>> this.shift;
    if (line === last) return this.#loadLine(line, addr, end);
    let cycles = 0;
    for (let from = addr; line <= last; line++, from = line * this.#line) {
      cycles += this.#loadLine(line, from, Math.min(end, (line + 1) * this.#line - 1));
      if (line !== last) this.counters.straddledLoads++;
    }
    return cycles;
  }

  /** As `load`, for a store or a locked read-modify-write. */
  store(addr: number, bytes: number): number {
    const end = addr + bytes - 1;
    const last = end >>> this.shift;
    let line = addr >>> this.shift;
    if (line === last) return this.#storeLine(line, addr, end);
    let cycles = 0;
    for (let from = addr; line <= last; line++, from = line * this.#line) {
      cycles += this.#storeLine(line, from, Math.min(end, (line + 1) * this.#line - 1));
      if (line !== last) this.counters.straddledStores++;
    }
    return cycles;
  }

  /** Fills the line without a stall; for `exclusive` all other copies go. Counted apart from loads and stores. */
  prefetch(addr: number, exclusive: boolean): void {
    this.counters.prefetches++;
    const line = addr >>> this.shift;
    if (this.#present !== null && this.#present[addr >>> PAGE_SHIFT] !== 1) return;
    const slot = this.#find(line);
    if (slot >= 0) {
      if (exclusive && this.#states[slot] === Shared) {
        this.#bus.upgrade(this, line, this.#ids[slot]!);
        this.#states[slot] = Exclusive;
      }
      return;
    }
    this.counters.prefetchFills++;
    const id = this.#bus.directory.idOf(line);
    if (exclusive) this.#bus.readExclusive(this, line, id);
    const shared = !exclusive && this.#bus.read(this, line, id);
    this.#fill(line, id, shared ? Shared : Exclusive);
    this.classes?.shadow.use(id);
  }

  /** The state of the line that holds `addr`: for tests and checkers. */
  stateOf(addr: number): LineState {
    const slot = this.#find(addr >>> this.shift);
    return slot < 0 ? Invalid : (this.#states[slot] as LineState);
  }

  /** Lines that are in `state` now. */
  countInState(state: LineState): number {
    let count = 0;
    for (let i = 0; i < this.#tags.length; i++) if (this.#tags[i] !== NO_LINE && this.#states[i] === state) count++;
    return count;
  }

  /** Another CPU reads `line`. True if this copy differed from memory. */
  snoopRead(line: number, id: number): boolean {
    const slot = this.#find(line);
    const { next, writesBack } = this.#bus.protocol[this.#states[slot] as LineState].busRead;
    this.#states[slot] = next;
    if (!writesBack) return false;
    this.counters.writebacksIntervRead++;
    this.#losesOwnership(slot, line, id);
    return true;
  }

  /** Another CPU takes `line` for itself. True if this copy differed from memory. */
  snoopReadExclusive(line: number, id: number): boolean {
    const slot = this.#find(line);
    const { next, writesBack } = this.#bus.protocol[this.#states[slot] as LineState].busReadExclusive;
    if (writesBack) {
      this.counters.writebacksIntervWrite++;
      this.#losesOwnership(slot, line, id);
    }
    if (next === Invalid) {
      this.#invalidate(slot, line, id);
      this.counters.invalidationsReceived++;
    }
    return writesBack;
  }

  /** Another CPU that shares `line` writes it. */
  snoopUpgrade(line: number, id: number): void {
    const slot = this.#find(line);
    const { next } = this.#bus.protocol[this.#states[slot] as LineState].busUpgrade;
    if (next === Invalid) {
      this.#invalidate(slot, line, id);
      this.counters.invalidationsReceived++;
    }
  }

  /** A device writes part of `line`, or all of it: what this copy alone knows goes to memory first. */
  snoopDmaWrite(line: number, id: number): void {
    const slot = this.#find(line);
    if (this.#bus.protocol[this.#states[slot] as LineState].busReadExclusive.writesBack) {
      this.counters.writebacksIntervWrite++;
      this.#losesOwnership(slot, line, id);
    }
    this.#invalidate(slot, line, id);
    this.counters.dmaInvalidations++;
  }

  #find(line: number): number {
    const from = (line & this.setMask) * this.#ways;
    const to = from + this.#ways;
    for (let slot = from; slot < to; slot++) if (this.#tags[slot] === line) return slot;
    return -1;
  }

  #loadLine(line: number, first: number, end: number): number {
    const slot = this.#find(line);
    if (slot < 0) return this.#miss(line, first, end, false);
    this.#use(line, slot, false);
    return this.#latencies.l1;
  }

  #storeLine(line: number, first: number, end: number): number {
    const slot = this.#find(line);
    if (slot < 0) return this.#miss(line, first, end, true);
    const { bus, next } = this.#bus.protocol[this.#states[slot] as LineState].localWrite;
    let cycles = this.#latencies.l1;
    if (bus === 'upgrade') {
      this.counters.upgrades++;
      this.#bus.upgrade(this, line, this.#ids[slot]!);
      cycles += this.#latencies.transfer;
    }
    this.#states[slot] = next;
    this.#use(line, slot, false);
    if (this.classes !== null) this.classes.written[slot]! |= this.#words(first, end);
    return cycles;
  }

  #miss(line: number, first: number, end: number, write: boolean): number {
    if (this.#present !== null && this.#present[first >>> PAGE_SHIFT] !== 1) throw new PageFault(first, this.cpu);
    const { counters, classes } = this;
    const { directory, protocol } = this.#bus;
    const id = directory.idOf(line);
    const cold = (directory.everHeld[id]! & this.bit) === 0;
    const coherence = (directory.invalidated[id]! & this.bit) !== 0;
    const { next, nextIfShared } = write ? protocol[Invalid].localWrite : protocol[Invalid].localRead;

    let state = next;
    if (write) {
      counters.writeMisses++;
      if (cold) counters.coldWriteMisses++;
      this.#bus.readExclusive(this, line, id);
    } else {
      counters.readMisses++;
      if (cold) counters.coldReadMisses++;
      if (this.#bus.read(this, line, id)) state = nextIfShared;
    }
    if (coherence) counters.coherenceMisses++;
    if (classes !== null) this.#classify(classes, id, cold, coherence, write, this.#words(first, end));

    const slot = this.#fill(line, id, state);
    if (classes !== null && write) classes.written[slot] = this.#words(first, end);
    if (cold) return this.#latencies.memory;
    return coherence ? this.#latencies.transfer : this.#latencies.l2;
  }

  #classify(classes: MissClasses, id: number, cold: boolean, coherence: boolean, write: boolean, words: number): void {
    const { counters } = this;
    if (coherence) {
      if (classes.isTrueSharing(id, words)) counters.trueSharingMisses++;
      else counters.falseSharingMisses++;
    }
    const inShadow = classes.shadow.use(id);
    if (!inShadow) counters.fullyAssociativeMisses++;
    if (cold || coherence) return;
    if (inShadow) {
      if (write) counters.conflictWriteMisses++;
      else counters.conflictReadMisses++;
    } else if (write) counters.capacityWriteMisses++;
    else counters.capacityReadMisses++;
  }

  /** Puts the line into the way that the policy gives up. */
  #fill(line: number, id: number, state: LineState): number {
    const { directory, protocol } = this.#bus;
    const set = line & this.setMask;
    const way = this.#policy.victim(set, this.#tags);
    const slot = set * this.#ways + way;
    const old = this.#tags[slot]!;
    if (old !== NO_LINE) {
      const oldId = this.#ids[slot]!;
      this.counters.evictions++;
      if (protocol[this.#states[slot] as LineState].replacement.writesBack) {
        this.counters.writebacksEvict++;
        this.#losesOwnership(slot, old, oldId);
      }
      directory.holders[oldId]! &= ~this.bit;
    }
    this.#tags[slot] = line;
    this.#states[slot] = state;
    this.#ids[slot] = id;
    directory.holders[id]! |= this.bit;
    directory.everHeld[id]! |= this.bit;
    directory.invalidated[id]! &= ~this.bit;
    this.#use(line, slot, true);
    return slot;
  }

  /** Replacement, the 3C shadow (a fill has told it already) and the fast table learn that `line` was used. */
  #use(line: number, slot: number, filled: boolean): void {
    const set = line & this.setMask;
    this.#policy.use(set, slot - set * this.#ways, filled);
    if (this.classes === null) {
      this.writable[set] = this.#states[slot] === Modified ? line : NO_LINE;
    } else {
      if (!filled && !this.classes.shadow.use(this.#ids[slot]!)) this.counters.fullyAssociativeMisses++;
      this.readable[this.#lastSet] = NO_LINE;
      this.#lastSet = set;
    }
    this.readable[set] = line;
  }

  /** A stay in Modified ends: those who lost the line to it learn what was written. */
  #losesOwnership(slot: number, line: number, id: number): void {
    const set = line & this.setMask;
    if (this.writable[set] === line) this.writable[set] = NO_LINE;
    if (this.classes !== null) {
      this.#bus.announceWrites(id, this.classes.written[slot]!);
      this.classes.written[slot] = 0;
    }
  }

  #invalidate(slot: number, line: number, id: number): void {
    const { directory } = this.#bus;
    const set = line & this.setMask;
    if (this.readable[set] === line) this.readable[set] = NO_LINE;
    this.#tags[slot] = NO_LINE;
    this.#states[slot] = Invalid;
    directory.holders[id]! &= ~this.bit;
    directory.invalidated[id]! |= this.bit;
    this.classes?.loses(id);
  }

  /** The words (aligned 4 bytes) of their line that bytes `first` to `end` touch, one bit each. */
  #words(first: number, end: number): number {
    const inLine = (1 << this.shift) - 1;
    const from = (first & inLine) >>> 2;
    const to = (end & inLine) >>> 2;
    return (-1 << from) & (-1 >>> (31 - to));
  }
}
