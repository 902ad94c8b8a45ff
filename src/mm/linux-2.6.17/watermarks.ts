/**
 * How much of a zone must stay free (mm/page_alloc.c of 2.6.17): below pages_low kswapd is woken, below pages_min only those
 * in distress get pages; lowmem_reserve keeps low memory from requests that higher memory could have served.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../kernel/spinlock.ts';
import { GFP_USER } from './gfp.ts';
import { MAX_NR_ZONES } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { gfp_zonelist } from './zonelists.ts';
import { for_each_zone, is_highmem } from './zones.ts';

/** don't check watermarks at all */
export const ALLOC_NO_WATERMARKS = 0x01;
/** use pages_min watermark */
export const ALLOC_WMARK_MIN = 0x02;
/** use pages_low watermark */
export const ALLOC_WMARK_LOW = 0x04;
/** use pages_high watermark */
export const ALLOC_WMARK_HIGH = 0x08;
/** try to alloc harder */
export const ALLOC_HARDER = 0x10;
/** __GFP_HIGH set */
export const ALLOC_HIGH = 0x20;

/** Whether the zone stays above `mark` without 2^order pages, and has blocks large enough among those that are left. */
export function zone_watermark_ok(
  k: Mm2617,
  cpu: Cpu,
  zone: addr_t,
  order: number,
  mark: number,
  classzone_idx: number,
  alloc_flags: number,
): boolean {
  const { zone_struct, free_area } = k;
  const { long } = k.config.abi;
  // free_pages my go negative - that's OK
  let free_pages = cpu.loadLong(zone + zone_struct.free_pages) - (1 << order) + 1;
  let min = mark;
  if ((alloc_flags & ALLOC_HIGH) !== 0) min -= min >> 1;
  if ((alloc_flags & ALLOC_HARDER) !== 0) min -= min >> 2;
  const reserve = cpu.loadLong(zone + zone_struct.lowmem_reserve + classzone_idx * long.sizeof);
  if (free_pages <= min + reserve) return false;
  for (let o = 0; o < order; o++) {
    // At the next order, this order's pages become unavailable
    free_pages -= cpu.loadLong(zone + zone_struct.free_area + o * free_area.sizeof + free_area.nr_free) << o;
    // Require fewer higher order pages to be free
    min >>= 1;
    if (free_pages <= min) return false;
  }
  return true;
}

/** Pages beyond the high watermark in all zones that serve user memory from this node. */
function nr_free_buffer_pages(k: Mm2617, cpu: Cpu): number {
  const { ptr } = k.config.abi;
  let sum = 0;
  let at = gfp_zonelist(k, numa_node_id(k, cpu), GFP_USER) + k.zonelist.zones;
  for (let zone = cpu.loadPtr(at); zone !== NULL; zone = cpu.loadPtr(at)) {
    const size = cpu.loadLong(zone + k.zone_struct.present_pages);
    const high = cpu.loadLong(zone + k.zone_struct.pages_high);
    if (size > high) sum += size - high;
    at += ptr.sizeof;
  }
  return sum;
}

/** The square root of memory: min_free_kbytes = sqrt(lowmem_kbytes * 16), at least 128, at most 65536. */
export function* init_per_zone_pages_min(k: Mm2617, cpu: Cpu): Program {
  const lowmem_kbytes = nr_free_buffer_pages(k, cpu) * (PAGE_SIZE >> 10);
  const kbytes = Math.floor(Math.sqrt(lowmem_kbytes * 16));
  cpu.store32(k.min_free_kbytes, Math.min(Math.max(kbytes, 128), 65536));
  yield* setup_per_zone_pages_min(k, cpu);
  setup_per_zone_lowmem_reserve(k, cpu);
}

const SWAP_CLUSTER_MAX = 32;

/** Shares min_free_kbytes among the zones by their size. */
function* setup_per_zone_pages_min(k: Mm2617, cpu: Cpu): Program {
  const { present_pages, pages_min, pages_low, pages_high, lru_lock } = k.zone_struct;
  const minimum = cpu.load32(k.min_free_kbytes) >> (PAGE_SHIFT - 10);
  let lowmem_pages = 0;
  for (const zone of for_each_zone(k, cpu)) {
    if (!is_highmem(k, cpu, zone)) lowmem_pages += cpu.loadLong(zone + present_pages);
  }
  for (const zone of for_each_zone(k, cpu)) {
    const flags = yield* spin_lock_irqsave(k, cpu, zone + lru_lock);
    const present = cpu.loadLong(zone + present_pages);
    const share = Math.floor((minimum * present) / lowmem_pages);
    const min = is_highmem(k, cpu, zone) ? Math.min(Math.max(present >> 10, SWAP_CLUSTER_MAX), 128) : share;
    cpu.storeLong(zone + pages_min, min);
    cpu.storeLong(zone + pages_low, min + (share >> 2));
    cpu.storeLong(zone + pages_high, min + (share >> 1));
    yield* spin_unlock_irqrestore(k, cpu, zone + lru_lock, flags);
  }
  calculate_totalreserve_pages(k, cpu);
}

/** What a zone keeps from requests that could have been served by zone j above it: a part of the zones from there on. */
function setup_per_zone_lowmem_reserve(k: Mm2617, cpu: Cpu): void {
  const { present_pages, lowmem_reserve, sizeof } = k.zone_struct;
  const { long } = k.config.abi;
  for (const pgdat of k.node_data) {
    for (let j = 0; j < MAX_NR_ZONES; j++) {
      const zones = pgdat + k.pg_data_t.node_zones;
      let present = cpu.loadLong(zones + j * sizeof + present_pages);
      cpu.storeLong(zones + j * sizeof + lowmem_reserve + j * long.sizeof, 0);
      for (let idx = j - 1; idx >= 0; idx--) {
        const lower = zones + idx * sizeof;
        const ratio = cpu.load32(k.sysctl_lowmem_reserve_ratio + 4 * idx);
        cpu.storeLong(lower + lowmem_reserve + j * long.sizeof, Math.floor(present / ratio));
        present += cpu.loadLong(lower + present_pages);
      }
    }
  }
  calculate_totalreserve_pages(k, cpu);
}

function calculate_totalreserve_pages(k: Mm2617, cpu: Cpu): void {
  const { present_pages, pages_high, lowmem_reserve, sizeof } = k.zone_struct;
  const { long } = k.config.abi;
  let reserve_pages = 0;
  for (const pgdat of k.node_data) {
    for (let i = 0; i < MAX_NR_ZONES; i++) {
      const zone = pgdat + k.pg_data_t.node_zones + i * sizeof;
      let max = 0;
      for (let j = i; j < MAX_NR_ZONES; j++) {
        max = Math.max(max, cpu.loadLong(zone + lowmem_reserve + j * long.sizeof));
      }
      max += cpu.loadLong(zone + pages_high); // we treat pages_high as reserved pages.
      reserve_pages += Math.min(max, cpu.loadLong(zone + present_pages));
    }
  }
  cpu.storeLong(k.totalreserve_pages, reserve_pages);
}
