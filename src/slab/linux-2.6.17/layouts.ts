/** mm/slab.c of 2.6.17: its constants and its structures, as this build's compiler lays them out. */

import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import { spinlockType } from '../../kernel/lock-types.ts';
import { array, bytes, type CType, type Struct, struct, u16, u32 } from '../../kernel/struct.ts';
import {
  SLAB_CACHE_DMA,
  SLAB_DEBUG_INITIAL,
  SLAB_DESTROY_BY_RCU,
  SLAB_HWCACHE_ALIGN,
  SLAB_MEM_SPREAD,
  SLAB_MUST_HWCACHE_ALIGN,
  SLAB_PANIC,
  SLAB_POISON,
  SLAB_RECLAIM_ACCOUNT,
  SLAB_RED_ZONE,
  SLAB_STORE_USER,
} from './flags.ts';

export const FILE = 'slab.c';

/** Legal flag mask for kmem_cache_create(). */
export const createMask = ({ CONFIG_DEBUG_SLAB }: Config26) =>
  SLAB_HWCACHE_ALIGN |
  SLAB_CACHE_DMA |
  SLAB_MUST_HWCACHE_ALIGN |
  SLAB_RECLAIM_ACCOUNT |
  SLAB_PANIC |
  SLAB_DESTROY_BY_RCU |
  SLAB_MEM_SPREAD |
  (CONFIG_DEBUG_SLAB ? SLAB_DEBUG_INITIAL | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER : 0);
/** Signed, as a 32-bit load reads it. */
export const CFLGS_OFF_SLAB = 0x80000000 | 0;

/** Signed, as a 32-bit load reads 0xffffFFFF and its neighbours. */
export const BUFCTL_END = -1;
export const BUFCTL_FREE = -2;
export const BUFCTL_ACTIVE = -3;
export const SLAB_LIMIT = 0xfffffffc;

export const MAX_OBJ_ORDER = 5;
export const MAX_GFP_ORDER = 5;
export const BREAK_GFP_ORDER_HI = 1;
export const BREAK_GFP_ORDER_LO = 0;

export const BATCHREFILL_LIMIT = 16;
export const BOOT_CPUCACHE_ENTRIES = 1;

/** include/linux/kmalloc_sizes.h for 4 KB pages: 96 and 192 depend on the line that the kernel was built for. */
export const kmallocSizes = ({ L1_CACHE_BYTES }: Config26): readonly number[] => [
  32,
  64,
  ...(L1_CACHE_BYTES < 64 ? [96] : []),
  128,
  ...(L1_CACHE_BYTES < 128 ? [192] : []),
  256,
  512,
  1024,
  2048,
  4096,
  8192,
  16384,
  32768,
  65536,
  131072,
];

type Fields<Names extends string> = Struct<Record<Names, CType>>;

export type Slab = Fields<'list' | 'colouroff' | 's_mem' | 'inuse' | 'free' | 'nodeid'>;
export const slabType = ({ abi: { ptr, long, list_head } }: Config26): Slab =>
  struct({ list: list_head, colouroff: long, s_mem: ptr, inuse: u32, free: u32, nodeid: u16 });

export type SlabRcu = Fields<'head' | 'cachep' | 'addr'>;
/** A dying slab of a SLAB_DESTROY_BY_RCU cache: overlays struct slab until the grace period is over. */
export const slabRcuType = ({ abi: { ptr, rcu_head } }: Config26): SlabRcu =>
  struct({ head: rcu_head, cachep: ptr, addr: ptr });

export const kmem_bufctl_t = u32;

export type ArrayCache = Fields<'avail' | 'limit' | 'batchcount' | 'touched' | 'lock' | 'entry'>;
export const arrayCacheType = (config: Config26): ArrayCache =>
  struct({
    avail: u32,
    limit: u32,
    batchcount: u32,
    touched: u32,
    lock: spinlockType(config),
    entry: array(config.abi.ptr, 0),
  });

export const arraycacheInitType = (config: Config26) =>
  struct({ cache: arrayCacheType(config), entries: array(config.abi.ptr, BOOT_CPUCACHE_ENTRIES) });

const list3Fields = (config: Config26) => {
  const { ptr, long, list_head } = config.abi;
  return {
    slabs_partial: list_head,
    slabs_full: list_head,
    slabs_free: list_head,
    free_objects: long,
    free_limit: u32,
    colour_next: u32,
    list_lock: spinlockType(config),
    shared: ptr,
    alien: ptr,
    next_reap: long,
    free_touched: u32,
  };
};
export type KmemList3 = Struct<ReturnType<typeof list3Fields>>;
export const kmemList3Type = (config: Config26): KmemList3 => struct(list3Fields(config));

export type CacheSizes = Fields<'cs_size' | 'cs_cachep' | 'cs_dmacachep'>;
export const cacheSizesType = ({ abi: { ptr, long } }: Config26): CacheSizes =>
  struct({ cs_size: long, cs_cachep: ptr, cs_dmacachep: ptr });

export type CacheNames = Fields<'name' | 'name_dma'>;
export const cacheNamesType = ({ abi: { ptr } }: Config26): CacheNames => struct({ name: ptr, name_dma: ptr });

const cacheFields = ({ abi, NR_CPUS, MAX_NUMNODES, CONFIG_DEBUG_SLAB }: Config26) => {
  const { ptr, long, list_head } = abi;
  const ifDebug = (type: CType) => (CONFIG_DEBUG_SLAB ? type : bytes(0));
  return {
    // 1) per-cpu data, touched during every alloc/free
    array: array(ptr, NR_CPUS),
    // 2) Cache tunables. Protected by cache_chain_mutex
    batchcount: u32,
    limit: u32,
    shared: u32,
    buffer_size: u32,
    // 3) touched by every alloc & free from the backend
    nodelists: array(ptr, MAX_NUMNODES),
    flags: u32,
    num: u32,
    // 4) cache_grow/shrink
    gfporder: u32,
    gfpflags: u32,
    colour: long,
    colour_off: u32,
    slabp_cache: ptr,
    slab_size: u32,
    dflags: u32,
    ctor: ptr,
    dtor: ptr,
    // 5) cache creation/removal
    name: ptr,
    next: list_head,
    // 6) statistics
    num_active: ifDebug(long),
    num_allocations: ifDebug(long),
    high_mark: ifDebug(long),
    grown: ifDebug(long),
    reaped: ifDebug(long),
    errors: ifDebug(long),
    max_freeable: ifDebug(long),
    node_allocs: ifDebug(long),
    node_frees: ifDebug(long),
    node_overflow: ifDebug(long),
    allochit: ifDebug(u32),
    allocmiss: ifDebug(u32),
    freehit: ifDebug(u32),
    freemiss: ifDebug(u32),
    // DEBUG: buffer_size is the whole object, with what debugging adds; these say where the user's part is.
    obj_offset: ifDebug(u32),
    obj_size: ifDebug(u32),
  };
};
export type KmemCache = Struct<ReturnType<typeof cacheFields>>;
export const kmemCacheType = (config: Config26): KmemCache => struct(cacheFields(config));
