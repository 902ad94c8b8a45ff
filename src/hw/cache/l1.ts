/**
 * One CPU's L1 data cache: tags and states only, since memory holds the bytes and coherent caches cannot disagree with
 * it. With any replacement policy and coherence protocol; write-back and write-allocate unless the protocol writes through.
 *
 * The fast table. `readable[set]` is a line of that set whose load needs no bookkeeping: present, and the one used last
 * in its set, so that using it again changes no replacement state. `writable[set]` is the same for a store: present,
 * used last, and Modified. Only what these do not answer takes the slow path. Miss classes make the table answer less: with
 * sharing no store, since its words count; with 3C only loads of the line used last in the whole cache, so that the table has
 * one entry. A hit without classes pays nothing for them.
 */

import { InputError } from '../../base/input-error.ts';
import { PAGE_SHIFT, PageFault } from '../memory.ts';
import type { Below } from './below.ts';
import { FROM_ELSEWHERE, FROM_L2, FROM_MEMORY, SOURCE } from './below.ts';
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
  UPGRADES,
  WRITES_BACK,
  WRITES_THROUGH,
} from './coherence.ts';
import { Counters } from './counters.ts';
import type { LineDirectory } from './line-directory.ts';
import { type ClassDetail, MissClasses, MODIFY, READ, type Use, WRITE } from './miss-classes.ts';
import { type CacheGeometry, NO_LINE, TagArray } from './tag-array.ts';

/** Cycles that an access takes, by what it met. */
export interface Latencies {
  readonly l1: number;
  /** From the second level; without one, a line that this CPU held before and lost to replacement. */
  readonly l2: number;
  /** From memory; without a second level, a line that this CPU never held. */
  readonly memory: number;
  /**
   * From another CPU's cache, and the request that takes it away there; without a second level, a line that another CPU's
   * write took away.
   */
  readonly transfer: number;
}

export interface L1Options {
  readonly geometry: CacheGeometry;
  readonly latencies: Latencies;
  readonly classes: ClassDetail;
  /** For the random policy; from the run's seed. */
  readonly random: () => number;
  /** One byte a physical page, 0 = not present; null where addresses are those of a trace. */
  readonly present: Uint8Array | null;
}

export class L1 extends TagArray {
  readonly counters = new Counters();
  readonly cpu: number;
  readonly bit: number;
  readonly classes: MissClasses | null;

  readonly #fastMask: number;
  readonly readable: Int32Array;
  readonly writable: Int32Array;
  readonly #bus: Bus;
  readonly #directory: LineDirectory;
  readonly #transitions: Transitions;
  readonly #below: Below;
  readonly #latencies: Latencies;
  readonly #hit: number;
  readonly #present: Uint8Array | null;
  /** By the low bits of the line, the slot where one of these was found last: right for nearly every hit. */
  readonly #predicted: Uint16Array | Int32Array;
  readonly #predictionMask: number;
  /** By line number, the slot where the line was last: so a line is found in constant time, however many ways there are. */
  #slots: Uint16Array | Int32Array;

  constructor(bus: Bus, options: L1Options) {
    const { geometry } = options;
    super(geometry, 'L1', options.random);
    if (options.classes !== 'none' && geometry.line > 128) {
      throw new InputError(
        'L1',
        `miss classes on lines of ${geometry.line} bytes`,
        'classes take lines of 128 bytes at most',
      );
    }
    this.#bus = bus;
    this.#directory = bus.directory;
    this.#transitions = bus.transitions;
    this.cpu = bus.l1s.length;
    this.bit = 1 << this.cpu;
    bus.l1s.push(this);
    this.#below = bus.below(this);
    this.#latencies = options.latencies;
    this.#hit = options.latencies.l1;
    this.#present = options.present;
    this.#predictionMask = 4 * 2 ** Math.ceil(Math.log2(this.tags.length)) - 1;
    this.#slots = this.#slotNumbers(0);
    this.#predicted = this.#slotNumbers(this.#predictionMask + 1);
    this.#fastMask = options.classes === 'all' ? 0 : this.setMask;
    this.readable = new Int32Array(this.#fastMask + 1).fill(NO_LINE);
    this.writable = new Int32Array(this.#fastMask + 1).fill(NO_LINE);
    this.classes =
      options.classes === 'none' ? null : new MissClasses(this.tags.length, options.classes, this.counters);
  }

  /** A load of `bytes` at `addr`; its cycles. */
  load(addr: number, bytes: number): number {
    this.counters.loads++;
    const line = addr >>> this.shift;
    if (this.readable[line & this.#fastMask] === line && (addr + bytes - 1) >>> this.shift === line) return this.#hit;
    return this.#access(addr, bytes, READ);
  }

  /** As `load`, a store. */
  store(addr: number, bytes: number): number {
    this.counters.stores++;
    const line = addr >>> this.shift;
    if (this.writable[line & this.#fastMask] === line && (addr + bytes - 1) >>> this.shift === line) return this.#hit;
    return this.#access(addr, bytes, WRITE);
  }

  /** As `load`, a locked read-modify-write: a store in every count. */
  modify(addr: number, bytes: number): number {
    this.counters.locked++;
    this.counters.stores++;
    const line = addr >>> this.shift;
    if (this.writable[line & this.#fastMask] === line && (addr + bytes - 1) >>> this.shift === line) return this.#hit;
    return this.#access(addr, bytes, MODIFY);
  }

  /** Fills the line without a stall; for `exclusive` all other copies go. Counted apart from loads and stores. */
  prefetch(addr: number, exclusive: boolean): void {
    this.counters.prefetches++;
    const line = addr >>> this.shift;
    if (this.#present !== null && this.#present[addr >>> PAGE_SHIFT] !== 1) return;
    const slot = this.find(line);
    const forWriting = exclusive && this.#transitions.readAlone === Exclusive;
    if (slot >= 0 && this.states[slot] !== Invalid) {
      if (forWriting && (this.states[slot] === Shared || this.states[slot] === Owned)) {
        const answers = this.#below.upgrade(this, line, this.ids[slot]) || this.states[slot] === Owned;
        this.states[slot] = answers ? Modified : Exclusive;
      }
      return;
    }
    this.counters.prefetchFills++;
    const id = slot >= 0 ? this.ids[slot] : this.#directory.idOf(line);
    if (id >= this.#slots.length) this.#reach();
    const fetched = forWriting ? this.#below.readExclusive(this, line, id) : this.#below.read(this, line, id);
    const state = fetched & NEXT;
    // For writing: alone, and as clean as it was below.
    this.#fill(line, slot, id, (forWriting && state !== Modified ? Exclusive : state) as LineState);
    this.classes?.shadow?.use(id);
  }

  /** Another CPU reads `line`. True if this copy differed from memory. */
  snoopRead(line: number, id: number): boolean {
    const slot = this.#slots[id];
    const dirtyBelow = this.#below.snoopRead(line);
    if (this.tags[slot] !== line) return dirtyBelow;
    const was = this.states[slot];
    const cell = possible(this.#transitions.busRead[was]);
    this.states[slot] = cell & NEXT;
    if (was === Modified) this.#endsModified(slot, line);
    if ((cell & WRITES_BACK) !== 0 && !dirtyBelow) this.counters.writebacksIntervRead++;
    return dirtyBelow || (cell & SUPPLIES) !== 0;
  }

  /** Another CPU takes `line` for itself. True if this copy differed from memory. */
  snoopReadExclusive(line: number, id: number): boolean {
    const slot = this.#slots[id];
    const dirtyBelow = this.#below.snoopReadExclusive(line);
    if (this.tags[slot] !== line) return dirtyBelow;
    const was = this.states[slot];
    const cell = possible(this.#transitions.busReadExclusive[was]);
    if (was === Modified) this.#endsModified(slot, line);
    if ((cell & WRITES_BACK) !== 0 && !dirtyBelow) this.counters.writebacksIntervWrite++;
    if (was !== Invalid && (cell & NEXT) === Invalid) this.#invalidate(slot, line);
    return dirtyBelow || (cell & SUPPLIES) !== 0;
  }

  /** Another CPU that shares `line` writes it. True if this cache answered for the line. */
  snoopUpgrade(line: number, id: number): boolean {
    const slot = this.#slots[id];
    const ownedBelow = this.#below.snoopUpgrade(line);
    if (this.tags[slot] !== line) return ownedBelow;
    const was = this.states[slot];
    const cell = possible(this.#transitions.busUpgrade[was]);
    if (was !== Invalid && (cell & NEXT) === Invalid) this.#invalidate(slot, line);
    return ownedBelow || was === Owned;
  }

  /** An inclusive second level gives `line` up. True if this copy differed from memory. */
  backInvalidate(line: number): boolean {
    const slot = this.find(line);
    if (slot < 0 || this.states[slot] === Invalid) return false;
    const was = this.states[slot];
    if (was === Modified) this.#endsModified(slot, line);
    this.counters.backInvalidations++;
    this.#drop(slot, line);
    this.#directory.holders[this.ids[slot]] &= ~this.bit;
    return isDirty(was);
  }

  /** Whether this cache itself holds `line`. */
  holds(line: number): boolean {
    const slot = this.find(line);
    return slot >= 0 && this.states[slot] !== Invalid;
  }

  #slotNumbers(length: number): Uint16Array | Int32Array {
    return this.tags.length > 65536 ? new Int32Array(length) : new Uint16Array(length);
  }

  /** Makes room for all line numbers that there are. */
  #reach(): void {
    const { capacity } = this.#directory;
    const slots = this.#slotNumbers(capacity);
    slots.set(this.#slots);
    this.#slots = slots;
    this.classes?.reach(capacity);
  }

  /**
   * The slow path: `bytes` at `addr`, line by line. One function, too long to be inlined, so that V8 inlines `load` and
   * `store`, which are short, wherever they are called.
   */
  #access(addr: number, bytes: number, use: Use): number {
    const end = addr + bytes - 1;
    const last = end >>> this.shift;
    let cycles = 0;
    let first = addr;
    for (let line = addr >>> this.shift; ; line++) {
      const lineEnd = line === last ? end : (line + 1) * (1 << this.shift) - 1;
      let slot = this.#predicted[line & this.#predictionMask];
      let id = this.ids[slot];
      if (this.tags[slot] !== line) {
        id = this.#directory.idOf(line);
        if (id >= this.#slots.length) this.#reach();
        slot = this.#slots[id];
        this.#predicted[line & this.#predictionMask] = slot;
      }
      if (this.tags[slot] !== line) cycles += this.#miss(line, id, -1, first, lineEnd, use);
      else if (this.states[slot] === Invalid) cycles += this.#miss(line, id, slot, first, lineEnd, use);
      else {
        cycles += this.#hit;
        if (use !== READ && this.states[slot] !== Modified) cycles += this.#write(line, slot);
        this.uses(line & this.setMask, slot, false);
        if (this.classes === null) this.#answersFast(line, slot);
        else this.#classifyHit(this.classes, line, slot, first, lineEnd, use);
      }
      if (line >= last) return cycles; // beyond it only where the last byte is past 32 bits
      if (use === READ) this.counters.straddledLoads++;
      else this.counters.straddledStores++;
      first = lineEnd + 1;
    }
  }

  /** A store finds the line in `slot`, not yet Modified; the cycles that it waits. */
  #write(line: number, slot: number): number {
    const cell = this.#transitions.localWrite[this.states[slot]];
    this.states[slot] = cell & NEXT;
    if ((cell & UPGRADES) !== 0) {
      this.counters.upgrades++;
      this.#below.upgrade(this, line, this.ids[slot]);
      return this.#latencies.transfer;
    }
    return (cell & WRITES_THROUGH) !== 0 ? this.#writeThrough(line, this.ids[slot]) : 0;
  }

  /** Makes a store below. A store that meets nothing on its way is posted, and costs no time. */
  #writeThrough(line: number, id: number): number {
    this.counters.writeThroughs++;
    const source = this.#below.write(this, line, id) & SOURCE;
    if (source === FROM_ELSEWHERE) return this.#latencies.transfer;
    return source === FROM_MEMORY ? this.#latencies.memory : 0;
  }

  #miss(line: number, id: number, left: number, first: number, end: number, use: Use): number {
    if (this.#present !== null && this.#present[first >>> PAGE_SHIFT] !== 1) throw new PageFault(first, this.cpu);
    const { counters, classes } = this;
    const transitions = this.#transitions;
    const directory = this.#directory;
    const cold = (directory.everHeld[id] & this.bit) === 0;
    const coherence = (directory.invalidated[id] & this.bit) !== 0;
    const words = classes === null ? 0 : this.#words(first, end);
    const allocates = use === READ || (transitions.localWrite[Invalid] & WRITES_THROUGH) === 0;
    if (use === READ) {
      counters.readMisses++;
      if (cold) counters.coldReadMisses++;
    } else {
      counters.writeMisses++;
      if (cold) counters.coldWriteMisses++;
    }
    if (coherence) counters.coherenceMisses++;
    if (!allocates) {
      if (classes !== null) this.#classifyUnfilled(classes, id, cold, coherence, words);
      const cycles = this.#hit + this.#writeThrough(line, id);
      if (classes !== null) this.#bus.announceWrites(this.bit, id, words);
      return cycles;
    }

    const fetched = use === READ ? this.#below.read(this, line, id) : this.#below.readExclusive(this, line, id);
    let undecided = false;
    if (classes !== null) undecided = this.#classify(classes, id, cold, coherence, use, words);
    const slot = this.#fill(line, left, id, (use === READ ? fetched & NEXT : Modified) as LineState);
    if (classes !== null) {
      if (use !== READ) classes.written[slot] = words;
      if (undecided) {
        classes.undecided[slot] = 1;
        this.readable[0] = NO_LINE;
      }
    }
    const source = fetched & SOURCE;
    if (source === FROM_L2) return this.#latencies.l2;
    if (source === FROM_ELSEWHERE) return this.#latencies.transfer;
    if (source === FROM_MEMORY || cold) return this.#latencies.memory;
    return coherence ? this.#latencies.transfer : this.#latencies.l2;
  }

  /** Classes of a miss that fills the line. True if it is not decided yet whether the line's stay is true sharing. */
  #classify(classes: MissClasses, id: number, cold: boolean, coherence: boolean, use: Use, words: number): boolean {
    if (coherence) this.#classifySharing(classes, id, words);
    else classes.seesAll(id);
    if (classes.shadow === null) return false;
    this.#classifyReplacement(classes.shadow.use(id), cold, coherence, use);
    return coherence && classes.decides(id, use, words);
  }

  /** Classes of a store that misses and does not fill, neither here nor in the fully associative cache. */
  #classifyUnfilled(classes: MissClasses, id: number, cold: boolean, coherence: boolean, words: number): void {
    if (coherence) this.#classifySharing(classes, id, words);
    if (classes.shadow !== null) this.#classifyReplacement(classes.shadow.has(id), cold, coherence, WRITE);
  }

  #classifySharing(classes: MissClasses, id: number, words: number): void {
    if (classes.isTrueSharing(id, words)) this.counters.trueSharingMisses++;
    else this.counters.falseSharingMisses++;
  }

  #classifyReplacement(inShadow: boolean, cold: boolean, coherence: boolean, use: Use): void {
    const { counters } = this;
    if (!inShadow) counters.fullyAssociativeMisses++;
    if (cold || coherence) return;
    if (inShadow) {
      if (use === READ) counters.conflictReadMisses++;
      else counters.conflictWriteMisses++;
    } else if (use === READ) counters.capacityReadMisses++;
    else counters.capacityWriteMisses++;
  }

  #classifyHit(classes: MissClasses, line: number, slot: number, first: number, end: number, use: Use): void {
    if (use !== READ) {
      const words = this.#words(first, end);
      if (this.states[slot] === Modified) classes.written[slot] |= words;
      else this.#bus.announceWrites(this.bit, this.ids[slot], words);
    }
    const { shadow } = classes;
    const id = this.ids[slot];
    if (shadow !== null) {
      if (!shadow.use(id)) this.counters.fullyAssociativeMisses++;
      if (classes.undecided[slot] === 1) {
        if (classes.decides(id, use, this.#words(first, end))) {
          this.readable[0] = NO_LINE;
          return;
        }
        classes.undecided[slot] = 0;
      }
    }
    this.readable[line & this.#fastMask] = line;
  }

  /** Puts the line into the slot that the policy gives up. */
  #fill(line: number, left: number, id: number, state: LineState): number {
    const transitions = this.#transitions;
    const directory = this.#directory;
    const slot = this.victim(line, left);
    const was = this.states[slot];
    if (was !== Invalid) {
      const old = this.tags[slot];
      this.counters.evictions++;
      if (was === Modified) this.#endsModified(slot, old);
      if ((transitions.replacement[was] & WRITES_BACK) !== 0) this.counters.writebacksEvict++;
      // Already out of this cache, so that a second level that has to make room finds it gone.
      this.states[slot] = Invalid;
      this.#below.replaced(this, old, this.ids[slot], was as LineState);
    }
    directory.holders[id] |= this.bit;
    directory.everHeld[id] |= this.bit;
    directory.invalidated[id] &= ~this.bit;
    this.place(slot, line, id, state);
    this.#slots[id] = slot;
    this.#predicted[line & this.#predictionMask] = slot;
    if (this.classes === null) this.#answersFast(line, slot);
    else {
      this.classes.undecided[slot] = 0;
      this.readable[line & this.#fastMask] = line;
    }
    return slot;
  }

  #answersFast(line: number, slot: number): void {
    const set = line & this.setMask;
    this.readable[set] = line;
    this.writable[set] = this.states[slot] === Modified ? line : NO_LINE;
  }

  /** A stay in Modified ends: those who lost the line to it learn what was written. */
  #endsModified(slot: number, line: number): void {
    if (this.writable[line & this.#fastMask] === line) this.writable[line & this.#fastMask] = NO_LINE;
    if (this.classes !== null) {
      this.#bus.announceWrites(this.bit, this.ids[slot], this.classes.written[slot]);
      this.classes.written[slot] = 0;
    }
  }

  #invalidate(slot: number, line: number): void {
    const id = this.ids[slot];
    this.#drop(slot, line);
    this.#directory.invalidated[id] |= this.bit;
    this.classes?.loses(id);
  }

  #drop(slot: number, line: number): void {
    if (this.readable[line & this.#fastMask] === line) this.readable[line & this.#fastMask] = NO_LINE;
    this.states[slot] = Invalid;
  }

  /** The words (aligned 4 bytes) of their line that bytes `first` to `end` touch, one bit each. */
  #words(first: number, end: number): number {
    const inLine = (1 << this.shift) - 1;
    const from = (first & inLine) >>> 2;
    const to = (end & inLine) >>> 2;
    return (-1 << from) & (-1 >>> (31 - to));
  }
}
