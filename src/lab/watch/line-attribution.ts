/**
 * Attribution: every miss has an owner, and lines that go from cache to cache are followed access by access: what is missed, and
 * which store had taken it away. Nothing is touched by it: counts and clocks are those of a run without.
 *
 * It stands in the way of the L1s' methods, not the CPUs', since with a store buffer a store misses when it drains. What an
 * access did shows in the counters around it. One that straddles lines is made line by line, so that each of its misses is told
 * apart: the owner is that of the first byte in the missing line.
 *
 * A line is followed from its first transfer on: until then nothing is kept of it but who took it from whom. Owners are looked up
 * at misses only. A hit is counted to the owner that the last miss at that offset and CPU had.
 *
 * A pair is a sharing miss and the store that took the line away from the CPU which now misses it: another CPU's first since this
 * one had the line. Where others wrote nothing but that field until the miss, the field is `alone` to blame.
 */

import { InputError } from '../../base/input-error.ts';
import type { Counters } from '../../hw/cache/counters.ts';
import type { L1 } from '../../hw/cache/l1.ts';
import { interpose } from '../../hw/interpose.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { ClassedMisses } from '../results/counts.ts';
import type {
  FunctionMisses,
  LineAccesses,
  Owner,
  OwnerCounts,
  SharedLine,
  Sharing,
  SharingOrder,
  SharingPair,
} from '../results/owners.ts';

const HOTTEST_LINES = 100;

/** What addresses are called. */
export interface Naming {
  /** Whose the miss of an access is; for the same owner the same object. */
  ownerOf(addr: addr_t, bytes: number): Owner;
  /** What an access is to, where owners are coarser than what CPUs write apart; for the same part the same object. */
  partOf(addr: addr_t, bytes: number): Owner;
  /** Where the object or structure begins that holds the address now. */
  baseOf(addr: addr_t): addr_t;
  symbolOf(addr: addr_t): string;
}

/** Names who makes an access: noted as it is made, told when it is asked for. */
export interface Makers<Note = unknown> {
  note(cpu: number): Note;
  tell(note: Note): string;
}

export interface AttributionOptions {
  /** Whether it is told who takes lines from whom; it is, unless said otherwise. */
  readonly pairs?: boolean;
  /** Of both sides of each pair; `allMisses`: of every miss too. */
  readonly makers?: Makers;
  readonly allMisses?: boolean;
  /** Whether some memory may be another node's. */
  readonly hasNodes?: boolean;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type OwnerTally = Writable<OwnerCounts>;
/** The owner is the tally itself. */
type AccessTally = Writable<LineAccesses> & { readonly owner: OwnerTally };
type PairTally = Writable<Omit<SharingPair, 'lines'>> & { readonly lines: Set<number> };
type Kind = 'load' | 'store' | 'prefetch';
type MissClass = Exclude<keyof ClassedMisses, 'misses'>;

/** Of a line: a store took it from all who had it. */
interface Loss {
  readonly cpu: number;
  readonly part: Owner;
  readonly base: addr_t;
  readonly word: number;
  readonly note: unknown;
  /** As the note tells it, once that was asked. */
  fn: string | null;
  /** Nobody wrote anything else of the line since. */
  alone: boolean;
}

/** What is watched of a line: stores, once one has taken it away; all accesses, once it went from cache to cache. */
const TAKEN = 1;
const FOLLOWED = 2;

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

const noClasses = () => ({ cold: 0, capacity: 0, conflict: 0, trueSharing: 0, falseSharing: 0 });

export class LineAttribution {
  readonly #naming: Naming;
  readonly #tellsPairs: boolean;
  readonly #makers: Makers | null;
  readonly #byFunction: Map<string, Writable<FunctionMisses>> | null;
  readonly #hasNodes: boolean;
  readonly #l1s: L1[] = [];
  readonly #shift: number;
  protected readonly stops: (() => void)[] = [];

  readonly #owners = new Map<Owner, OwnerTally>();
  readonly #pairs = new Map<string, PairTally>();
  /** By line number. */
  readonly #watched: Uint8Array;
  /** By line number, by CPU: how it lost the line that it does not have; null where it is not known to have. */
  readonly #losses = new Map<number, (Loss | null | undefined)[]>();
  /** By line number, for each CPU and offset the owner found last at the front. */
  readonly #lines = new Map<number, AccessTally[]>();

  /** Attributes what L1s do, each from its `watch` on, until `stop`; their lines have `1 << shift` bytes, and addresses lie below `end`. */
  constructor(
    shift: number,
    end: number,
    naming: Naming,
    { pairs = true, makers, allMisses = false, hasNodes = false }: AttributionOptions = {},
  ) {
    this.#naming = naming;
    this.#tellsPairs = pairs;
    this.#makers = makers ?? null;
    this.#byFunction = allMisses ? new Map() : null;
    this.#hasNodes = hasNodes;
    this.#shift = shift;
    this.#watched = new Uint8Array(Math.ceil(end / (1 << shift)) + 1);
  }

  /** What has been attributed stays. */
  stop(): void {
    for (const stop of this.stops) stop();
  }

  /** All owners so far, those with most misses first. */
  owners(): OwnerCounts[] {
    return [...this.#owners.values()]
      .map((tally) => ({ ...tally }))
      .sort((a, b) => b.misses - a.misses || (a.name < b.name ? -1 : 1));
  }

  /** Every miss by the function that made it and what it missed, where that was asked for. */
  functions(): FunctionMisses[] {
    return [...(this.#byFunction?.values() ?? [])].map((each) => ({ ...each }));
  }

  /** `order`: which lines are the hottest. */
  sharing(order: SharingOrder = 'hitm'): Sharing {
    const lines = [...this.#lines].map(([line, accesses]) => ({
      line,
      accesses,
      hitm: sumOf(accesses, ({ loadHitm, storeHitm }) => loadHitm + storeHitm),
      shared: sumOf(accesses, ({ trueSharing, falseSharing }) => trueSharing + falseSharing),
      first: sumOf(accesses, (of) => (order === 'hitm' ? of.loadHitm + of.storeHitm : of[order])),
    }));
    lines.sort((a, b) => b.first - a.first || b.hitm - a.hitm || b.shared - a.shared || a.line - b.line);
    return {
      line: 1 << this.#shift,
      lines: lines.length,
      hitm: sumOf(lines, ({ hitm }) => hitm),
      pairs: [...this.#pairs.values()]
        .map(({ lines, ...pair }) => ({ ...pair, lines: lines.size }))
        .sort((a, b) => b.misses - a.misses || (keyOf(a) < keyOf(b) ? -1 : 1)),
      hottest: lines.slice(0, HOTTEST_LINES).map(({ line, accesses }) => this.#sharedLine(line, accesses)),
    };
  }

  #sharedLine(line: number, accesses: readonly AccessTally[]): SharedLine {
    const address = line * (1 << this.#shift);
    return {
      address,
      symbol: this.#naming.symbolOf(address),
      accesses: accesses
        .map(({ owner, ...counts }) => ({ ...counts, owner: ownerIn(owner) }))
        .sort((a, b) => a.offset - b.offset || a.cpu - b.cpu || (a.owner.name < b.owner.name ? -1 : 1)),
    };
  }

  /** One more CPU's L1, whose misses have classes. */
  watch(l1: L1): void {
    if (l1.classes === null || l1.classes.shadow === null) {
      throw new InputError('attribution', 'a machine that does not class its misses', "build it with classes: 'all'");
    }
    this.#l1s.push(l1);
    const { counters } = l1;
    const id = l1.cpu;
    const seen = new Seen(counters);
    const shift = this.#shift;
    const watched = this.#watched;
    const loaded = (addr: addr_t, bytes: number) => {
      if (counters.readMisses !== seen.readMisses) this.#happened(l1, seen, 'load', addr, bytes);
      else if ((watched[addr >>> shift] & FOLLOWED) !== 0) this.#tallyOf(id, addr, bytes, null).loads++;
    };
    const stored = (addr: addr_t, bytes: number) => {
      if (
        counters.writeMisses !== seen.writeMisses ||
        counters.upgrades !== seen.upgrades ||
        counters.invalidationsSent !== seen.invalidations
      ) {
        this.#happened(l1, seen, 'store', addr, bytes);
      } else if (watched[addr >>> shift] !== 0) this.#storeHit(id, addr, bytes);
    };
    const told = (access: LineAccess, made: (addr: addr_t, bytes: number) => void): LineAccess => {
      return (addr, bytes) => {
        seen.catchUp(counters);
        const cycles = access(addr, bytes);
        made(addr, bytes);
        return cycles;
      };
    };

    const stop = interpose(l1, {
      load: (below) => lineByLine(shift, told(below, loaded), () => counters.join('r')),
      store: (below) => lineByLine(shift, told(below, stored), () => counters.join('w')),
      modify: (below) => lineByLine(shift, told(below, stored), () => counters.join('x')),
      prefetch: (below) => (addr, exclusive) => {
        seen.catchUp(counters);
        below(addr, exclusive);
        if (counters.prefetchFills !== seen.prefetchFills || counters.invalidationsSent !== seen.invalidations) {
          this.#happened(l1, seen, 'prefetch', addr, 1);
        }
      },
    });
    this.stops.push(stop);
  }

  /** Where turns of waiting loops are counted. */
  protected spun(addr: addr_t): void {
    this.#tally(this.#naming.ownerOf(addr, 1)).spins++;
  }

  /** More than a hit: a miss, a prefetch that fetched, a store that took copies away. */
  #happened(l1: L1, seen: Seen, kind: Kind, addr: addr_t, bytes: number): void {
    const { counters, cpu } = l1;
    const owner = this.#tally(this.#naming.ownerOf(addr, bytes));
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
      if (this.#byFunction !== null) this.#missedBy(this.#byFunction, cpu, owner, missClass, fetchedHitm);
    }
    const fetched = missed || counters.prefetchFills !== seen.prefetchFills;
    const takes = counters.invalidationsSent !== seen.invalidations;
    seen.update(counters);

    const line = addr >>> this.#shift;
    const isSharing = missClass === 'trueSharing' || missClass === 'falseSharing';
    if (this.#tellsPairs) {
      if (isSharing) this.#pairUp(cpu, addr, bytes, line, missClass, fetchedHitm);
      const losses = this.#losses.get(line);
      // A store that is written through, and missed, does not fill: the line is still lost.
      if (fetched && losses !== undefined && l1.holds(line)) losses[cpu] = null;
      if (takes) this.#taken(cpu, addr, bytes, line, losses);
      else if (kind === 'store' && losses !== undefined) this.#writes(addr, bytes, losses);
    }
    if (fetchedHitm > 0 || isSharing) this.#watched[line] |= FOLLOWED;

    if ((this.#watched[line] & FOLLOWED) === 0 || (kind === 'prefetch' && !fetched)) return;
    const tally = this.#tallyOf(cpu, addr, bytes, owner);
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

  #storeHit(cpu: number, addr: addr_t, bytes: number): void {
    const line = addr >>> this.#shift;
    const losses = this.#losses.get(line);
    if (losses !== undefined) this.#writes(addr, bytes, losses);
    if ((this.#watched[line] & FOLLOWED) !== 0) this.#tallyOf(cpu, addr, bytes, null).stores++;
  }

  /** The store at `addr` has taken the line from whoever had it. */
  #taken(cpu: number, addr: addr_t, bytes: number, line: number, known: (Loss | null | undefined)[] | undefined): void {
    let losses = known;
    if (losses === undefined) {
      losses = [];
      this.#losses.set(line, losses);
      this.#watched[line] |= TAKEN;
    } else this.#writes(addr, bytes, losses);
    const loss: Loss = {
      ...{ cpu, part: this.#naming.partOf(addr, bytes), base: this.#naming.baseOf(addr), word: addr >>> 2 },
      ...{ note: this.#makers?.note(cpu) ?? null, fn: null, alone: true },
    };
    // Who did not have it will not ask: its next miss is no sharing.
    for (const l1 of this.#l1s) if (l1.cpu !== cpu) losses[l1.cpu] ??= loss;
  }

  /** A store at `addr` of a CPU that has the line: are those who lost it, lost to another part, still right to blame that alone? */
  #writes(addr: addr_t, bytes: number, losses: readonly (Loss | null | undefined)[]): void {
    for (const loss of losses) {
      if (loss == null || !loss.alone || loss.word === addr >>> 2) continue;
      loss.alone = this.#naming.partOf(addr, bytes) === loss.part && this.#naming.baseOf(addr) === loss.base;
    }
  }

  #pairUp(cpu: number, addr: addr_t, bytes: number, line: number, sharing: SharingPair['sharing'], hitm: number): void {
    const loss = this.#losses.get(line)?.[cpu] ?? null;
    const victim = { ...this.#naming.partOf(addr, bytes), cpu, fn: this.#makerOf(this.#makers?.note(cpu)) };
    if (loss !== null) loss.fn ??= this.#makerOf(loss.note);
    const taker = loss === null ? null : { ...loss.part, cpu: loss.cpu, fn: loss.fn! };
    const sameObject = loss?.base === this.#naming.baseOf(addr);
    const found = { sharing, victim, taker, sameObject, ...{ misses: 0, hitm: 0, alone: 0 }, lines: new Set<number>() };
    const key = keyOf(found);
    const pair = this.#pairs.get(key) ?? found;
    this.#pairs.set(key, pair);
    pair.misses++;
    pair.hitm += hitm;
    if (loss?.alone === true) pair.alone++;
    pair.lines.add(line);
  }

  #makerOf(note: unknown): string {
    return this.#makers === null ? '' : this.#makers.tell(note);
  }

  #missedBy(
    functions: Map<string, Writable<FunctionMisses>>,
    cpu: number,
    tally: OwnerTally,
    missClass: MissClass,
    hitm: number,
  ): void {
    const fn = this.#makerOf(this.#makers?.note(cpu));
    const key = `${fn}\n${tally.name}`;
    let misses = functions.get(key);
    if (misses === undefined) {
      misses = { fn, owner: ownerIn(tally), misses: 0, ...noClasses(), hitm: 0 };
      functions.set(key, misses);
    }
    misses.misses++;
    misses[missClass]++;
    misses.hitm += hitm;
  }

  /** Where an access to a followed line is counted; `owner` is null where it need not be asked for anew. */
  #tallyOf(cpu: number, addr: addr_t, bytes: number, owner: OwnerTally | null): AccessTally {
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
    const tally = {
      ...{
        offset,
        cpu,
        owner: owner ?? this.#tally(this.#naming.ownerOf(addr, bytes)),
        base: this.#naming.baseOf(addr),
      },
      ...{ loads: 0, stores: 0, loadMisses: 0, storeMisses: 0, loadHitm: 0, storeHitm: 0 },
      ...{ trueSharing: 0, falseSharing: 0 },
    };
    tallies.unshift(tally);
    return tally;
  }

  #tally(owner: Owner): OwnerTally {
    let tally = this.#owners.get(owner);
    if (tally === undefined) {
      const remote = this.#hasNodes ? { remoteMisses: 0 } : {};
      const others = { hitm: 0, prefetchFills: 0, upgrades: 0, invalidations: 0, spins: 0 };
      tally = { ...owner, misses: 0, ...noClasses(), ...others, ...remote };
      this.#owners.set(owner, tally);
    }
    return tally;
  }
}

/** What a tally is of, without its counts. */
const ownerIn = ({ name, kind, field, of, offset }: Owner): Owner =>
  offset === undefined ? { name, kind, field, of } : { name, kind, field, of, offset };

const keyOf = ({
  sharing,
  victim,
  taker,
  sameObject,
}: Pick<SharingPair, 'sharing' | 'victim' | 'taker' | 'sameObject'>) =>
  [sharing, victim, taker, sameObject]
    .map((each) => (typeof each === 'object' && each !== null ? `${each.name}\t${each.cpu}\t${each.fn}` : String(each)))
    .join('\t');

const sumOf = <T>(items: readonly T[], count: (item: T) => number): number =>
  items.reduce((sum, item) => sum + count(item), 0);

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

/** A product, since a trace's addresses may have all 32 bits. */
const nextLine = (addr: addr_t, shift: number): addr_t => ((addr >>> shift) + 1) * (1 << shift);
