/**
 * Replays an allocation trace on a booted kernel. Threads run on CPUs as placed; each CPU does its operations in the order of
 * the trace. No free or copy of an object begins before its allocation has returned, and no CPU runs further ahead of the
 * slowest than WINDOW operations, so that the mix of live objects keeps the shape of the trace.
 *
 * Recorded touches are made where they were recorded: in their order by each CPU, between the same operations, in the order of
 * touch-order.ts between CPUs. A run, which the recorder found in one piece, is made in one piece but for handovers. Those that read
 * and write by one instruction are made as locked ones are: one access for one. The trace does not tell which were locked; what a
 * plain one would do besides is ask for the line twice, first to read it, at the same misses.
 */

import { InputError } from '../../base/input-error.ts';
import { below, seeded, shuffle } from '../../base/random.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import type { Context } from '../../hw/scheduler.ts';
import { memcpy } from '../../kernel/string.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import {
  type Allocation,
  type Copy,
  eachOperation,
  type Free,
  type Operation,
  operationAt,
} from '../traces/operations.ts';
import { eachStep } from '../traces/steps.ts';
import { READ, type Touches, WRITE } from '../traces/touches.ts';
import { type Placed, type Stops, TouchOrder } from './touch-order.ts';
import type { Cache, WorkloadContext } from './workload.ts';

const WINDOW = 64;

export interface ReplayOptions {
  readonly trace: AllocationTrace;
  /** Those of the trace, in its order; null for one that is passed over, with its objects and their touches. */
  readonly caches: readonly (Cache | null)[];
  /** To be made; null where a model touches the objects. */
  readonly touches: Touches | null;
}

interface Sleeper {
  readonly context: Context;
  readonly isReady: () => boolean;
}

/** One pass through the trace: the objects that were there before, then all that is in it, then what is left. */
export class Replay {
  readonly #context: WorkloadContext;
  readonly #allocator: SlabAllocator;
  readonly #options: ReplayOptions;
  readonly #generalSizes: readonly number[];
  /** What each CPU does, in the order of the trace: the number of an operation, or ~ that of a run of touches. */
  readonly #stepsOf: readonly (readonly number[])[];
  /** Null where no object passes from CPU to CPU. */
  readonly #order: TouchOrder | null;
  /** Of each object that was there before: which CPU allocates it, and when. */
  readonly #born: readonly { readonly i: number; readonly cpu: number }[];
  /** What each object is: its address once it has one, its cache, its size. */
  readonly #address: Int32Array;
  readonly #cache: Int32Array;
  readonly #size: Int32Array;
  /** When each object's allocation had returned, and its first touches were done. */
  readonly #allocatedAt: Float64Array;
  readonly #done: Uint8Array;
  /** Tasks that sleep, and until when. */
  readonly #sleepers = new Set<Sleeper>();
  /** Every operation before this one is done. */
  #frontier = 0;

  constructor(context: WorkloadContext, options: ReplayOptions) {
    const { trace, caches, touches } = options;
    this.#context = context;
    this.#allocator = context.allocator;
    this.#options = options;
    this.#generalSizes = context.allocator.generalSizes;
    this.#address = new Int32Array(trace.objects);
    this.#cache = new Int32Array(trace.objects);
    this.#size = new Int32Array(trace.objects);
    this.#allocatedAt = new Float64Array(trace.objects);
    this.#done = new Uint8Array(trace.operations.length);
    const isLeftOut = objectsOf(trace, caches);
    for (let object = 0; object < trace.objects; object++) if (isLeftOut[object] === 1) this.#address[object] = NONE;
    const placed = placedOn(context, trace);
    this.#stepsOf = stepsByCpu(trace, touches, placed, isLeftOut);
    this.#order =
      touches === null || context.cpus.length === 1 ? null : new TouchOrder(trace, touches, placed, isLeftOut);
    this.#born = drawnBirths(context, trace).filter(({ i }) => isLeftOut[trace.born.object[i]] === 0);
    for (let i = 0; i < trace.operations.length; i++) this.#done[i] = isLeftOut[trace.operations.object[i]];
    this.#advance();
  }

  /** Allocates the objects that were there before. */
  bear(): void {
    if (this.#born.length > 0) this.#context.onEachCpu((cpu) => this.#bear(cpu));
  }

  /** Replays the trace. */
  run(): void {
    this.#context.onEachCpu((cpu) => this.#program(cpu));
  }

  /** Frees what lives, each object on the CPU that allocated it. */
  freeAll(): void {
    this.#context.onEachCpu((cpu) => this.#freeOwn(cpu));
  }

  *#bear(cpu: Cpu): Program {
    const { born, summary } = this.#options.trace;
    for (const { i, cpu: by } of this.#born) {
      if (by !== cpu.id) continue;
      if (cpu.isAhead) yield this.#context.leave(cpu);
      this.#context.enter(cpu);
      const operation = operationAt(born, i) as Allocation;
      const objp = yield* this.#allocate(cpu, operation);
      if (objp === NULL)
        throw new InputError(summary.file, 'no memory for the objects that were there before', 'give the machine more');
      this.#allocated(cpu, operation.object, objp);
    }
  }

  *#program(cpu: Cpu): Program {
    const { operations } = this.#options.trace;
    const order = this.#order;
    const stops = order?.stops[cpu.id] ?? null;
    for (const i of this.#stepsOf[cpu.id]) {
      if (i < 0) {
        yield* this.#touch(cpu, ~i, stops);
        continue;
      }
      const event = order?.eventOf[i] ?? 0;
      if (stops?.event === event) yield* this.#take(cpu, stops);
      const operation = operationAt(operations, i);
      const awaited = objectNeeded(operation);
      if (!this.#mayBegin(i, awaited)) yield* this.#waitUntil(cpu, () => this.#mayBegin(i, awaited));
      // The host may have run that allocation ahead of time: its use waits for it on this CPU's clock too.
      if (awaited !== null) cpu.idleUntil(this.#allocatedAt[awaited]);
      this.#context.think(cpu);
      if (cpu.isAhead) yield this.#context.leave(cpu);
      this.#context.enter(cpu);
      if (operation.kind === 'memcpy') this.#copy(cpu, operation);
      else if (operation.kind === 'free') {
        const freeing = this.#free(cpu, operation);
        if (freeing !== null) {
          yield* freeing;
          this.#context.done();
        }
      } else {
        this.#allocated(cpu, operation.object, yield* this.#allocate(cpu, operation));
        this.#allocatedAt[operation.object] = cpu.clock;
      }
      this.#done[i] = 1;
      this.#advance();
      stops?.done(event + 1, cpu.clock);
      this.#wakeSleepers(cpu);
    }
  }

  #advance(): void {
    while (this.#done[this.#frontier] === 1) this.#frontier++;
  }

  /** A run of touches. */
  *#touch(cpu: Cpu, i: number, stops: Stops | null): Program {
    const { begin, operation } = this.#options.touches!.runs;
    const before = operation[i];
    if (!this.#mayBegin(before, null)) yield* this.#waitUntil(cpu, () => this.#mayBegin(before, null));
    if (cpu.isAhead) yield this.#context.leave(cpu);
    this.#context.goOn(cpu);
    const end = begin[i + 1];
    let visit = begin[i];
    if (stops !== null) {
      for (;;) {
        const stop = Math.min(end, stops.event - before);
        this.#visit(cpu, visit, stop);
        visit = stop;
        stops.done(visit + before, cpu.clock);
        this.#wakeSleepers(cpu);
        if (visit === end) return;
        if (stops.event === visit + before) yield* this.#take(cpu, stops);
      }
    }
    this.#visit(cpu, visit, end);
  }

  /** Waits for all that the event at which `stops` stands must come behind. */
  *#take(cpu: Cpu, stops: Stops): Program {
    for (const { event } = stops; stops.event === event; ) {
      if (!stops.isGiven) yield* this.#waitUntil(cpu, () => stops.isGiven);
      cpu.idleUntil(stops.take());
    }
    if (cpu.isAhead) yield this.#context.leave(cpu);
    this.#context.goOn(cpu);
  }

  /** The visits from `first` up to `end`. */
  #visit(cpu: Cpu, first: number, end: number): void {
    const { site, object, sites } = this.#options.touches!;
    const { kind, offset, bytes, count, fn } = sites;
    const { touching } = this.#context;
    for (let i = first; i < end; i++) {
      const objp = this.#address[object[i]];
      if (objp === NONE) continue;
      const s = site[i];
      const size = bytes[s];
      touching[cpu.id] = fn[s];
      let addr = objp + offset[s];
      for (let left = count[s]; left > 0; left--, addr += size) {
        if (kind[s] === READ) cpu.read(addr, size);
        else if (kind[s] === WRITE) cpu.write(addr, size);
        else cpu.modify(addr, size);
      }
    }
    touching[cpu.id] = 0;
  }

  *#freeOwn(cpu: Cpu): Program {
    const { born, operations } = this.#options.trace;
    const own = [
      ...this.#born.filter((each) => each.cpu === cpu.id).map(({ i }) => operationAt(born, i)),
      ...this.#stepsOf[cpu.id].filter((step) => step >= 0).map((i) => operationAt(operations, i)),
    ];
    for (const { kind, object, thread } of own) {
      if (kind === 'free' || kind === 'memcpy') continue;
      if (cpu.isAhead) yield this.#context.leave(cpu);
      this.#context.enter(cpu);
      const via = kind === 'alloc' ? 'kmem_cache_free' : 'kfree';
      const freeing = this.#free(cpu, { kind: 'free', object, via, thread, cpu: cpu.id });
      if (freeing !== null) yield* freeing;
    }
  }

  /** An object's allocation comes before its use in the trace: within the window it may still be under way. */
  #mayBegin(i: number, awaited: number | null): boolean {
    return i < this.#frontier + WINDOW && (awaited === null || this.#isAllocated(awaited));
  }

  /**
   * Where touches are recorded CPUs wait often and long, so they sleep until another wakes them. Otherwise they poll: the clocks, and
   * with them results, are what they always were.
   */
  *#waitUntil(cpu: Cpu, isReady: () => boolean): Program {
    if (this.#options.touches === null) {
      yield* this.#context.waitUntil(cpu, isReady);
      return;
    }
    const { scheduler } = this.#allocator.kernel.machine;
    this.#sleepers.add({ context: scheduler.current(cpu), isReady });
    this.#context.leave(cpu);
    scheduler.block(cpu);
    yield;
  }

  /** Something is done: who waited for that goes on. */
  #wakeSleepers(cpu: Cpu): void {
    for (const sleeper of this.#sleepers) {
      if (!sleeper.isReady()) continue;
      this.#sleepers.delete(sleeper);
      this.#allocator.kernel.machine.scheduler.wake(sleeper.context, cpu.clock);
    }
  }

  /** The allocation itself, and what is known of the object before it. */
  #allocate(cpu: Cpu, operation: Allocation): Program<addr_t> {
    const { trace, caches } = this.#options;
    const { object } = operation;
    const { GFP_KERNEL, GFP_ATOMIC, GFP_DMA } = this.#allocator.version.gfp;
    const flags = operation.atomic ? GFP_ATOMIC : GFP_KERNEL;
    if (operation.kind === 'alloc') {
      const { number, cachep } = caches[operation.cache]!;
      this.#cache[object] = number;
      this.#size[object] = trace.caches[operation.cache].size;
      // A cache of any memory refuses SLAB_DMA: the traced flag asked for a zone that the cache does not promise.
      return this.#allocator.alloc(cpu, cachep, flags);
    }
    const { size } = operation;
    const zone = operation.dma ? GFP_DMA : 0;
    this.#cache[object] = trace.caches.length + this.#sizeClass(size);
    this.#size[object] = size;
    if (this.#takesPages(size)) return this.#allocator.get_free_pages(cpu, flags | zone, get_order(size));
    return this.#allocator.kmalloc(cpu, size, flags | zone);
  }

  #allocated(cpu: Cpu, object: number, objp: addr_t): void {
    if (objp === NULL) {
      this.#context.failed++;
      this.#address[object] = NONE;
      return;
    }
    this.#context.placed?.(object, objp);
    this.#context.done();
    this.#context.touch.allocated(cpu, this.#cache[object], objp, this.#size[object]);
    this.#address[object] = objp;
  }

  /** Both objects are the copying thread's: it has allocated the one, and will free the other. */
  #copy(cpu: Cpu, { object, from }: Copy): void {
    const dest = this.#address[object];
    const src = this.#address[from];
    if (dest === NONE || src === NONE) return;
    memcpy(cpu, dest, src, Math.min(this.#size[object], this.#size[from]));
  }

  /** The last touches of an object, and the free itself; null if it is not there: it found no memory, or was freed. */
  #free(cpu: Cpu, { object, via }: Free): Program | null {
    const objp = this.#address[object];
    if (objp === NONE) return null;
    this.#address[object] = NONE;
    const cache = this.#cache[object];
    const size = this.#size[object];
    this.#context.touch.freeing(cpu, cache, objp, size);
    const isGeneral = cache >= this.#options.caches.length;
    if (isGeneral && this.#takesPages(size)) return this.#allocator.free_pages(cpu, objp, get_order(size));
    if (via === 'kfree') return this.#allocator.kfree(cpu, objp);
    return this.#allocator.free(cpu, this.#context.caches[cache].cachep, objp);
  }

  /** Too large for kmalloc: the least power of two of pages that holds it. */
  #takesPages(size: number): boolean {
    return size > this.#generalSizes.at(-1)!;
  }

  /** Which general cache holds `size` bytes, from 0; blocks of pages, by order, follow the largest. */
  #sizeClass(size: number): number {
    const sizes = this.#generalSizes;
    if (this.#takesPages(size)) return sizes.length + get_order(size) - get_order(sizes.at(-1)!) - 1;
    return sizes.findIndex((each) => each >= size);
  }

  #isAllocated(object: number): boolean {
    return this.#address[object] !== 0;
  }
}

/** By object: 1 for those of caches that are passed over. */
function objectsOf({ born, operations, objects }: AllocationTrace, caches: ReplayOptions['caches']): Uint8Array {
  const isLeftOut = new Uint8Array(objects);
  if (!caches.includes(null)) return isLeftOut;
  for (const list of [born, operations]) {
    for (const operation of eachOperation(list)) {
      if (operation.kind === 'alloc' && caches[operation.cache] === null) isLeftOut[operation.object] = 1;
    }
  }
  return isLeftOut;
}

/** Threads get their CPUs in the order in which the trace meets them, whether their touches are made or not. */
function placedOn({ cpus, placement }: WorkloadContext, { operations, touches }: AllocationTrace): Placed {
  const cpuOfOperation = new Uint8Array(operations.length);
  const cpuOfRun = new Uint8Array(touches?.runs.length ?? 0);
  eachStep(
    operations,
    touches,
    (i) => {
      cpuOfOperation[i] = placement.cpuOf({ thread: operations.thread[i], cpu: operations.cpu[i] });
    },
    (i) => {
      cpuOfRun[i] = placement.cpuOf({ thread: touches!.runs.thread[i], cpu: touches!.runs.cpu[i] });
    },
  );
  return { cpus: cpus.length, cpuOfOperation, cpuOfRun };
}

function stepsByCpu(
  { operations }: AllocationTrace,
  touches: Touches | null,
  { cpus, cpuOfOperation, cpuOfRun }: Placed,
  isLeftOut: Uint8Array,
): number[][] {
  const steps: number[][] = Array.from({ length: cpus }, () => []);
  eachStep(
    operations,
    touches ?? undefined,
    (i) => {
      if (isLeftOut[operations.object[i]] === 0) steps[cpuOfOperation[i]].push(i);
    },
    (i) => steps[cpuOfRun[i]].push(~i),
  );
  return steps;
}

/** The objects that were there before, in an order and each on a CPU that the seed draws: nobody recorded who made them. */
function drawnBirths({ cpus, historySeed }: WorkloadContext, { born }: AllocationTrace) {
  const random = seeded(historySeed, 'objects born before');
  const births = Array.from({ length: born.length }, (_, i) => ({ i, cpu: below(random, cpus.length) }));
  return shuffle(births, random);
}

/** Of an object that found no memory, or was freed. */
const NONE = -1;

/** The object that must have been allocated before the operation can begin. */
function objectNeeded(operation: Operation): number | null {
  if (operation.kind === 'free') return operation.object;
  return operation.kind === 'memcpy' ? operation.from : null;
}

/** include/asm-i386/page.h: the least order of pages that holds `size` bytes. */
const get_order = (size: number): number => Math.max(0, Math.ceil(Math.log2(size / PAGE_SIZE)));
