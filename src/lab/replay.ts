/**
 * Replays an allocation trace on a booted kernel. Threads run on CPUs as placed; each CPU does its operations in the
 * order of the trace. No free or copy of an object begins before its allocation has returned, and no CPU runs further ahead of the
 * slowest than WINDOW operations, so that the mix of live objects keeps the shape of the trace.
 */
import type { Cpu, Program } from '../hw/cpu.ts';
import { InputError } from '../hw/input-error.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../hw/memory.ts';
import { Lockup } from '../hw/scheduler.ts';
import { memcpy } from '../kernel/string.ts';
import { __GFP_DMA, GFP_ATOMIC, GFP_KERNEL } from '../mm/gfp.ts';
import type { SlabAllocator } from '../slab/allocator.ts';
import type { AllocationTrace } from './allocation-trace.ts';
import { type Allocation, type Copy, eachOperation, type Free, type Operation, operationAt } from './operations.ts';
import type { TouchModel } from './touch.ts';

const WINDOW = 64;

export interface ReplayResult {
  /** Allocations and frees performed. */
  readonly operations: number;
  /** Allocations that found no memory; their frees are left out. */
  readonly failed: number;
}

export interface ReplayOptions {
  readonly trace: AllocationTrace;
  /** The kmem_cache_t of each of the trace's caches. */
  readonly caches: readonly addr_t[];
  /** The CPU of each of the trace's operations. */
  readonly cpuOf: (operation: Operation) => number;
  readonly touch: TouchModel;
}

export function replay(allocator: SlabAllocator, options: ReplayOptions): ReplayResult {
  const { machine } = allocator.kernel;
  const run = new Replay(allocator, options);
  for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, run.program(cpu));
  try {
    machine.scheduler.run();
  } catch (error) {
    if (!(error instanceof Lockup)) throw error;
    // A task that may wait for pages does so for ever: no other has any to free.
    throw new InputError(
      options.trace.summary.file,
      `stopped after ${run.result().operations} operations, with ${allocator.nr_free_pages()} pages free: ${error.message}`,
      'where memory is short, give the machine more',
    );
  }
  return run.result();
}

class Replay {
  readonly #allocator: SlabAllocator;
  readonly #options: ReplayOptions;
  readonly #cpuOf: Uint8Array;
  /** What each object is: its address once it has one, its cache, its size. */
  readonly #address: Int32Array;
  readonly #cache: Int32Array;
  readonly #size: Int32Array;
  /** When each object's allocation had returned, and its first touches were done. */
  readonly #allocatedAt: Float64Array;
  readonly #done: Uint8Array;
  /** Every operation before this one is done. */
  #frontier = 0;
  #operations = 0;
  #failed = 0;

  constructor(allocator: SlabAllocator, options: ReplayOptions) {
    const { trace, cpuOf } = options;
    this.#allocator = allocator;
    this.#options = options;
    this.#cpuOf = new Uint8Array(trace.operations.length);
    let i = 0;
    for (const operation of eachOperation(trace.operations)) this.#cpuOf[i++] = cpuOf(operation);
    this.#address = new Int32Array(trace.objects);
    this.#cache = new Int32Array(trace.objects);
    this.#size = new Int32Array(trace.objects);
    this.#allocatedAt = new Float64Array(trace.objects);
    this.#done = new Uint8Array(trace.operations.length);
  }

  result(): ReplayResult {
    return { operations: this.#operations, failed: this.#failed };
  }

  *program(cpu: Cpu): Program {
    const { operations } = this.#options.trace;
    for (let i = 0; i < operations.length; i++) {
      if (this.#cpuOf[i] !== cpu.id) continue;
      const operation = operationAt(operations, i);
      const awaited = objectNeeded(operation);
      // An object's allocation comes before its use in the trace: within the window it may still be under way.
      while (i >= this.#frontier + WINDOW || (awaited !== null && !this.#isAllocated(awaited))) {
        cpu.idleUntil(cpu.horizon + 1);
        yield;
      }
      // The host may have run that allocation ahead of time: its use waits for it on this CPU's clock too.
      if (awaited !== null) cpu.idleUntil(this.#allocatedAt[awaited]!);
      if (cpu.clock > cpu.horizon) yield;
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
    const { trace, caches, touch } = this.#options;
    const { object } = operation;
    const flags = (operation.atomic ? GFP_ATOMIC : GFP_KERNEL) | (operation.dma ? __GFP_DMA : 0);
    let objp: addr_t;
    if (operation.kind === 'alloc') {
      this.#cache[object] = operation.cache;
      this.#size[object] = trace.caches[operation.cache]!.size;
      // A cache of any memory refuses SLAB_DMA: the traced flag asked for a zone that the cache does not promise.
      objp = yield* this.#allocator.alloc(cpu, caches[operation.cache]!, flags & ~__GFP_DMA);
    } else {
      const { kind, size } = operation;
      this.#cache[object] = trace.caches.length + generalCache(size);
      this.#size[object] = size;
      objp = yield* kind === 'kmalloc'
        ? this.#allocator.kmalloc(cpu, size, flags)
        : this.#allocator.alloc_pages(cpu, flags, get_order(size));
    }
    if (objp === NULL) {
      this.#failed++;
      this.#address[object] = FAILED;
      return;
    }
    this.#operations++;
    touch.allocated(cpu, this.#cache[object]!, objp, this.#size[object]!);
    this.#address[object] = objp;
  }

  /** Both objects are the copying thread's: it has allocated the one, and will free the other. */
  #copy(cpu: Cpu, { object, from }: Copy): void {
    const dest = this.#address[object]!;
    const src = this.#address[from]!;
    if (dest === FAILED || src === FAILED) return;
    memcpy(cpu, dest, src, Math.min(this.#size[object]!, this.#size[from]!));
  }

  *#free(cpu: Cpu, { object, via }: Free): Program {
    const objp = this.#address[object]!;
    if (objp === FAILED) return;
    const cache = this.#cache[object]!;
    this.#options.touch.freeing(cpu, cache, objp, this.#size[object]!);
    if (via === 'kfree') yield* this.#allocator.kfree(cpu, objp);
    else if (via === 'free_pages') yield* this.#allocator.free_pages(cpu, objp, get_order(this.#size[object]!));
    else yield* this.#allocator.free(cpu, this.#options.caches[cache]!, objp);
    this.#operations++;
  }

  #isAllocated(object: number): boolean {
    return this.#address[object] !== 0;
  }
}

const FAILED = -1;

/** The object that must have been allocated before the operation can begin. */
function objectNeeded(operation: Operation): number | null {
  if (operation.kind === 'free') return operation.object;
  return operation.kind === 'memcpy' ? operation.from : null;
}

/** include/asm-i386/page.h: the least order of pages that holds `size` bytes. */
const get_order = (size: number): number => Math.max(0, Math.ceil(Math.log2(size / PAGE_SIZE)));

/** Which general cache holds `size` bytes: 0 for size-32, and so on; blocks of pages, by order, follow the largest. */
function generalCache(size: number): number {
  return Math.max(0, Math.ceil(Math.log2(size)) - 5);
}
