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

export function replay(context: WorkloadContext, options: ReplayOptions): void {
  const run = new Replay(context, options);
  context.onEachCpu((cpu) => run.program(cpu));
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
    for (const i of this.#operationsOf[cpu.id]) {
      const operation = operationAt(operations, i);
      const awaited = objectNeeded(operation);
      // An object's allocation comes before its use in the trace: within the window it may still be under way.
      while (i >= this.#frontier + WINDOW || (awaited !== null && !this.#isAllocated(awaited))) {
        cpu.idleUntil(cpu.horizon + 1);
        yield this.#context.leave(cpu);
      }
      // The host may have run that allocation ahead of time: its use waits for it on this CPU's clock too.
      if (awaited !== null) cpu.idleUntil(this.#allocatedAt[awaited]);
      this.#context.think(cpu);
      if (cpu.isAhead) yield this.#context.leave(cpu);
      this.#context.enter(cpu);
      if (operation.kind === 'free') yield* this.#free(cpu, operation);
      else if (operation.kind === 'memcpy') this.#copy(cpu, operation);
      else {
        yield* this.#allocate(cpu, operation);
        this.#allocatedAt[operation.object] = cpu.clock;
      }
      this.#done[i] = 1;
      while (this.#done[this.#frontier] === 1) this.#frontier++;
    }
  }

  *#allocate(cpu: Cpu, operation: Allocation): Program {
    const { trace, caches } = this.#options;
    const { object } = operation;
    const { GFP_KERNEL, GFP_ATOMIC, GFP_DMA } = this.#allocator.version.gfp;
    const flags = operation.atomic ? GFP_ATOMIC : GFP_KERNEL;
    let objp: addr_t;
    if (operation.kind === 'alloc') {
      this.#cache[object] = operation.cache;
      this.#size[object] = trace.caches[operation.cache].size;
      // A cache of any memory refuses SLAB_DMA: the traced flag asked for a zone that the cache does not promise.
      objp = yield* this.#allocator.alloc(cpu, caches[operation.cache].cachep, flags);
    } else {
      const { size } = operation;
      const zone = operation.dma ? GFP_DMA : 0;
      this.#cache[object] = trace.caches.length + this.#sizeClass(size);
      this.#size[object] = size;
      objp = yield* this.#takesPages(size)
        ? this.#allocator.get_free_pages(cpu, flags | zone, get_order(size))
        : this.#allocator.kmalloc(cpu, size, flags | zone);
    }
    if (objp === NULL) {
      this.#context.failed++;
      this.#address[object] = FAILED;
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
    if (dest === FAILED || src === FAILED) return;
    memcpy(cpu, dest, src, Math.min(this.#size[object], this.#size[from]));
  }

  *#free(cpu: Cpu, { object, via }: Free): Program {
    const objp = this.#address[object];
    if (objp === FAILED) return;
    const cache = this.#cache[object];
    this.#context.touch.freeing(cpu, cache, objp, this.#size[object]);
    const size = this.#size[object];
    const isGeneral = cache >= this.#options.caches.length;
    if (isGeneral && this.#takesPages(size)) yield* this.#allocator.free_pages(cpu, objp, get_order(size));
    else if (via === 'kfree') yield* this.#allocator.kfree(cpu, objp);
    else yield* this.#allocator.free(cpu, this.#options.caches[cache].cachep, objp);
    this.#context.done();
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

const FAILED = -1;

/** The object that must have been allocated before the operation can begin. */
function objectNeeded(operation: Operation): number | null {
  if (operation.kind === 'free') return operation.object;
  return operation.kind === 'memcpy' ? operation.from : null;
}

/** include/asm-i386/page.h: the least order of pages that holds `size` bytes. */
const get_order = (size: number): number => Math.max(0, Math.ceil(Math.log2(size / PAGE_SIZE)));
