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

/** All of a point's counts but those that only its workload knows. */
export type MeasuredCounts = Omit<Counts, 'operations' | 'failed' | 'userLoads'>;

/**
 * Counts from its construction on. It stands in the way of the allocator's methods, and looks by peek at what they find: the
 * kernel itself counts hits of per-CPU arrays in debug builds only, and there its counting is accesses too.
 */
export class Measurement {
  readonly #allocator: SlabAllocator;
  readonly #before: Totals;
  readonly #beginning: number;
  readonly #sets: SetPressure;
  /** By cache. */
  readonly #ofCache: Map<addr_t, Allocated>;
  /** Null once freed: an entry that is deleted stays in its chain till V8 sorts the map anew, and the same addresses come and go. */
  readonly #live = new Map<addr_t, Allocated | null>();
  readonly #freeBefore: number;
  #fewestFree: number;
  #liveBytes = 0;
  #peakLiveBytes = 0;
  readonly #arrays = { allocHits: 0, allocMisses: 0, freeHits: 0, freeMisses: 0 };

  /** `sizes`: what objects of a cache were meant to hold, where that is less than the cache's object size. */
  constructor(allocator: SlabAllocator, sizes: ReadonlyMap<addr_t, number> = new Map()) {
    const { machine } = allocator.kernel;
    const caches = allocator.caches();
    this.#allocator = allocator;
    const bytesOf = [...caches.map(({ cachep, objsize }) => [cachep, objsize] as const), ...sizes];
    this.#ofCache = new Map(bytesOf.map(([cachep, bytes]) => [cachep, { cachep, bytes }]));
    this.#freeBefore = allocator.nr_free_pages();
    this.#fewestFree = this.#freeBefore;
    for (const { counters } of machine.cpus) counters.longestInterruptsOff = 0;
    this.#before = totals(machine.cpus);
    this.#beginning = latest(machine.cpus);
    this.#sets = countSets(machine.cpus.map(({ l1 }) => l1));
    this.#watch(allocator);
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
      ...this.#arrays,
    };
  }

  sets(): SetPressure {
    return this.#sets;
  }

  #watch(allocator: SlabAllocator): void {
    const ofCache = (cachep: addr_t) => this.#ofCache.get(cachep) ?? { cachep, bytes: 0 };
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

  /**
   * No yield lies between this peek and the kernel's first look at the array, so both see the same. A retry after growing is not
   * counted again.
   */
  #allocating(cpu: Cpu, cachep: addr_t): void {
    const level = cachep === NULL ? null : this.#allocator.arrayLevel(cpu, cachep);
    if (level === null) return;
    if (level.avail > 0) this.#arrays.allocHits++;
    else this.#arrays.allocMisses++;
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
    if (level.avail < level.limit) this.#arrays.freeHits++;
    else this.#arrays.freeMisses++;
  }
}
