/**
 * mm/slab.c of 2.6.17 (mainline of 23 June 2006): its statics, and the kernel that holds them.
 *
 * A cache keeps its slabs by node, in three lists a node: partial, full, free. A slab is 2^gfporder pages: colour offset,
 * struct slab with one bufctl an object (or these off-slab), objects. In front of the lists stand arrays of free objects: one
 * a CPU, which needs no lock but interrupts off; one a node that its CPUs share; and for each other node one of objects that
 * belong there and were freed here (alien), so that no CPU's array ever holds another node's object.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import type { KernelFunction } from '../../kernel/kernel.ts';
import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import type { BootLayout26 } from '../../kernel/linux-2.6/kernel.ts';
import { mutexStruct, notifier_block, workStruct } from '../../kernel/linux-2.6/layouts.ts';
import { loadMutex } from '../../kernel/linux-2.6/mutex.ts';
import { smp_processor_id } from '../../kernel/linux-2.6/thread-info.ts';
import { array, type CType, type Struct, struct, u32 } from '../../kernel/struct.ts';
import { Mm2617 } from '../../mm/linux-2.6.17/mm.ts';
import type { Management } from './estimate.ts';
import {
  type ArrayCache,
  arrayCacheType,
  arraycacheInitType,
  BOOT_CPUCACHE_ENTRIES,
  BREAK_GFP_ORDER_LO,
  type CacheNames,
  type CacheSizes,
  cacheNamesType,
  cacheSizesType,
  type KmemCache,
  type KmemList3,
  kmallocSizes,
  kmem_bufctl_t,
  kmemCacheType,
  kmemList3Type,
  type Slab,
  type SlabRcu,
  slabRcuType,
  slabType,
} from './layouts.ts';

/** How far boot has come with the general caches: g_cpucache_up. */
export const NONE = 0;
export const PARTIAL_AC = 1;
export const PARTIAL_L3 = 2;
export const FULL = 3;

/** Where in initkmem_list3 the lists of each boot cache begin. */
export const CACHE_CACHE = 0;
export const SIZE_AC = 1;

export class Linux2617 extends Mm2617 {
  readonly kmem_cache: KmemCache;
  readonly slab: Slab;
  readonly management: Management;
  readonly slab_rcu: SlabRcu;
  readonly array_cache: ArrayCache;
  readonly arraycache_init: Struct<{ cache: CType; entries: CType }>;
  readonly kmem_list3: KmemList3;
  readonly cache_sizes: CacheSizes;
  readonly cache_names: CacheNames;
  /** Arguments of a cross-CPU exchange of per-CPU arrays; lives on the kernel stack. */
  readonly ccupdate_struct: Struct<{ cachep: CType; new: CType }>;
  readonly percpu_data: Struct<{ ptrs: CType }>;

  readonly BYTES_PER_WORD: number;
  readonly NUM_INIT_LISTS: number;
  readonly SIZE_L3: number;
  /** The general caches for arrays of boot and for kmem_list3: indices in malloc_sizes. */
  readonly INDEX_AC: number;
  readonly INDEX_L3: number;
  readonly kmallocSizes: readonly number[];

  readonly cache_cache: addr_t;
  readonly malloc_sizes: addr_t;
  readonly namesOfSizes: addr_t;
  readonly initarray_cache: addr_t;
  readonly initarray_generic: addr_t;
  readonly initkmem_list3: addr_t;
  readonly cache_chain: addr_t;
  readonly cache_chain_mutex: addr_t;
  readonly slab_break_gfp_order: addr_t;
  readonly slab_reclaim_pages: addr_t;
  readonly g_cpucache_up: addr_t;
  readonly cpucache_notifier: addr_t;
  readonly per_cpu__reap_work: addr_t;
  readonly per_cpu__reap_node: addr_t;

  /** Functions of this kernel that it calls by pointers; handed in at boot. */
  do_ccupdate_local!: KernelFunction;
  do_drain!: KernelFunction;
  kmem_rcu_free!: KernelFunction;
  cache_reap!: KernelFunction;

  /** Constants have no bytes here, names of caches and of functions among them: a number stands for each. */
  readonly #constants: string[] = [];

  constructor(machine: Machine, config: Config26, layout: BootLayout26) {
    const { ptr, long, list_head } = config.abi;
    const sizes = kmallocSizes(config);
    const lists = 2 * config.MAX_NUMNODES + 1;
    const statics = [
      { name: 'cache_cache', type: kmemCacheType(config) },
      { name: 'malloc_sizes', type: array(cacheSizesType(config), sizes.length + 1) },
      { name: 'cache_names', type: array(cacheNamesType(config), sizes.length + 1) },
      { name: 'initarray_cache', type: arraycacheInitType(config) },
      { name: 'initarray_generic', type: arraycacheInitType(config) },
      { name: 'initkmem_list3', type: array(kmemList3Type(config), lists) },
      { name: 'cache_chain', type: list_head },
      { name: 'cache_chain_mutex', type: mutexStruct(config) },
      { name: 'slab_break_gfp_order', type: u32 },
      { name: 'slab_reclaim_pages', type: u32 },
      { name: 'g_cpucache_up', type: u32 },
      { name: 'cpucache_notifier', type: notifier_block },
    ];
    const perCpu = { reap_work: workStruct(config), ...(config.CONFIG_NUMA ? { reap_node: long } : {}) };
    super(machine, config, layout, { statics, perCpu });
    this.kmem_cache = kmemCacheType(config);
    this.slab = slabType(config);
    this.management = { slab: this.slab.sizeof, bufctl: kmem_bufctl_t.sizeof };
    this.slab_rcu = slabRcuType(config);
    this.array_cache = arrayCacheType(config);
    this.arraycache_init = arraycacheInitType(config);
    this.kmem_list3 = kmemList3Type(config);
    this.cache_sizes = cacheSizesType(config);
    this.cache_names = cacheNamesType(config);
    this.ccupdate_struct = struct({ cachep: ptr, new: array(ptr, config.NR_CPUS) });
    this.percpu_data = struct({ ptrs: array(ptr, config.NR_CPUS) });

    this.BYTES_PER_WORD = ptr.sizeof;
    this.NUM_INIT_LISTS = lists;
    this.SIZE_L3 = 1 + config.MAX_NUMNODES;
    this.kmallocSizes = sizes;
    this.INDEX_AC = sizes.findIndex((size) => size >= this.arraycache_init.sizeof);
    this.INDEX_L3 = sizes.findIndex((size) => size >= this.kmem_list3.sizeof);

    this.cache_cache = this.symbols.address('cache_cache');
    this.malloc_sizes = this.symbols.address('malloc_sizes');
    this.namesOfSizes = this.symbols.address('cache_names');
    this.initarray_cache = this.symbols.address('initarray_cache');
    this.initarray_generic = this.symbols.address('initarray_generic');
    this.initkmem_list3 = this.symbols.address('initkmem_list3');
    this.cache_chain = this.symbols.address('cache_chain');
    this.cache_chain_mutex = this.symbols.address('cache_chain_mutex');
    this.slab_break_gfp_order = this.symbols.address('slab_break_gfp_order');
    this.slab_reclaim_pages = this.symbols.address('slab_reclaim_pages');
    this.cpucache_notifier = this.symbols.address('cpucache_notifier');
    this.g_cpucache_up = this.symbols.address('g_cpucache_up');
    this.per_cpu__reap_work = this.perCpuVariable('reap_work');
    this.per_cpu__reap_node = config.CONFIG_NUMA ? this.perCpuVariable('reap_node') : NULL;
  }

  /** The number that stands for a string constant or a place in the code where the kernel stores its address. */
  constant(text: string): addr_t {
    const known = this.#constants.indexOf(text);
    return RODATA + 16 * (known >= 0 ? known : this.#constants.push(text) - 1);
  }

  /** What stands there; undefined for a number that stands for nothing. */
  constantAt(address: addr_t): string | undefined {
    return this.#constants[(address - RODATA) / 16];
  }

  /** The kernel image as loaded: what the initialisers of slab.c's statics put into memory. */
  loadSlabStatics(): void {
    const { kmem_cache, cache_cache, array_cache, machine } = this;
    const { memory } = machine;
    loadMutex(this, this.cache_chain_mutex);
    memory.bytes.fill(0, cache_cache, cache_cache + kmem_cache.sizeof);
    memory.poke32(cache_cache + kmem_cache.batchcount, 1);
    memory.poke32(cache_cache + kmem_cache.limit, BOOT_CPUCACHE_ENTRIES);
    memory.poke32(cache_cache + kmem_cache.shared, 1);
    memory.poke32(cache_cache + kmem_cache.buffer_size, kmem_cache.sizeof);
    memory.poke32(cache_cache + kmem_cache.name, this.constant('kmem_cache'));
    if (this.config.CONFIG_DEBUG_SLAB) memory.poke32(cache_cache + kmem_cache.obj_size, kmem_cache.sizeof);

    for (let i = 0; i <= this.kmallocSizes.length; i++) {
      const sizes = this.malloc_sizes + i * this.cache_sizes.sizeof;
      memory.bytes.fill(0, sizes, sizes + this.cache_sizes.sizeof);
      memory.poke32(sizes + this.cache_sizes.cs_size, this.kmallocSizes[i] ?? ULONG_MAX);
      const names = this.namesOfSizes + i * this.cache_names.sizeof;
      const size = this.kmallocSizes[i];
      memory.poke32(names + this.cache_names.name, size === undefined ? NULL : this.constant(`size-${size}`));
      memory.poke32(names + this.cache_names.name_dma, size === undefined ? NULL : this.constant(`size-${size}(DMA)`));
    }
    for (const initial of [this.initarray_cache, this.initarray_generic]) {
      memory.bytes.fill(0, initial, initial + this.arraycache_init.sizeof);
      memory.poke32(initial + array_cache.limit, BOOT_CPUCACHE_ENTRIES);
      memory.poke32(initial + array_cache.batchcount, 1);
    }
    memory.bytes.fill(0, this.initkmem_list3, this.initkmem_list3 + this.NUM_INIT_LISTS * this.kmem_list3.sizeof);
    memory.poke32(this.slab_break_gfp_order, BREAK_GFP_ORDER_LO);
    memory.poke32(this.slab_reclaim_pages, 0);
    memory.poke32(this.g_cpucache_up, NONE);
  }
}

/** As a 32-bit load reads it. */
export const ULONG_MAX = -1;
/** Behind the numbers that stand for functions. */
const RODATA = 0x00200000;

/** The address of bufctl `index` of a slab. */
export function slab_bufctl(k: Linux2617, slabp: addr_t, index: number): addr_t {
  return slabp + k.slab.sizeof + index * kmem_bufctl_t.sizeof;
}

/** The address of entry `index` of an array_cache. */
export function ac_entry(k: Linux2617, ac: addr_t, index: number): addr_t {
  return ac + k.array_cache.entry + index * k.BYTES_PER_WORD;
}

/** cachep->array[smp_processor_id()]: this CPU's array of the cache. Interrupts off. */
export function cpu_cache_get(k: Linux2617, cpu: Cpu, cachep: addr_t): addr_t {
  return cpu.loadPtr(cachep + k.kmem_cache.array + smp_processor_id(k, cpu) * k.BYTES_PER_WORD);
}

/** The address of cachep->nodelists[node]. */
export function nodelist(k: Linux2617, cachep: addr_t, node: number): addr_t {
  return cachep + k.kmem_cache.nodelists + node * k.BYTES_PER_WORD;
}
