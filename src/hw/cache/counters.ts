/**
 * What one CPU's cache did. Plain numbers; the hot path counts only loads and stores, the rest is counted on misses and
 * derived. A line access is one access to one line: an access that straddles two lines is two (docs/cache.md).
 */
import { BUS_READ, type BusRequest } from './coherence.ts';

export class Counters {
  loads = 0;
  stores = 0;
  /** Locked read-modify-writes; each is one of the stores too. */
  locked = 0;
  /** Loads and stores that touched a second line (a third: twice). */
  straddledLoads = 0;
  straddledStores = 0;
  prefetches = 0;
  prefetchFills = 0;

  readMisses = 0;
  writeMisses = 0;
  /** The CPU never held the line. */
  coldReadMisses = 0;
  coldWriteMisses = 0;
  /** It lost the line to another CPU's write, or a device's. */
  coherenceMisses = 0;

  /** Replacement misses, told apart by a fully associative LRU cache of the same size (Hill's 3C); only with classes. */
  capacityReadMisses = 0;
  capacityWriteMisses = 0;
  conflictReadMisses = 0;
  conflictWriteMisses = 0;
  /** Misses of that fully associative cache. */
  fullyAssociativeMisses = 0;
  /** Misses of a cache of the same sets, ways and policy whose sets are hashed (hashed-index.ts); only with bounds. */
  hashedIndexMisses = 0;
  /** Coherence misses, decided at the miss (Eggers and Jeremiassen 1991); only with classes. */
  trueSharingMisses = 0;
  falseSharingMisses = 0;
  /**
   * Coherence misses that turned out to be true sharing over the line's lifetime (Dubois et al. 1993); only with all
   * classes. Any: loads and stores may use another CPU's word; Load: only loads and locked operations may.
   */
  duboisTrueAnyMisses = 0;
  duboisTrueLoadMisses = 0;

  upgrades = 0;
  invalidationsSent = 0;
  invalidationsReceived = 0;
  /** Copies lost to a device's write to memory: not among those received, which are as many as those sent. */
  dmaInvalidations = 0;
  /** Lines and stores that waited for another node's memory. */
  remoteMisses = 0;
  /** Misses for which another cache held the line, modified or clean. */
  c2cDirty = 0;
  c2cClean = 0;
  evictions = 0;
  writebacksEvict = 0;
  writebacksIntervRead = 0;
  writebacksIntervWrite = 0;
  /** Stores that a write-through cache passed on. */
  writeThroughs = 0;

  /** Requests to the second level, if there is one: misses of this L1, and what it writes through. */
  l2Hits = 0;
  l2Misses = 0;
  /** Lines that the second level replaced for this CPU; those of them that went to memory. */
  l2Evictions = 0;
  l2Writebacks = 0;
  /** Lines that this L1 lost because an inclusive second level replaced them. */
  backInvalidations = 0;

  /** Cycles waited for lines that others had on their way, before the line's own move began. */
  lineWaitCycles = 0;
  spinCycles = 0;
  /** Spinlocks that were held when this CPU came for them. */
  contendedLocks = 0;
  idleCycles = 0;
  interruptsOffCycles = 0;
  longestInterruptsOff = 0;
  interrupts = 0;

  /** The access counted last is a piece of the one before: these are one, which straddles lines. */
  join(kind: 'r' | 'w' | 'x'): void {
    if (kind === 'r') {
      this.loads--;
      this.straddledLoads++;
    } else {
      this.stores--;
      this.straddledStores++;
    }
    if (kind === 'x') this.locked--;
  }

  get accesses(): number {
    return this.loads + this.stores;
  }

  get lineAccesses(): number {
    return this.loads + this.stores + this.straddledLoads + this.straddledStores;
  }

  get readHits(): number {
    return this.loads + this.straddledLoads - this.readMisses;
  }

  get writeHits(): number {
    return this.stores + this.straddledStores - this.writeMisses;
  }

  get misses(): number {
    return this.readMisses + this.writeMisses;
  }

  get coldMisses(): number {
    return this.coldReadMisses + this.coldWriteMisses;
  }

  get duboisFalseAnyMisses(): number {
    return this.coherenceMisses - this.duboisTrueAnyMisses;
  }

  get duboisFalseLoadMisses(): number {
    return this.coherenceMisses - this.duboisTrueLoadMisses;
  }

  get replacementMisses(): number {
    return this.misses - this.coldMisses - this.coherenceMisses;
  }

  get capacityMisses(): number {
    return this.capacityReadMisses + this.capacityWriteMisses;
  }

  get conflictMisses(): number {
    return this.conflictReadMisses + this.conflictWriteMisses;
  }
}

/** A changed line goes to memory since another CPU made `request`. */
export function countWriteback(counters: Counters, request: BusRequest): void {
  if (request === BUS_READ) counters.writebacksIntervRead++;
  else counters.writebacksIntervWrite++;
}
