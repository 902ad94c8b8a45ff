/**
 * The page allocator's structures and statics in memory: node_data with its zones, a struct page for each page in mem_map,
 * counts and lists of pages by CPU.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import type { KernelFunction } from '../../kernel/kernel.ts';
import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import { type BootLayout26, type Contribution, Linux26 } from '../../kernel/linux-2.6/kernel.ts';
import { notifier_block } from '../../kernel/linux-2.6/layouts.ts';
import { nodesKnown } from '../../kernel/linux-2.6/nodes.ts';
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

/** sysctl_lowmem_reserve_ratio[]: a zone keeps a 256th of those above it for itself, normal memory a 32nd. */
const LOWMEM_RESERVE_RATIO = [256, 256, 32];

export class Mm2617 extends Linux26 {
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

  /** The destructor that compound pages name, as a function pointer; boot sets it. */
  free_compound_page: KernelFunction | null = null;
  /** Where pagesets come from once the slab allocator is there; boot sets them. */
  kmalloc_node: ((cpu: Cpu, size: number, gfp_mask: number, node: number) => Program<addr_t>) | null = null;
  kfree: ((cpu: Cpu, objp: addr_t) => Program) | null = null;

  constructor(machine: Machine, config: Config26, layout: BootLayout26, above: Contribution) {
    const { long, ptr } = config.abi;
    const pg_data_t = pgData(config);
    const struct_page = structPage(config);
    const page_state = pageState(config);
    const own: StaticSymbol[] = [
      ...nodesKnown(machine, config, layout).map((_, node) => ({ name: `node_data[${node}]`, type: pg_data_t })),
      { name: 'zone_table', type: array(ptr, 1 << pageLinks(config).ZONETABLE_SHIFT) },
      { name: 'mem_map_ptr', type: ptr },
      { name: 'max_mapnr', type: long },
      { name: 'num_physpages', type: long },
      { name: 'high_memory', type: ptr },
      { name: 'min_free_kbytes', type: u32 },
      { name: 'totalreserve_pages', type: long },
      { name: 'page_alloc_cpu_notifier', type: notifier_block },
      { name: 'pageset_notifier', type: notifier_block },
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
    LOWMEM_RESERVE_RATIO.forEach((ratio, zone) => {
      machine.memory.poke32(this.sysctl_lowmem_reserve_ratio + 4 * zone, ratio);
    });
  }

  /** The address of zone `index` of a node. */
  zone(node: number, index: number): addr_t {
    return this.node_data[node] + this.pg_data_t.node_zones + index * this.zone_struct.sizeof;
  }

  /** kswapd, which would be woken to free pages of `zone` in blocks of `order`, does not run. */
  wakeup_kswapd(_zone: addr_t, _order: number): void {}

  /** mm/vmscan.c: pages freed. There are no lists of used pages to take any from. */
  *try_to_free_pages(_cpu: Cpu, _zonelist: addr_t, _gfp_mask: number): Program<number> {
    return 0;
  }

  /** mm/oom_kill.c: with no process to kill, the end. */
  out_of_memory(gfp_mask: number, order: number): never {
    this.printk(`oom-killer: gfp_mask=0x${gfp_mask.toString(16)}, order=${order}`);
    BUG('oom_kill.c', 'out_of_memory', 'Out of memory and no killable processes...');
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
