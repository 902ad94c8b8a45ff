/**
 * A workload: what kernel programs do on the emulated CPUs, through the allocator only. It has a name, parameters with
 * defaults, and is drawn by the seed; docs/workloads.md tells of each. One file a workload in workloads/.
 */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import { below, type Random, seeded } from '../../base/random.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { Lockup } from '../../hw/watchdog.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { type CacheSettings, createCache } from './create-cache.ts';
import type { Interference } from './interference.ts';
import type { Placement } from './placement.ts';
import type { TouchModel } from './touch-model.ts';

/** One run of a workload on a booted kernel. */
export interface Workload {
  /** Stand in the context, in this order, before anything else is done. */
  readonly caches: readonly NewCache[];
  /** Whether the system used them before, as those of a trace; else the workload makes them for itself. */
  readonly tookOverCaches?: boolean;
  /** What else must stand before; on the first CPU, and not counted. */
  setUp?(cpu: Cpu): Program;
  /** What all CPUs do before anything is counted. */
  warmUp?(): void;
  /** What is counted. Returns when all CPUs are done. */
  run(): void;
}

export interface NewCache {
  readonly name: string;
  /** What objects are asked for, before any alignment. */
  readonly size: number;
}

/** A cache of a workload. */
export interface Cache extends NewCache {
  /** Among the caches of the workload, from 0: touch models tell caches apart by it. */
  readonly number: number;
  readonly cachep: addr_t;
}

/** What the point gives a workload: its kernel, its caches as the point has them, its counts. */
export class WorkloadContext {
  readonly allocator: SlabAllocator;
  /** What all random streams of the point are seeded by, each with a label of its own. */
  readonly seed: string;
  /** The same of what stood before. */
  readonly historySeed: string;
  readonly touch: TouchModel;
  /** Whether the touches of the trace are made, in place of a model's. */
  readonly recordedTouches: boolean;
  readonly trace: AllocationTrace | null;
  readonly placement: Placement;
  readonly caches: Cache[] = [];
  /** By CPU: the function whose recorded touch it makes now, an index of Touches.functions; 0 for none. For those who look on. */
  readonly touching: Int32Array;
  /** Told where each object of the trace comes to stand; null where nobody asks. */
  readonly placed: ((object: number, objp: addr_t) => void) | null;
  /** What was done, and the allocations that found no memory. */
  operations = 0;
  failed = 0;
  readonly #cacheSettings: CacheSettings;
  readonly #interference: Pick<Interference, 'enter'> | null;
  readonly #think: number;
  /** By CPU. */
  readonly #thoughts: readonly Random[];
  readonly #userMode: SlabAllocator['userMode'] | null;

  constructor(options: {
    readonly allocator: SlabAllocator;
    readonly seed: string;
    readonly historySeed?: string;
    readonly touch: TouchModel;
    readonly recordedTouches?: boolean;
    readonly trace: AllocationTrace | null;
    readonly placement: Placement;
    readonly cacheSettings: CacheSettings;
    /** What user mode does before a kernel entry; null for nothing. */
    readonly interference: Pick<Interference, 'enter'> | null;
    /** Cycles between two operations of a task, on average. */
    readonly think: number;
    readonly placed?: ((object: number, objp: addr_t) => void) | undefined;
  }) {
    this.allocator = options.allocator;
    this.seed = options.seed;
    this.historySeed = options.historySeed ?? options.seed;
    this.touch = options.touch;
    this.recordedTouches = options.recordedTouches ?? false;
    this.trace = options.trace;
    this.placement = options.placement;
    this.touching = new Int32Array(this.cpus.length);
    this.placed = options.placed ?? null;
    this.#cacheSettings = options.cacheSettings;
    this.#interference = options.interference;
    this.#think = options.think;
    this.#thoughts = this.cpus.map(({ id }) => seeded(this.seed, `think time of cpu${id}`));
    this.#userMode = options.allocator.userMode ?? null;
  }

  get cpus(): readonly Cpu[] {
    return this.allocator.kernel.machine.cpus;
  }

  /** What was done so far was setting up. */
  startCounting(): void {
    this.operations = 0;
    this.failed = 0;
  }

  *createCache(cpu: Cpu, { name, size }: NewCache, number = this.caches.length): Program<Cache> {
    const cachep = yield* createCache(this.allocator, this.#cacheSettings, cpu, name, size);
    const cache = { number, name, cachep, size };
    this.caches[number] = cache;
    return cache;
  }

  /** An object, initialised as the touch model has it; NULL, and counted, if there is no memory. */
  *alloc(cpu: Cpu, cache: Cache, gfp = this.allocator.version.gfp.GFP_KERNEL): Program<addr_t> {
    const objp = yield* this.allocator.alloc(cpu, cache.cachep, gfp);
    if (objp === NULL) this.failed++;
    else this.touch.allocated(cpu, cache.number, objp, cache.size);
    return objp;
  }

  *free(cpu: Cpu, cache: Cache, objp: addr_t): Program {
    this.touch.freeing(cpu, cache.number, objp, cache.size);
    yield* this.allocator.free(cpu, cache.cachep, objp);
  }

  /**
   * Before every operation of a task, and so before its first: it does nothing for a time that the seed draws, evenly from 0 to
   * twice the average. Without it CPUs that all do the same fall into step, under every seed into the same.
   */
  think(cpu: Cpu): void {
    if (this.#think === 0) return;
    cpu.idleUntil(cpu.clock + below(this.#thoughts[cpu.id], 2 * this.#think + 1));
  }

  /** Before a task lets others act, between two operations: it is in user mode until it `enter`s the kernel again. */
  leave(cpu: Cpu): void {
    this.#userMode?.enter(cpu);
  }

  /** Waits, as time in which this CPU does nothing, until `ready`. */
  *waitUntil(cpu: Cpu, ready: () => boolean): Program {
    yield* this.allocator.kernel.machine.scheduler.waitUntil(cpu, ready, () => this.leave(cpu));
  }

  /** Before every operation of a task, which enters the kernel. */
  enter(cpu: Cpu): void {
    this.interrupted(cpu);
    this.goOn(cpu);
  }

  /** A task goes on where it was, behind `leave`, with no operation: nothing of user mode comes before that. */
  goOn(cpu: Cpu): void {
    this.#userMode?.leave(cpu);
  }

  /** Plays the user-mode loads that come before the kernel is entered (interference), by an interrupt or otherwise. */
  interrupted(cpu: Cpu): void {
    this.#interference?.enter(cpu);
  }

  /** An operation is done. */
  done(): void {
    this.operations++;
  }

  /** Runs one program on each CPU, or on those given, all at the same time, to their ends. */
  onEachCpu(program: (cpu: Cpu) => Program<unknown>, cpus = this.cpus): void {
    const { scheduler } = this.allocator.kernel.machine;
    for (const cpu of cpus) scheduler.spawn(cpu, program(cpu));
    try {
      scheduler.run();
    } catch (error) {
      if (!(error instanceof Lockup)) throw error;
      // A task that may wait for pages does so for ever: no other has any to free.
      throw new InputError(
        this.trace?.summary.file ?? 'workload',
        `stopped after ${this.operations} operations, with ${this.allocator.nr_free_pages()} pages free: ${error.message}`,
        'where memory is short, give the machine more',
      );
    }
  }
}

/** The share of `total` that falls to a CPU where all divide it among themselves. */
export function shareOf(total: number, { id }: Cpu, { length }: readonly Cpu[]): number {
  return Math.floor((total * (id + 1)) / length) - Math.floor((total * id) / length);
}

/** Keys of a specification that mean something to some workloads only. */
export type OptionalKey = 'object_size' | 'placement' | 'touch';

export interface WorkloadDefinition {
  readonly name: string;
  /** One line for lists. */
  readonly summary: string;
  readonly parameters: z.ZodRawShape;
  /** Its own, with objects of its own size; null where it takes those of a trace. */
  readonly cache: NewCache | null;
  readonly uses: readonly OptionalKey[];
  /** The least number of CPUs. */
  readonly cpus: number;
  /** `parameters` as a point has them; `objectSize` null for the workload's own. */
  start(context: WorkloadContext, parameters: unknown, objectSize: number | null): Workload;
}

/** A definition with parameters that its `start` gets as their types have them. What this starts has its own cache unless it says which. */
export function defineWorkload<Shape extends z.ZodRawShape>(
  definition: Omit<WorkloadDefinition, 'start' | 'parameters'> & {
    readonly parameters: Shape;
    readonly start: (
      context: WorkloadContext,
      parameters: z.output<z.ZodObject<Shape>>,
      objectSize: number | null,
    ) => Omit<Workload, 'caches'> & Partial<Pick<Workload, 'caches'>>;
  },
): WorkloadDefinition {
  const { cache, start } = definition;
  const parameters = z.object(definition.parameters);
  const cachesFor = (size: number | null) => (cache === null ? [] : [{ ...cache, size: size ?? cache.size }]);
  return {
    ...definition,
    start: (context, given, size) => ({ caches: cachesFor(size), ...start(context, parameters.parse(given), size) }),
  };
}

/** What may be said of a parameter to whoever is to give it. */
export interface ParameterFacts {
  readonly name: string;
  /** What it may hold, and what it holds where nothing is said; null where the description tells. */
  readonly values: string | null;
  readonly default: string | number | null;
  readonly description: string;
}

export function parametersOf({ parameters }: Pick<WorkloadDefinition, 'parameters'>): ParameterFacts[] {
  const { properties = {} } = z.toJSONSchema(z.object(parameters), { io: 'input' });
  return Object.entries(properties as Record<string, z.core.JSONSchema.JSONSchema>).map(([name, of]) => ({
    name,
    values: of.enum?.join(', ') ?? (of.minimum === undefined ? null : `${of.minimum} to ${of.maximum}`),
    default: (of.default as string | number | undefined) ?? null,
    description: of.description ?? '',
  }));
}
