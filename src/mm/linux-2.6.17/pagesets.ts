/**
 * Per-CPU lists of single pages: hot ones, whose memory may still be in this CPU's cache, taken and given back at the head;
 * cold ones apart. A list refills and drains in batches, so most pages move without zone->lock.
 *
 * Where nodes are known each CPU's pageset is allocated on its own node as it comes up; until then boot_pageset, which
 * keeps nothing, serves all zones.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import {
  CPU_DEAD,
  CPU_UP_CANCELED,
  CPU_UP_PREPARE,
  loadNotifier,
  NOTIFY_BAD,
  NOTIFY_OK,
  register_cpu_notifier,
} from '../../kernel/linux-2.6/cpu.ts';
import { INIT_LIST_HEAD } from '../../kernel/linux-2.6/list.ts';
import { __get_cpu_var, per_cpu } from '../../kernel/linux-2.6/percpu.ts';
import { smp_processor_id } from '../../kernel/linux-2.6/thread-info.ts';
import { cpu_to_node } from '../../kernel/linux-2.6/topology.ts';
import { memset } from '../../kernel/string.ts';
import { free_pages_bulk } from './buddy.ts';
import { GFP_KERNEL } from './gfp.ts';
import { MAX_NR_ZONES } from './layouts.ts';
import type { Mm2617 } from './mm.ts';
import { for_each_zone, zone_pcp } from './zones.ts';

/** A 1000th of a zone at most, in all its lists, and no power of two, which would make them go through memory in step. */
export function zone_batchsize(present_pages: number): number {
  const quarter = Math.max(1, Math.floor(Math.min(Math.floor(present_pages / 1024), (512 * 1024) / 4096) / 4));
  const grown = quarter + Math.floor(quarter / 2);
  return (1 << (31 - Math.clz32(grown))) - 1;
}

/** Empty lists, filled and drained `batch` pages at a time. */
export function setup_pageset(k: Mm2617, cpu: Cpu, pageset: addr_t, batch: number): void {
  const { per_cpu_pages } = k;
  memset(cpu, pageset, 0, k.per_cpu_pageset.sizeof);
  const hot = pageset + k.per_cpu_pageset.pcp;
  cpu.store32(hot + per_cpu_pages.count, 0);
  cpu.store32(hot + per_cpu_pages.high, 6 * batch);
  cpu.store32(hot + per_cpu_pages.batch, Math.max(1, batch));
  INIT_LIST_HEAD(cpu, hot + per_cpu_pages.list);

  const cold = hot + per_cpu_pages.sizeof;
  cpu.store32(cold + per_cpu_pages.count, 0);
  cpu.store32(cold + per_cpu_pages.high, 2 * batch);
  cpu.store32(cold + per_cpu_pages.batch, Math.max(1, batch >> 1));
  INIT_LIST_HEAD(cpu, cold + per_cpu_pages.list);
}

/** What a zone's CPUs have before any memory can be allocated. */
export function zone_pcp_init(k: Mm2617, cpu: Cpu, zone: addr_t, present_pages: number): void {
  const { pageset } = k.zone_struct;
  for (let index = 0; index < k.config.NR_CPUS; index++) {
    if (k.config.CONFIG_NUMA) {
      const boot = k.symbols.address('boot_pageset') + index * k.per_cpu_pageset.sizeof;
      cpu.storePtr(zone + pageset + index * k.config.abi.ptr.sizeof, boot);
      setup_pageset(k, cpu, boot, 0);
    } else {
      setup_pageset(k, cpu, zone + pageset + index * k.per_cpu_pageset.sizeof, zone_batchsize(present_pages));
    }
  }
}

/** A pageset in each zone for CPU `index`, from memory of its node; false if there was none. */
function* process_zones(k: Mm2617, cpu: Cpu, index: number): Program<boolean> {
  const node = cpu_to_node(k, cpu, index);
  for (const zone of for_each_zone(k, cpu)) {
    const pset = yield* k.kmalloc_node!(cpu, k.per_cpu_pageset.sizeof, GFP_KERNEL, node);
    cpu.storePtr(zone + k.zone_struct.pageset + index * k.config.abi.ptr.sizeof, pset);
    if (pset === NULL) {
      for (const dzone of for_each_zone(k, cpu)) {
        if (dzone === zone) break;
        yield* k.kfree!(cpu, zone_pcp(k, cpu, dzone, index));
        cpu.storePtr(dzone + k.zone_struct.pageset + index * k.config.abi.ptr.sizeof, NULL);
      }
      return false;
    }
    setup_pageset(k, cpu, pset, zone_batchsize(cpu.loadLong(zone + k.zone_struct.present_pages)));
  }
  return true;
}

function* free_zone_pagesets(k: Mm2617, cpu: Cpu, index: number): Program {
  for (const zone of for_each_zone(k, cpu)) {
    const pset = zone_pcp(k, cpu, zone, index);
    cpu.storePtr(zone + k.zone_struct.pageset + index * k.config.abi.ptr.sizeof, NULL);
    yield* k.kfree!(cpu, pset);
  }
}

function* pageset_cpuup_callback(k: Mm2617, cpu: Cpu, action: number, index: number): Program<number> {
  if (action === CPU_UP_PREPARE) {
    return (yield* process_zones(k, cpu, index)) ? NOTIFY_OK : NOTIFY_BAD;
  }
  if (action === CPU_UP_CANCELED || action === CPU_DEAD) yield* free_zone_pagesets(k, cpu, index);
  return NOTIFY_OK;
}

/** Once the slab allocator is there: the boot CPU's pagesets; other CPUs get theirs as they come up. */
export function* setup_per_cpu_pageset(k: Mm2617, cpu: Cpu): Program {
  if (!k.config.CONFIG_NUMA) return;
  // Initialize per_cpu_pageset for cpu 0. A cpuup callback will do this for every cpu as it comes online
  yield* pageset_cpuup_callback(k, cpu, CPU_UP_PREPARE, smp_processor_id(k, cpu));
  const pageset_notifier = k.symbols.address('pageset_notifier');
  loadNotifier(k, pageset_notifier, (on, action, index) => pageset_cpuup_callback(k, on, action, index));
  register_cpu_notifier(k, cpu, pageset_notifier);
}

/** Gives back what a CPU's lists hold. Interrupts are off, or the CPU is down. */
function* __drain_pages(k: Mm2617, cpu: Cpu, index: number): Program {
  const { per_cpu_pages } = k;
  for (const zone of for_each_zone(k, cpu)) {
    const pset = zone_pcp(k, cpu, zone, index);
    for (let i = 0; i < 2; i++) {
      const pcp = pset + k.per_cpu_pageset.pcp + i * per_cpu_pages.sizeof;
      const flags = local_irq_save(cpu);
      yield* free_pages_bulk(k, cpu, zone, cpu.load32(pcp + per_cpu_pages.count), pcp + per_cpu_pages.list, 0);
      cpu.store32(pcp + per_cpu_pages.count, 0);
      if (local_irq_restore(cpu, flags)) yield;
    }
  }
}

/** Gives back what this CPU's lists hold of a node's memory. */
export function* drain_node_pages(k: Mm2617, cpu: Cpu, node: number): Program {
  const { per_cpu_pages } = k;
  for (let index = 0; index < MAX_NR_ZONES; index++) {
    const zone = k.zone(node, index);
    const pset = zone_pcp(k, cpu, zone, smp_processor_id(k, cpu));
    for (let i = 0; i < 2; i++) {
      const pcp = pset + k.per_cpu_pageset.pcp + i * per_cpu_pages.sizeof;
      if (cpu.load32(pcp + per_cpu_pages.count) === 0) continue;
      const flags = local_irq_save(cpu);
      yield* free_pages_bulk(k, cpu, zone, cpu.load32(pcp + per_cpu_pages.count), pcp + per_cpu_pages.list, 0);
      cpu.store32(pcp + per_cpu_pages.count, 0);
      if (local_irq_restore(cpu, flags)) yield;
    }
  }
}

/** Of a CPU that went down, the pages and the counts. */
function* page_alloc_cpu_notify(k: Mm2617, cpu: Cpu, action: number, index: number): Program<number> {
  if (action === CPU_DEAD) {
    local_irq_disable(cpu);
    yield* __drain_pages(k, cpu, index);
    const dest = __get_cpu_var(k, cpu, k.per_cpu__page_states);
    const src = per_cpu(k, cpu, k.per_cpu__page_states, index);
    for (let at = 0; at < k.page_state.sizeof; at += k.config.abi.long.sizeof) {
      cpu.storeLong(dest + at, cpu.loadLong(dest + at) + cpu.loadLong(src + at));
      cpu.storeLong(src + at, 0);
    }
    if (local_irq_enable(cpu)) yield;
  }
  return NOTIFY_OK;
}

/** page_alloc_init(). */
export function page_alloc_init(k: Mm2617, cpu: Cpu): void {
  const notifier = k.symbols.address('page_alloc_cpu_notifier');
  loadNotifier(k, notifier, (on, action, index) => page_alloc_cpu_notify(k, on, action, index));
  register_cpu_notifier(k, cpu, notifier);
}
