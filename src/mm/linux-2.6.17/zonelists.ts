/** For each node and kind of request the zones that serve it, best first: the node's own, then those of the nodes next to it. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { for_each_online_node, node_to_cpumask } from '../../kernel/linux-2.6/topology.ts';
import { __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM, GFP_ZONEMASK } from './gfp.ts';
import { GFP_ZONETYPES, ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_NORMAL } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { populated_zone } from './zones.ts';

/** NODE_DATA(node)->node_zonelists + gfp_zone(gfp_mask). */
export function gfp_zonelist(k: Mm2617, node: number, gfp_mask: number): addr_t {
  return k.node_data[node] + k.pg_data_t.node_zonelists + (gfp_mask & GFP_ZONEMASK) * k.zonelist.sizeof;
}

/** The highest zone that a request with these bits may use. With 32-bit longs no memory is beyond ZONE_DMA32. */
function highest_zone({ config }: Mm2617, zone_bits: number): number {
  if ((zone_bits & __GFP_DMA) !== 0) return ZONE_DMA;
  if (config.abi.long.sizeof > 4 && (zone_bits & __GFP_DMA32) !== 0) return ZONE_DMA32;
  if ((zone_bits & __GFP_HIGHMEM) !== 0) return ZONE_HIGHMEM;
  return ZONE_NORMAL;
}

/** SLIT distances: 10 is a node to itself. */
const REMOTE_DISTANCE = 20;
const PENALTY_FOR_NODE_WITH_CPUS = 1;

/**
 * The nodes as `local` sees them: itself, then by distance, those without CPUs first, then those that fewer have as their
 * next. `load` counts, over the nodes for which this is asked, how often each came first among equals.
 */
function nodesByDistance(k: Mm2617, cpu: Cpu, local: number, load: number[]): number[] {
  const count = k.nodes.length;
  const order = [local];
  let weight = count;
  while (order.length < count) {
    let best = -1;
    let least = Infinity;
    for (let i = 1; i < count; i++) {
      const node = (local + i) % count;
      if (order.includes(node)) continue;
      const penalty = node_to_cpumask(k, cpu, node) === 0 ? 0 : PENALTY_FOR_NODE_WITH_CPUS;
      const cost = (REMOTE_DISTANCE + penalty) * count * k.config.MAX_NUMNODES + load[node];
      if (cost < least) {
        best = node;
        least = cost;
      }
    }
    if (order.length === 1) load[best] += weight;
    weight--;
    order.push(best);
  }
  return order;
}

export function build_all_zonelists(k: Mm2617, cpu: Cpu): void {
  const load = k.nodes.map(() => 0);
  let built = 0;
  for (const node of for_each_online_node(k, cpu)) {
    cpu.load32(k.node_data[node] + k.pg_data_t.node_id);
    const order = nodesByDistance(k, cpu, node, load);
    for (let zone_bits = 0; zone_bits < GFP_ZONETYPES; zone_bits++) {
      let at = gfp_zonelist(k, node, zone_bits) + k.zonelist.zones;
      for (const near of order) at = build_zonelists_node(k, cpu, near, highest_zone(k, zone_bits), at);
      cpu.storePtr(at, NULL);
    }
    built++;
  }
  k.printk(`Built ${built} zonelists`);
}

/** Adds a node's populated zones from `highest` down; where the list goes on. */
function build_zonelists_node(k: Mm2617, cpu: Cpu, node: number, highest: number, firstAt: addr_t): addr_t {
  let at = firstAt;
  for (let index = highest; index >= 0; index--) {
    const zone = k.zone(node, index);
    if (!populated_zone(k, cpu, zone)) continue;
    cpu.storePtr(at, zone);
    at += k.config.abi.ptr.sizeof;
  }
  return at;
}
