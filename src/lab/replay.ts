/**
 * Replays an allocation trace on a booted kernel. Threads run on CPUs as placed; each CPU does its operations in the
 * order of the trace. A free never begins before its allocation has returned, and no CPU runs further ahead of the
 * slowest than WINDOW operations, so that the mix of live objects keeps the shape of the trace.
 */
import type { Cpu, Program } from '../hw/cpu.ts';
import { type addr_t, NULL } from '../hw/memory.ts';
import { __GFP_DMA, GFP_ATOMIC, GFP_KERNEL } from '../mm/gfp.ts';
import type { SlabAllocator } from '../slab/allocator.ts';
import type { AllocationTrace, Operation } from './allocation-trace.ts';
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
  /** Called after each operation. */
  readonly observe: () => void;
}

export function replay(allocator: SlabAllocator, options: ReplayOptions): ReplayResult {
  const { machine } = allocator.kernel;
  const run = new Replay(allocator, options);
  for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, run.program(cpu));
  machine.scheduler.run();
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
    this.#cpuOf = Uint8Array.from(trace.operations, cpuOf);
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
      // An object's allocation comes before its free in the trace: within the window it may still be under way.
      const operation = operations[i]!;
      while (i >= this.#frontier + WINDOW || (operation.kind === 'free' && !this.#isAllocated(operation.object))) {
        cpu.idleUntil(cpu.horizon + 1);
        yield;
      }
      // The host may have run that allocation ahead of time: the free waits for it on this CPU's clock too.
      if (operation.kind === 'free') cpu.idleUntil(this.#allocatedAt[operation.object]!);
      if (cpu.clock > cpu.horizon) yield;
      if (operation.kind === 'free') yield* this.#free(cpu, operation);
      else {
        yield* this.#allocate(cpu, operation);
        this.#allocatedAt[operation.object] = cpu.clock;
      }
      this.#done[i] = 1;
      while (this.#done[this.#frontier] === 1) this.#frontier++;
      this.#options.observe();
    }
  }

  *#allocate(cpu: Cpu, operation: Operation & { kind: 'alloc' | 'kmalloc' }): Program {
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
      this.#cache[object] = trace.caches.length + generalCache(operation.size);
      this.#size[object] = operation.size;
      objp = yield* this.#allocator.kmalloc(cpu, operation.size, flags);
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

  *#free(cpu: Cpu, { object, via }: Operation & { kind: 'free' }): Program {
    const objp = this.#address[object]!;
    if (objp === FAILED) return;
    const cache = this.#cache[object]!;
    this.#options.touch.freeing(cpu, cache, objp, this.#size[object]!);
    if (via === 'kfree') yield* this.#allocator.kfree(cpu, objp);
    else yield* this.#allocator.free(cpu, this.#options.caches[cache]!, objp);
    this.#operations++;
  }

  #isAllocated(object: number): boolean {
    return this.#address[object] !== 0;
  }
}

const FAILED = -1;

/** Which general cache holds `size` bytes: 0 for size-32, and so on. Their order, not their sizes, matters here. */
function generalCache(size: number): number {
  return Math.max(0, Math.ceil(Math.log2(size)) - 5);
}
