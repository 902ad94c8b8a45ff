/**
 * The page allocator's structures and statics (include/linux/mmzone.h, mm.h of 2.4.22): zones in contig_page_data, one
 * struct page of 44 bytes a page in mem_map, one bitmap an order and zone.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import type { KernelConfig } from '../../kernel/config.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { Linux24 } from '../../kernel/linux-2.4/kernel.ts';
import { list_head } from '../../kernel/list.ts';
import { spinlockType, waitQueueHead } from '../../kernel/lock-types.ts';
import { array, type CType, long, ptr, roundUp, type Struct, struct, u32 } from '../../kernel/struct.ts';
import type { StaticSymbol } from '../../kernel/symbols.ts';
import { GFP_ZONEMASK } from './gfp.ts';

export const MAX_ORDER = 10;
export const MAX_NR_ZONES = 3;
export const ZONE_DMA = 0;
export const ZONE_NORMAL = 1;
export const ZONE_HIGHMEM = 2;
export const ZONE_SHIFT = 24;
/** The first address that the ISA DMA controller cannot reach. */
export const MAX_DMA_PFN = (16 << 20) >>> PAGE_SHIFT;
export const PAGES_PER_WAITQUEUE = 256;

export const PG_locked = 0;
export const PG_referenced = 2;
export const PG_dirty = 4;
export const PG_lru = 6;
export const PG_active = 7;
export const PG_slab = 8;
export const PG_reserved = 14;

export const struct_page = struct({
  list: list_head,
  mapping: ptr,
  index: long,
  next_hash: ptr,
  count: u32,
  flags: long,
  lru: list_head,
  pprev_hash: ptr,
  buffers: ptr,
});

export const free_area_struct = struct({ free_list: list_head, map: ptr });
export const zonelist_struct = struct({ zones: array(ptr, MAX_NR_ZONES + 1) });

const zoneFields = (spinlock_t: CType) => ({
  lock: spinlock_t,
  free_pages: long,
  pages_min: long,
  pages_low: long,
  pages_high: long,
  need_balance: u32,
  free_area: array(free_area_struct, MAX_ORDER),
  wait_table: ptr,
  wait_table_size: long,
  wait_table_shift: long,
  zone_pgdat: ptr,
  zone_mem_map: ptr,
  zone_start_paddr: long,
  zone_start_mapnr: long,
  name: ptr,
  size: long,
});
export type ZoneStruct = Struct<ReturnType<typeof zoneFields>>;
export const zoneStruct = (config: KernelConfig): ZoneStruct => struct(zoneFields(spinlockType(config)));

const pgDataFields = (zone_struct: CType) => ({
  node_zones: array(zone_struct, MAX_NR_ZONES),
  node_zonelists: array(zonelist_struct, GFP_ZONEMASK + 1),
  nr_zones: u32,
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

/** Pages of each zone. */
export function zoneSizes(ram: number): readonly number[] {
  const pages = ram >>> PAGE_SHIFT;
  const dma = Math.min(pages, MAX_DMA_PFN);
  return [dma, pages - dma, 0];
}

/** Bytes of a zone's bitmap for one order: a bit a pair of blocks, in longs (free_area_init_core()). */
export const bitmapBytes = (pages: number, order: number) => roundUp(((pages - 1) >>> (order + 4)) + 1, 4);

/** Buckets of a zone's hashed wait queues (wait_table_size()). */
export function wait_table_size(pages: number): number {
  let size = 1;
  while (size < Math.floor(pages / PAGES_PER_WAITQUEUE)) size <<= 1;
  return Math.min(size, 4096);
}

function* nothingHelps(): Program<boolean> {
  return false;
}

export class Mm extends Linux24 {
  readonly zone_struct: ZoneStruct;
  readonly pg_data_t: PgData;

  readonly contig_page_data: addr_t;
  readonly zone_table: addr_t;
  readonly mem_map: addr_t;
  /** The variable that points to mem_map. */
  readonly mem_map_ptr: addr_t;
  readonly max_mapnr: addr_t;
  readonly num_physpages: addr_t;

  /** What is tried where pages are short. It asks the slab allocator, so it is handed in at boot; until then nothing helps. */
  try_to_free_pages_zone: (cpu: Cpu, gfp_mask: number) => Program<boolean> = nothingHelps;

  constructor(machine: Machine, config: KernelConfig, layout: BootLayout, statics: readonly StaticSymbol[]) {
    const zone_struct = zoneStruct(config);
    const pg_data_t = pgData(zone_struct);
    const zones = zoneSizes(layout.ram);
    const own: StaticSymbol[] = [
      { name: 'contig_page_data', type: pg_data_t },
      { name: 'zone_table', type: array(ptr, MAX_NR_ZONES) },
      { name: 'mem_map_ptr', type: ptr },
      { name: 'max_mapnr', type: long },
      { name: 'num_physpages', type: long },
      { name: 'mem_map', type: { sizeof: struct_page.sizeof * (layout.ram >>> PAGE_SHIFT), align: PAGE_SIZE } },
    ];
    zones.forEach((pages, zone) => {
      if (pages === 0) return;
      own.push({
        name: `wait_table[${zone}]`,
        type: { sizeof: wait_table_size(pages) * waitQueueHead(config).sizeof, align: 32 },
      });
      for (let order = 0; order < MAX_ORDER - 1; order++) {
        own.push({ name: `bitmap[${zone}][${order}]`, type: { sizeof: bitmapBytes(pages, order), align: 32 } });
      }
    });
    super(machine, config, layout, [...own, ...statics]);
    this.zone_struct = zone_struct;
    this.pg_data_t = pg_data_t;
    this.contig_page_data = this.symbols.address('contig_page_data');
    this.zone_table = this.symbols.address('zone_table');
    this.mem_map = this.symbols.address('mem_map');
    this.mem_map_ptr = this.symbols.address('mem_map_ptr');
    this.max_mapnr = this.symbols.address('max_mapnr');
    this.num_physpages = this.symbols.address('num_physpages');
  }

  /** The address of zone `index`. */
  zone(index: number): addr_t {
    return this.contig_page_data + this.pg_data_t.node_zones + index * this.zone_struct.sizeof;
  }

  /** The page frame number of a struct page. */
  pfnOf(page: addr_t): number {
    return (page - this.mem_map) / struct_page.sizeof;
  }

  /** The struct page of a page frame, by number: for those who look with peek. */
  pageAt(pfn: number): addr_t {
    return this.mem_map + pfn * struct_page.sizeof;
  }
}
