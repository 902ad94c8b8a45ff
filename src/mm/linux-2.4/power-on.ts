/** Power-on and mem_init, as far as all of 2.4 are alike: free_area_init_core(), free_all_bootmem_core(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { INIT_LIST_HEAD } from '../../kernel/list.ts';
import { ptr } from '../../kernel/struct.ts';
import { free_area_struct, MAX_NR_ZONES, MAX_ORDER, type Mm24, struct_page, ZONE_DMA, zoneSizes } from './mm.ts';
import { clearPageFlag, set_page_count } from './page.ts';
import { __free_pages } from './page-alloc.ts';

/** The pages of a zone, all NULL but for their list and what `init` stores. */
export function initPages(
  k: Mm24,
  cpu: Cpu,
  start: number,
  size: number,
  init: (page: addr_t, pfn: number) => void,
): void {
  for (let pfn = start; pfn < start + size; pfn++) {
    const page = k.pageAt(pfn);
    for (let at = page; at < page + k.struct_page.sizeof; at += ptr.sizeof) cpu.storePtr(at, NULL);
    init(page, pfn);
    INIT_LIST_HEAD(cpu, page + struct_page.list);
  }
}

/** Empty lists of free blocks, and bitmaps of zeros. */
export function initFreeAreas(k: Mm24, cpu: Cpu, index: number, size: number): void {
  for (let order = 0; order < MAX_ORDER; order++) {
    const area = k.zone(index) + k.zone_struct.free_area + order * free_area_struct.sizeof;
    INIT_LIST_HEAD(cpu, area + free_area_struct.free_list);
    const map = order < k.bitmaps ? k.symbols.address(`bitmap[${index}][${order}]`) : NULL;
    cpu.storePtr(area + free_area_struct.map, map);
    if (map === NULL) break;
    for (let at = map; at < map + k.bitmapBytes(size, order); at += ptr.sizeof) cpu.store32(at, 0);
  }
}

/** The zones from `first` down that have pages, then NULLs. */
export function initZonelist(k: Mm24, cpu: Cpu, zones: addr_t, first: number): void {
  const sizes = zoneSizes(k.layout.ram);
  let at = zones;
  for (let zone = first; zone >= ZONE_DMA; zone--) {
    if (sizes[zone] === 0) continue;
    cpu.storePtr(at, k.zone(zone));
    at += ptr.sizeof;
  }
  for (; at < zones + (MAX_NR_ZONES + 1) * ptr.sizeof; at += ptr.sizeof) cpu.storePtr(at, NULL);
}

/** Frees every page that is not reserved, in ascending order; how many. */
export function* mem_init(k: Mm24, cpu: Cpu): Program<number> {
  const reserved = k.layout.reservedPfns;
  let count = 0;
  for (let pfn = 0; pfn < k.layout.ram >>> PAGE_SHIFT; pfn++) {
    if (reserved.some(([first, last]) => pfn >= first && pfn <= last)) continue;
    const page = k.pageAt(pfn);
    clearPageFlag(cpu, page, k.PG_reserved);
    set_page_count(cpu, page, 1);
    yield* __free_pages(k, cpu, page, 0);
    count++;
  }
  return count;
}
