/** Power-on: free_area_init_core(), build_zonelists() of 2.4.0, and what page reclaim finds when it first looks. */
import type { Cpu } from '../../hw/cpu.ts';
import { NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { PF_MEMALLOC } from '../../kernel/linux-2.4/task.ts';
import { task_struct } from '../../kernel/linux-2.4.0/task.ts';
import { INIT_LIST_HEAD } from '../../kernel/list.ts';
import { assignUnlocked } from '../../kernel/spinlock.ts';
import { init_waitqueue_head, TASK_INTERRUPTIBLE } from '../../kernel/wait.ts';
import { ZONE_DMA, ZONE_NORMAL, zoneSizes } from '../linux-2.4/mm.ts';
import { initFreeAreas, initPages, initZonelist } from '../linux-2.4/power-on.ts';
import { __GFP_DMA } from './gfp.ts';
import { freepages_t, type Mm, NR_GFPINDEX, PG_reserved, zonelist_struct } from './mm.ts';
import { pageOps } from './page-alloc.ts';
import { kswapdTurn } from './vmscan.ts';

/** Of each zone's pages one in so many is to stay free, within bounds. */
const zone_balance_ratio = [32, 128, 128];
const zone_balance_min = 10;
const zone_balance_max = 255;

/** Zones with empty free lists; every page reserved. Writes all that it relies on, so it may run again later. */
export function power_on(k: Mm, cpu: Cpu): void {
  const { pg_data_t, contig_page_data, layout, freepages } = k;
  k.pageOps = pageOps;
  k.kswapdTurn = kswapdTurn;
  const totalpages = layout.ram >>> PAGE_SHIFT;
  cpu.storePtr(k.mem_map_ptr, k.mem_map);
  cpu.storeLong(k.max_mapnr, totalpages);
  cpu.storeLong(k.num_physpages, totalpages);
  cpu.storePtr(k.pgdat_list, contig_page_data);
  cpu.storePtr(contig_page_data + pg_data_t.node_mem_map, k.mem_map);
  cpu.storeLong(contig_page_data + pg_data_t.node_size, totalpages);
  cpu.storePtr(contig_page_data + pg_data_t.node_next, NULL);
  for (const mark of [freepages_t.min, freepages_t.low, freepages_t.high]) cpu.storeLong(freepages + mark, 0);
  let start = 0;
  zoneSizes(layout.ram).forEach((size, index) => {
    initZone(k, cpu, index, start, size);
    start += size;
  });
  build_zonelists(k, cpu);
  initReclaim(k, cpu, totalpages);
}

function initZone(k: Mm, cpu: Cpu, index: number, start: number, size: number): void {
  const { zone_struct, struct_page } = k;
  const zone = k.zone(index);
  cpu.storeLong(zone + zone_struct.size, size);
  assignUnlocked(k, cpu, zone + zone_struct.lock);
  cpu.storePtr(zone + zone_struct.zone_pgdat, k.contig_page_data);
  cpu.storeLong(zone + zone_struct.free_pages, 0);
  cpu.storeLong(zone + zone_struct.inactive_clean_pages, 0);
  cpu.storeLong(zone + zone_struct.inactive_dirty_pages, 0);
  INIT_LIST_HEAD(cpu, zone + zone_struct.inactive_clean_list);
  if (size === 0) return;

  cpu.storeLong(zone + zone_struct.offset, start);
  initWatermarks(k, cpu, index, size);
  cpu.storePtr(zone + zone_struct.zone_mem_map, k.pageAt(start));
  cpu.storeLong(zone + zone_struct.zone_start_mapnr, start);
  cpu.storeLong(zone + zone_struct.zone_start_paddr, start << PAGE_SHIFT);

  initPages(k, cpu, start, size, (page, pfn) => {
    cpu.storeLong(page + struct_page.flags, 1 << PG_reserved);
    init_waitqueue_head(k, cpu, page + struct_page.wait);
    cpu.storePtr(page + struct_page.zone, zone);
    cpu.storePtr(page + struct_page.virtual, pfn << PAGE_SHIFT);
  });
  initFreeAreas(k, cpu, index, size);
}

/** The zone's own, each added to the goal for all zones together. */
function initWatermarks(k: Mm, cpu: Cpu, index: number, size: number): void {
  const { zone_struct, freepages } = k;
  const ratio = Math.floor(size / zone_balance_ratio[index]);
  const pages_min = Math.min(Math.max(ratio, zone_balance_min), zone_balance_max);
  const marks = [
    [zone_struct.pages_min, freepages_t.min],
    [zone_struct.pages_low, freepages_t.low],
    [zone_struct.pages_high, freepages_t.high],
  ];
  marks.forEach(([own, all], i) => {
    cpu.storeLong(k.zone(index) + own, pages_min * (i + 1));
    cpu.storeLong(freepages + all, cpu.loadLong(freepages + all) + pages_min * (i + 1));
  });
}

/** For each way to ask, by its whole mask, the zones that serve it, best first: DMA requests get DMA memory only. */
function build_zonelists(k: Mm, cpu: Cpu): void {
  for (let gfp = 0; gfp < NR_GFPINDEX; gfp++) {
    const zonelist = k.contig_page_data + k.pg_data_t.node_zonelists + gfp * zonelist_struct.sizeof;
    cpu.store32(zonelist + zonelist_struct.gfp_mask, gfp);
    initZonelist(k, cpu, zonelist + zonelist_struct.zones, (gfp & __GFP_DMA) !== 0 ? ZONE_DMA : ZONE_NORMAL);
  }
}

/** No page is in use that could be reclaimed, no process there that could be swapped out; kswapd sleeps. */
function initReclaim(k: Mm, cpu: Cpu, totalpages: number): void {
  for (const count of [k.memory_pressure, k.nr_active_pages, k.nr_inactive_dirty_pages]) cpu.store32(count, 0);
  for (const list of [k.inactive_dirty_list, k.init_mm + k.mm_struct.mmlist]) INIT_LIST_HEAD(cpu, list);
  for (const lock of [k.pagemap_lru_lock, k.pagecache_lock, k.mmlist_lock]) assignUnlocked(k, cpu, lock);
  for (const queue of [k.kswapd_wait, k.kswapd_done, k.kreclaimd_wait]) init_waitqueue_head(k, cpu, queue);
  // swap_setup(): clusters of 4, 8 or 16 pages, by the size of memory.
  const megabytes = totalpages >>> (20 - PAGE_SHIFT);
  cpu.store32(k.page_cluster, megabytes < 16 ? 2 : megabytes < 32 ? 3 : 4);
  cpu.storePtr(k.kswapd_task, k.kswapd);
  cpu.storeLong(k.kswapd + task_struct.state, TASK_INTERRUPTIBLE);
  cpu.storeLong(k.kswapd + task_struct.flags, PF_MEMALLOC);
  cpu.storeLong(k.kswapd + task_struct.need_resched, 0);
}
