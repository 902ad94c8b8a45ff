/**
 * What the lab drives: one interface for all kernels. Names and arguments are the kernel's; everything that allocates or
 * takes a lock is a Program, everything that only looks does so by peek and disturbs nothing.
 */
import type { Cpu, InterruptHandler, Program } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import type { Kernel, KernelFunction } from '../kernel/kernel.ts';
import type { KernelFacts } from './kernel-facts.ts';

/** Arguments of kmem_cache_create(). Constructors and destructors are called as (cpu, objp, cachep, flags). */
export interface CacheOptions {
  readonly name: string | null;
  readonly size: number;
  /** Of colours, bytes: where kernels align by flag. */
  readonly offset?: number;
  /** Of objects, bytes: where kernels align by number. */
  readonly align?: number;
  readonly flags?: number;
  readonly ctor?: KernelFunction | null;
  readonly dtor?: KernelFunction | null;
}

/** One slab, as found in memory. */
export interface SlabState {
  readonly slabp: addr_t;
  /** Which list it hangs in; of a kernel with one list for all, which it would. */
  readonly list: 'full' | 'partial' | 'free';
  readonly s_mem: addr_t;
  readonly colouroff: number;
  readonly inuse: number;
  readonly free: number;
  /** Indices of the objects that are not handed out, in the order of the bufctl chain. */
  readonly freeObjects: readonly number[];
}

/** How full a CPU's array of objects is. */
export interface ArrayLevel {
  readonly avail: number;
  readonly limit: number;
}

/** One CPU's array of objects at hand; null before it has one. */
export interface CpuArrayState extends ArrayLevel {
  readonly address: addr_t;
  readonly entries: readonly addr_t[];
}

/** One cache, as found in memory. */
export interface CacheState {
  readonly cachep: addr_t;
  readonly name: string;
  readonly objsize: number;
  readonly num: number;
  readonly gfporder: number;
  readonly colour: number;
  readonly colour_off: number;
  readonly slabs: readonly SlabState[];
  readonly cpuArrays: readonly (CpuArrayState | null)[];
}

/** What memory is for, in terms that all generations of kernels share. */
export type Role =
  | 'object'
  | 'slab descriptor'
  /** What links the free objects of a slab: bufctls. */
  | 'free list'
  | 'cache descriptor'
  /** Where these are a structure of their own (kmem_list3). */
  | 'slab lists'
  | 'per-CPU array'
  /** Of objects for all CPUs of a node, and for those of other nodes. */
  | 'shared array'
  | 'alien array'
  /** struct page. */
  | 'page'
  | 'zone'
  | 'per-CPU pages'
  | 'bitmap'
  /** Wherever it stands: in a cache's descriptor, in a zone, alone. */
  | 'lock'
  | 'task'
  /** Any other static. */
  | 'static'
  /** In a page that belongs to no slab. */
  | 'page contents';

/** What stands at an address. */
export interface Place {
  readonly kind: Role;
  /** The structure and its field by the kernel's own names, as `kmem_cache_t.batchcount`; of other statics the name. */
  readonly field: string;
  /** Which of its kind: the name of a cache or a static, the number of a page; empty where there is but one. */
  readonly owner: string;
  /** Bytes from the start of the object, structure or static; of a page that belongs to no slab, from the page's. */
  readonly offset: number;
}

export interface SlabAllocator {
  readonly version: KernelFacts;
  readonly kernel: Kernel;

  /** The cache's descriptor, or NULL without memory for it. */
  create(cpu: Cpu, cache: CacheOptions): Program<addr_t>;
  /** 0, or 1 if objects are still in use. */
  destroy(cpu: Cpu, cachep: addr_t): Program<number>;
  /** Gives free slabs back; pages freed, by peek where the kernel does not say. */
  shrink(cpu: Cpu, cachep: addr_t): Program<number>;
  /** An object, or NULL. `flags` is a gfp mask. */
  alloc(cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t>;
  free(cpu: Cpu, cachep: addr_t, objp: addr_t): Program;
  /** `size` bytes from a general cache, or NULL. */
  kmalloc(cpu: Cpu, size: number, flags: number): Program<addr_t>;
  kfree(cpu: Cpu, objp: addr_t): Program;
  /** __get_free_pages(): the address of 2^order pages, or NULL. */
  get_free_pages(cpu: Cpu, gfp_mask: number, order: number): Program<addr_t>;
  free_pages(cpu: Cpu, addr: addr_t, order: number): Program;
  /** Writes to /proc/slabinfo, as `version.tuning` has it. Bytes taken, or a negative errno. */
  tune(cpu: Cpu, text: string): Program<number>;
  /** Takes memory back from caches; pages freed, by peek where the kernel does not say. */
  reap(cpu: Cpu, gfp_mask: number): Program<number>;
  /** The text of /proc/slabinfo, read through `cpu` as the kernel reads it. */
  slabinfo(cpu: Cpu): Program<string>;

  /**
   * Between two operations of a task, where others may act, it is in user mode, or sleeps: from its next `yield` on, until it comes
   * back. Only of kernels to which that makes a difference.
   */
  readonly userMode?: { enter(cpu: Cpu): void; leave(cpu: Cpu): void };
  /** Installs `handler` for a hardware interrupt; it runs in interrupt context. */
  request_irq(vector: number, handler: InterruptHandler): void;

  /** What stands at an address now, by peek. */
  place(addr: addr_t): Place;
  /**
   * How full the array of `cpu` of a cache is, by peek; null without one. Of a free of `objp` as that finds it: without any room
   * for an object that may not go there, as those of other nodes.
   */
  arrayLevel(cpu: Cpu, cachep: addr_t, objp?: addr_t): ArrayLevel | null;
  /** The cache that serves kmalloc(size, flags), by peek; NULL where none does. */
  generalCache(size: number, flags: number): addr_t;
  /** What the general caches hold, in bytes, from the smallest on. */
  readonly generalSizes: readonly number[];
  /**
   * All caches in the order of the chain, by peek. Between two steps of a program, not from within an access (an observer):
   * amid a list operation no list is whole. StoresInFlight while a CPU's stores wait in its buffer.
   */
  caches(): CacheState[];
  /** Free pages of all zones, by peek. */
  nr_free_pages(): number;
  /** Free pages by zone and order, as /proc/buddyinfo prints them, by peek; when, as `caches`. */
  buddyinfo(): string;
}
