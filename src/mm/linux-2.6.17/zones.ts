/** Walking all zones of all nodes, and what their places say of them (include/linux/mmzone.h of 2.6.17). */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { MAX_NR_ZONES, ZONE_HIGHMEM } from './layouts.ts';
import type { Mm2617 } from './mm.ts';

/** Every zone, the empty ones too, node by node: each tells by its pgdat whether another comes. */
export function* for_each_zone(k: Mm2617, cpu: Cpu): Generator<addr_t> {
  const { node_zones, node_id } = k.pg_data_t;
  for (let pgdat: addr_t | undefined = k.node_data[0]; pgdat !== undefined; ) {
    for (let index = 0; index < MAX_NR_ZONES; index++) {
      const zone = pgdat + node_zones + index * k.zone_struct.sizeof;
      yield zone;
      cpu.loadPtr(zone + k.zone_struct.zone_pgdat); // next_zone()
    }
    pgdat = k.config.CONFIG_NUMA ? k.node_data[nextOnlineNode(k, cpu, cpu.load32(pgdat + node_id))] : undefined;
  }
}

function nextOnlineNode(k: Mm2617, cpu: Cpu, node: number): number {
  const rest = cpu.loadLong(k.node_online_map) & (-2 << node);
  return rest === 0 ? k.nodes.length : 31 - Math.clz32(rest & -rest);
}

export function populated_zone(k: Mm2617, cpu: Cpu, zone: addr_t): boolean {
  return cpu.loadLong(zone + k.zone_struct.present_pages) !== 0;
}

export function is_highmem(k: Mm2617, cpu: Cpu, zone: addr_t): boolean {
  const pgdat = cpu.loadPtr(zone + k.zone_struct.zone_pgdat);
  return zone === pgdat + k.pg_data_t.node_zones + ZONE_HIGHMEM * k.zone_struct.sizeof;
}

/** The pageset of CPU `index` for a zone. */
export function zone_pcp(k: Mm2617, cpu: Cpu, zone: addr_t, index: number): addr_t {
  const { pageset } = k.zone_struct;
  if (k.config.CONFIG_NUMA) return cpu.loadPtr(zone + pageset + index * k.config.abi.ptr.sizeof);
  return zone + pageset + index * k.per_cpu_pageset.sizeof;
}
