/** mm/slab.c, kmem_cache_shrink(), kmem_cache_destroy(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { lock_cpu_hotplug, unlock_cpu_hotplug } from '../../kernel/linux-2.6/cpu.ts';
import { list_add, list_del, list_empty, list_head } from '../../kernel/linux-2.6/list.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { synchronize_rcu } from '../../kernel/linux-2.6/rcu.ts';
import { on_each_cpu } from '../../kernel/linux-2.6/smp.ts';
import { in_interrupt } from '../../kernel/linux-2.6/thread-info.ts';
import { for_each_online_cpu, for_each_online_node, numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { spin_lock, spin_lock_irq, spin_unlock, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { drain_alien_cache, free_alien_cache } from './array-cache.ts';
import { check_irq_on, slab_error } from './debug.ts';
import { SLAB_DESTROY_BY_RCU } from './flags.ts';
import { free_block, kmem_cache_free } from './free.ts';
import { kfree } from './kmalloc.ts';
import { FILE } from './layouts.ts';
import { drain_array } from './reap.ts';
import { ac_entry, cpu_cache_get, type Linux2617, nodelist } from './slab.ts';
import { slab_destroy } from './slab-pages.ts';

/** On every CPU: returns the objects in its array to their slabs. Interrupts off. */
export function* do_drain(k: Linux2617, cpu: Cpu, cachep: addr_t): Program {
  const { array_cache, kmem_list3 } = k;
  const node = numa_node_id(k, cpu);
  const ac = cpu_cache_get(k, cpu, cachep);
  yield* spin_lock(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.list_lock);
  yield* free_block(k, cpu, cachep, ac_entry(k, ac, 0), cpu.load32(ac + array_cache.avail), node);
  yield* spin_unlock(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.list_lock);
  cpu.store32(ac + array_cache.avail, 0);
}

function* drain_cpu_caches(k: Linux2617, cpu: Cpu, cachep: addr_t): Program {
  const { kmem_list3 } = k;
  yield* on_each_cpu(k, cpu, k.do_drain, cachep);
  if (k.config.CONFIG_DEBUG_SLAB) check_irq_on(cpu);
  if (k.config.CONFIG_NUMA) {
    for (const node of for_each_online_node(k, cpu)) {
      const l3 = cpu.loadPtr(nodelist(k, cachep, node));
      const alien = l3 === NULL ? NULL : cpu.loadPtr(l3 + kmem_list3.alien);
      if (alien !== NULL) yield* drain_alien_cache(k, cpu, cachep, alien);
    }
  }
  for (const node of for_each_online_node(k, cpu)) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 !== NULL) yield* drain_array(k, cpu, cachep, l3, cpu.loadPtr(l3 + kmem_list3.shared), true, node);
  }
}

/**
 * Releases the node's free slabs, the last first; whether slabs in use are left. Caller holds the list_lock, interrupts off;
 * lets go of both meanwhile.
 */
export function* __node_shrink(k: Linux2617, cpu: Cpu, cachep: addr_t, node: number): Program<boolean> {
  const { kmem_cache, kmem_list3, slab } = k;
  const l3 = cpu.loadPtr(nodelist(k, cachep, node));
  for (;;) {
    const p = cpu.loadPtr(l3 + kmem_list3.slabs_free + list_head.prev);
    if (p === l3 + kmem_list3.slabs_free) break;
    const slabp = p - slab.list;
    if (k.config.CONFIG_DEBUG_SLAB && cpu.load32(slabp + slab.inuse) !== 0) {
      BUG(`${FILE}:2267`, '__node_shrink', 'slabp->inuse');
    }
    list_del(cpu, slabp + slab.list);
    const free_objects = cpu.loadLong(l3 + kmem_list3.free_objects);
    cpu.storeLong(l3 + kmem_list3.free_objects, free_objects - cpu.load32(cachep + kmem_cache.num));
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
    yield* slab_destroy(k, cpu, cachep, slabp);
    yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
  }
  return !list_empty(cpu, l3 + kmem_list3.slabs_full) || !list_empty(cpu, l3 + kmem_list3.slabs_partial);
}

/** Drains all arrays and shrinks; 1 if objects are still in use. */
function* __cache_shrink(k: Linux2617, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_list3 } = k;
  let ret = 0;
  yield* drain_cpu_caches(k, cpu, cachep);
  if (k.config.CONFIG_DEBUG_SLAB) check_irq_on(cpu);
  for (const i of for_each_online_node(k, cpu)) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, i));
    if (l3 === NULL) continue;
    yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
    if (yield* __node_shrink(k, cpu, cachep, i)) ret = 1;
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
  }
  return ret;
}

/** Releases as many slabs as possible: 0 if that were all. */
export function* kmem_cache_shrink(k: Linux2617, cpu: Cpu, cachep: addr_t): Program<number> {
  if (cachep === NULL || in_interrupt(cpu)) BUG(`${FILE}:2308`, 'kmem_cache_shrink', '!cachep || in_interrupt()');
  return yield* __cache_shrink(k, cpu, cachep);
}

/**
 * Removes the cache: 0, or 1 if objects are in use; then it goes back to the head of the chain. The caller sees to it that
 * nobody allocates from the cache meanwhile.
 */
export function* kmem_cache_destroy(k: Linux2617, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache, kmem_list3 } = k;
  const caller = k.constant('kmem_cache_destroy');
  if (cachep === NULL || in_interrupt(cpu)) BUG(`${FILE}:2336`, 'kmem_cache_destroy', '!cachep || in_interrupt()');
  // Don't let CPUs to come and go
  yield* lock_cpu_hotplug(k, cpu);

  // Find the cache in the chain of caches.
  yield* mutex_lock(k, cpu, k.cache_chain_mutex);
  // the chain is never empty, cache_cache is never destroyed
  list_del(cpu, cachep + kmem_cache.next);
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);

  if ((yield* __cache_shrink(k, cpu, cachep)) !== 0) {
    slab_error(k, cpu, 'kmem_cache_destroy', cachep, "Can't free all objects");
    yield* mutex_lock(k, cpu, k.cache_chain_mutex);
    list_add(cpu, cachep + kmem_cache.next, k.cache_chain);
    yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
    yield* unlock_cpu_hotplug(k, cpu);
    return 1;
  }
  if ((cpu.load32(cachep + kmem_cache.flags) & SLAB_DESTROY_BY_RCU) !== 0) yield* synchronize_rcu(k, cpu);

  for (const i of for_each_online_cpu(k, cpu)) {
    yield* kfree(k, cpu, cpu.loadPtr(cachep + kmem_cache.array + i * k.BYTES_PER_WORD), caller);
  }
  // NUMA: free the list3 structures
  for (const i of for_each_online_node(k, cpu)) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, i));
    if (l3 === NULL) continue;
    yield* kfree(k, cpu, cpu.loadPtr(l3 + kmem_list3.shared), caller);
    if (k.config.CONFIG_NUMA) yield* free_alien_cache(k, cpu, cpu.loadPtr(l3 + kmem_list3.alien));
    yield* kfree(k, cpu, l3, caller);
  }
  yield* kmem_cache_free(k, cpu, k.cache_cache, cachep, caller);
  yield* unlock_cpu_hotplug(k, cpu);
  return 0;
}
