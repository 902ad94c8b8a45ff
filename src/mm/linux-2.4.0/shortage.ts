/** How short memory is: mm/page_alloc.c, nr_free_pages(); mm/vmscan.c, free_shortage(), inactive_shortage() of 2.4.0. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { MAX_NR_ZONES } from '../linux-2.4/mm.ts';
import { freepages_t, INACTIVE_SHIFT, type Mm } from './mm.ts';

/** Total amount of free (allocatable) RAM. */
export function nr_free_pages(k: Mm, cpu: Cpu): number {
  return sumOverZones(k, cpu, k.zone_struct.free_pages);
}

export function nr_inactive_clean_pages(k: Mm, cpu: Cpu): number {
  return sumOverZones(k, cpu, k.zone_struct.inactive_clean_pages);
}

function sumOverZones(k: Mm, cpu: Cpu, field: number): number {
  let sum = 0;
  let pgdat = cpu.loadPtr(k.pgdat_list);
  while (pgdat !== NULL) {
    for (let i = 0; i < MAX_NR_ZONES; i++) sum += cpu.loadLong(zoneOf(k, pgdat, i) + field);
    pgdat = cpu.loadPtr(pgdat + k.pg_data_t.node_next);
  }
  return sum;
}

const zoneOf = (k: Mm, pgdat: addr_t, index: number) => pgdat + k.pg_data_t.node_zones + index * k.zone_struct.sizeof;

/** include/linux/swap.h: inactive pages that are aimed at, by how much was asked for lately. */
export function inactive_target(k: Mm, cpu: Cpu): number {
  const most = cpu.loadLong(k.num_physpages) >>> 2;
  return Math.min(cpu.load32(k.memory_pressure) >> INACTIVE_SHIFT, most);
}

/** Free pages that are missing: in all zones together, or else in those that are nearly empty. */
export function free_shortage(k: Mm, cpu: Cpu): number {
  const { zone_struct } = k;
  let pgdat = cpu.loadPtr(k.pgdat_list);
  const freeable = nr_free_pages(k, cpu) + nr_inactive_clean_pages(k, cpu);
  const high = cpu.loadLong(k.freepages + freepages_t.high);
  const freetarget = high + Math.floor(inactive_target(k, cpu) / 3);
  if (freeable < freetarget) return freetarget - freeable;

  let sum = 0;
  do {
    for (let i = 0; i < MAX_NR_ZONES; i++) {
      const zone = zoneOf(k, pgdat, i);
      if (cpu.loadLong(zone + zone_struct.size) === 0) continue;
      const inactive_clean = cpu.loadLong(zone + zone_struct.inactive_clean_pages);
      const free = cpu.loadLong(zone + zone_struct.free_pages);
      // One more than the minimum, so that this and __alloc_pages() overlap.
      const wanted = cpu.loadLong(zone + zone_struct.pages_min) + 1;
      if (inactive_clean + free < wanted) sum += wanted - free - inactive_clean;
    }
    pgdat = cpu.loadPtr(pgdat + k.pg_data_t.node_next);
  } while (pgdat !== NULL);
  return sum;
}

/** Inactive pages that are missing: with free ones there should be enough for the goal and for some time. */
export function inactive_shortage(k: Mm, cpu: Cpu): number {
  let shortage = cpu.loadLong(k.freepages + freepages_t.high);
  shortage += inactive_target(k, cpu);
  shortage -= nr_free_pages(k, cpu);
  shortage -= nr_inactive_clean_pages(k, cpu);
  shortage -= cpu.load32(k.nr_inactive_dirty_pages);
  return Math.max(shortage, 0);
}
