/** mm/slab.c, cpuup_callback(): what caches do when a CPU comes or goes. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import {
  CPU_DEAD,
  CPU_ONLINE,
  CPU_UP_CANCELED,
  CPU_UP_PREPARE,
  NOTIFY_BAD,
  NOTIFY_OK,
} from '../../kernel/linux-2.6/cpu.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { cpu_to_node, node_to_cpumask } from '../../kernel/linux-2.6/topology.ts';
import { listStep } from '../../kernel/list.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import {
  alloc_alien_cache,
  alloc_arraycache,
  drain_alien_cache,
  free_alien_cache,
  NO_BATCHCOUNT,
} from './array-cache.ts';
import { free_block } from './free.ts';
import { start_cpu_timer } from './init.ts';
import { kfree, kmallocStructNode } from './kmalloc.ts';
import { freeLimit, kmem_list3_init, nextReap } from './list3.ts';
import { __node_shrink } from './shrink.ts';
import { ac_entry, type Linux2617, nodelist } from './slab.ts';

const FN = 'cpuup_callback';

export function* cpuup_callback(k: Linux2617, cpu: Cpu, action: number, target: number): Program<number> {
  switch (action) {
    case CPU_UP_PREPARE: {
      yield* mutex_lock(k, cpu, k.cache_chain_mutex);
      const prepared = yield* prepareCpu(k, cpu, target);
      yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
      return prepared ? NOTIFY_OK : NOTIFY_BAD;
    }
    case CPU_ONLINE:
      yield* start_cpu_timer(k, cpu, target);
      return NOTIFY_OK;
    case CPU_DEAD:
    case CPU_UP_CANCELED:
      yield* mutex_lock(k, cpu, k.cache_chain_mutex);
      yield* emptyArrays(k, cpu, target);
      yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
      return NOTIFY_OK;
    default:
      return NOTIFY_OK;
  }
}

/** list_for_each_entry(cachep, &cache_chain, next). */
function* eachCache(k: Linux2617, cpu: Cpu): Generator<addr_t> {
  for (let p = listStep(cpu, k.cache_chain); p !== k.cache_chain; p = listStep(cpu, p)) yield p - k.kmem_cache.next;
}

/** Gives each cache lists for the CPU's node, if it is the first there, and arrays for the CPU; false without memory. */
function* prepareCpu(k: Linux2617, cpu: Cpu, target: number): Program<boolean> {
  const { kmem_cache, kmem_list3 } = k;
  const node = cpu_to_node(k, cpu, target);
  // We need to do this right in the beginning since alloc_arraycache's are going to use this list. kmalloc_node allows us to
  // add the slab to the right kmem_list3 and not this cpu's kmem_list3
  for (const cachep of eachCache(k, cpu)) {
    // Make sure some other cpu on this node has not already allocated this
    if (cpu.loadPtr(nodelist(k, cachep, node)) === NULL) {
      const l3 = yield* kmallocStructNode(k, cpu, kmem_list3.sizeof, node, k.constant(FN));
      if (l3 === NULL) return false;
      kmem_list3_init(k, cpu, l3);
      cpu.storeLong(l3 + kmem_list3.next_reap, nextReap(k, cpu, cachep));
      // The l3s don't come and go as CPUs come and go. cache_chain_mutex is sufficient protection here.
      cpu.storePtr(nodelist(k, cachep, node), l3);
    }
    yield* spin_lock_irq(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.list_lock);
    // The CPU is not counted yet: the limit is what it was.
    const free_limit = freeLimit(k, cpu, cachep, node);
    cpu.store32(cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.free_limit, free_limit);
    yield* spin_unlock_irq(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.list_lock);
  }

  // Now we can go ahead with allocating the shared arrays and array caches
  for (const cachep of eachCache(k, cpu)) {
    const batchcount = cpu.load32(cachep + kmem_cache.batchcount);
    const nc = yield* alloc_arraycache(k, cpu, node, cpu.load32(cachep + kmem_cache.limit), batchcount);
    if (nc === NULL) return false;
    const entries = Math.imul(cpu.load32(cachep + kmem_cache.shared), cpu.load32(cachep + kmem_cache.batchcount));
    let shared = yield* alloc_arraycache(k, cpu, node, entries, NO_BATCHCOUNT);
    if (shared === NULL) return false;
    let alien = yield* alloc_alien_cache(k, cpu, node, cachep);
    if (alien === NULL) return false;
    cpu.storePtr(cachep + kmem_cache.array + target * k.BYTES_PER_WORD, nc);
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));

    yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
    if (cpu.loadPtr(l3 + kmem_list3.shared) === NULL) {
      // We are serialised from CPU_DEAD or CPU_UP_CANCELLED by the cpucontrol lock
      cpu.storePtr(l3 + kmem_list3.shared, shared);
      shared = NULL;
    }
    if (k.config.CONFIG_NUMA && cpu.loadPtr(l3 + kmem_list3.alien) === NULL) {
      cpu.storePtr(l3 + kmem_list3.alien, alien);
      alien = NULL;
    }
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
    yield* kfree(k, cpu, shared, k.constant(FN));
    yield* free_alien_cache(k, cpu, alien);
  }
  return true;
}

/**
 * The CPU is dead; no one can alloc from it. Its objects go back to their slabs, and if it was the last of its node those in
 * the shared and alien arrays too; the lists stay, since others may allocate from the node.
 */
function* emptyArrays(k: Linux2617, cpu: Cpu, target: number): Program {
  const { kmem_cache, kmem_list3 } = k;
  const node = cpu_to_node(k, cpu, target);
  const caller = k.constant(FN);
  for (const cachep of eachCache(k, cpu)) {
    const mask = node_to_cpumask(k, cpu, node);
    const own = cachep + kmem_cache.array + target * k.BYTES_PER_WORD;
    const nc = cpu.loadPtr(own);
    cpu.storePtr(own, NULL);
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 !== NULL) yield* emptyNode(k, cpu, cachep, l3, nc, node, mask === 0);
    // free_array_cache:
    yield* kfree(k, cpu, nc, caller);
  }
  // In the previous loop, all the objects were freed to the respective cache's slabs, now we can go ahead and shrink each
  // nodelist to its limit.
  for (const cachep of eachCache(k, cpu)) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 === NULL) continue;
    yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
    // free slabs belonging to this node
    yield* __node_shrink(k, cpu, cachep, node);
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
  }
}

/** Returns the objects in the CPU's array `nc`, and if it was the node's last those in the node's arrays, to their slabs. */
function* emptyNode(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  l3: addr_t,
  nc: addr_t,
  node: number,
  isLast: boolean,
): Program {
  const { kmem_cache, kmem_list3, array_cache } = k;
  yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
  // Free limit for this kmem_list3
  const batchcount = cpu.load32(cachep + kmem_cache.batchcount);
  cpu.store32(l3 + kmem_list3.free_limit, cpu.load32(l3 + kmem_list3.free_limit) - batchcount);
  if (nc !== NULL) {
    yield* free_block(k, cpu, cachep, ac_entry(k, nc, 0), cpu.load32(nc + array_cache.avail), node);
  }
  if (!isLast) {
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
    return;
  }
  const shared = cpu.loadPtr(l3 + kmem_list3.shared);
  if (shared !== NULL) {
    yield* free_block(k, cpu, cachep, ac_entry(k, shared, 0), cpu.load32(shared + array_cache.avail), node);
    cpu.storePtr(l3 + kmem_list3.shared, NULL);
  }
  const alien = cpu.loadPtr(l3 + kmem_list3.alien);
  cpu.storePtr(l3 + kmem_list3.alien, NULL);
  yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
  yield* kfree(k, cpu, shared, k.constant(FN));
  if (alien !== NULL) {
    yield* drain_alien_cache(k, cpu, cachep, alien);
    yield* free_alien_cache(k, cpu, alien);
  }
}
