/**
 * The page allocator's structures and statics of 2.4.0: a struct page of 64 bytes and more that points to its zone and to its
 * memory and has a wait queue of its own; 256 lists of zones, one for each way to ask; and what page reclaim balances by.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { KernelConfig } from '../../kernel/config.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { THREAD_SIZE } from '../../kernel/linux-2.4/task.ts';
import { irqCpustat } from '../../kernel/linux-2.4.0/hardirq.ts';
import { task_struct } from '../../kernel/linux-2.4.0/task.ts';
import { __list_del, list_head } from '../../kernel/list.ts';
import { semaphoreType, spinlockType, waitQueueHead } from '../../kernel/lock-types.ts';
import { array, type CType, long, ptr, roundUp, type Struct, struct, u32 } from '../../kernel/struct.ts';
import type { StaticSymbol } from '../../kernel/symbols.ts';
import {
  bitmapsOf,
  free_area_struct,
  MAX_NR_ZONES,
  MAX_ORDER,
  Mm24,
  memMap,
  type PageLayouts,
  pageFields,
  zoneSizes,
} from '../linux-2.4/mm.ts';
import { gfpNumbers } from './gfp.ts';

/** Zone lists: the mask of a request is the number of its list, unlike in 2.4.22, where only the bits that name zones count. */
export const NR_GFPINDEX = 0x100;

export const PG_decr_after = 5;
export const PG_active = 6;
export const PG_inactive_dirty = 7;
export const PG_swap_cache = 9;
export const PG_inactive_clean = 11;
export const PG_reserved = 31;

export const PAGE_AGE_START = 2;
/** memory_pressure is a sum over a minute or so; inactive pages for a second are aimed at. */
export const INACTIVE_SHIFT = 6;

const ownPageFields = (config: KernelConfig) => ({
  ...pageFields,
  age: long,
  wait: waitQueueHead(config),
  pprev_hash: ptr,
  buffers: ptr,
  virtual: ptr,
  zone: ptr,
});
export type StructPage = Struct<ReturnType<typeof ownPageFields>>;
export const structPage = (config: KernelConfig): StructPage => struct(ownPageFields(config));

export const zonelist_struct = struct({ zones: array(ptr, MAX_NR_ZONES + 1), gfp_mask: u32 });

const zoneFields = (spinlock_t: CType) => ({
  lock: spinlock_t,
  offset: long,
  free_pages: long,
  inactive_clean_pages: long,
  inactive_dirty_pages: long,
  pages_min: long,
  pages_low: long,
  pages_high: long,
  inactive_clean_list: list_head,
  free_area: array(free_area_struct, MAX_ORDER),
  name: ptr,
  size: long,
  zone_pgdat: ptr,
  zone_start_paddr: long,
  zone_start_mapnr: long,
  zone_mem_map: ptr,
});
export type ZoneStruct = Struct<ReturnType<typeof zoneFields>>;
export const zoneStruct = (config: KernelConfig): ZoneStruct => struct(zoneFields(spinlockType(config)));

const pgDataFields = (zone_struct: CType) => ({
  node_zones: array(zone_struct, MAX_NR_ZONES),
  node_zonelists: array(zonelist_struct, NR_GFPINDEX),
  node_mem_map: ptr,
  valid_addr_bitmap: ptr,
  bdata: ptr,
  node_start_paddr: long,
  node_start_mapnr: long,
  node_size: long,
  node_id: u32,
  node_next: ptr,
});
export type PgData = Struct<ReturnType<typeof pgDataFields>>;
export const pgData = (zone_struct: CType): PgData => struct(pgDataFields(zone_struct));

/** Free pages that are aimed at, in all zones together. */
export const freepages_t = struct({ min: long, low: long, high: long });

const mmFields = (config: KernelConfig) => ({
  mmap: ptr,
  mmap_avl: ptr,
  mmap_cache: ptr,
  pgd: ptr,
  mm_users: u32,
  mm_count: u32,
  map_count: u32,
  mmap_sem: semaphoreType(config),
  page_table_lock: spinlockType(config),
  mmlist: list_head,
});
/** include/linux/sched.h, struct mm_struct, as far as its list. */
export type MmStruct = Struct<ReturnType<typeof mmFields>>;
export const mmStruct = (config: KernelConfig): MmStruct => struct(mmFields(config));

/** Bytes of a zone's bitmap for one order: a bit a block, of which half are used, in longs (free_area_init_core()). */
export const bitmapBytes = (pages: number, order: number) =>
  roundUp(((roundUp(pages, 2 << order) >>> order) + 7) >>> 3, 4);

function* nothing(): Program {}

export class Mm extends Mm24 {
  declare readonly struct_page: StructPage;
  declare readonly zone_struct: ZoneStruct;
  declare readonly pg_data_t: PgData;
  readonly mm_struct: MmStruct;

  readonly pgdat_list: addr_t;
  readonly freepages: addr_t;
  readonly memory_pressure: addr_t;
  readonly nr_active_pages: addr_t;
  readonly nr_inactive_dirty_pages: addr_t;
  readonly inactive_dirty_list: addr_t;
  readonly page_cluster: addr_t;
  readonly init_mm: addr_t;
  readonly mmlist_lock: addr_t;
  readonly pagecache_lock: addr_t;
  readonly pagemap_lru_lock: addr_t;
  readonly kreclaimd_wait: addr_t;
  readonly kswapd_done: addr_t;
  readonly kswapd_task: addr_t;
  readonly kswapd_wait: addr_t;
  /** The task that `kswapd_task` points to, at the foot of its stack. */
  readonly kswapd: addr_t;

  /** kmem_cache_reap() of the slab allocator, which stands above, so it is handed in at boot. */
  kmem_cache_reap: (cpu: Cpu, gfp_mask: number) => Program<unknown> = nothing;

  /** Once round the loop of kswapd(), in its task on `cpu`; handed in at power-on. */
  kswapdTurn: (k: Mm, cpu: Cpu) => Program = nothing;

  constructor(machine: Machine, config: KernelConfig, layout: BootLayout, statics: readonly StaticSymbol[]) {
    const struct_page = structPage(config);
    const zone_struct = zoneStruct(config);
    const pg_data_t = pgData(zone_struct);
    const mm_struct = mmStruct(config);
    const spinlock_t = spinlockType(config);
    const wait_queue_head_t = waitQueueHead(config);
    const layouts: PageLayouts = {
      ...{ task_struct, irq_cpustat_t: irqCpustat(config), struct_page, zone_struct, pg_data_t, PG_reserved },
      // The largest blocks have bits too, which allocation turns and freeing does not: nobody asks for them.
      ...{ gfp: gfpNumbers, bitmaps: MAX_ORDER, bitmapBytes },
    };
    const own: StaticSymbol[] = [
      { name: 'contig_page_data', type: pg_data_t },
      { name: 'pgdat_list', type: ptr },
      { name: 'mem_map_ptr', type: ptr },
      { name: 'max_mapnr', type: long },
      { name: 'num_physpages', type: long },
      { name: 'freepages', type: freepages_t },
      { name: 'memory_pressure', type: u32 },
      { name: 'nr_active_pages', type: u32 },
      { name: 'nr_inactive_dirty_pages', type: u32 },
      { name: 'inactive_dirty_list', type: list_head },
      { name: 'page_cluster', type: u32 },
      { name: 'init_mm', type: mm_struct },
      { name: 'mmlist_lock', type: spinlock_t },
      { name: 'pagecache_lock', type: spinlock_t },
      { name: 'pagemap_lru_lock', type: spinlock_t },
      { name: 'kreclaimd_wait', type: wait_queue_head_t },
      { name: 'kswapd_done', type: wait_queue_head_t },
      { name: 'kswapd_task', type: ptr },
      { name: 'kswapd_wait', type: wait_queue_head_t },
      { name: 'task[kswapd]', type: { sizeof: THREAD_SIZE, align: THREAD_SIZE } },
      memMap(layout, struct_page),
    ];
    zoneSizes(layout.ram).forEach((pages, zone) => {
      if (pages > 0) own.push(...bitmapsOf(zone, pages, layouts));
    });
    super(machine, config, layout, [...own, ...statics], layouts);
    this.mm_struct = mm_struct;
    this.pgdat_list = this.symbols.address('pgdat_list');
    this.freepages = this.symbols.address('freepages');
    this.memory_pressure = this.symbols.address('memory_pressure');
    this.nr_active_pages = this.symbols.address('nr_active_pages');
    this.nr_inactive_dirty_pages = this.symbols.address('nr_inactive_dirty_pages');
    this.inactive_dirty_list = this.symbols.address('inactive_dirty_list');
    this.page_cluster = this.symbols.address('page_cluster');
    this.init_mm = this.symbols.address('init_mm');
    this.mmlist_lock = this.symbols.address('mmlist_lock');
    this.pagecache_lock = this.symbols.address('pagecache_lock');
    this.pagemap_lru_lock = this.symbols.address('pagemap_lru_lock');
    this.kreclaimd_wait = this.symbols.address('kreclaimd_wait');
    this.kswapd_done = this.symbols.address('kswapd_done');
    this.kswapd_task = this.symbols.address('kswapd_task');
    this.kswapd_wait = this.symbols.address('kswapd_wait');
    this.kswapd = this.symbols.address('task[kswapd]');
  }

  /** What is taken off a list still points where it did. */
  override list_del(cpu: Cpu, entry: addr_t, next: addr_t = cpu.loadPtr(entry + list_head.next)): void {
    __list_del(cpu, cpu.loadPtr(entry + list_head.prev), next);
  }
}
