/** mm/slab.c, struct kmem_list3: a node's slabs of a cache. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { PAGE_OFFSET } from '../../kernel/kernel.ts';
import { HZ } from '../../kernel/linux-2.6/config.ts';
import { INIT_LIST_HEAD } from '../../kernel/linux-2.6/list.ts';
import { nr_cpus_node } from '../../kernel/linux-2.6/topology.ts';
import { spin_lock_init } from '../../kernel/spinlock.ts';
import type { Linux2617 } from './slab.ts';

/** Jiffies between two looks of cache_reap() at a CPU's arrays, and at a node's lists. */
export const REAPTIMEOUT_CPUC = 2 * HZ;
export const REAPTIMEOUT_LIST3 = 4 * HZ;

/** next_reap and free_limit stay what they were. */
export function kmem_list3_init(k: Linux2617, cpu: Cpu, parent: addr_t): void {
  const { kmem_list3 } = k;
  INIT_LIST_HEAD(cpu, parent + kmem_list3.slabs_full);
  INIT_LIST_HEAD(cpu, parent + kmem_list3.slabs_partial);
  INIT_LIST_HEAD(cpu, parent + kmem_list3.slabs_free);
  cpu.storePtr(parent + kmem_list3.shared, NULL);
  cpu.storePtr(parent + kmem_list3.alien, NULL);
  cpu.store32(parent + kmem_list3.colour_next, 0);
  spin_lock_init(k, cpu, parent + kmem_list3.list_lock);
  cpu.storeLong(parent + kmem_list3.free_objects, 0);
  cpu.store32(parent + kmem_list3.free_touched, 0);
}

/** When cache_reap() looks at a new list3 first: spread by the cache's virtual address, so that not all come due at once. */
export function nextReap(k: Linux2617, cpu: Cpu, cachep: addr_t): number {
  const spread = ((cachep + PAGE_OFFSET) >>> 0) % REAPTIMEOUT_LIST3;
  return (cpu.loadLong(k.jiffies) + REAPTIMEOUT_LIST3 + spread) | 0;
}

/** How many free objects a node may keep before slabs of nothing else are given back. */
export function freeLimit(k: Linux2617, cpu: Cpu, cachep: addr_t, node: number): number {
  const cpus = nr_cpus_node(k, cpu, node);
  const batchcount = cpu.load32(cachep + k.kmem_cache.batchcount);
  return (1 + cpus) * batchcount + cpu.load32(cachep + k.kmem_cache.num);
}
