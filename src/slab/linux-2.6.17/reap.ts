/** mm/slab.c, cache_reap(): each CPU looks through all caches every two seconds and gives back what was not used. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_del, list_empty, list_head } from '../../kernel/linux-2.6/list.ts';
import { mutex_trylock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { __get_cpu_var } from '../../kernel/linux-2.6/percpu.ts';
import { cpu_to_node, for_each_online_node, numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { schedule_delayed_work } from '../../kernel/linux-2.6/workqueue.ts';
import { listStep } from '../../kernel/list.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { drain_node_pages } from '../../mm/linux-2.6.17/pagesets.ts';
import { reap_alien } from './array-cache.ts';
import { check_irq_on } from './debug.ts';
import { dropOldest, free_block } from './free.ts';
import { FILE } from './layouts.ts';
import { REAPTIMEOUT_CPUC, REAPTIMEOUT_LIST3 } from './list3.ts';
import { ac_entry, cpu_cache_get, type Linux2617, nodelist } from './slab.ts';
import { slab_destroy } from './slab-pages.ts';
import { addStat } from './stats.ts';

/** time_after(): whether time `a` is behind time `b`, both in jiffies, which wrap. */
const time_after = (a: number, b: number) => ((b - a) | 0) < 0;

/** next_node(node, node_online_map), and round to the first. */
function nodeBehind(k: Linux2617, cpu: Cpu, node: number): number {
  let first = -1;
  for (const i of for_each_online_node(k, cpu)) {
    if (i > node) return i;
    if (first < 0) first = i;
  }
  return first;
}

/** The node whose alien objects CPU `target` takes back first. */
export function init_reap_node(k: Linux2617, cpu: Cpu, target: number): void {
  if (!k.config.CONFIG_NUMA) return;
  // Of this CPU, whichever it is for: so says the original.
  cpu.storeLong(__get_cpu_var(k, cpu, k.per_cpu__reap_node), nodeBehind(k, cpu, cpu_to_node(k, cpu, target)));
}

function* next_reap_node(k: Linux2617, cpu: Cpu): Program {
  if (!k.config.CONFIG_NUMA) return;
  const reap_node = __get_cpu_var(k, cpu, k.per_cpu__reap_node);
  const node = cpu.loadLong(reap_node);
  // Also drain per cpu pages on remote zones
  if (node !== numa_node_id(k, cpu)) yield* drain_node_pages(k, cpu, node);
  cpu.storeLong(reap_node, nodeBehind(k, cpu, node));
}

/**
 * Drains an array if it contains any elements and was not touched since the last time: a fifth of its limit, the oldest
 * objects, or all of them by `force`. Takes l3->list_lock, which also protects a shared array.
 */
export function* drain_array(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  l3: addr_t,
  ac: addr_t,
  force: boolean,
  node: number,
): Program {
  const { array_cache, kmem_list3 } = k;
  if (ac === NULL || cpu.load32(ac + array_cache.avail) === 0) return;
  // For one node gcc makes a copy of this function that knows `force`, and does not ask.
  const touched = !force || k.config.CONFIG_NUMA ? cpu.load32(ac + array_cache.touched) : 0;
  if (touched !== 0 && !force) {
    cpu.store32(ac + array_cache.touched, 0);
    return;
  }
  yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
  const avail = cpu.load32(ac + array_cache.avail);
  if (avail !== 0) {
    let tofree = force ? avail : Math.floor((cpu.load32(ac + array_cache.limit) + 4) / 5);
    if (tofree > avail) tofree = (avail + 1) >> 1;
    yield* free_block(k, cpu, cachep, ac_entry(k, ac, 0), tofree, node);
    dropOldest(k, cpu, ac, tofree);
  }
  yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
}

/** Called from workqueue/eventd every few seconds: this CPU's arrays, and its node's shared array and free slabs. */
export function* cache_reap(k: Linux2617, cpu: Cpu): Program {
  const { kmem_cache } = k;
  const node = numa_node_id(k, cpu);
  if (!(yield* mutex_trylock(k, cpu, k.cache_chain_mutex))) {
    // Give up. Setup the next iteration.
    yield* scheduleNext(k, cpu);
    return;
  }
  for (let p = listStep(cpu, k.cache_chain); p !== k.cache_chain; p = listStep(cpu, p)) {
    if (k.config.CONFIG_DEBUG_SLAB) check_irq_on(cpu);
    yield* reapCache(k, cpu, p - kmem_cache.next, node);
  }
  // check_irq_on();
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
  yield* next_reap_node(k, cpu);
  yield* scheduleNext(k, cpu);
}

function* scheduleNext(k: Linux2617, cpu: Cpu): Program {
  yield* schedule_delayed_work(k, cpu, __get_cpu_var(k, cpu, k.per_cpu__reap_work), REAPTIMEOUT_CPUC);
}

/** We only take the l3 lock if absolutely necessary and we have established with reasonable certainty that it pays. */
function* reapCache(k: Linux2617, cpu: Cpu, searchp: addr_t, node: number): Program {
  const { kmem_cache, kmem_list3, slab } = k;
  const l3 = cpu.loadPtr(nodelist(k, searchp, node));
  yield* reap_alien(k, cpu, searchp, l3);
  yield* drain_array(k, cpu, searchp, l3, cpu_cache_get(k, cpu, searchp), false, node);

  // These are racy checks but it does not matter if we skip one check or scan twice.
  const jiffies = cpu.loadLong(k.jiffies);
  if (time_after(cpu.loadLong(l3 + kmem_list3.next_reap), jiffies)) return;
  cpu.storeLong(l3 + kmem_list3.next_reap, (jiffies + REAPTIMEOUT_LIST3) | 0);
  yield* drain_array(k, cpu, searchp, l3, cpu.loadPtr(l3 + kmem_list3.shared), false, node);

  if (cpu.load32(l3 + kmem_list3.free_touched) !== 0) {
    cpu.store32(l3 + kmem_list3.free_touched, 0);
    return;
  }
  const num = cpu.load32(searchp + kmem_cache.num);
  let tofree = Math.floor((cpu.load32(l3 + kmem_list3.free_limit) + 5 * num - 1) / (5 * num));
  do {
    // Do not lock if there are no free blocks.
    if (list_empty(cpu, l3 + kmem_list3.slabs_free)) break;
    yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
    const p = cpu.loadPtr(l3 + kmem_list3.slabs_free + list_head.next);
    if (p === l3 + kmem_list3.slabs_free) {
      yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
      break;
    }
    const slabp = p - slab.list;
    if (cpu.load32(slabp + slab.inuse) !== 0) BUG(`${FILE}:3759`, 'cache_reap', 'slabp->inuse');
    list_del(cpu, slabp + slab.list);
    addStat(k, cpu, searchp, 'reaped', 1);
    // Safe to drop the lock. The slab is no longer linked to the cache. searchp cannot disappear, we hold cache_chain_mutex.
    const free_objects = cpu.loadLong(l3 + kmem_list3.free_objects);
    cpu.storeLong(l3 + kmem_list3.free_objects, free_objects - cpu.load32(searchp + kmem_cache.num));
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
    yield* slab_destroy(k, cpu, searchp, slabp);
  } while (--tofree > 0);
}
