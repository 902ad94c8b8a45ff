/**
 * mm/slab.c of 2.4: what 2.4.0 and 2.4.22 share of its constants, structures and statics, and the kernel that holds them.
 *
 * A slab is 2^gfporder pages: colour offset, slab_t with one bufctl an object (or these off-slab), objects. The bufctls
 * chain a slab's free objects by index. On SMP each CPU has an array of free objects in front of that, which needs no lock
 * but interrupts off. How a cache finds its slabs is the version's: one list, of which it knows the first slab that is
 * not full (2.4.0), or three (2.4.22).
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import type { BootLayout, KernelFunction } from '../../kernel/kernel.ts';
import { list_head } from '../../kernel/list.ts';
import { semaphoreType, spinlockType } from '../../kernel/lock-types.ts';
import { array, bytes, type CType, long, ptr, type Struct, struct, u32 } from '../../kernel/struct.ts';
import type { StaticSymbol } from '../../kernel/symbols.ts';
import type { Mm24 } from '../../mm/linux-2.4/mm.ts';
import type { SlabState } from '../allocator.ts';
import type { BugLines } from './bugs.ts';
import type { SlabConfig } from './config.ts';
import { SLAB_NO_REAP } from './flags.ts';

// include/linux/slab.h
export const SLAB_NO_GROW = 0x1000;

export const SLAB_CTOR_CONSTRUCTOR = 1;
export const SLAB_CTOR_ATOMIC = 2;
export const SLAB_CTOR_VERIFY = 4;

export const SLAB_DEBUG_INITIAL = 0x200;
export const SLAB_RED_ZONE = 0x400;
export const SLAB_POISON = 0x800;

// mm/slab.c
export const DEBUG_FLAGS = SLAB_DEBUG_INITIAL | SLAB_RED_ZONE | SLAB_POISON;
export const CFLGS_OFF_SLAB = 0x10000;
export const CFLGS_OPTIMIZE = 0x20000;
export const DFLGS_GROWN = 1;
export const BYTES_PER_WORD = 4;
export const CACHE_NAMELEN = 20;
export const MAX_OBJ_ORDER = 5;
export const MAX_GFP_ORDER = 5;
export const BREAK_GFP_ORDER_HI = 2;
export const BREAK_GFP_ORDER_LO = 1;
export const REAP_SCANLEN = 10;
export const REAP_PERFECT = 10;
/** Signed, as a 32-bit load reads 0xffffFFFF. */
export const BUFCTL_END = -1;
export const SLAB_LIMIT = 0xfffffffe;

export const slab_t = struct({ list: list_head, colouroff: long, s_mem: ptr, inuse: u32, free: u32 });
export const kmem_bufctl_t = u32;
/** The address of bufctl `index` of a slab. */
export function slab_bufctl(slabp: addr_t, index: number): addr_t {
  return slabp + slab_t.sizeof + index * kmem_bufctl_t.sizeof;
}

export const cpucache_t = struct({ avail: u32, limit: u32 });
export const cache_sizes_t = struct({ cs_size: long, cs_cachep: ptr, cs_dmacachep: ptr });
export const general_sizes = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 0] as const;

const stat = ({ CONFIG_DEBUG_SLAB }: SlabConfig) => (CONFIG_DEBUG_SLAB ? long : bytes(0));
const atomicStat = (config: SlabConfig) => (config.CONFIG_SMP ? stat(config) : bytes(0));

/** kmem_cache_t behind what leads to the slabs. */
const cacheFields = (config: SlabConfig) => ({
  // 1) each alloc & free
  objsize: u32,
  flags: u32,
  num: u32,
  spinlock: spinlockType(config),
  batchcount: config.CONFIG_SMP ? u32 : bytes(0),
  // 2) slab additions and removals
  gfporder: u32,
  gfpflags: u32,
  colour: long,
  colour_off: u32,
  colour_next: u32,
  slabp_cache: ptr,
  growing: u32,
  dflags: u32,
  ctor: ptr,
  dtor: ptr,
  failures: long,
  // 3) cache creation and removal
  name: bytes(CACHE_NAMELEN),
  next: list_head,
  // 4) per-cpu data
  cpudata: array(ptr, config.CONFIG_SMP ? config.NR_CPUS : 0),
  // STATS
  num_active: stat(config),
  num_allocations: stat(config),
  high_mark: stat(config),
  grown: stat(config),
  reaped: stat(config),
  errors: stat(config),
  allochit: atomicStat(config),
  allocmiss: atomicStat(config),
  freehit: atomicStat(config),
  freemiss: atomicStat(config),
});
export type KmemCache<Lists = unknown> = Struct<Lists & ReturnType<typeof cacheFields>>;
/** kmem_cache_t, which begins with what leads to the slabs: `lists`. */
export const kmemCache = <Lists extends Record<string, CType>>(lists: Lists, config: SlabConfig): KmemCache<Lists> =>
  struct({ ...lists, ...cacheFields(config) });

/** A list of slabs that begins in a cache's descriptor. */
export interface SlabList {
  readonly field: string;
  /** What its slabs are; null where it holds all. */
  readonly holds: SlabState['list'] | null;
  /** A field that points into the list: to its head where the cache is empty. */
  readonly pointer?: string;
}

/** How a cache finds, fills and gives back its slabs. Callers hold cachep->spinlock, interrupts off. */
export interface SlabOps {
  /** kmem_cache_alloc_one(), up to the object: a slab that is not full, or NULL. */
  firstSlab(k: Slab24, cpu: Cpu, cachep: addr_t): addr_t;
  /** The last object of the slab was taken. */
  slabIsFull(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t): void;
  /** An object came back: counts it, and puts the slab where it belongs now. */
  fixupSlabChains(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t): void;
  /** A new slab comes to the cache. */
  makeSlabActive(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t): void;
  countFreeSlabs(k: Slab24, cpu: Cpu, cachep: addr_t): number;
  /** Takes the free slab out that is to be given back first; NULL if there is none. `fn` asks. */
  unlinkFreeSlab(k: Slab24, cpu: Cpu, cachep: addr_t, fn: string): addr_t;
  /** Whether slabs are left that kmem_cache_destroy() cannot give back. */
  hasSlabs(k: Slab24, cpu: Cpu, cachep: addr_t): boolean;
  /** One step of list_for_each() along the cache chain. */
  listStep(cpu: Cpu, pos: addr_t): addr_t;
  /** What kmalloc() comes to where no general cache is large enough. */
  kmallocTooLarge(): addr_t;
}

/** All in which the versions' slab.c differ while the rest is shared. */
export interface SlabVariant {
  /** What kmem_cache_t begins with: the way to the slabs. */
  readonly slabFields: Readonly<Record<string, CType>>;
  /** The lists among these. */
  readonly lists: readonly SlabList[];
  readonly SLAB_LEVEL_MASK: number;
  /** Legal flag mask for kmem_cache_create() without DEBUG. */
  readonly CREATE_MASK: number;
  readonly bugLines: BugLines;
  /** Whether each allocation asks if cache and request mean DMA memory alike; else with DEBUG alone. */
  readonly alwaysChecksDma: boolean;
  /** Whether kmem_cache_alloc_batch() finds the CPU's array itself; else it is handed in. */
  readonly refillFindsArray: boolean;
  /** Whether gcc makes the choice between a size's two caches a conditional move in kmalloc() on SMP, and so reads both pointers. */
  readonly kmallocReadsBoth: boolean;
  /** Whether gcc stores a field that an `if` may change a second time in any case: the second value, or the first again. */
  readonly storesTwice: boolean;
}

type MmConstructor<M> = abstract new (
  machine: Machine,
  config: SlabConfig,
  layout: BootLayout,
  statics: readonly StaticSymbol[],
) => M;

/** A kernel of the 2.4 series, as far as its slab.c is the same in all of them. */
export interface Slab24 extends Mm24 {
  readonly config: SlabConfig;
  readonly variant: SlabVariant;
  readonly kmem_cache_t: KmemCache;
  /** Whether allocations ask if cache and request mean DMA memory alike. */
  readonly checksDma: boolean;
  /** The offsets of `variant.lists`, and of what points into them. */
  readonly slabLists: readonly {
    readonly head: number;
    readonly pointer: number | null;
    readonly holds: SlabList['holds'];
  }[];
  /** Arguments of a cross-CPU exchange of per-CPU arrays; lives on the kernel stack. */
  readonly ccupdate_struct_t: Struct<{ cachep: CType; new: CType }>;

  readonly cache_cache: addr_t;
  readonly cache_sizes: addr_t;
  readonly cache_chain: addr_t;
  readonly cache_chain_sem: addr_t;
  readonly clock_searchp: addr_t;
  readonly slab_break_gfp_order: addr_t;
  readonly offslab_limit: addr_t;
  readonly g_cpucache_up: addr_t;
  /** Its version's; handed in at boot. */
  slabOps: SlabOps;
  /** do_ccupdate_local() of this kernel, as code that a cross-CPU call can name; handed in at boot. */
  do_ccupdate_local: KernelFunction;

  /** The kernel image as loaded: what the initialisers of slab.c's statics put into memory. */
  loadStatics(): void;
}

const slabKernel = (PageAllocator: MmConstructor<Mm24>, variant: SlabVariant) => {
  abstract class SlabKernel extends PageAllocator {
    declare readonly config: SlabConfig;
    readonly variant = variant;
    readonly kmem_cache_t: Slab24['kmem_cache_t'];
    readonly checksDma: boolean;
    readonly slabLists: Slab24['slabLists'];
    readonly ccupdate_struct_t: Slab24['ccupdate_struct_t'];

    readonly cache_cache: addr_t;
    readonly cache_sizes: addr_t;
    readonly cache_chain: addr_t;
    readonly cache_chain_sem: addr_t;
    readonly clock_searchp: addr_t;
    readonly slab_break_gfp_order: addr_t;
    readonly offslab_limit: addr_t;
    readonly g_cpucache_up: addr_t;
    slabOps!: SlabOps;
    do_ccupdate_local!: KernelFunction;

    constructor(machine: Machine, config: SlabConfig, layout: BootLayout) {
      const kmem_cache_t = kmemCache(variant.slabFields, config);
      super(machine, config, layout, [
        { name: 'cache_cache', type: kmem_cache_t },
        { name: 'cache_sizes', type: array(cache_sizes_t, general_sizes.length) },
        { name: 'cache_chain_sem', type: semaphoreType(config) },
        { name: 'clock_searchp', type: ptr },
        { name: 'slab_break_gfp_order', type: u32 },
        { name: 'offslab_limit', type: long },
        { name: 'g_cpucache_up', type: u32 },
      ]);
      this.kmem_cache_t = kmem_cache_t;
      this.checksDma = variant.alwaysChecksDma || config.CONFIG_DEBUG_SLAB;
      const offsets = kmem_cache_t as unknown as Readonly<Record<string, number>>;
      this.slabLists = variant.lists.map(({ field, pointer, holds }) => ({
        head: offsets[field],
        pointer: pointer === undefined ? null : offsets[pointer],
        holds,
      }));
      this.ccupdate_struct_t = struct({ cachep: ptr, new: array(ptr, config.NR_CPUS) });
      this.cache_cache = this.symbols.address('cache_cache');
      this.cache_sizes = this.symbols.address('cache_sizes');
      this.cache_chain = this.cache_cache + kmem_cache_t.next;
      this.cache_chain_sem = this.symbols.address('cache_chain_sem');
      this.clock_searchp = this.symbols.address('clock_searchp');
      this.slab_break_gfp_order = this.symbols.address('slab_break_gfp_order');
      this.offslab_limit = this.symbols.address('offslab_limit');
      this.g_cpucache_up = this.symbols.address('g_cpucache_up');
    }

    loadStatics(): void {
      const { kmem_cache_t, cache_cache, machine } = this;
      const { memory } = machine;
      memory.bytes.fill(0, cache_cache, cache_cache + kmem_cache_t.sizeof);
      for (const { head, pointer } of this.slabLists) {
        memory.poke32(cache_cache + head + list_head.next, cache_cache + head);
        memory.poke32(cache_cache + head + list_head.prev, cache_cache + head);
        if (pointer !== null) memory.poke32(cache_cache + pointer, cache_cache + head);
      }
      memory.poke32(cache_cache + kmem_cache_t.objsize, kmem_cache_t.sizeof);
      memory.poke32(cache_cache + kmem_cache_t.flags, SLAB_NO_REAP);
      if (this.config.CONFIG_SMP) memory.poke32(cache_cache + kmem_cache_t.spinlock, 1);
      memory.poke32(cache_cache + kmem_cache_t.colour_off, this.config.L1_CACHE_BYTES);
      memory.bytes.set(new TextEncoder().encode('kmem_cache'), cache_cache + kmem_cache_t.name);
      general_sizes.forEach((size, i) => {
        memory.poke32(this.cache_sizes + i * cache_sizes_t.sizeof + cache_sizes_t.cs_size, size);
        memory.poke32(this.cache_sizes + i * cache_sizes_t.sizeof + cache_sizes_t.cs_cachep, NULL);
        memory.poke32(this.cache_sizes + i * cache_sizes_t.sizeof + cache_sizes_t.cs_dmacachep, NULL);
      });
      memory.poke32(this.clock_searchp, cache_cache);
      memory.poke32(this.slab_break_gfp_order, BREAK_GFP_ORDER_LO);
      memory.poke32(this.offslab_limit, 0);
      memory.poke32(this.g_cpucache_up, 0);
    }
  }
  return SlabKernel;
};

/** The slab allocator on top of a version's page allocator. */
export const slab24 = <M extends Mm24>(PageAllocator: MmConstructor<M>, variant: SlabVariant) =>
  slabKernel(PageAllocator, variant) as unknown as abstract new (
    machine: Machine,
    config: SlabConfig,
    layout: BootLayout,
  ) => M & Slab24;
