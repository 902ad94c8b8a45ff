/** Power-on: free_area_init_core(), build_zonelists() of 2.4.22. */
import type { Cpu } from '../../hw/cpu.ts';
import { PAGE_SHIFT } from '../../hw/memory.ts';
import { INIT_LIST_HEAD } from '../../kernel/list.ts';
import { assignUnlocked } from '../../kernel/spinlock.ts';
import { ptr } from '../../kernel/struct.ts';
import { ZONE_DMA, ZONE_NORMAL, zoneSizes } from '../linux-2.4/mm.ts';
import { initFreeAreas, initPages, initZonelist } from '../linux-2.4/power-on.ts';
import { __GFP_DMA, GFP_ZONEMASK } from './gfp.ts';
import { type Mm, PG_reserved, struct_page, wait_table_size, ZONE_SHIFT, zonelist_struct } from './mm.ts';
import { pageOps } from './page-alloc.ts';

/** Zones with empty free lists; every page reserved. Writes all that it relies on, so it may run again later. */
export function power_on(k: Mm, cpu: Cpu): void {
  const { pg_data_t, contig_page_data, layout } = k;
  k.pageOps = pageOps;
  const totalpages = layout.ram >>> PAGE_SHIFT;
  cpu.storePtr(k.mem_map_ptr, k.mem_map);
  cpu.storeLong(k.max_mapnr, totalpages);
  cpu.storeLong(k.num_physpages, totalpages);
  cpu.storePtr(contig_page_data + pg_data_t.node_mem_map, k.mem_map);
  cpu.storeLong(contig_page_data + pg_data_t.node_size, totalpages);
  let nr_zones = 0;
  let start = 0;
  zoneSizes(layout.ram).forEach((size, index) => {
    initZone(k, cpu, index, start, size);
    if (size > 0) nr_zones = index + 1;
    start += size;
  });
  cpu.store32(contig_page_data + pg_data_t.nr_zones, nr_zones);
  build_zonelists(k, cpu);
}

function initZone(k: Mm, cpu: Cpu, index: number, start: number, size: number): void {
  const { zone_struct } = k;
  const zone = k.zone(index);
  cpu.storePtr(k.zone_table + index * ptr.sizeof, zone);
  cpu.storeLong(zone + zone_struct.size, size);
  assignUnlocked(k, cpu, zone + zone_struct.lock);
  cpu.storePtr(zone + zone_struct.zone_pgdat, k.contig_page_data);
  cpu.storeLong(zone + zone_struct.free_pages, 0);
  cpu.store32(zone + zone_struct.need_balance, 0);
  if (size === 0) return;

  const waitQueues = wait_table_size(size);
  cpu.storeLong(zone + zone_struct.wait_table_size, waitQueues);
  cpu.storeLong(zone + zone_struct.wait_table_shift, 32 - Math.log2(waitQueues));
  const wait_table = k.symbols.address(`wait_table[${index}]`);
  cpu.storePtr(zone + zone_struct.wait_table, wait_table);
  for (let i = 0; i < waitQueues; i++) {
    const queue = wait_table + i * k.wait_queue_head_t.sizeof;
    assignUnlocked(k, cpu, queue + k.wait_queue_head_t.lock);
    INIT_LIST_HEAD(cpu, queue + k.wait_queue_head_t.task_list);
  }

  const pages_min = Math.min(Math.max(size >> 7, 20), 255);
  cpu.storeLong(zone + zone_struct.pages_min, pages_min);
  cpu.storeLong(zone + zone_struct.pages_low, pages_min * 2);
  cpu.storeLong(zone + zone_struct.pages_high, pages_min * 3);
  cpu.storePtr(zone + zone_struct.zone_mem_map, k.pageAt(start));
  cpu.storeLong(zone + zone_struct.zone_start_mapnr, start);
  cpu.storeLong(zone + zone_struct.zone_start_paddr, start << PAGE_SHIFT);

  initPages(k, cpu, start, size, (page) =>
    cpu.storeLong(page + struct_page.flags, (index << ZONE_SHIFT) | (1 << PG_reserved)),
  );
  initFreeAreas(k, cpu, index, size);
}

/** For each kind of request the zones that serve it, best first: DMA requests get DMA memory only. */
function build_zonelists(k: Mm, cpu: Cpu): void {
  for (let gfp = 0; gfp <= GFP_ZONEMASK; gfp++) {
    const zonelist = k.contig_page_data + k.pg_data_t.node_zonelists + gfp * zonelist_struct.sizeof;
    initZonelist(k, cpu, zonelist + zonelist_struct.zones, (gfp & __GFP_DMA) !== 0 ? ZONE_DMA : ZONE_NORMAL);
  }
}
