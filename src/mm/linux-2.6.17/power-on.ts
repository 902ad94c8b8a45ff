/** Power-on and mem_init: free_area_init_core(), memmap_init_zone(), free_all_bootmem_core() of 2.6.17. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { INIT_LIST_HEAD } from '../../kernel/linux-2.6/list.ts';
import { spin_lock_init } from '../../kernel/spinlock.ts';
import { MAX_NR_ZONES, MAX_ORDER, PG_reserved } from './layouts.ts';
import { MAX_DMA_PFN, type Mm2617 } from './mm.ts';
import { __clearPageFlag, __setPageFlag, set_page_count, set_page_refcounted } from './page.ts';
import { __free_pages, free_compound_page } from './page-alloc.ts';
import { page_alloc_init, zone_batchsize, zone_pcp_init } from './pagesets.ts';
import { build_all_zonelists } from './zonelists.ts';

/** Zones with empty free lists; every page reserved. Writes all that it relies on, so it may run again later. */
export function power_on(k: Mm2617, cpu: Cpu): void {
  const totalpages = k.layout.ram >>> PAGE_SHIFT;
  k.free_compound_page = (on, page) => free_compound_page(k, on, page);
  cpu.storePtr(k.mem_map_ptr, k.mem_map);
  cpu.storeLong(k.max_mapnr, totalpages);
  cpu.storeLong(k.num_physpages, totalpages);
  cpu.storePtr(k.high_memory, k.layout.ram);
  for (let node = 0; node < k.nodes.length; node++) free_area_init_node(k, cpu, node);
  build_all_zonelists(k, cpu);
  page_alloc_init(k, cpu);
}

/** The first page frame and the number of pages of each zone of a node: below 16 MB, above it. */
export function zonesOf({ startPfn, endPfn }: { startPfn: number; endPfn: number }): { start: number; size: number }[] {
  const border = Math.min(Math.max(startPfn, MAX_DMA_PFN), endPfn);
  const none = { start: 0, size: 0 };
  return [{ start: startPfn, size: border - startPfn }, none, { start: border, size: endPfn - border }, none];
}

const zoneNames = ['DMA', 'DMA32', 'Normal', 'HighMem'];

function free_area_init_node(k: Mm2617, cpu: Cpu, node: number): void {
  const { pg_data_t } = k;
  const pgdat = k.node_data[node];
  const { startPfn, endPfn } = k.nodes[node];
  cpu.store32(pgdat + pg_data_t.node_id, node);
  cpu.storeLong(pgdat + pg_data_t.node_start_pfn, startPfn);
  cpu.storePtr(pgdat + pg_data_t.node_mem_map, k.pageAt(startPfn));
  cpu.storeLong(pgdat + pg_data_t.node_spanned_pages, endPfn - startPfn);
  cpu.storeLong(pgdat + pg_data_t.node_present_pages, endPfn - startPfn);
  k.printk(`On node ${node} totalpages: ${endPfn - startPfn}`);
  let nr_zones = 0;
  zonesOf(k.nodes[node]).forEach(({ start, size }, index) => {
    initZone(k, cpu, node, index, start, size);
    if (size === 0) return;
    nr_zones = index + 1;
    k.printk(`  ${zoneNames[index]} zone: ${size} pages, LIFO batch:${zone_batchsize(size)}`);
  });
  cpu.store32(pgdat + pg_data_t.nr_zones, nr_zones);
}

function initZone(k: Mm2617, cpu: Cpu, node: number, index: number, start: number, size: number): void {
  const { zone_struct, free_area } = k;
  const { long, ptr } = k.config.abi;
  const zone = k.zone(node, index);
  cpu.storeLong(zone + zone_struct.spanned_pages, size);
  cpu.storeLong(zone + zone_struct.present_pages, size);
  spin_lock_init(k, cpu, zone + zone_struct.lock);
  spin_lock_init(k, cpu, zone + zone_struct.lru_lock);
  cpu.storePtr(zone + zone_struct.zone_pgdat, k.node_data[node]);
  cpu.storeLong(zone + zone_struct.free_pages, 0);
  for (const mark of [zone_struct.pages_min, zone_struct.pages_low, zone_struct.pages_high])
    cpu.storeLong(zone + mark, 0);
  for (let i = 0; i < MAX_NR_ZONES; i++) cpu.storeLong(zone + zone_struct.lowmem_reserve + i * long.sizeof, 0);
  zone_pcp_init(k, cpu, zone, size);
  INIT_LIST_HEAD(cpu, zone + zone_struct.active_list);
  INIT_LIST_HEAD(cpu, zone + zone_struct.inactive_list);
  const id = (node << k.pageLinks.ZONES_SHIFT) | index;
  cpu.storePtr(k.zone_table + id * ptr.sizeof, zone);
  if (size === 0) return;

  cpu.storeLong(zone + zone_struct.zone_start_pfn, start);
  for (let pfn = start; pfn < start + size; pfn++) initPage(k, cpu, pfn, id);
  for (let order = 0; order < MAX_ORDER; order++) {
    const area = zone + zone_struct.free_area + order * free_area.sizeof;
    INIT_LIST_HEAD(cpu, area + free_area.free_list);
    cpu.storeLong(area + free_area.nr_free, 0);
  }
}

/** memmap_init_zone() of one page: its place in its flags, one reference, nobody's mapping, reserved. */
function initPage(k: Mm2617, cpu: Cpu, pfn: number, zoneId: number): void {
  const { struct_page } = k;
  const page = k.pageAt(pfn);
  cpu.storeLong(page + struct_page.flags, zoneId << k.pageLinks.ZONETABLE_PGSHIFT);
  set_page_count(k, cpu, page, 1);
  cpu.store32(page + struct_page._mapcount, -1);
  cpu.storePtr(page + struct_page.mapping, NULL);
  cpu.storeLong(page + struct_page.private, 0);
  __setPageFlag(k, cpu, page, PG_reserved);
  INIT_LIST_HEAD(cpu, page + struct_page.lru);
}

/** Frees every page that is not reserved, node by node: words of the boot bitmap as blocks, if none of a word is reserved. */
export function* mem_init(k: Mm2617, cpu: Cpu): Program {
  for (const { startPfn, endPfn } of k.nodes) yield* free_all_bootmem_core(k, cpu, startPfn, endPfn);
}

function* free_all_bootmem_core(k: Mm2617, cpu: Cpu, startPfn: number, endPfn: number): Program {
  const reserved = k.layout.reservedPfns;
  const isReserved = (pfn: number) => reserved.some(([first, last]) => pfn >= first && pfn <= last);
  const word = 8 * k.config.abi.long.sizeof;
  for (let first = startPfn; first < endPfn; first += word) {
    const free: number[] = [];
    for (let pfn = first; pfn < Math.min(first + word, endPfn); pfn++) if (!isReserved(pfn)) free.push(pfn);
    if (free.length === word) yield* __free_pages_bootmem(k, cpu, first, Math.log2(word));
    else for (const pfn of free) yield* __free_pages_bootmem(k, cpu, pfn, 0);
  }
}

function* __free_pages_bootmem(k: Mm2617, cpu: Cpu, pfn: number, order: number): Program {
  const { sizeof } = k.struct_page;
  const page = k.pageAt(pfn);
  if (order > 0) cpu.prefetchw(page);
  for (let loop = 0; loop < 1 << order; loop++) {
    const p = page + loop * sizeof;
    if (loop + 1 < 1 << order) cpu.prefetchw(p + sizeof);
    __clearPageFlag(k, cpu, p, PG_reserved);
    set_page_count(k, cpu, p, 0);
  }
  set_page_refcounted(k, cpu, page);
  yield* __free_pages(k, cpu, page, order);
}
