/**
 * A recorded run of a real kernel as a list of allocations and frees that another allocator can replay.
 *
 * A recording is never whole. It begins in mid-life, follows some threads only, and sees the recorder itself. The
 * replay must not: each free has its allocation, each object is freed at most once, and no two live objects are one.
 * So normalising drops what has no counterpart and inserts the frees that nobody saw, and the summary owns up to both:
 *
 *   events      = allocations + frees + those skipped
 *   allocations = frees + unseenFrees + liveAtEnd
 */

import { InputError } from '../hw/input-error.ts';
import { HIDDEN_POINTER, type KmemEvent, type KmemLog } from './kmem-events.ts';

/** One named cache of the trace. 2.4 refuses names over 18 characters, so such names are shortened, uniquely. */
export interface TraceCache {
  readonly recordedName: string;
  readonly name: string;
  /** The largest request; at least a word, since 2.4 refuses less. */
  readonly size: number;
}

/** Objects are numbered 0, 1, ... in order of allocation; a number is never used again. */
export type Operation =
  | {
      readonly kind: 'alloc';
      readonly object: number;
      readonly cache: number;
      readonly atomic: boolean;
      readonly dma: boolean;
      readonly thread: number;
      readonly cpu: number;
    }
  | {
      readonly kind: 'kmalloc';
      readonly object: number;
      readonly size: number;
      readonly atomic: boolean;
      readonly dma: boolean;
      readonly thread: number;
      readonly cpu: number;
    }
  /** `via` is the function that the kernel called: kfree may free an object of a named cache. */
  | {
      readonly kind: 'free';
      readonly object: number;
      readonly via: 'kmem_cache_free' | 'kfree';
      readonly thread: number;
      readonly cpu: number;
    };

/** The order is that of the tests: an event is counted under the first reason that fits. */
export const skipReasons = [
  'call of the recorder itself (perf_...)',
  'free of NULL',
  'failed allocation',
  'pointer hidden by the kernel',
  'allocation above 131072 bytes',
  'free of an object not allocated in the trace',
] as const;
export type SkipReason = (typeof skipReasons)[number];

export interface TraceSummary {
  readonly file: string;
  readonly lines: number;
  /** kmem events, the skipped ones among them. */
  readonly events: number;
  readonly skipped: Readonly<Record<SkipReason, number>>;
  readonly otherTracepoints: number;
  /** Lines of text that are no event, no header and no stack trace. */
  readonly otherLines: number;
  /** Events that the recorder dropped. */
  readonly lostEvents: number;

  readonly allocations: number;
  /** Recorded frees in the trace. */
  readonly frees: number;
  /** Frees inserted, since the same pointer was allocated again. */
  readonly unseenFrees: number;
  readonly liveAtEnd: number;

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
  readonly operations: readonly Operation[];
  /** "comm-tid"; the index is the thread's number. */
  readonly threads: readonly string[];
  /** CPUs of the recorded machine, as far as known; each operation's CPU is below. */
  readonly cpus: number;
  readonly objects: number;
  readonly summary: TraceSummary;
}

/** 2.4's largest general cache; kmem_cache_create has the same limit. */
const LARGEST_OBJECT = 131072;
const BYTES_PER_WORD = 4;
/** What 2.4's kmem_cache_create accepts: CACHE_NAMELEN, less the end mark and one more. */
const LONGEST_NAME = 18;

export function allocationTrace(log: KmemLog): AllocationTrace {
  const operations: Operation[] = [];
  const caches = new Caches();
  const threads = new Threads();
  const skipped = Object.fromEntries(skipReasons.map((reason) => [reason, 0])) as Record<SkipReason, number>;
  const live = new Map<string, LiveObject>();
  const cpusSeen = new Set<number>();
  const count = { allocations: 0, frees: 0, unseenFrees: 0, unknownFlags: 0 };

  for (const event of log.events) {
    const reason = reasonToSkip(event, live);
    if (reason !== undefined) {
      skipped[reason]++;
      continue;
    }
    const pointer = event.pointer!;
    const cpu = event.cpu;
    const thread = threads.numberOf(event);
    cpusSeen.add(cpu);

    const previous = live.get(pointer);
    if (previous !== undefined) {
      const via = previous.general ? 'kfree' : event.kind === 'free' ? event.via : 'kmem_cache_free';
      operations.push({ kind: 'free', object: previous.object, via, thread, cpu });
    }
    if (event.kind === 'free') {
      count.frees++;
      live.delete(pointer);
      continue;
    }

    if (previous !== undefined) count.unseenFrees++;
    const object = count.allocations++;
    live.set(pointer, { object, general: event.cache === undefined });
    const flags = readGfpFlags(event.gfpFlags);
    if (flags.unknown) count.unknownFlags++;
    const common = { object, atomic: flags.atomic || event.interrupt, dma: flags.dma, thread, cpu };
    operations.push(
      event.cache === undefined
        ? { kind: 'kmalloc', size: event.size, ...common }
        : { kind: 'alloc', cache: caches.numberOf(event.cache, event.size), ...common },
    );
  }

  if (count.allocations === 0) {
    const problem = `has no allocation to replay among its ${log.events.length} kmem events`;
    throw new InputError(log.file, problem, 'record kmem:kmalloc and kmem:kmem_cache_alloc too, and for longer');
  }
  const traceCaches = caches.all();
  return {
    caches: traceCaches,
    operations,
    threads: threads.names,
    cpus: Math.max(log.cpus, ...[...cpusSeen].map((cpu) => cpu + 1)),
    objects: count.allocations,
    summary: {
      file: log.file,
      lines: log.lines,
      events: log.events.length,
      skipped,
      otherTracepoints: log.otherTracepoints,
      otherLines: log.otherLines,
      lostEvents: log.lostEvents,
      ...count,
      liveAtEnd: live.size,
      threads: threads.names.length,
      cpus: cpusSeen.size,
      caches: traceCaches.length,
      renamedCaches: traceCaches.filter((cache) => cache.name !== cache.recordedName).length,
      cachesOfSeveralSizes: caches.ofSeveralSizes,
    },
  };
}

interface LiveObject {
  readonly object: number;
  /** From kmalloc, so that kfree alone can free it. */
  readonly general: boolean;
}

/** An event that is not skipped has a pointer. */
function reasonToSkip(event: KmemEvent, live: ReadonlyMap<string, LiveObject>): SkipReason | undefined {
  const { kind, pointer } = event;
  if (event.callSite.startsWith('perf_')) return 'call of the recorder itself (perf_...)';
  if (pointer === null) return kind === 'free' ? 'free of NULL' : 'failed allocation';
  if (pointer === HIDDEN_POINTER) return 'pointer hidden by the kernel';
  if (kind === 'alloc') return event.size > LARGEST_OBJECT ? 'allocation above 131072 bytes' : undefined;
  return live.has(pointer) ? undefined : 'free of an object not allocated in the trace';
}

const dmaFlags = new Set(['GFP_DMA', '__GFP_DMA']);
const atomicFlags = new Set(['GFP_ATOMIC', 'GFP_NOWAIT']);
/** Flags, and sets of flags, with which the allocator may wait. 2.6 printed __GFP_WAIT as GFP_WAIT. */
const waitingFlags = new Set([
  ...['GFP_KERNEL', 'GFP_KERNEL_ACCOUNT', 'GFP_NOFS', 'GFP_NOIO', 'GFP_USER', 'GFP_HIGHUSER', 'GFP_HIGHUSER_MOVABLE'],
  ...['GFP_TEMPORARY', 'GFP_WAIT', '__GFP_WAIT', '__GFP_RECLAIM', '__GFP_DIRECT_RECLAIM'],
]);

/** The numbers behind the names changed from kernel to kernel, so a number alone tells nothing. */
function readGfpFlags(printed: string): { atomic: boolean; dma: boolean; unknown: boolean } {
  if (/^(?:0x)?[0-9a-f]+$/i.test(printed)) return { atomic: false, dma: false, unknown: true };
  const names = printed.split('|');
  const mayWait = names.some((name) => waitingFlags.has(name)) && !names.some((name) => atomicFlags.has(name));
  return { atomic: !mayWait, dma: names.some((name) => dmaFlags.has(name)), unknown: false };
}

/** A thread is its tid: its comm changes by exec, or is `<...>` where ftrace has forgotten it. The latest comm holds. */
class Threads {
  readonly names: string[] = [];
  readonly #numbers = new Map<string | number, number>();

  numberOf({ comm, tid, cpu }: KmemEvent): number {
    // The idle tasks, one on each CPU, share tid 0; swapper/1 is how the kernel itself calls that of CPU 1.
    const idle = tid === 0 ? `swapper/${cpu}` : undefined;
    const key = idle ?? tid;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.names.length;
      this.#numbers.set(key, number);
      this.names.push(`${idle ?? comm}-${tid}`);
    } else if (idle === undefined && comm !== '<...>') {
      this.names[number] = `${comm}-${tid}`;
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
      this.#caches.set(recordedName, { number, size, severalSizes: false });
      return number;
    }
    if (size !== cache.size) {
      cache.severalSizes = true;
      cache.size = Math.max(size, cache.size);
    }
    return cache.number;
  }

  all(): TraceCache[] {
    const names = namesFor24([...this.#caches.keys()]);
    return [...this.#caches].map(([recordedName, { size }], number) => ({
      recordedName,
      name: names[number],
      size: Math.max(size, BYTES_PER_WORD),
    }));
  }
}

/** 2.4 stops at a name that is too long, or that one of its own caches at boot has already. */
function namesFor24(recordedNames: readonly string[]): string[] {
  const refused = (name: string): boolean =>
    name.length > LONGEST_NAME || /^kmem_cache$|^size-\d+(\(DMA\))?$/.test(name);
  const taken = new Set(recordedNames.filter((name) => !refused(name)));
  return recordedNames.map((recordedName) => {
    let name = recordedName;
    for (let attempt = 1; refused(name) || (name !== recordedName && taken.has(name)); attempt++) {
      const mark = attempt === 1 ? '~' : `~${attempt}`;
      name = recordedName.slice(0, LONGEST_NAME - mark.length) + mark;
    }
    taken.add(name);
    return name;
  });
}
