/** The free blocks, seen without touching them: as /proc/buddyinfo prints them, and in full for checkers. */
import { type addr_t, NULL } from '../../hw/memory.ts';
import { peekList } from '../../kernel/peek-list.ts';
import { MAX_NR_ZONES, MAX_ORDER } from './layouts.ts';
import type { Mm2617 } from './mm.ts';

/** One CPU's list of single pages of a zone. */
export interface PcpState {
  readonly count: number;
  readonly high: number;
  readonly batch: number;
  /** Page frames in the order of the list: the first is taken first, the last drained first. */
  readonly pfns: readonly number[];
}

/** How often pages came from where they were wanted; with nodes alone. */
export interface NumaCounts {
  readonly numa_hit: number;
  readonly numa_miss: number;
  readonly numa_foreign: number;
  readonly local_node: number;
  readonly other_node: number;
  /** The one that serves until the CPU has its own. */
  readonly boot_pageset: boolean;
}

export interface PagesetState extends Partial<NumaCounts> {
  readonly hot: PcpState;
  readonly cold: PcpState;
}

export interface ZoneState {
  readonly zone: number;
  readonly name: string;
  readonly start_pfn: number;
  readonly present: number;
  readonly free_pages: number;
  readonly pages_min: number;
  readonly pages_low: number;
  readonly pages_high: number;
  readonly lowmem_reserve: readonly number[];
  /** Of each order, how many blocks are free, and their first page frames in the order of the list. */
  readonly areas: readonly { readonly nr_free: number; readonly pfns: readonly number[] }[];
  /** Of the CPUs in turn; where nodes are known one that is down has none. */
  readonly pcp: readonly PagesetState[];
}

export interface NodeState {
  readonly node: number;
  readonly zones: readonly ZoneState[];
}

const zoneNames = ['DMA', 'DMA32', 'Normal', 'HighMem'];

/** Populated zones by node. */
export function zoneStates(k: Mm2617): NodeState[] {
  return k.node_data.map((_, node) => ({
    node,
    zones: Array.from({ length: MAX_NR_ZONES }, (_, zone) => zone)
      .filter((zone) => peek(k, k.zone(node, zone) + k.zone_struct.present_pages) > 0)
      .map((zone) => zoneState(k, node, zone)),
  }));
}

const peek = (k: Mm2617, addr: addr_t) => k.machine.memory.peek32(addr);

function pfnsOf(k: Mm2617, head: addr_t): number[] {
  return peekList(k.machine, head).map((entry) => k.pfnOf(entry - k.struct_page.lru));
}

function zoneState(k: Mm2617, node: number, index: number): ZoneState {
  const { zone_struct, free_area } = k;
  const zone = k.zone(node, index);
  return {
    zone: index,
    name: zoneNames[index],
    start_pfn: peek(k, zone + zone_struct.zone_start_pfn),
    present: peek(k, zone + zone_struct.present_pages),
    free_pages: peek(k, zone + zone_struct.free_pages),
    pages_min: peek(k, zone + zone_struct.pages_min),
    pages_low: peek(k, zone + zone_struct.pages_low),
    pages_high: peek(k, zone + zone_struct.pages_high),
    lowmem_reserve: Array.from({ length: MAX_NR_ZONES }, (_, i) => peek(k, zone + zone_struct.lowmem_reserve + 4 * i)),
    areas: Array.from({ length: MAX_ORDER }, (_, order) => {
      const area = zone + zone_struct.free_area + order * free_area.sizeof;
      return { nr_free: peek(k, area + free_area.nr_free), pfns: pfnsOf(k, area + free_area.free_list) };
    }),
    pcp: k.machine.cpus.filter(({ id }) => pagesetOf(k, zone, id) !== NULL).map(({ id }) => pagesetState(k, zone, id)),
  };
}

function pagesetState(k: Mm2617, zone: addr_t, cpu: number): PagesetState {
  const { per_cpu_pageset, per_cpu_pages } = k;
  const pset = pagesetOf(k, zone, cpu);
  const pcp = (which: number): PcpState => {
    const list = pset + per_cpu_pageset.pcp + which * per_cpu_pages.sizeof;
    return {
      count: peek(k, list + per_cpu_pages.count),
      high: peek(k, list + per_cpu_pages.high),
      batch: peek(k, list + per_cpu_pages.batch),
      pfns: pfnsOf(k, list + per_cpu_pages.list),
    };
  };
  const lists = { hot: pcp(0), cold: pcp(1) };
  if (!k.config.CONFIG_NUMA) return lists;
  return {
    ...lists,
    numa_hit: peek(k, pset + per_cpu_pageset.numa_hit),
    numa_miss: peek(k, pset + per_cpu_pageset.numa_miss),
    numa_foreign: peek(k, pset + per_cpu_pageset.numa_foreign),
    local_node: peek(k, pset + per_cpu_pageset.local_node),
    other_node: peek(k, pset + per_cpu_pageset.other_node),
    boot_pageset: k.symbols.find(pset)?.name === 'boot_pageset',
  };
}

/** Free pages of all zones; what per-CPU lists hold is not among them. */
export function nr_free_pages(k: Mm2617): number {
  return sumOverZones(k, (zone) => peek(k, zone + k.zone_struct.free_pages));
}

/** Pages on the lists of all CPUs. */
export function nr_pcp_pages(k: Mm2617): number {
  const { per_cpu_pageset, per_cpu_pages, machine } = k;
  const hot = per_cpu_pageset.pcp + per_cpu_pages.count;
  return sumOverZones(k, (zone) => {
    let sum = 0;
    for (const { id } of machine.cpus) {
      const pset = pagesetOf(k, zone, id);
      // A zone without pages, or a CPU that is down, may have none.
      if (pset !== NULL) sum += peek(k, pset + hot) + peek(k, pset + hot + per_cpu_pages.sizeof);
    }
    return sum;
  });
}

function sumOverZones(k: Mm2617, pages: (zone: addr_t) => number): number {
  let sum = 0;
  for (let node = 0; node < k.node_data.length; node++) {
    for (let zone = 0; zone < MAX_NR_ZONES; zone++) sum += pages(k.zone(node, zone));
  }
  return sum;
}

function pagesetOf(k: Mm2617, zone: addr_t, cpu: number): addr_t {
  const pageset = zone + k.zone_struct.pageset;
  const { CONFIG_NUMA, abi } = k.config;
  return CONFIG_NUMA ? peek(k, pageset + cpu * abi.ptr.sizeof) : pageset + cpu * k.per_cpu_pageset.sizeof;
}

/** The text of /proc/buddyinfo: free blocks by node, zone and order. */
export function buddyinfo(k: Mm2617): string {
  return zoneStates(k)
    .flatMap(({ node, zones }) => zones.map(({ name, areas }) => ({ node, name, areas })))
    .map(({ node, name, areas }) => {
      const columns = areas.map(({ nr_free }) => `${String(nr_free).padStart(6)} `).join('');
      return `Node ${node}, zone ${name.padStart(8)} ${columns}\n`;
    })
    .join('');
}
