/**
 * Attribution: every miss has an owner, found through peek at the moment when the miss is counted, and lines that go from
 * cache to cache are followed access by access. Nothing is touched by it: counts and clocks are those of a run without.
 *
 * It stands in the way of the L1s' methods, not the CPUs', since with a store buffer a store misses when it drains. What an
 * access did shows in the counters around it. One that straddles lines is made line by line, so that each of its misses is told
 * apart: the owner is that of the first byte in the missing line.
 *
 * A line is followed from its first transfer on: until then nothing need be kept of it. Owners are looked up at misses only. A
 * hit is counted to the owner that the last miss at that offset and CPU had.
 */

import { InputError } from '../../base/input-error.ts';
import type { Counters } from '../../hw/cache/counters.ts';
import type { Cpu } from '../../hw/cpu.ts';
import { interpose } from '../../hw/interpose.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Place, Role, SlabAllocator } from '../../slab/allocator.ts';
import type { ClassedMisses } from '../results/counts.ts';
import type { LineAccesses, Owner, OwnerCounts, SharedLine, Sharing } from '../results/owners.ts';
import type { MissesByRole } from '../results/points.ts';
import { tellPlace } from './tell-place.ts';

const HOTTEST_LINES = 100;

/** A field of the objects in a cache. */
export interface Field {
  readonly name: string;
  /** In bytes from the object's start. */
  readonly offset: number;
  readonly size: number;
}

/** What the fields of objects are called, by the name of their cache. */
export type FieldNames = ReadonlyMap<string, readonly Field[]>;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type OwnerTally = Writable<OwnerCounts>;
/** The owner is the tally itself. */
type AccessTally = Writable<LineAccesses> & { readonly owner: OwnerTally };
type Kind = 'load' | 'store' | 'prefetch';
type MissClass = Exclude<keyof ClassedMisses, 'misses'>;

/** One CPU's counters as they were after its last event: what differs is news. */
class Seen {
  readMisses = 0;
  writeMisses = 0;
  cold = 0;
  trueSharing = 0;
  falseSharing = 0;
  conflict = 0;
  hitm = 0;
  upgrades = 0;
  invalidations = 0;
  prefetchFills = 0;
  remoteMisses = 0;

  constructor(counters: Counters) {
    this.update(counters);
  }

  update(counters: Counters): void {
    this.readMisses = counters.readMisses;
    this.writeMisses = counters.writeMisses;
    this.cold = counters.coldMisses;
    this.trueSharing = counters.trueSharingMisses;
    this.falseSharing = counters.falseSharingMisses;
    this.conflict = counters.conflictMisses;
    this.hitm = counters.c2cDirty;
    this.upgrades = counters.upgrades;
    this.invalidations = counters.invalidationsSent;
    this.prefetchFills = counters.prefetchFills;
    this.remoteMisses = counters.remoteMisses;
  }

  /** What came about since by accesses that went around those who watch (interference.ts) is nobody's. */
  catchUp(counters: Counters): void {
    if (counters.readMisses !== this.readMisses) this.update(counters);
  }

  /** Of the miss since the last update. */
  missClass(counters: Counters): MissClass {
    if (counters.coldMisses !== this.cold) return 'cold';
    if (counters.trueSharingMisses !== this.trueSharing) return 'trueSharing';
    if (counters.falseSharingMisses !== this.falseSharing) return 'falseSharing';
    return counters.conflictMisses !== this.conflict ? 'conflict' : 'capacity';
  }
}

export class Attribution {
  readonly #allocator: SlabAllocator;
  readonly #fields: FieldNames;
  readonly #shift: number;
  readonly #stop: (() => void)[];

  readonly #owners = new Map<string, OwnerTally>();
  /** A static never moves. */
  readonly #ofStatics = new Map<addr_t, OwnerTally>();
  /** By cache, then by offset. */
  readonly #ofObjects = new Map<string, OwnerTally[]>();

  /** By line number: 1 where a line is followed. */
  readonly #followed: Uint8Array;
  /** By line number, for each CPU and offset the owner found last at the front. */
  readonly #lines = new Map<number, AccessTally[]>();

  /** Attributes what the CPUs of the allocator's machine do from now on, until `stop`. `fields` names those of objects. */
  constructor(allocator: SlabAllocator, fields: FieldNames = new Map()) {
    const { machine } = allocator.kernel;
    const { l1 } = machine.cpus[0];
    if (l1.classes === null || l1.classes.shadow === null) {
      throw new InputError('attribution', 'a machine that does not class its misses', "build it with classes: 'all'");
    }
    this.#allocator = allocator;
    this.#fields = fields;
    this.#shift = l1.shift;
    this.#followed = new Uint8Array((machine.memory.size >>> l1.shift) + 1);
    this.#stop = machine.cpus.flatMap((cpu) => [this.#watch(cpu), this.#watchSpins(cpu)]);
  }

  /** What has been attributed stays. */
  stop(): void {
    for (const stop of this.#stop) stop();
  }

  /** All owners so far, those with most misses first. */
  owners(): OwnerCounts[] {
    return [...this.#owners.values()]
      .map((tally) => ({ ...tally }))
      .sort((a, b) => b.misses - a.misses || (a.name < b.name ? -1 : 1));
  }

  /** The misses of all owners of each role. */
  missesByRole(): MissesByRole {
    const misses: Partial<Record<Role, number>> = {};
    for (const { kind, misses: own } of this.owners()) misses[kind] = (misses[kind] ?? 0) + own;
    return misses;
  }

  sharing(): Sharing {
    const lines = [...this.#lines].map(([line, accesses]) => ({
      line,
      accesses,
      hitm: accesses.reduce((sum, { loadHitm, storeHitm }) => sum + loadHitm + storeHitm, 0),
      shared: accesses.reduce((sum, { trueSharing, falseSharing }) => sum + trueSharing + falseSharing, 0),
    }));
    lines.sort((a, b) => b.hitm - a.hitm || b.shared - a.shared || a.line - b.line);
    return {
      line: 1 << this.#shift,
      lines: lines.length,
      hitm: lines.reduce((sum, { hitm }) => sum + hitm, 0),
      hottest: lines.slice(0, HOTTEST_LINES).map(({ line, accesses }) => this.#sharedLine(line, accesses)),
    };
  }

  #sharedLine(line: number, accesses: readonly AccessTally[]): SharedLine {
    const address = line * (1 << this.#shift);
    return {
      address,
      symbol: this.#allocator.kernel.symbols.describe(address),
      accesses: accesses
        .map(({ owner: { name, kind, field, of, offset }, ...counts }) => ({
          ...counts,
          owner: offset === undefined ? { name, kind, field, of } : { name, kind, field, of, offset },
        }))
        .sort((a, b) => a.offset - b.offset || a.cpu - b.cpu || (a.owner.name < b.owner.name ? -1 : 1)),
    };
  }

  #watch({ id, l1 }: Cpu): () => void {
    const { counters } = l1;
    const seen = new Seen(counters);
    const shift = this.#shift;
    const followed = this.#followed;
    const loaded = (addr: addr_t) => {
      if (counters.readMisses !== seen.readMisses) this.#happened(id, seen, counters, 'load', addr);
      else if (followed[addr >>> shift] === 1) this.#tallyOf(id, addr, null).loads++;
    };
    const stored = (addr: addr_t) => {
      if (
        counters.writeMisses !== seen.writeMisses ||
        counters.upgrades !== seen.upgrades ||
        counters.invalidationsSent !== seen.invalidations
      ) {
        this.#happened(id, seen, counters, 'store', addr);
      } else if (followed[addr >>> shift] === 1) this.#tallyOf(id, addr, null).stores++;
    };
    const told = (access: LineAccess, made: (addr: addr_t) => void): LineAccess => {
      return (addr, bytes) => {
        seen.catchUp(counters);
        const cycles = access(addr, bytes);
        made(addr);
        return cycles;
      };
    };

    return interpose(l1, {
      load: (below) => lineByLine(shift, told(below, loaded), () => counters.join('r')),
      store: (below) => lineByLine(shift, told(below, stored), () => counters.join('w')),
      modify: (below) => lineByLine(shift, told(below, stored), () => counters.join('x')),
      prefetch: (below) => (addr, exclusive) => {
        seen.catchUp(counters);
        below(addr, exclusive);
        if (counters.prefetchFills !== seen.prefetchFills || counters.invalidationsSent !== seen.invalidations) {
          this.#happened(id, seen, counters, 'prefetch', addr);
        }
      },
    });
  }

  #watchSpins(cpu: Cpu): () => void {
    return interpose(cpu, {
      pause: (below) => (polled) => {
        this.#ownerAt(polled).spins++;
        below(polled);
      },
    });
  }

  /** More than a hit: a miss, a prefetch that fetched, a store that took copies away. */
  #happened(cpu: number, seen: Seen, counters: Counters, kind: Kind, addr: addr_t): void {
    const owner = this.#ownerAt(addr);
    const fetchedHitm = counters.c2cDirty - seen.hitm;
    owner.hitm += fetchedHitm;
    owner.upgrades += counters.upgrades - seen.upgrades;
    owner.invalidations += counters.invalidationsSent - seen.invalidations;
    owner.prefetchFills += counters.prefetchFills - seen.prefetchFills;
    if (owner.remoteMisses !== undefined) owner.remoteMisses += counters.remoteMisses - seen.remoteMisses;
    const missed = counters.readMisses !== seen.readMisses || counters.writeMisses !== seen.writeMisses;
    const missClass = missed ? seen.missClass(counters) : null;
    if (missClass !== null) {
      owner.misses++;
      owner[missClass]++;
    }
    const fetched = missed || counters.prefetchFills !== seen.prefetchFills;
    seen.update(counters);

    const line = addr >>> this.#shift;
    if (fetchedHitm > 0 || missClass === 'trueSharing' || missClass === 'falseSharing') this.#followed[line] = 1;
    if (this.#followed[line] !== 1 || (kind === 'prefetch' && !fetched)) return;
    const tally = this.#tallyOf(cpu, addr, owner);
    if (kind === 'store') {
      tally.stores++;
      if (fetched) tally.storeMisses++;
      tally.storeHitm += fetchedHitm;
    } else {
      tally.loads++;
      tally.loadMisses++;
      tally.loadHitm += fetchedHitm;
    }
    if (missClass === 'trueSharing') tally.trueSharing++;
    if (missClass === 'falseSharing') tally.falseSharing++;
  }

  /** Where an access to a followed line is counted; `owner` is null where it need not be asked for anew. */
  #tallyOf(cpu: number, addr: addr_t, owner: OwnerTally | null): AccessTally {
    const line = addr >>> this.#shift;
    let tallies = this.#lines.get(line);
    if (tallies === undefined) {
      tallies = [];
      this.#lines.set(line, tallies);
    }
    const offset = addr & ((1 << this.#shift) - 1);
    const at = tallies.findIndex(
      (tally) => tally.offset === offset && tally.cpu === cpu && (owner === null || tally.owner === owner),
    );
    if (at >= 0) {
      const tally = tallies[at];
      if (owner !== null && at > 0) {
        tallies.splice(at, 1);
        tallies.unshift(tally);
      }
      return tally;
    }
    const counts = { loads: 0, stores: 0, loadMisses: 0, storeMisses: 0, loadHitm: 0, storeHitm: 0 };
    const tally = { offset, cpu, owner: owner ?? this.#ownerAt(addr), ...counts, trueSharing: 0, falseSharing: 0 };
    tallies.unshift(tally);
    return tally;
  }

  #ownerAt(addr: addr_t): OwnerTally {
    const known = this.#ofStatics.get(addr);
    if (known !== undefined) return known;
    const place = this.#allocator.place(addr);
    if (place.kind === 'object') return this.#ownerInObject(place);
    // Pages are too many to tell apart.
    const of = place.kind === 'page' ? '' : place.owner;
    const name = place.kind === 'page' ? `mem_map ${place.field}` : tellPlace(place);
    const owner = this.#owner({ name, kind: place.kind, field: place.field, of });
    if (this.#allocator.kernel.symbols.find(addr) !== null) this.#ofStatics.set(addr, owner);
    return owner;
  }

  #ownerInObject({ kind, owner: cache, offset }: Place): OwnerTally {
    let byOffset = this.#ofObjects.get(cache);
    if (byOffset === undefined) {
      byOffset = [];
      this.#ofObjects.set(cache, byOffset);
    }
    let owner = byOffset[offset];
    if (owner === undefined) {
      const field = fieldAt(this.#fields.get(cache), offset);
      const at = field?.offset ?? offset;
      const name = `${cache} object ${hex(at)}${field === undefined ? '' : ` (${field.name})`}`;
      owner = this.#owner({ name, kind, field: field?.name ?? '', of: cache, offset: at });
      byOffset[offset] = owner;
    }
    return owner;
  }

  #owner(owner: Owner): OwnerTally {
    let tally = this.#owners.get(owner.name);
    if (tally === undefined) {
      const classes = { cold: 0, capacity: 0, conflict: 0, trueSharing: 0, falseSharing: 0 };
      const remote = this.#allocator.kernel.machine.nodes === null ? {} : { remoteMisses: 0 };
      const others = { hitm: 0, prefetchFills: 0, upgrades: 0, invalidations: 0, spins: 0 };
      tally = { ...owner, misses: 0, ...classes, ...others, ...remote };
      this.#owners.set(owner.name, tally);
    }
    return tally;
  }
}

type LineAccess = (addr: addr_t, bytes: number) => number;

/** An access as one access to each of its lines; for all but the last `uncount` makes up for the count of a whole one. */
function lineByLine(shift: number, access: LineAccess, uncount: () => void): LineAccess {
  return (addr, bytes) => {
    const end = addr + bytes;
    let cycles = 0;
    let first = addr;
    for (let next = nextLine(first, shift); next < end; next = nextLine(first, shift)) {
      cycles += access(first, next - first);
      uncount();
      first = next;
    }
    return cycles + access(first, end - first);
  };
}

const nextLine = (addr: addr_t, shift: number): addr_t => ((addr >>> shift) + 1) << shift;

const fieldAt = (fields: readonly Field[] | undefined, at: number): Field | undefined =>
  fields?.find(({ offset, size }) => offset <= at && at < offset + size);

const hex = (offset: number): string => `${offset < 0 ? '-' : '+'}0x${Math.abs(offset).toString(16)}`;
