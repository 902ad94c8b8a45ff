/**
 * Statistics of pages, a set for each CPU (include/linux/page-flags.h, struct page_state), and of a zone's pagesets where
 * nodes are known.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { __get_cpu_var } from '../../kernel/linux-2.6/percpu.ts';
import { smp_processor_id } from '../../kernel/linux-2.6/thread-info.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { zone_pcp } from './zones.ts';

/** Adds to this CPU's count at `member`, an offset in page_state. Interrupts are off. */
export function __mod_page_state(k: Mm2617, cpu: Cpu, member: number, delta: number): void {
  addTo(cpu, __get_cpu_var(k, cpu, k.per_cpu__page_states) + member, delta);
}

/** As local_irq_restore: true if an interrupt is due. */
export function mod_page_state(k: Mm2617, cpu: Cpu, member: number, delta: number): boolean {
  const flags = local_irq_save(cpu);
  __mod_page_state(k, cpu, member, delta);
  return local_irq_restore(cpu, flags);
}

/** zone_idx(): which of its node's zones it is. */
export function zone_idx(k: Mm2617, cpu: Cpu, zone: addr_t): number {
  const pgdat = cpu.loadPtr(zone + k.zone_struct.zone_pgdat);
  return (zone - pgdat - k.pg_data_t.node_zones) / k.zone_struct.sizeof;
}

/** __mod_page_state_zone(zone, pgalloc, delta). */
export function countAllocated(k: Mm2617, cpu: Cpu, zone: addr_t, pages: number): void {
  const { pgalloc_dma, pgalloc_dma32, pgalloc_normal, pgalloc_high } = k.page_state;
  const index = zone_idx(k, cpu, zone);
  const member =
    index === ZONE_NORMAL
      ? pgalloc_normal
      : index === ZONE_DMA
        ? pgalloc_dma
        : index === ZONE_DMA32
          ? pgalloc_dma32
          : pgalloc_high;
  __mod_page_state(k, cpu, member, pages);
}

/** Whether the page came from where it was wanted, and whether that was here. Interrupts are off. */
export function zone_statistics(k: Mm2617, cpu: Cpu, zonelist: addr_t, zone: addr_t): void {
  if (!k.config.CONFIG_NUMA) return;
  const { zone_pgdat } = k.zone_struct;
  const { numa_hit, numa_miss, numa_foreign, local_node, other_node } = k.per_cpu_pageset;
  const index = smp_processor_id(k, cpu);
  const pgdat = cpu.loadPtr(zone + zone_pgdat);
  const first = cpu.loadPtr(zonelist + k.zonelist.zones);
  const wanted = cpu.loadPtr(first + zone_pgdat);
  const pageset = zone_pcp(k, cpu, zone, index);
  if (pgdat === wanted) {
    addTo(cpu, pageset + numa_hit, 1);
  } else {
    addTo(cpu, pageset + numa_miss, 1);
    addTo(cpu, zone_pcp(k, cpu, first, index) + numa_foreign, 1);
  }
  addTo(cpu, pageset + (pgdat === k.node_data[numa_node_id(k, cpu)] ? local_node : other_node), 1);
}

function addTo(cpu: Cpu, counter: addr_t, addend: number): void {
  cpu.storeLong(counter, cpu.loadLong(counter) + addend);
}
