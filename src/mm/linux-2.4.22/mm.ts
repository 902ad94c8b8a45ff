/**
 * The page allocator's structures and statics of 2.4.22: a struct page of 44 bytes that names its zone in the top byte of its
 * flags, and hashed wait queues of a zone's pages.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { KernelConfig } from '../../kernel/config.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { irqCpustat } from '../../kernel/linux-2.4.22/hardirq.ts';
import { task_struct } from '../../kernel/linux-2.4.22/task.ts';
import { list_del, list_head } from '../../kernel/list.ts';
import { spinlockType, waitQueueHead } from '../../kernel/lock-types.ts';
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
import { GFP_ZONEMASK, gfpNumbers } from './gfp.ts';

export const ZONE_SHIFT = 24;
export const PAGES_PER_WAITQUEUE = 256;

export const PG_lru = 6;
export const PG_active = 7;
export const PG_reserved = 14;

export const struct_page = struct({ ...pageFields, pprev_hash: ptr, buffers: ptr });

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

export class Mm extends Mm24 {
  declare readonly zone_struct: ZoneStruct;
  declare readonly pg_data_t: PgData;

  readonly zone_table: addr_t;

  /** What is tried where pages are short. It asks the slab allocator, so it is handed in at boot; until then nothing helps. */
  try_to_free_pages_zone: (cpu: Cpu, gfp_mask: number) => Program<boolean> = nothingHelps;

  constructor(machine: Machine, config: KernelConfig, layout: BootLayout, statics: readonly StaticSymbol[]) {
    const zone_struct = zoneStruct(config);
    const pg_data_t = pgData(zone_struct);
    const layouts: PageLayouts = {
      ...{
        task_struct,
        irq_cpustat_t: irqCpustat(config),
        struct_page,
        zone_struct,
        pg_data_t,
        PG_reserved,
        gfp: gfpNumbers,
      },
      ...{ bitmaps: MAX_ORDER - 1, bitmapBytes },
    };
    const own: StaticSymbol[] = [
      { name: 'contig_page_data', type: pg_data_t },
      { name: 'zone_table', type: array(ptr, MAX_NR_ZONES) },
      { name: 'mem_map_ptr', type: ptr },
      { name: 'max_mapnr', type: long },
      { name: 'num_physpages', type: long },
      memMap(layout, struct_page),
    ];
    zoneSizes(layout.ram).forEach((pages, zone) => {
      if (pages === 0) return;
      const wait_table = { sizeof: wait_table_size(pages) * waitQueueHead(config).sizeof, align: 32 };
      own.push({ name: `wait_table[${zone}]`, type: wait_table }, ...bitmapsOf(zone, pages, layouts));
    });
    super(machine, config, layout, [...own, ...statics], layouts);
    this.zone_table = this.symbols.address('zone_table');
    for (const { id } of machine.cpus)
      this.#initLocalPages(this.symbols.address(`task[${id}]`) + task_struct.local_pages);
  }

  override list_del(cpu: Cpu, entry: addr_t, next?: addr_t): void {
    list_del(cpu, entry, next);
  }

  #initLocalPages(local_pages: addr_t): void {
    this.machine.memory.poke32(local_pages + list_head.next, local_pages);
    this.machine.memory.poke32(local_pages + list_head.prev, local_pages);
  }
}
