/**
 * The page allocator's structures and statics in memory: node_data with its zones, a struct page for each page in mem_map,
 * counts and lists of pages by CPU.
 */
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import { type BootLayout26, type Contribution, Kernel26 } from '../../kernel/linux-2.6/kernel.ts';
import { array, u32 } from '../../kernel/struct.ts';
import type { StaticSymbol } from '../../kernel/symbols.ts';
import {
  type FreeArea,
  freeArea,
  MAX_NR_ZONES,
  type PageState,
  type PerCpuPages,
  type PerCpuPageset,
  type PgData,
  pageLinks,
  pageState,
  perCpuPages,
  perCpuPageset,
  pgData,
  type StructPage,
  structPage,
  type ZonelistStruct,
  type ZoneStruct,
  zonelistStruct,
  zoneStruct,
} from './layouts.ts';

/** The first address that the ISA DMA controller cannot reach. */
export const MAX_DMA_PFN = (16 << 20) >>> PAGE_SHIFT;

export class Mm2617 extends Kernel26 {
  readonly struct_page: StructPage;
  readonly zone_struct: ZoneStruct;
  readonly zonelist: ZonelistStruct;
  readonly pg_data_t: PgData;
  readonly free_area: FreeArea;
  readonly per_cpu_pages: PerCpuPages;
  readonly per_cpu_pageset: PerCpuPageset;
  readonly page_state: PageState;
  readonly pageLinks: ReturnType<typeof pageLinks>;

  /** NODE_DATA(), by node. */
  readonly node_data: readonly addr_t[];
  readonly zone_table: addr_t;
  /** The array; the variable that points to it is mem_map_ptr. */
  readonly mem_map: addr_t;
  readonly mem_map_ptr: addr_t;
  readonly max_mapnr: addr_t;
  readonly num_physpages: addr_t;
  readonly high_memory: addr_t;
  readonly min_free_kbytes: addr_t;
  readonly totalreserve_pages: addr_t;
  readonly sysctl_lowmem_reserve_ratio: addr_t;
  readonly per_cpu__page_states: addr_t;

  constructor(machine: Machine, config: Config26, layout: BootLayout26, above: Contribution) {
    const { long, ptr } = config.abi;
    const pg_data_t = pgData(config);
    const struct_page = structPage(config);
    const page_state = pageState(config);
    const nodes = config.CONFIG_NUMA ? (layout.nodes?.length ?? 1) : 1;
    const own: StaticSymbol[] = [
      ...Array.from({ length: nodes }, (_, node) => ({ name: `node_data[${node}]`, type: pg_data_t })),
      { name: 'zone_table', type: array(ptr, 1 << pageLinks(config).ZONETABLE_SHIFT) },
      { name: 'mem_map_ptr', type: ptr },
      { name: 'max_mapnr', type: long },
      { name: 'num_physpages', type: long },
      { name: 'high_memory', type: ptr },
      { name: 'min_free_kbytes', type: u32 },
      { name: 'totalreserve_pages', type: long },
      { name: 'sysctl_lowmem_reserve_ratio', type: array(u32, MAX_NR_ZONES - 1) },
      { name: 'mem_map', type: { sizeof: struct_page.sizeof * (layout.ram >>> PAGE_SHIFT), align: PAGE_SIZE } },
    ];
    if (config.CONFIG_NUMA) own.push({ name: 'boot_pageset', type: array(perCpuPageset(config), config.NR_CPUS) });
    super(machine, config, layout, {
      statics: [...own, ...above.statics],
      perCpu: { page_states: page_state, ...above.perCpu },
    });
    this.struct_page = struct_page;
    this.zone_struct = zoneStruct(config);
    this.zonelist = zonelistStruct(config);
    this.pg_data_t = pg_data_t;
    this.free_area = freeArea(config);
    this.per_cpu_pages = perCpuPages(config);
    this.per_cpu_pageset = perCpuPageset(config);
    this.page_state = page_state;
    this.pageLinks = pageLinks(config);
    this.node_data = this.nodes.map((_, node) => this.symbols.address(`node_data[${node}]`));
    this.zone_table = this.symbols.address('zone_table');
    this.mem_map = this.symbols.address('mem_map');
    this.mem_map_ptr = this.symbols.address('mem_map_ptr');
    this.max_mapnr = this.symbols.address('max_mapnr');
    this.num_physpages = this.symbols.address('num_physpages');
    this.high_memory = this.symbols.address('high_memory');
    this.min_free_kbytes = this.symbols.address('min_free_kbytes');
    this.totalreserve_pages = this.symbols.address('totalreserve_pages');
    this.sysctl_lowmem_reserve_ratio = this.symbols.address('sysctl_lowmem_reserve_ratio');
    this.per_cpu__page_states = this.perCpuVariable('page_states');
  }

  /** The address of zone `index` of a node. */
  zone(node: number, index: number): addr_t {
    return this.node_data[node] + this.pg_data_t.node_zones + index * this.zone_struct.sizeof;
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
