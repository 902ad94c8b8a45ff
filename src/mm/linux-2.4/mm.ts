/**
 * The page allocator's structures and statics, as far as all of 2.4 have them (include/linux/mmzone.h, mm.h): zones in
 * contig_page_data, one struct page a page in mem_map, one bitmap an order and zone.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import type { KernelConfig } from '../../kernel/config.ts';
import type { BootLayout } from '../../kernel/kernel.ts';
import { Linux24, type SeriesLayouts } from '../../kernel/linux-2.4/kernel.ts';
import { list_head } from '../../kernel/list.ts';
import { type CType, long, ptr, type Struct, struct, u32 } from '../../kernel/struct.ts';
import type { StaticSymbol } from '../../kernel/symbols.ts';

export const MAX_ORDER = 10;
export const MAX_NR_ZONES = 3;
export const ZONE_DMA = 0;
export const ZONE_NORMAL = 1;
export const ZONE_HIGHMEM = 2;
/** The first address that the ISA DMA controller cannot reach. */
export const MAX_DMA_PFN = (16 << 20) >>> PAGE_SHIFT;

export const PG_locked = 0;
export const PG_referenced = 2;
export const PG_dirty = 4;
export const PG_slab = 8;

export const pageFields = {
  list: list_head,
  mapping: ptr,
  index: long,
  next_hash: ptr,
  count: u32,
  flags: long,
  lru: list_head,
};
/** struct page begins so in all of 2.4. How it goes on, and so how large it is, the kernel says: `k.struct_page`. */
export const struct_page: Omit<Struct<typeof pageFields>, 'sizeof'> = struct(pageFields);

export const free_area_struct = struct({ free_list: list_head, map: ptr });

/** Fields of struct zone_struct that all of 2.4 have, each in places of its own. */
export type ZoneFields = Readonly<
  Record<
    | 'lock'
    | 'free_pages'
    | 'pages_min'
    | 'pages_low'
    | 'pages_high'
    | 'free_area'
    | 'size'
    | 'zone_pgdat'
    | 'zone_start_paddr'
    | 'zone_start_mapnr'
    | 'zone_mem_map',
    number
  >
> &
  CType;

/** What versions of the series lay out and number differently, as far as shared code asks for it. */
export interface PageLayouts extends SeriesLayouts {
  readonly struct_page: Struct<typeof pageFields>;
  readonly zone_struct: ZoneFields;
  readonly pg_data_t: CType & { readonly node_zones: number };
  readonly PG_reserved: number;
  readonly gfp: GfpNumbers;
  /** Orders that have a bitmap. */
  readonly bitmaps: number;
  /** Bytes of a zone's bitmap for one order. */
  bitmapBytes(pages: number, order: number): number;
}

/** Requests for memory by the names that all of 2.4 have. */
export type GfpNumbers = Readonly<
  Record<
    '__GFP_WAIT' | '__GFP_HIGH' | '__GFP_IO' | '__GFP_DMA' | 'GFP_ATOMIC' | 'GFP_KERNEL' | 'GFP_USER' | 'GFP_DMA',
    number
  >
>;

/** What a version's page allocator does its own way, as far as shared code calls it. */
export interface PageOps {
  /** A block of 2^order pages: its first struct page, or NULL. May sleep if gfp_mask has __GFP_WAIT. */
  alloc_pages(k: Mm24, cpu: Cpu, gfp_mask: number, order: number): Program<addr_t>;
  free_pages(k: Mm24, cpu: Cpu, addr: addr_t, order: number): Program;
  /** Where the page's memory is. */
  page_address(k: Mm24, cpu: Cpu, page: addr_t): addr_t;
  /** BAD_RANGE(), "temporary debugging check", which stayed: the pages (`buddy` unless it is NULL) lie in the zone, and say so. */
  checkRange(k: Mm24, cpu: Cpu, fn: string, zone: addr_t, page: addr_t, buddy?: addr_t): void;
  /** A page that is handed out is nobody's. */
  checkTaken(k: Mm24, cpu: Cpu, page: addr_t): void;
  /** A block that comes back is nobody's any more: checks and cleans its page; the zone, or NULL if the task keeps it. */
  release(k: Mm24, cpu: Cpu, page: addr_t, order: number): addr_t;
  /** It is in its zone again. */
  released(k: Mm24, cpu: Cpu): void;
  /** The first struct page of a zone. */
  zoneBase(k: Mm24, cpu: Cpu, zone: addr_t): addr_t;
  /** Turns a bit of a bitmap of pairs; whether it was set. */
  changeBit(cpu: Cpu, map: addr_t, bit: number): boolean;
}

/** Pages of each zone. */
export function zoneSizes(ram: number): readonly number[] {
  const pages = ram >>> PAGE_SHIFT;
  const dma = Math.min(pages, MAX_DMA_PFN);
  return [dma, pages - dma, 0];
}

/** mem_map, where `struct_page` is as large as this. */
export const memMap = ({ ram }: BootLayout, { sizeof }: CType): StaticSymbol => ({
  name: 'mem_map',
  type: { sizeof: sizeof * (ram >>> PAGE_SHIFT), align: PAGE_SIZE },
});

/** The bitmaps of a zone. */
export const bitmapsOf = (zone: number, pages: number, { bitmaps, bitmapBytes }: PageLayouts): StaticSymbol[] =>
  Array.from({ length: bitmaps }, (_, order) => ({
    name: `bitmap[${zone}][${order}]`,
    type: { sizeof: bitmapBytes(pages, order), align: 32 },
  }));

export abstract class Mm24 extends Linux24 {
  readonly struct_page: Struct<typeof pageFields>;
  readonly zone_struct: ZoneFields;
  readonly pg_data_t: CType & { readonly node_zones: number };
  readonly PG_reserved: number;
  readonly gfp: GfpNumbers;
  readonly bitmaps: number;
  readonly bitmapBytes: PageLayouts['bitmapBytes'];

  readonly contig_page_data: addr_t;
  readonly mem_map: addr_t;
  /** The variable that points to mem_map. */
  readonly mem_map_ptr: addr_t;
  readonly max_mapnr: addr_t;
  readonly num_physpages: addr_t;

  /** Its version's; handed in at power-on. */
  pageOps!: PageOps;

  /** `statics` are all of the version's, since they stand in its own order. */
  constructor(
    machine: Machine,
    config: KernelConfig,
    layout: BootLayout,
    statics: readonly StaticSymbol[],
    layouts: PageLayouts,
  ) {
    super(machine, config, layout, statics, layouts);
    this.struct_page = layouts.struct_page;
    this.zone_struct = layouts.zone_struct;
    this.pg_data_t = layouts.pg_data_t;
    this.PG_reserved = layouts.PG_reserved;
    this.gfp = layouts.gfp;
    this.bitmaps = layouts.bitmaps;
    this.bitmapBytes = layouts.bitmapBytes;
    this.contig_page_data = this.symbols.address('contig_page_data');
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
    return (page - this.mem_map) / this.struct_page.sizeof;
  }

  /** The struct page of a page frame, by number: for those who look with peek. */
  pageAt(pfn: number): addr_t {
    return this.mem_map + pfn * this.struct_page.sizeof;
  }
}
