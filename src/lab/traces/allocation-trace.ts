/**
 * A recorded run of a real kernel or program as a list of allocations and frees that another allocator can replay.
 *
 * A recording is never whole. It begins in mid-life, follows some threads only, and sees the recorder itself. The
 * replay must not: each free has its allocation, each object is freed at most once, and no two live objects are one.
 * So normalising drops what has no counterpart and inserts the frees that nobody saw, and the summary owns up to both:
 *
 *   events + resizes = allocations + frees + those skipped       (a resize is an allocation and a free)
 *   allocations      = frees + unseenFrees + liveAtEnd
 *
 * What a kernel refuses is left out too. Where several kernels are to replay a trace, it is what any of them refuses: all
 * do the same operations, so they can be compared.
 */

import { Column } from '../../base/column.ts';
import { InputError } from '../../base/input-error.ts';
import type { Limits } from '../../slab/kernel-facts.ts';
import { type Free, type Operations, OperationWriter } from './operations.ts';

export interface TraceCache {
  readonly recordedName: string;
  /** Names that a kernel refuses are shortened, uniquely. */
  readonly name: string;
  /** The largest request; at least the smallest object that the kernel takes. */
  readonly size: number;
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

export type TraceFormat = 'ftrace' | 'perf script' | 'malloc';

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
}

export interface AllocationTrace {
  readonly caches: readonly TraceCache[];
  readonly operations: Operations;
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
  /** The named cache; kmalloc has none. */
  readonly cache: string | undefined;
  readonly size: number;
  readonly atomic: boolean;
  readonly dma: boolean;
}

/** What is known of an identity; a number from FIRST_OBJECT on is that of its live object, FIRST_OBJECT + object. */
const [NEVER_SEEN, FREED, SKIPPED, FIRST_OBJECT] = [0, 1, 2, 3];

/**
 * Takes the events of a recording one by one, in any order, and normalises them. `identity`, a small whole number, tells
 * objects apart while they live; it may be used again.
 */
export class TraceBuilder {
  readonly #limits: Limits;
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

  allocate(identity: number, allocation: TracedAllocation, context: TraceContext): void {
    const state = this.#states.get(identity);
    const reason = this.#tooLarge(allocation);
    if (state >= FIRST_OBJECT) {
      this.#unseenFrees++;
      this.#free(state - FIRST_OBJECT, 'kmem_cache_free', context);
    }
    if (reason !== undefined) {
      this.skip(reason);
      this.#states.set(identity, SKIPPED);
      return;
    }
    this.#events++;
    this.#states.set(identity, FIRST_OBJECT + this.#allocate(allocation, context));
    this.#peakLiveBytes = Math.max(this.#peakLiveBytes, this.#liveBytes);
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
    const object = this.#allocate(allocation, context);
    this.#operations.push({ kind: 'memcpy', object, from, ...this.#place(context) });
    this.#free(from, 'kfree', context);
    this.#states.set(identity, FIRST_OBJECT + object);
    this.#peakLiveBytes = Math.max(this.#peakLiveBytes, this.#liveBytes);
  }

  #allocate({ cache, size, atomic, dma }: TracedAllocation, context: TraceContext): number {
    const object = this.#allocations++;
    const common = { object, atomic, dma, ...this.#place(context) };
    this.#sizes.set(object, size);
    if (cache !== undefined) {
      this.#operations.push({ kind: 'alloc', cache: this.#caches.numberOf(cache, size), ...common });
    } else {
      this.#isGeneral.set(object, 1);
      if (size > this.#limits.largestObject) this.#pageAllocations++;
      this.#operations.push({ kind: 'kmalloc', size, ...common });
    }
    this.#live++;
    this.#liveBytes += size;
    return object;
  }

  #free(object: number, via: Free['via'], context: TraceContext): void {
    const called = this.#isGeneral.get(object) === 1 ? 'kfree' : via;
    this.#operations.push({ kind: 'free', object, via: called, ...this.#place(context) });
    this.#live--;
    this.#liveBytes -= this.#sizes.get(object);
  }

  #tooLarge({ cache, size }: TracedAllocation): SkipReason | undefined {
    const { largestObject, largestBlock } = this.#limits;
    if (cache !== undefined) return size > largestObject ? aboveObject(largestObject) : undefined;
    return size > largestBlock ? aboveBlock(largestBlock) : undefined;
  }

  #place(context: TraceContext): { thread: number; cpu: number } {
    this.#cpusSeen.add(context.cpu);
    return { thread: this.#threads.numberOf(context), cpu: context.cpu };
  }

  finish(file: TraceFile, { cpus, unknownFlags }: { cpus: number; unknownFlags: number }): AllocationTrace {
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
      operations: this.#operations.finish(),
      threads,
      cpus: Math.max(cpus, ...[...this.#cpusSeen].map((cpu) => cpu + 1)),
      objects: this.#allocations,
      summary: {
        ...file,
        events: this.#events,
        skipped: this.#skipped,
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
      },
    };
  }
}

const KMEM = 'kmem:kmalloc, kmem:kmem_cache_alloc';
const allocationsIn: Record<TraceFormat, string> = {
  ftrace: KMEM,
  'perf script': KMEM,
  malloc: '"a NUMBER BYTES"',
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
  readonly #caches = new Map<string, { readonly number: number; size: number; severalSizes: boolean }>();

  get ofSeveralSizes(): number {
    return [...this.#caches.values()].filter((cache) => cache.severalSizes).length;
  }

  numberOf(recordedName: string, size: number): number {
    const cache = this.#caches.get(recordedName);
    if (cache === undefined) {
      const number = this.#caches.size;
      this.#caches.set(ownString(recordedName), { number, size, severalSizes: false });
      return number;
    }
    if (size !== cache.size) {
      cache.severalSizes = true;
      cache.size = Math.max(size, cache.size);
    }
    return cache.number;
  }

  all(limits: Limits): TraceCache[] {
    const names = allowedNames([...this.#caches.keys()], limits);
    return [...this.#caches].map(([recordedName, { size }], number) => ({
      recordedName,
      name: names[number],
      size: Math.max(size, limits.smallestObject),
    }));
  }
}

/** A name that is too long, or that one of the caches at boot has already, is shortened. */
function allowedNames(recordedNames: readonly string[], { longestName, isTaken }: Limits): string[] {
  const refused = (name: string): boolean => name.length > longestName || isTaken(name);
  const taken = new Set(recordedNames.filter((name) => !refused(name)));
  return recordedNames.map((recordedName) => {
    let name = recordedName;
    for (let attempt = 1; refused(name) || (name !== recordedName && taken.has(name)); attempt++) {
      const mark = attempt === 1 ? '~' : `~${attempt}`;
      name = recordedName.slice(0, longestName - mark.length) + mark;
    }
    taken.add(name);
    return name;
  });
}
