/** The page allocator's structures, as this build's compiler lays them out (include/linux/mmzone.h, mm.h, page-flags.h). */

import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import { spinlockType } from '../../kernel/lock-types.ts';
import { aligned, array, bytes, type CType, type Struct, struct, u32 } from '../../kernel/struct.ts';

export const MAX_ORDER = 11;
export const MAX_NR_ZONES = 4;
export const ZONE_DMA = 0;
export const ZONE_DMA32 = 1;
export const ZONE_NORMAL = 2;
export const ZONE_HIGHMEM = 3;
/** Kinds of request, and so of zone lists, of a node. */
export const GFP_ZONETYPES = 5;

export const PG_locked = 0;
export const PG_error = 1;
export const PG_referenced = 2;
export const PG_uptodate = 3;
export const PG_dirty = 4;
export const PG_lru = 5;
export const PG_active = 6;
export const PG_slab = 7;
export const PG_checked = 8;
export const PG_arch_1 = 9;
export const PG_reserved = 10;
export const PG_private = 11;
export const PG_writeback = 12;
export const PG_nosave = 13;
export const PG_compound = 14;
export const PG_swapcache = 15;
export const PG_mappedtodisk = 16;
export const PG_reclaim = 17;
export const PG_nosave_free = 18;
export const PG_buddy = 19;

export type Fields<F extends string> = Struct<Record<F, CType>>;

/** Padding that exists in SMP builds alone: to a line of its own. */
const inSmp = ({ CONFIG_SMP, L1_CACHE_BYTES }: Config26) => (CONFIG_SMP ? L1_CACHE_BYTES : 1);
const padding = (config: Config26): CType => ({ sizeof: 0, align: inSmp(config) });
const alignedInSmp = <T extends CType>(config: Config26, type: T): T =>
  Object.freeze({ ...type, ...aligned(type, Math.max(type.align, inSmp(config))) });

export type StructPage = ReturnType<typeof structPage>;
export const structPage = ({ abi: { ptr, long, list_head } }: Config26) =>
  struct({
    flags: long,
    _count: u32,
    _mapcount: u32,
    private: long,
    mapping: ptr,
    index: long,
    lru: list_head,
  });

export type FreeArea = ReturnType<typeof freeArea>;
export const freeArea = ({ abi: { long, list_head } }: Config26) => struct({ free_list: list_head, nr_free: long });

export type PerCpuPages = ReturnType<typeof perCpuPages>;
export const perCpuPages = ({ abi: { list_head } }: Config26) =>
  struct({ count: u32, high: u32, batch: u32, list: list_head });

const numaCounters = ['numa_hit', 'numa_miss', 'numa_foreign', 'interleave_hit', 'local_node', 'other_node'] as const;

export type PerCpuPageset = ReturnType<typeof perCpuPageset>;
/** 0: hot pages, 1: cold ones. */
export const perCpuPageset = (config: Config26) => {
  // Without CONFIG_NUMA the counters are not there, and nobody asks for their offsets.
  const counter = config.CONFIG_NUMA ? config.abi.long : bytes(0);
  const counters = Object.fromEntries(numaCounters.map((name) => [name, counter]));
  const fields = { pcp: array(perCpuPages(config), 2), ...(counters as Record<(typeof numaCounters)[number], CType>) };
  return alignedInSmp(config, struct(fields));
};

export type ZoneStruct = ReturnType<typeof zoneStruct>;
export const zoneStruct = (config: Config26) => {
  const { ptr, long, list_head } = config.abi;
  const spinlock_t = spinlockType(config);
  return alignedInSmp(
    config,
    struct({
      free_pages: long,
      pages_min: long,
      pages_low: long,
      pages_high: long,
      lowmem_reserve: array(long, MAX_NR_ZONES),
      pageset: array(config.CONFIG_NUMA ? ptr : perCpuPageset(config), config.NR_CPUS),
      lock: spinlock_t,
      free_area: array(freeArea(config), MAX_ORDER),
      _pad1_: padding(config),
      lru_lock: spinlock_t,
      active_list: list_head,
      inactive_list: list_head,
      nr_scan_active: long,
      nr_scan_inactive: long,
      nr_active: long,
      nr_inactive: long,
      pages_scanned: long,
      all_unreclaimable: u32,
      reclaim_in_progress: u32,
      last_unsuccessful_zone_reclaim: long,
      temp_priority: u32,
      prev_priority: u32,
      _pad2_: padding(config),
      wait_table: ptr,
      wait_table_size: long,
      wait_table_bits: long,
      zone_pgdat: ptr,
      zone_start_pfn: long,
      spanned_pages: long,
      present_pages: long,
      name: ptr,
    }),
  );
};

export type ZonelistStruct = ReturnType<typeof zonelistStruct>;
export const zonelistStruct = ({ MAX_NUMNODES, abi: { ptr } }: Config26) =>
  struct({ zones: array(ptr, MAX_NUMNODES * MAX_NR_ZONES + 1) });

export type PgData = ReturnType<typeof pgData>;
export const pgData = (config: Config26) => {
  const { ptr, long, list_head } = config.abi;
  return struct({
    node_zones: array(zoneStruct(config), MAX_NR_ZONES),
    node_zonelists: array(zonelistStruct(config), GFP_ZONETYPES),
    nr_zones: u32,
    node_mem_map: ptr,
    bdata: ptr,
    node_start_pfn: long,
    node_present_pages: long,
    node_spanned_pages: long,
    node_id: u32,
    kswapd_wait: struct({ lock: spinlockType(config), task_list: list_head }),
    kswapd: ptr,
    kswapd_max_order: u32,
  });
};

export type PageState = ReturnType<typeof pageState>;
/** One a CPU; the totals are sums over all. */
export const pageState = ({ abi: { long } }: Config26) =>
  struct({
    nr_dirty: long,
    nr_writeback: long,
    nr_unstable: long,
    nr_page_table_pages: long,
    nr_mapped: long,
    nr_slab: long,
    pgpgin: long,
    pgpgout: long,
    pswpin: long,
    pswpout: long,
    pgalloc_high: long,
    pgalloc_normal: long,
    pgalloc_dma32: long,
    pgalloc_dma: long,
    pgfree: long,
    ofReclaim: array(long, 28),
  });

const log2ceil = (n: number) => Math.ceil(Math.log2(n));

/** Where page->flags keeps the page's node and zone: at the top, as narrow as they can be. */
export function pageLinks({ CONFIG_NUMA, MAX_NUMNODES, abi: { long } }: Config26) {
  const ZONES_SHIFT = 2;
  const NODES_SHIFT = CONFIG_NUMA ? log2ceil(MAX_NUMNODES) : 0;
  const bits = 8 * long.sizeof;
  return Object.freeze({
    ZONES_SHIFT,
    NODES_SHIFT,
    NODES_PGSHIFT: NODES_SHIFT === 0 ? 0 : bits - NODES_SHIFT,
    ZONES_PGSHIFT: bits - NODES_SHIFT - ZONES_SHIFT,
    ZONETABLE_PGSHIFT: bits - NODES_SHIFT - ZONES_SHIFT,
    ZONETABLE_SHIFT: NODES_SHIFT + ZONES_SHIFT,
  });
}
