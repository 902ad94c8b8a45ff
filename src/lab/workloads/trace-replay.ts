/**
 * Replays an allocation trace on a booted kernel. Threads run on CPUs as placed; each CPU does its operations in the order of
 * the trace. No free or copy of an object begins before its allocation has returned, and no CPU runs further ahead of the
 * slowest than WINDOW operations, so that the mix of live objects keeps the shape of the trace.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { memcpy } from '../../kernel/string.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import {
  type Allocation,
  type Copy,
  eachOperation,
  type Free,
  type Operation,
  type Operations,
  operationAt,
} from '../traces/operations.ts';
import type { Cache, WorkloadContext } from './workload.ts';

const WINDOW = 64;

export interface ReplayOptions {
  readonly trace: AllocationTrace;
  /** Those of the trace, in its order. */
  readonly caches: readonly Cache[];
}

/** Replays the whole trace. What it returns can free what the trace left. */
export function replay(context: WorkloadContext, options: ReplayOptions): Pick<Replay, 'freeAll'> {
  const run = new Replay(context, options);
  context.onEachCpu((cpu) => run.program(cpu));
  return run;
}

class Replay {
  readonly #context: WorkloadContext;
  readonly #allocator: SlabAllocator;
  readonly #options: ReplayOptions;
  readonly #generalSizes: readonly number[];
  /** The operations of each CPU, in the order of the trace. */
  readonly #operationsOf: readonly (readonly number[])[];
  /** What each object is: its address once it has one, its cache, its size. */
  readonly #address: Int32Array;
  readonly #cache: Int32Array;
  readonly #size: Int32Array;
  /** When each object's allocation had returned, and its first touches were done. */
  readonly #allocatedAt: Float64Array;
  readonly #done: Uint8Array;
  /** Every operation before this one is done. */
  #frontier = 0;

  constructor(context: WorkloadContext, options: ReplayOptions) {
    const { trace } = options;
    this.#context = context;
    this.#allocator = context.allocator;
    this.#options = options;
    this.#generalSizes = context.allocator.generalSizes;
    this.#operationsOf = operationsByCpu(context, trace.operations);
    this.#address = new Int32Array(trace.objects);
    this.#cache = new Int32Array(trace.objects);
    this.#size = new Int32Array(trace.objects);
    this.#allocatedAt = new Float64Array(trace.objects);
    this.#done = new Uint8Array(trace.operations.length);
  }

  *program(cpu: Cpu): Program {
    const { operations } = this.#options.trace;
    const mine = this.#operationsOf[cpu.id];
    for (let turn = 0; turn < mine.length; turn++) {
      const i = mine[turn];
      const operation = operationAt(operations, i);
      const awaited = objectNeeded(operation);
      if (!this.#mayBegin(i, awaited)) yield* this.#waitFor(cpu, i, awaited);
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
      while (this.#done[this.#frontier] === 1) this.#frontier++;
    }
  }

  /** Frees what lives, each object on the CPU that allocated it. */
  freeAll(): void {
    this.#context.onEachCpu((cpu) => this.#freeOwn(cpu));
  }

  *#freeOwn(cpu: Cpu): Program {
    for (const i of this.#operationsOf[cpu.id]) {
      const { kind, object, thread } = operationAt(this.#options.trace.operations, i);
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

  #waitFor(cpu: Cpu, i: number, awaited: number | null): Program {
    return this.#context.waitUntil(cpu, () => this.#mayBegin(i, awaited));
  }

  /** The allocation itself, and what is known of the object before it. */
  #allocate(cpu: Cpu, operation: Allocation): Program<addr_t> {
    const { trace, caches } = this.#options;
    const { object } = operation;
    const { GFP_KERNEL, GFP_ATOMIC, GFP_DMA } = this.#allocator.version.gfp;
    const flags = operation.atomic ? GFP_ATOMIC : GFP_KERNEL;
    if (operation.kind === 'alloc') {
      this.#cache[object] = operation.cache;
      this.#size[object] = trace.caches[operation.cache].size;
      // A cache of any memory refuses SLAB_DMA: the traced flag asked for a zone that the cache does not promise.
      return this.#allocator.alloc(cpu, caches[operation.cache].cachep, flags);
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
    return this.#allocator.free(cpu, this.#options.caches[cache].cachep, objp);
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

/** The numbers of each CPU's operations. */
function operationsByCpu({ allocator, placement }: WorkloadContext, operations: Operations): number[][] {
  const byCpu: number[][] = allocator.kernel.machine.cpus.map(() => []);
  let i = 0;
  for (const operation of eachOperation(operations)) byCpu[placement.cpuOf(operation)].push(i++);
  return byCpu;
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
