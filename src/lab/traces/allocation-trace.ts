/**
 * A recorded run of a real kernel or program as a list of allocations and frees that another allocator can replay.
 *
 * A recording is never whole. It begins in mid-life, follows some threads only, and sees the recorder itself. The
 * replay must not: each free has its allocation, each object is freed at most once, and no two live objects are one.
 * So normalising drops what has no counterpart and inserts the frees that nobody saw, and the summary owns up to both:
 *
 *   events + resizes         = allocations + frees + those skipped       (a resize is an allocation and a free)
 *   bornBefore + allocations = frees + unseenFrees + liveAtEnd
 *
 * A trace may tell of the touches too: every read and write inside the objects (touches.ts). Of them none has to be guessed:
 *
 *   reads + writes + modifies = those to be replayed + those skipped     (of objects that are left out)
 *
 * What a kernel refuses is left out too. Where several kernels are to replay a trace, it is what any of them refuses: all
 * do the same operations, so they can be compared.
 */

import { Column } from '../../base/column.ts';
import { InputError } from '../../base/input-error.ts';
import type { Limits } from '../../slab/kernel-facts.ts';
import { type Free, type Operations, OperationWriter } from './operations.ts';
import type { Touches } from './touches.ts';

export interface TraceCache {
  /** Several caches may have one. */
  readonly recordedName: string;
  /** Its own: names that a kernel refuses, or that stand already, are changed, uniquely. */
  readonly name: string;
  /** The largest request; at least the smallest object that the kernel takes. */
  readonly size: number;
  /** Where the trace tells of touches: its objects, and the accesses to them. */
  readonly objects?: number;
  readonly touches?: number;
}

/** An event is counted under the first reason that fits. */
export const skipReasons = ({ largestObject, largestBlock }: Limits) =>
  [
    'call of the recorder itself (perf_...)',
    "the recorded kernel's page allocator (mm_page_...)",
    'free of NULL',
    'failed allocation',
    'pointer hidden by the kernel',
    aboveObject(largestObject),
    aboveBlock(largestBlock),
    'free of an object not allocated in the trace',
    'free of an object freed before',
    'free of an object whose allocation was skipped',
    'resize of an object that is not live in the trace',
  ] as const;
export type SkipReason = ReturnType<typeof skipReasons>[number];

const aboveObject = (bytes: number) => `object of a cache, above ${bytes} bytes` as const;
const aboveBlock = (bytes: number) => `allocation above ${bytes} bytes` as const;

export type TraceFormat = 'ftrace' | 'perf script' | 'malloc' | 'touch trace';

/** What the reader of a format knows of a whole file. */
export interface TraceFile {
  readonly file: string;
  readonly format: TraceFormat;
  readonly lines: number;
  readonly otherTracepoints: number;
  /** Lines of text that are no event, no header and no stack trace. */
  readonly otherLines: number;
  /** Events that the recorder dropped. */
  readonly lostEvents: number;
}

export interface TraceSummary extends TraceFile {
  /** Allocations, frees and resizes that were recorded, the skipped ones among them. */
  readonly events: number;
  readonly skipped: Readonly<Record<SkipReason, number>>;

  /** Objects that were there before the first event. */
  readonly bornBefore: number;
  readonly allocations: number;
  /** Recorded frees in the trace. */
  readonly frees: number;
  /** Each is one of the allocations, a copy, and one of the frees. */
  readonly resizes: number;
  /** Frees inserted, since the same pointer was allocated again. */
  readonly unseenFrees: number;
  readonly liveAtEnd: number;
  /** The most bytes requested by objects that were live at a time. */
  readonly peakLiveBytes: number;
  /** Those of them that are too large for kmalloc, and take whole pages. */
  readonly pageAllocations: number;

  readonly threads: number;
  /** CPUs on which the operations ran. */
  readonly cpus: number;
  readonly caches: number;
  readonly renamedCaches: number;
  /** Caches of one name but several sizes of request; the largest holds. */
  readonly cachesOfSeveralSizes: number;
  /** Allocations whose gfp_flags are a number: taken as able to wait, and not for DMA. */
  readonly unknownFlags: number;
  /** Where the trace tells of them. */
  readonly touches?: TouchSummary;
}

/** Accesses of 1 to 8 bytes inside objects. */
export interface TouchSummary {
  readonly reads: number;
  readonly writes: number;
  /** Read and written by one instruction. */
  readonly modifies: number;
  /** Those of them that are left out, with the objects that they are of. */
  readonly skipped: number;
  /** Those of them in objects that were there before the first event. */
  readonly inBornBefore: number;
  /** Different places in the code, offsets, and widths. */
  readonly sites: number;
  /** Named ones. */
  readonly functions: number;
}

export interface AllocationTrace {
  readonly caches: readonly TraceCache[];
  /** The objects that were there before, as allocations by nobody: the first objects, in no order that means anything. */
  readonly born: Operations;
  readonly operations: Operations;
  readonly touches?: Touches;
  /** "comm-tid", or the program; the index is the thread's number. */
  readonly threads: readonly string[];
  /** CPUs of the recorded machine, as far as known; each operation's CPU is below. */
  readonly cpus: number;
  readonly objects: number;
  readonly summary: TraceSummary;
}

/** Takes the lines of a file, from the first to the last, and gives what they tell. */
export interface TraceParser {
  line(text: string): void;
  finish(): AllocationTrace;
}

/** Who did it, and where. */
export interface TraceContext {
  /** What tells threads apart. */
  readonly task: number | string;
  /** May change: the latest holds, but for `<...>-7`, as ftrace prints what it has forgotten. */
  readonly name: string;
  readonly cpu: number;
}

export interface TracedAllocation {
  /** The name of the cache; kmalloc has none. */
  readonly cache: string | undefined;
  /** Tells caches apart; without it they are told apart by their names. */
  readonly cacheNumber?: number;
  readonly size: number;
  readonly atomic: boolean;
  readonly dma: boolean;
}

/** Of an operation or of touches: the number of the thread, and the CPU. */
export interface Place {
  readonly thread: number;
  readonly cpu: number;
}

/** What is known of an identity; a number from FIRST_OBJECT on is that of its live object, FIRST_OBJECT + object. */
const [NEVER_SEEN, FREED, SKIPPED, FIRST_OBJECT] = [0, 1, 2, 3];

/**
 * Takes the events of a recording one by one, in any order, and normalises them. `identity`, a small whole number, tells
 * objects apart while they live; it may be used again.
 */
export class TraceBuilder {
  readonly #limits: Limits;
  readonly #born = new OperationWriter();
  readonly #operations = new OperationWriter();
  readonly #caches = new Caches();
  readonly #states = new Column(Int32Array);
  /** Of each object: what it asked for, and whether kmalloc gave it, so that only kfree can free it. */
  readonly #sizes = new Column(Int32Array);
  readonly #isGeneral = new Column(Uint8Array);
  readonly #skipped: Record<SkipReason, number>;
  readonly #threads = new Threads();
  readonly #cpusSeen = new Set<number>();
  #events = 0;
  #objects = 0;
  #allocations = 0;
  #frees = 0;
  #resizes = 0;
  #unseenFrees = 0;
  #pageAllocations = 0;
  #live = 0;
  #liveBytes = 0;
  #peakLiveBytes = 0;

  /** `limits` are those of all kernels that are to replay the trace. */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.#skipped = Object.fromEntries(skipReasons(limits).map((reason) => [reason, 0])) as Record<SkipReason, number>;
  }

  skip(reason: SkipReason, events = 1): void {
    this.#events += events;
    this.#skipped[reason] += events;
  }

  /** How many operations there are so far. */
  get operations(): number {
    return this.#operations.length;
  }

  /** An object that was there before the first event; its number, or null where it is left out. */
  born(identity: number, allocation: TracedAllocation): number | null {
    const reason = this.#tooLarge(allocation);
    if (reason !== undefined) return this.#leaveOut(identity, reason);
    const object = this.#create(identity, allocation, this.#born, { thread: 0, cpu: 0 });
    this.#noticePeak();
    return object;
  }

  /** The object's number, or null where it is left out. */
  allocate(identity: number, allocation: TracedAllocation, context: TraceContext): number | null {
    const state = this.#states.get(identity);
    const reason = this.#tooLarge(allocation);
    if (state >= FIRST_OBJECT) {
      this.#unseenFrees++;
      this.#free(state - FIRST_OBJECT, 'kmem_cache_free', context);
    }
    if (reason !== undefined) return this.#leaveOut(identity, reason);
    this.#events++;
    const object = this.#allocate(identity, allocation, context);
    this.#noticePeak();
    return object;
  }

  /** `via` is the function that was called; an object that did not come from a named cache is freed by its own. */
  free(identity: number, via: Free['via'], context: TraceContext): void {
    const state = this.#states.get(identity);
    if (state === NEVER_SEEN) this.skip('free of an object not allocated in the trace');
    else if (state === FREED) this.skip('free of an object freed before');
    else if (state === SKIPPED) this.skip('free of an object whose allocation was skipped');
    else {
      this.#events++;
      this.#frees++;
      this.#free(state - FIRST_OBJECT, via, context);
    }
    if (state !== NEVER_SEEN) this.#states.set(identity, FREED);
  }

  /** What was at `identity` is gone, though nobody saw its free. */
  freeUnseen(identity: number, context: TraceContext): void {
    const state = this.#states.get(identity);
    if (state >= FIRST_OBJECT) {
      this.#unseenFrees++;
      this.#free(state - FIRST_OBJECT, 'kmem_cache_free', context);
    }
    this.#states.set(identity, FREED);
  }

  /** As realloc: a new object, a copy, and the old one goes. */
  resize(identity: number, size: number, context: TraceContext): void {
    const state = this.#states.get(identity);
    const allocation = { cache: undefined, size, atomic: false, dma: false };
    const reason =
      state < FIRST_OBJECT ? 'resize of an object that is not live in the trace' : this.#tooLarge(allocation);
    if (reason !== undefined) {
      this.skip(reason);
      return;
    }
    this.#events++;
    this.#resizes++;
    this.#frees++;
    const from = state - FIRST_OBJECT;
    const object = this.#allocate(identity, allocation, context);
    this.#operations.push({ kind: 'memcpy', object, from, ...this.place(context) });
    this.#free(from, 'kfree', context);
    this.#noticePeak();
  }

  #leaveOut(identity: number, reason: SkipReason): null {
    this.skip(reason);
    this.#states.set(identity, SKIPPED);
    return null;
  }

  #allocate(identity: number, allocation: TracedAllocation, context: TraceContext): number {
    this.#allocations++;
    return this.#create(identity, allocation, this.#operations, this.place(context));
  }

  #create(identity: number, allocation: TracedAllocation, writer: OperationWriter, place: Place): number {
    const { cache, cacheNumber = cache, size, atomic, dma } = allocation;
    const object = this.#objects++;
    const common = { object, atomic, dma, ...place };
    this.#states.set(identity, FIRST_OBJECT + object);
    this.#sizes.set(object, size);
    if (cache !== undefined) {
      writer.push({ kind: 'alloc', cache: this.#caches.numberOf(cacheNumber!, cache, size), ...common });
    } else {
      this.#isGeneral.set(object, 1);
      if (size > this.#limits.largestObject) this.#pageAllocations++;
      writer.push({ kind: 'kmalloc', size, ...common });
    }
    this.#live++;
    this.#liveBytes += size;
    return object;
  }

  #noticePeak(): void {
    this.#peakLiveBytes = Math.max(this.#peakLiveBytes, this.#liveBytes);
  }

  #free(object: number, via: Free['via'], context: TraceContext): void {
    const called = this.#isGeneral.get(object) === 1 ? 'kfree' : via;
    this.#operations.push({ kind: 'free', object, via: called, ...this.place(context) });
    this.#live--;
    this.#liveBytes -= this.#sizes.get(object);
  }

  #tooLarge({ cache, size }: TracedAllocation): SkipReason | undefined {
    const { largestObject, largestBlock } = this.#limits;
    if (cache !== undefined) return size > largestObject ? aboveObject(largestObject) : undefined;
    return size > largestBlock ? aboveBlock(largestBlock) : undefined;
  }

  place(context: TraceContext): Place {
    this.#cpusSeen.add(context.cpu);
    return { thread: this.#threads.numberOf(context), cpu: context.cpu };
  }

  finish(
    file: TraceFile,
    { cpus, unknownFlags }: { cpus: number; unknownFlags: number },
    touched?: { readonly touches: Touches; readonly summary: TouchSummary },
  ): AllocationTrace {
    if (this.#allocations === 0) {
      const skipped = Object.entries(this.#skipped).filter(([, events]) => events > 0);
      const reasons = skipped.map(([reason, events]) => `${reason} (${events})`).join(', ');
      throw new InputError(
        file.file,
        `has no allocation to replay among its ${this.#events} events: ${reasons}`,
        `allocations that can be replayed (${allocationsIn[file.format]}) are needed`,
      );
    }
    const caches = this.#caches.all(this.#limits);
    const threads = this.#threads.names;
    return {
      caches,
      born: this.#born.finish(),
      operations: this.#operations.finish(),
      ...(touched === undefined ? {} : { touches: touched.touches }),
      threads,
      cpus: Math.max(cpus, ...[...this.#cpusSeen].map((cpu) => cpu + 1)),
      objects: this.#objects,
      summary: {
        ...file,
        events: this.#events,
        skipped: this.#skipped,
        bornBefore: this.#born.length,
        allocations: this.#allocations,
        frees: this.#frees,
        resizes: this.#resizes,
        unseenFrees: this.#unseenFrees,
        liveAtEnd: this.#live,
        peakLiveBytes: this.#peakLiveBytes,
        pageAllocations: this.#pageAllocations,
        threads: threads.length,
        cpus: this.#cpusSeen.size,
        caches: caches.length,
        renamedCaches: caches.filter((cache) => cache.name !== cache.recordedName).length,
        cachesOfSeveralSizes: this.#caches.ofSeveralSizes,
        unknownFlags,
        ...(touched === undefined ? {} : { touches: touched.summary }),
      },
    };
  }
}

const KMEM = 'kmem:kmalloc, kmem:kmem_cache_alloc';
const allocationsIn: Record<TraceFormat, string> = {
  ftrace: KMEM,
  'perf script': KMEM,
  malloc: '"a NUMBER BYTES"',
  'touch trace': '"a ID CACHE BYTES FLAGS"',
};

/** A string of its own. One cut from a line would keep the whole piece of the file that the line came in. */
const ownString = (text: string): string => [...text].join('');

class Threads {
  readonly names: string[] = [];
  readonly #numbers = new Map<string | number, number>();

  numberOf({ task, name }: TraceContext): number {
    let number = this.#numbers.get(task);
    if (number === undefined) {
      number = this.names.push(ownString(name)) - 1;
      this.#numbers.set(task, number);
    } else if (name !== this.names[number] && !name.startsWith('<...>')) {
      this.names[number] = ownString(name);
    }
    return number;
  }
}

class Caches {
  readonly #caches = new Map<number | string, TracedCache>();

  get ofSeveralSizes(): number {
    return [...this.#caches.values()].filter((cache) => cache.severalSizes).length;
  }

  numberOf(key: number | string, recordedName: string, size: number): number {
    const cache = this.#caches.get(key);
    if (cache === undefined) {
      const number = this.#caches.size;
      const name = ownString(recordedName);
      this.#caches.set(typeof key === 'number' ? key : name, { number, recordedName: name, size, severalSizes: false });
      return number;
    }
    if (size !== cache.size) {
      cache.severalSizes = true;
      cache.size = Math.max(size, cache.size);
    }
    return cache.number;
  }

  all(limits: Limits): TraceCache[] {
    const caches = [...this.#caches.values()];
    const names = allowedNames(
      caches.map(({ recordedName }) => recordedName),
      limits,
    );
    return caches.map(({ recordedName, size }, number) => ({
      recordedName,
      name: names[number],
      size: Math.max(size, limits.smallestObject),
    }));
  }
}

interface TracedCache {
  readonly number: number;
  readonly recordedName: string;
  size: number;
  severalSizes: boolean;
}

/** A name that is too long, or that another cache has already, one of those at boot too, is changed. */
function allowedNames(recordedNames: readonly string[], { longestName, isTaken }: Limits): string[] {
  const refused = (name: string): boolean => name.length > longestName || isTaken(name);
  const recorded = new Set(recordedNames.filter((name) => !refused(name)));
  const given = new Set<string>();
  return recordedNames.map((recordedName) => {
    let name = recordedName;
    for (
      let attempt = 1;
      refused(name) || given.has(name) || (name !== recordedName && recorded.has(name));
      attempt++
    ) {
      const mark = attempt === 1 ? '~' : `~${attempt}`;
      name = recordedName.slice(0, longestName - mark.length) + mark;
    }
    given.add(name);
    return name;
  });
}
