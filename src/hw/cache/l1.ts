/**
 * One CPU's L1 data cache: tags and states only, since memory holds the bytes and coherent caches cannot disagree with
 * it. With any replacement policy and coherence protocol; write-back and write-allocate unless the protocol writes through.
 *
 * Interface:
 * - its CPU makes accesses, `load`, `store`, `modify`, `prefetch`, which return the cycles that they take;
 * - the bus asks for other CPUs and devices: `snoop`;
 * - what lies below asks back: `holds`, `backInvalidate`;
 * - `counters` has all that happened; `stateOf` and `countInState` look without touching.
 *
 * The fast table. `readable[set]` is a line of that set whose load needs no bookkeeping: present, and the one used last
 * in its set, so that using it again changes no replacement state. `writable[set]` is the same for a store: present,
 * used last, and Modified. Only what these do not answer takes the slow path. With miss classes on, less may take the fast path.
 * Sharing: no store, for every written word must be recorded. 3C: only a repeat of the very last line, for the shadow cache
 * must see all other uses; so the tables shrink to one entry (`#fastMask` 0). A hit without classes pays nothing for them.
 *
 * For every set: readable[set] = l implies states[slot of l] ≠ Invalid and newest[set] = slot of l;
 * writable[set] = l implies that, and states[slot of l] = Modified.
 */

import { enlarged } from '../../base/column.ts';
import type { CacheGeometry, Latencies } from '../cpu-model.ts';
import { PAGE_SHIFT, PageFault } from '../memory.ts';
import type { Bus } from './bus.ts';
import {
  type BusRequest,
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
  UPGRADES,
  WRITES_BACK,
  WRITES_THROUGH,
} from './coherence.ts';
import {
  type Above,
  type Below,
  FROM_ELSEWHERE,
  FROM_L2,
  FROM_MEMORY,
  type Snooped,
  type SnoopedLevel,
  sourceIn,
  stateIn,
  UNTOLD,
} from './contracts.ts';
import { Counters, countWriteback } from './counters.ts';
import { COHERENCE, COLD, type LineDirectory, REPLACEMENT } from './line-directory.ts';
import { type ClassDetail, MissClasses, MODIFY, READ, type Use, WRITE } from './miss-classes.ts';
import { NO_LINE, TagArray } from './tag-array.ts';

export interface L1Options {
  readonly geometry: CacheGeometry;
  readonly latencies: Latencies;
  readonly classes: ClassDetail;
  /** For the random policy; from the run's seed. */
  readonly random: () => number;
  /** One byte a physical page, 0 = not present; null where addresses are those of a trace. */
  readonly present: Uint8Array | null;
  /** By physical page, the cycles that its memory takes beyond the nearest; null where all memory is as near. */
  readonly remoteCosts?: Uint16Array | null;
}

export class L1 extends TagArray implements Above, Snooped {
  readonly counters = new Counters();
  /** Its CPU's, where others move lines at the same time; null where nobody does, or there is no time. */
  clock: { readonly clock: number } | null = null;
  readonly cpu: number;
  readonly bit: number;
  readonly classes: MissClasses | null;

  readonly #fastMask: number;
  readonly readable: Int32Array;
  readonly writable: Int32Array;
  readonly #directory: LineDirectory;
  /** The protocol's cells: for stores that hit, for what others ask. */
  readonly #stores: Uint8Array;
  readonly #snoops: Uint8Array;
  readonly #storeMissFills: boolean;
  readonly #below: Below;
  readonly #snoopedBelow: SnoopedLevel | null;
  readonly #latencies: Latencies;
  readonly #hit: number;
  readonly #present: Uint8Array | null;
  readonly #remoteCosts: Uint16Array | null;
  /** By the low bits of the line, the slot where one of these was found last: right for nearly every hit. */
  readonly #predicted: Uint16Array | Int32Array;
  readonly #predictionMask: number;
  /** By line number, the slot where the line was last: so a line is found in constant time, however many ways there are. */
  #slots: Uint16Array | Int32Array;

  constructor(bus: Bus, below: Below, options: L1Options) {
    const { geometry } = options;
    super(geometry, 'L1', options.random);
    this.#directory = bus.directory;
    this.#stores = bus.transitions.store;
    this.#snoops = bus.transitions.snoop;
    this.#storeMissFills = bus.transitions.storeMissFills;
    this.#below = below;
    this.#snoopedBelow = below.snooped;
    this.cpu = bus.attach(this);
    this.bit = 1 << this.cpu;
    this.#latencies = options.latencies;
    this.#hit = options.latencies.l1;
    this.#present = options.present;
    this.#remoteCosts = options.remoteCosts ?? null;
    this.#predictionMask = 4 * 2 ** Math.ceil(Math.log2(this.tags.length)) - 1;
    this.#slots = this.#slotNumbers(0);
    this.#predicted = this.#slotNumbers(this.#predictionMask + 1);
    this.#fastMask = options.classes === 'all' || options.classes === 'bounds' ? 0 : this.setMask;
    this.readable = new Int32Array(this.#fastMask + 1).fill(NO_LINE);
    this.writable = new Int32Array(this.#fastMask + 1).fill(NO_LINE);
    this.classes = options.classes === 'none' ? null : new MissClasses(this, bus, geometry, options.classes);
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
    const id = slot >= 0 ? this.ids[slot] : this.#directory.idOf(line);
    if (id >= this.#slots.length) this.#reach();
    const forWriting = exclusive && this.#storeMissFills;
    if (slot < 0 || this.states[slot] === Invalid) {
      this.counters.prefetchFills++;
      const supply = forWriting ? this.#below.readExclusive(this, line, id) : this.#below.read(this, line, id);
      const filled = this.#fill(line, slot, id, stateIn(supply));
      this.classes?.filledEarly(filled);
    } else if (forWriting && (this.states[slot] === Shared || this.states[slot] === Owned)) {
      const answers = this.#below.upgrade(this, line, id) || this.states[slot] === Owned;
      this.states[slot] = answers ? Modified : Exclusive;
    }
    if (this.classes !== null) {
      this.classes.prefetched(id, forWriting);
      this.readable[0] = NO_LINE; // shadows may have used another line since
    }
  }

  snoop(request: BusRequest, line: number, id: number): boolean {
    const dirtyBelow = this.#snoopedBelow?.snoop(this, request, line) === true;
    const slot = this.#slots[id];
    const was = this.states[slot];
    if (this.tags[slot] !== line || was === Invalid) return dirtyBelow;
    const cell = possible(this.#snoops[request | was]);
    if (was === Modified) this.#leavesModified(slot, line, id);
    this.states[slot] = cell & NEXT;
    if ((cell & NEXT) === Invalid) this.#loses(line, id);
    if ((cell & WRITES_BACK) !== 0 && !dirtyBelow) countWriteback(this.counters, request);
    return dirtyBelow || (cell & SUPPLIES) !== 0;
  }

  backInvalidate(line: number): boolean {
    const slot = this.find(line);
    if (slot < 0 || this.states[slot] === Invalid) return false;
    const was = this.states[slot];
    const id = this.ids[slot];
    if (was === Modified) this.#leavesModified(slot, line, id);
    this.counters.backInvalidations++;
    this.states[slot] = Invalid;
    this.#forgets(line);
    this.#directory.holders[id] &= ~this.bit;
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
    this.#slots = enlarged(this.#slots, capacity);
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
        const state = this.states[slot];
        if (use !== READ && this.#stores[state] !== state) cycles += this.#storeHits(line, slot, id);
        this.uses(line & this.setMask, slot, false);
        const { classes } = this;
        if (classes === null) this.#answersFast(line, slot);
        else {
          if (use !== READ) classes.stored(slot, id, first, lineEnd, this.states[slot] === Modified);
          this.readable[line & this.#fastMask] = classes.hit(slot, id, use, first, lineEnd) ? NO_LINE : line;
        }
      }
      if (line >= last) return cycles; // `>`: an access that wraps past 2^32 has `last` below `line`
      if (use === READ) this.counters.straddledLoads++;
      else this.counters.straddledStores++;
      first = lineEnd + 1;
    }
  }

  /** A store finds the line in `slot`, which it does not leave as it is; the cycles that it waits beyond a hit's. */
  #storeHits(line: number, slot: number, id: number): number {
    const cell = this.#stores[this.states[slot]];
    this.states[slot] = cell & NEXT;
    this.classes?.takes(id);
    if ((cell & UPGRADES) !== 0) {
      this.counters.upgrades++;
      this.#below.upgrade(this, line, id);
      return this.#moves(id, this.#latencies.transfer);
    }
    return (cell & WRITES_THROUGH) !== 0 ? this.#writeThrough(line, id) : 0;
  }

  /** Makes a store below; the cycles that it waits. */
  #writeThrough(line: number, id: number): number {
    this.counters.writeThroughs++;
    const source = this.#below.write(this, line, id);
    if (source === FROM_ELSEWHERE) return this.#moves(id, this.#latencies.transfer);
    return source === FROM_MEMORY ? this.#moves(id, this.#fromMemory(line)) : 0;
  }

  /**
   * The line comes from beyond this CPU's own caches, or is taken from those of others, which takes `cycles` once it is not on its
   * way elsewhere: how long that is from now. All moves of an access are asked for as it begins.
   */
  #moves(id: number, cycles: number): number {
    if (this.clock === null) return cycles;
    const { clock } = this.clock;
    const taken = this.#directory.moves(id, clock, cycles) - clock;
    this.counters.lineWaitCycles += taken - cycles;
    return taken;
  }

  /** The cycles that memory takes, which may be another node's. */
  #fromMemory(line: number): number {
    if (this.#remoteCosts === null) return this.#latencies.memory;
    const beyond = this.#remoteCosts[(line << this.shift) >>> PAGE_SHIFT];
    if (beyond > 0) this.counters.remoteMisses++;
    return this.#latencies.memory + beyond;
  }

  /** Too long to be inlined as well: what it calls is, and in `#access` what a hit calls. */
  #miss(line: number, id: number, left: number, first: number, end: number, use: Use): number {
    if (this.#present !== null) this.#checkPresent(this.#present, first);
    const { counters, classes } = this;
    const cause = this.#directory.causeOf(id, this.bit);
    if (use === READ) {
      counters.readMisses++;
      if (cause === COLD) counters.coldReadMisses++;
    } else {
      counters.writeMisses++;
      if (cause === COLD) counters.coldWriteMisses++;
    }
    if (cause === COHERENCE) counters.coherenceMisses++;
    if (use !== READ && !this.#storeMissFills) {
      const cycles = this.#hit + this.#writeThrough(line, id);
      if (classes !== null) {
        classes.storedBelow(id, cause, first, end);
        this.readable[0] = NO_LINE; // shadows may have used another line since
      }
      return cycles;
    }

    const supply = use === READ ? this.#below.read(this, line, id) : this.#below.readExclusive(this, line, id);
    const slot = this.#fill(line, left, id, use === READ ? stateIn(supply) : Modified);
    if (classes?.missed(slot, id, cause, use, first, end) === true) this.readable[0] = NO_LINE;
    const source = sourceIn(supply);
    const { transfer, l2 } = this.#latencies;
    if (source === FROM_ELSEWHERE || (source === UNTOLD && cause === COHERENCE)) return this.#moves(id, transfer);
    if (source === UNTOLD && cause === REPLACEMENT) return l2;
    if (source === FROM_L2) return this.#snoopedBelow === null ? this.#moves(id, l2) : l2;
    return this.#moves(id, this.#fromMemory(line));
  }

  #checkPresent(present: Uint8Array, addr: number): void {
    if (present[addr >>> PAGE_SHIFT] !== 1) throw new PageFault(addr, this.cpu);
  }

  /** Puts the line, whose tag may stand in slot `left` (else -1), into the slot that the policy gives up. */
  #fill(line: number, left: number, id: number, state: LineState): number {
    const directory = this.#directory;
    const slot = this.victim(line, left);
    if (this.states[slot] !== Invalid) this.#evict(slot);
    directory.holders[id] |= this.bit;
    directory.invalidated[id] &= ~this.bit;
    this.states[slot] = state;
    this.uses(line & this.setMask, slot, true);
    if (slot !== left) {
      directory.everHeld[id] |= this.bit;
      this.tags[slot] = line;
      this.ids[slot] = id;
      this.#slots[id] = slot;
      this.#predicted[line & this.#predictionMask] = slot;
    }
    this.#answersFast(line, slot);
    return slot;
  }

  #evict(slot: number): void {
    const line = this.tags[slot];
    const id = this.ids[slot];
    const was = this.states[slot] as LineState;
    this.counters.evictions++;
    if (was === Modified) this.#leavesModified(slot, line, id);
    if (isDirty(was)) this.counters.writebacksEvict++;
    // Already out of this cache, so that a second level that has to make room finds it gone.
    this.states[slot] = Invalid;
    this.#below.replaced(this, line, id, was);
  }

  /** The line in `slot` is the one used last: a repeat needs no bookkeeping, unless miss classes want to see it. */
  #answersFast(line: number, slot: number): void {
    const set = line & this.#fastMask;
    this.readable[set] = line;
    if (this.classes === null) this.writable[set] = this.states[slot] === Modified ? line : NO_LINE;
  }

  #leavesModified(slot: number, line: number, id: number): void {
    const { classes } = this;
    if (classes !== null) classes.leavesModified(slot, id);
    else if (this.writable[line & this.#fastMask] === line) this.writable[line & this.#fastMask] = NO_LINE;
  }

  /** Another CPU's write, or a device's, has taken the line away. */
  #loses(line: number, id: number): void {
    this.#forgets(line);
    this.#directory.invalidated[id] |= this.bit;
    this.classes?.loses(id);
  }

  #forgets(line: number): void {
    if (this.readable[line & this.#fastMask] === line) this.readable[line & this.#fastMask] = NO_LINE;
  }
}
