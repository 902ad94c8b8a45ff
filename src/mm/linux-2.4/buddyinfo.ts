/** The free blocks, seen without touching them: as /proc/buddyinfo prints them, and in full for checkers. */
import type { addr_t } from '../../hw/memory.ts';
import { peekList } from '../../kernel/peek-list.ts';
import { free_area_struct, MAX_ORDER, type Mm24, struct_page, ZONE_DMA, ZONE_NORMAL, zoneSizes } from './mm.ts';

export interface ZoneState {
  readonly zone: number;
  readonly size: number;
  readonly start_pfn: number;
  readonly free_pages: number;
  readonly pages_min: number;
  readonly pages_low: number;
  readonly pages_high: number;
  /** Free blocks of each order. */
  readonly counts: readonly number[];
  /** The first page frames of those blocks, in the order of the list. */
  readonly lists: readonly (readonly number[])[];
  /** Bits set in the bitmap of each order that has one. */
  readonly bitmaps: readonly number[];
}

const zoneNames = ['DMA', 'Normal', 'HighMem'];

/** The zones that have pages; `own` is what a version's zones have besides, beside their watermarks. */
export function zoneStatesWith<T>(k: Mm24, own: (zone: addr_t) => T): (ZoneState & T)[] {
  return zoneSizes(k.layout.ram).flatMap((pages, zone) => (pages === 0 ? [] : [zoneState(k, zone, pages, own)]));
}

function zoneState<T>(k: Mm24, index: number, pages: number, own: (zone: addr_t) => T): ZoneState & T {
  const { zone_struct } = k;
  const { memory } = k.machine;
  const zone = k.zone(index);
  const areas = Array.from({ length: MAX_ORDER }, (_, n) => zone + zone_struct.free_area + n * free_area_struct.sizeof);
  const lists = areas.map((area) => blocks(k, area + free_area_struct.free_list));
  return {
    zone: index,
    size: memory.peek32(zone + zone_struct.size),
    start_pfn: memory.peek32(zone + zone_struct.zone_start_mapnr),
    free_pages: memory.peek32(zone + zone_struct.free_pages),
    pages_min: memory.peek32(zone + zone_struct.pages_min),
    pages_low: memory.peek32(zone + zone_struct.pages_low),
    pages_high: memory.peek32(zone + zone_struct.pages_high),
    ...own(zone),
    counts: lists.map((list) => list.length),
    lists,
    bitmaps: areas.slice(0, k.bitmaps).map((area, order) => {
      const map = memory.peek32(area + free_area_struct.map);
      return bitsSet(memory.bytes.subarray(map, map + k.bitmapBytes(pages, order)));
    }),
  };
}

function blocks(k: Mm24, head: addr_t): number[] {
  return peekList(k.machine, head).map((entry) => k.pfnOf(entry - struct_page.list));
}

function bitsSet(bytes: Uint8Array): number {
  let count = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}

/** Free pages of all zones. */
export function nr_free_pages(k: Mm24): number {
  const { memory } = k.machine;
  return (
    memory.peek32(k.zone(ZONE_DMA) + k.zone_struct.free_pages) +
    memory.peek32(k.zone(ZONE_NORMAL) + k.zone_struct.free_pages)
  );
}

/** The text of /proc/buddyinfo: free blocks by zone and order. */
export function buddyinfo(k: Mm24): string {
  return zoneStatesWith(k, () => ({}))
    .map(({ zone, counts }) => {
      const columns = counts.map((count) => `${String(count).padStart(6)} `).join('');
      return `Node 0, zone ${zoneNames[zone].padStart(8)} ${columns}\n`;
    })
    .join('');
}
