/** What a point counts between the workload's first operation and its last. */
import type { Counters } from '../../hw/cache/counters.ts';
import type { Cpu } from '../../hw/cpu.ts';
import { interpose } from '../../hw/interpose.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { Counts, SetPressure } from '../results/counts.ts';
import { countSets } from './set-pressure.ts';

/** Counts that are sums over the CPUs, by where a CPU has them. */
const summed = {
  accesses: (of) => of.accesses,
  lineAccesses: (of) => of.lineAccesses,
  hits: (of) => of.readHits + of.writeHits,
  misses: (of) => of.misses,
  cold: (of) => of.coldMisses,
  capacity: (of) => of.capacityMisses,
  conflict: (of) => of.conflictMisses,
  trueSharing: (of) => of.trueSharingMisses,
  falseSharing: (of) => of.falseSharingMisses,
  duboisTrueAny: (of) => of.duboisTrueAnyMisses,
  duboisFalseAny: (of) => of.duboisFalseAnyMisses,
  duboisTrueLoad: (of) => of.duboisTrueLoadMisses,
  duboisFalseLoad: (of) => of.duboisFalseLoadMisses,
  fullyAssociativeMisses: (of) => of.fullyAssociativeMisses,
  hashedIndexMisses: (of) => of.hashedIndexMisses,
  upgrades: (of) => of.upgrades,
  invalidations: (of) => of.invalidationsReceived,
  dmaInvalidations: (of) => of.dmaInvalidations,
  c2cDirty: (of) => of.c2cDirty,
  c2cClean: (of) => of.c2cClean,
  writeThroughs: (of) => of.writeThroughs,
  l2Hits: (of) => of.l2Hits,
  l2Misses: (of) => of.l2Misses,
  l2Evictions: (of) => of.l2Evictions,
  l2Writebacks: (of) => of.l2Writebacks,
  backInvalidations: (of) => of.backInvalidations,
  cycles: (of, clock) => clock - of.idleCycles,
  lineWaitCycles: (of) => of.lineWaitCycles,
  spinCycles: (of) => of.spinCycles,
  interruptsOffCycles: (of) => of.interruptsOffCycles,
  locked: (of) => of.locked,
  contendedLocks: (of) => of.contendedLocks,
  interrupts: (of) => of.interrupts,
  remoteMisses: (of) => of.remoteMisses,
} as const satisfies Partial<Record<keyof Counts, (counters: Counters, clock: number) => number>>;

export type Totals = Record<keyof typeof summed, number>;

/** What all of `cpus` counted, added up. */
export function totals(cpus: readonly { readonly counters: Counters; readonly clock: number }[]): Totals {
  const entries = Object.entries(summed).map(([name, of]) => [
    name,
    cpus.reduce((sum, { counters, clock }) => sum + of(counters, clock), 0),
  ]);
  return Object.fromEntries(entries) as Totals;
}

function difference(after: Totals, before: Totals): Totals {
  const changed = { ...after };
  for (const key of Object.keys(after) as (keyof Totals)[]) changed[key] = after[key] - before[key];
  return changed;
}

/** How far the CPU has come that has come furthest: those that idle wait for it. */
const latest = (cpus: readonly { readonly clock: number }[]): number => Math.max(...cpus.map(({ clock }) => clock));

/** What an object allocated since the beginning is: the same for all objects of a cache. Those of whole pages have no cache. */
interface Allocated {
  readonly cachep: addr_t;
  readonly bytes: number;
}

const noCalls = { allocations: 0, colouredAllocations: 0, allocHits: 0, allocMisses: 0, freeHits: 0, freeMisses: 0 };

/** Of a cache: what its objects were asked for to hold, and whether its slabs differ in colour. */
interface KnownCache extends Allocated {
  readonly hasColours: boolean;
}

/** All of a point's counts but those that only its workload knows. */
export type MeasuredCounts = Omit<Counts, 'operations' | 'failed' | 'userLoads'>;

/**
 * Counts from `begin` on; but objects and pages from its construction on, which comes before the workload sets anything up: what
 * its objects of the beginning lie in is no waste, nor is what takes their place. It stands in the way of the allocator's
 * methods, and looks by peek at what they find: the kernel itself counts hits of per-CPU arrays in debug builds only, and there
 * its counting is accesses too.
 */
export class Measurement {
  readonly #allocator: SlabAllocator;
  #before: Totals;
  #beginning: number;
  #sets: SetPressure = { accesses: [], misses: [] };
  readonly #askedFor: (cachep: addr_t) => number | undefined;
  readonly #caches = new Map<addr_t, KnownCache>();
  /** Null once freed: an entry that is deleted stays in its chain till V8 sorts the map anew, and the same addresses come and go. */
  readonly #live = new Map<addr_t, Allocated | null>();
  readonly #freeBefore: number;
  #fewestFree: number;
  #liveBytes = 0;
  #peakLiveBytes = 0;
  #calls = { ...noCalls };

  /** `askedFor`: what objects of a cache were meant to hold, where that is less than the cache's object size. */
  constructor(allocator: SlabAllocator, askedFor: (cachep: addr_t) => number | undefined = () => undefined) {
    this.#allocator = allocator;
    this.#askedFor = askedFor;
    this.#freeBefore = allocator.nr_free_pages();
    this.#fewestFree = this.#freeBefore;
    this.#before = totals(allocator.kernel.machine.cpus);
    this.#beginning = latest(allocator.kernel.machine.cpus);
    this.#watch(allocator);
  }

  /** What is counted begins; peaks are those from now on. */
  begin(): void {
    const { cpus } = this.#allocator.kernel.machine;
    this.#fewestFree = this.#allocator.nr_free_pages();
    this.#peakLiveBytes = this.#liveBytes;
    this.#calls = { ...noCalls };
    for (const { counters } of cpus) counters.longestInterruptsOff = 0;
    for (const { l1 } of cpus) l1.classes?.startCounting();
    this.#before = totals(cpus);
    this.#beginning = latest(cpus);
    this.#sets = countSets(cpus.map(({ l1 }) => l1));
  }

  /** Those from the beginning to now, but for what `user` mode had of them. */
  counts(user: Totals | null = null): MeasuredCounts {
    const { machine } = this.#allocator.kernel;
    const all = difference(totals(machine.cpus), this.#before);
    const { remoteMisses, ...own } = user === null ? all : difference(all, user);
    return {
      ...own,
      ...(machine.nodes === null ? {} : { remoteMisses }),
      elapsedCycles: latest(machine.cpus) - this.#beginning,
      longestInterruptsOff: Math.max(...machine.cpus.map(({ counters }) => counters.longestInterruptsOff)),
      peakPages: this.#freeBefore - this.#fewestFree,
      pages: this.#freeBefore - this.#allocator.nr_free_pages(),
      peakLiveBytes: this.#peakLiveBytes,
      liveBytes: this.#liveBytes,
      ...this.#calls,
    };
  }

  sets(): SetPressure {
    return this.#sets;
  }

  #watch(allocator: SlabAllocator): void {
    const ofCache = (cachep: addr_t) => this.#cacheAt(cachep);
    const freeing = (cpu: Cpu, objp: addr_t) => this.#freeing(cpu, objp);
    const allocating = (cpu: Cpu, cachep: addr_t) => this.#allocating(cpu, cachep);
    const allocated = (objp: addr_t, what: Allocated) => this.#allocated(objp, what);
    interpose(allocator, {
      alloc: (below) =>
        function* (cpu, cachep, flags) {
          allocating(cpu, cachep);
          return allocated(yield* below(cpu, cachep, flags), ofCache(cachep));
        },
      kmalloc: (below) =>
        function* (cpu, size, flags) {
          const cachep = allocator.generalCache(size, flags);
          allocating(cpu, cachep);
          return allocated(yield* below(cpu, size, flags), { cachep, bytes: size });
        },
      get_free_pages: (below) =>
        function* (cpu, gfp_mask, order) {
          return allocated(yield* below(cpu, gfp_mask, order), { cachep: NULL, bytes: PAGE_SIZE << order });
        },
      free: (below) => (cpu, cachep, objp) => {
        freeing(cpu, objp);
        return below(cpu, cachep, objp);
      },
      kfree: (below) => (cpu, objp) => {
        freeing(cpu, objp);
        return below(cpu, objp);
      },
      free_pages: (below) => (cpu, addr, order) => {
        freeing(cpu, addr);
        return below(cpu, addr, order);
      },
    });
  }

  /** Caches come about until the workload is set up, and later in traces. */
  #cacheAt(cachep: addr_t): KnownCache {
    let known = this.#caches.get(cachep);
    if (known === undefined) {
      // An allocator may have caches that it does not list.
      const { objsize = 0, colour = 0 } = this.#allocator.caches().find((cache) => cache.cachep === cachep) ?? {};
      known = { cachep, bytes: this.#askedFor(cachep) ?? objsize, hasColours: colour > 1 };
      this.#caches.set(cachep, known);
    }
    return known;
  }

  /**
   * No yield lies between this peek and the kernel's first look at the array, so both see the same. A retry after growing is not
   * counted again.
   */
  #allocating(cpu: Cpu, cachep: addr_t): void {
    if (cachep === NULL) return;
    this.#calls.allocations++;
    if (this.#cacheAt(cachep).hasColours) this.#calls.colouredAllocations++;
    const level = this.#allocator.arrayLevel(cpu, cachep);
    if (level === null) return;
    if (level.avail > 0) this.#calls.allocHits++;
    else this.#calls.allocMisses++;
  }

  #allocated(objp: addr_t, what: Allocated): addr_t {
    if (objp !== NULL) {
      this.#live.set(objp, what);
      this.#liveBytes += what.bytes;
    }
    const free = this.#allocator.nr_free_pages();
    if (free < this.#fewestFree) {
      this.#fewestFree = free;
      this.#peakLiveBytes = this.#liveBytes;
    }
    return objp;
  }

  #freeing(cpu: Cpu, objp: addr_t): void {
    const object = this.#live.get(objp) ?? null;
    if (object === null) return;
    this.#live.set(objp, null);
    this.#liveBytes -= object.bytes;
    const level = object.cachep === NULL ? null : this.#allocator.arrayLevel(cpu, object.cachep, objp);
    if (level === null) return;
    if (level.avail < level.limit) this.#calls.freeHits++;
    else this.#calls.freeMisses++;
  }
}
