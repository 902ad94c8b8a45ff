/** mm/slab.c, the way of one allocation: __cache_alloc() and what it takes objects from. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { list_add, list_del, list_head } from '../../kernel/linux-2.6/list.ts';
import {
  get_current,
  in_interrupt,
  PF_MEMPOLICY,
  PF_SPREAD_SLAB,
  task_struct,
} from '../../kernel/linux-2.6/thread-info.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { memset } from '../../kernel/string.ts';
import { slabPolicyNode } from '../../mm/linux-2.6.17/mempolicy.ts';
import { transfer_objects } from './array-cache.ts';
import {
  cache_alloc_debugcheck_after,
  cache_alloc_debugcheck_before,
  check_slabp,
  check_spinlock_acquired,
  objSize,
  takenFrom,
} from './debug.ts';
import { SLAB_MEM_SPREAD } from './flags.ts';
import { cache_grow } from './grow.ts';
import { BATCHREFILL_LIMIT, BUFCTL_END, FILE } from './layouts.ts';
import { ac_entry, cpu_cache_get, type Linux2617, nodelist, slab_bufctl } from './slab.ts';
import { addStat, incAtomicStat, STATS_SET_HIGH } from './stats.ts';

/** An object of the cache, or NULL. May sleep if `flags` has __GFP_WAIT. `caller`: who asks, for CONFIG_DEBUG_SLAB. */
export function kmem_cache_alloc(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  flags: number,
  caller: addr_t = NULL,
): Program<addr_t> {
  return __cache_alloc(k, cpu, cachep, flags, caller);
}

/** An object with all its bytes 0, or NULL. */
export function* kmem_cache_zalloc(
  k: Linux2617,
  cpu: Cpu,
  cache: addr_t,
  flags: number,
  caller: addr_t = NULL,
): Program<addr_t> {
  const ret = yield* __cache_alloc(k, cpu, cache, flags, caller);
  if (ret !== NULL) memset(cpu, ret, 0, objSize(k, cpu, cache));
  return ret;
}

export function* __cache_alloc(k: Linux2617, cpu: Cpu, cachep: addr_t, flags: number, caller: addr_t): Program<addr_t> {
  const { config } = k;
  if (config.CONFIG_DEBUG_SLAB) cache_alloc_debugcheck_before(k, cpu, cachep, flags);
  const save_flags = local_irq_save(cpu);
  // ____cache_alloc()
  let objp = config.CONFIG_NUMA && hasPolicy(cpu) ? yield* alternate_node_alloc(k, cpu, cachep, flags) : NULL;
  if (objp === NULL) objp = fromArray(k, cpu, cachep);
  if (objp === NULL) objp = yield* cache_alloc_refill(k, cpu, cachep, flags);
  if (local_irq_restore(cpu, save_flags)) yield;
  if (config.CONFIG_DEBUG_SLAB) objp = yield* cache_alloc_debugcheck_after(k, cpu, cachep, flags, objp, caller);
  cpu.prefetchw(objp);
  return objp;
}

/** The newest object of this CPU's array, or NULL: what nearly every allocation comes to. Interrupts off. */
function fromArray(k: Linux2617, cpu: Cpu, cachep: addr_t): addr_t {
  const { array_cache } = k;
  const ac = cpu_cache_get(k, cpu, cachep);
  const avail = cpu.load32(ac + array_cache.avail);
  if (avail === 0) {
    incAtomicStat(k, cpu, cachep, 'allocmiss');
    return NULL;
  }
  incAtomicStat(k, cpu, cachep, 'allochit');
  return popObject(k, cpu, ac, avail);
}

/** ac->touched = 1; return ac->entry[--ac->avail]; */
function popObject(k: Linux2617, cpu: Cpu, ac: addr_t, avail: number): addr_t {
  const { array_cache } = k;
  cpu.store32(ac + array_cache.touched, 1);
  cpu.store32(ac + array_cache.avail, avail - 1);
  return cpu.loadPtr(ac_entry(k, ac, avail - 1));
}

/** Refills this CPU's empty array from the node's shared one, its slabs or a new slab, and takes an object. Interrupts off. */
function* cache_alloc_refill(k: Linux2617, cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
  const { array_cache, kmem_list3 } = k;
  let ac = cpu_cache_get(k, cpu, cachep);
  let avail = cpu.load32(ac + array_cache.avail);
  for (;;) {
    // retry:
    let batchcount = cpu.load32(ac + array_cache.batchcount);
    // If there was little recent activity on this cache, then perform only a partial refill. Otherwise we could generate
    // refill bouncing.
    if (cpu.load32(ac + array_cache.touched) === 0 && batchcount > BATCHREFILL_LIMIT) batchcount = BATCHREFILL_LIMIT;
    const l3 = cpu.loadPtr(nodelist(k, cachep, numa_node_id(k, cpu)));
    if (avail > 0 || l3 === NULL) BUG(`${FILE}:2773`, 'cache_alloc_refill', 'ac->avail > 0 || !l3');
    yield* spin_lock(k, cpu, l3 + kmem_list3.list_lock);

    // See if we can refill from the shared array
    const shared = cpu.loadPtr(l3 + kmem_list3.shared);
    if (shared === NULL || transfer_objects(k, cpu, ac, shared, batchcount) === 0) {
      yield* refillFromSlabs(k, cpu, cachep, l3, ac, batchcount);
      // must_grow:
      const free_objects = cpu.loadLong(l3 + kmem_list3.free_objects);
      cpu.storeLong(l3 + kmem_list3.free_objects, free_objects - cpu.load32(ac + array_cache.avail));
    }
    // alloc_done:
    yield* spin_unlock(k, cpu, l3 + kmem_list3.list_lock);

    avail = cpu.load32(ac + array_cache.avail);
    if (avail === 0) {
      const grown = yield* cache_grow(k, cpu, cachep, flags, numa_node_id(k, cpu));
      // cache_grow can reenable interrupts, then ac could change.
      ac = cpu_cache_get(k, cpu, cachep);
      avail = cpu.load32(ac + array_cache.avail);
      if (!grown && avail === 0) return NULL; // no objects in sight? abort
      if (avail === 0) continue; // else objects refilled by interrupt
    }
    return popObject(k, cpu, ac, avail);
  }
}

/** Fills the array `ac` with up to `count` objects of the node's slabs. Caller holds l3->list_lock. */
function* refillFromSlabs(k: Linux2617, cpu: Cpu, cachep: addr_t, l3: addr_t, ac: addr_t, count: number): Program {
  const { array_cache, kmem_cache, slab } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  for (let batchcount = count; batchcount > 0; ) {
    const slabp = slabToAllocFrom(k, cpu, l3);
    if (slabp === NULL) return;
    if (debug) {
      check_slabp(k, cpu, cachep, slabp);
      check_spinlock_acquired(k, cpu, cachep);
    }
    for (;;) {
      const inuse = cpu.load32(slabp + slab.inuse);
      if (inuse >= cpu.load32(cachep + kmem_cache.num) || batchcount-- === 0) break;
      addStat(k, cpu, cachep, 'num_allocations', 1);
      addStat(k, cpu, cachep, 'num_active', 1);
      STATS_SET_HIGH(k, cpu, cachep);
      // A long critical section: those who wait for the lock take its line from us meanwhile.
      if (cpu.isAhead) yield;
      const avail = cpu.load32(ac + array_cache.avail);
      cpu.store32(ac + array_cache.avail, avail + 1);
      cpu.storePtr(ac_entry(k, ac, avail), slab_get_obj(k, cpu, cachep, slabp, numa_node_id(k, cpu), null));
    }
    if (debug) check_slabp(k, cpu, cachep, slabp);
    moveToList(k, cpu, l3, slabp);
  }
}

/** The first partial slab of the node, else its first free one, else NULL. Caller holds l3->list_lock. */
function slabToAllocFrom(k: Linux2617, cpu: Cpu, l3: addr_t): addr_t {
  const { kmem_list3 } = k;
  let entry = cpu.loadPtr(l3 + kmem_list3.slabs_partial + list_head.next);
  if (entry === l3 + kmem_list3.slabs_partial) {
    cpu.store32(l3 + kmem_list3.free_touched, 1);
    entry = cpu.loadPtr(l3 + kmem_list3.slabs_free + list_head.next);
    if (entry === l3 + kmem_list3.slabs_free) return NULL;
  }
  return entry - k.slab.list;
}

/** Move slabp to correct slabp list: full, or the head of partial. Caller holds l3->list_lock. */
function moveToList(k: Linux2617, cpu: Cpu, l3: addr_t, slabp: addr_t): void {
  const { kmem_list3, slab } = k;
  list_del(cpu, slabp + slab.list);
  const isFull = cpu.load32(slabp + slab.free) === BUFCTL_END;
  list_add(cpu, slabp + slab.list, l3 + (isFull ? kmem_list3.slabs_full : kmem_list3.slabs_partial));
}

/**
 * The first free object of a slab that has one. Caller holds its node's list_lock. `inuse`: where gcc has the count at hand, which
 * else is read again.
 */
function slab_get_obj(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  slabp: addr_t,
  nodeid: number,
  inuse: number | null,
): addr_t {
  const { kmem_cache, slab } = k;
  const free = cpu.load32(slabp + slab.free);
  const objp = cpu.loadPtr(slabp + slab.s_mem) + cpu.load32(cachep + kmem_cache.buffer_size) * free;
  cpu.store32(slabp + slab.inuse, (inuse ?? cpu.load32(slabp + slab.inuse)) + 1);
  const next = cpu.load32(slab_bufctl(k, slabp, free));
  if (k.config.CONFIG_DEBUG_SLAB) takenFrom(k, cpu, slabp, free, nodeid);
  cpu.store32(slabp + slab.free, next);
  return objp;
}

/** Whether the current task has a say in which node its memory comes from. */
function hasPolicy(cpu: Cpu): boolean {
  return (cpu.loadLong(get_current(cpu) + task_struct.flags) & (PF_SPREAD_SLAB | PF_MEMPOLICY)) !== 0;
}

/** An object of the node that the task's policy names; NULL if that is this one, or has none. Interrupts off. */
function* alternate_node_alloc(k: Linux2617, cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
  // In an interrupt the process context, and so its policy, may not apply.
  if (in_interrupt(cpu)) return NULL;
  const mayBeSpread = (cpu.load32(cachep + k.kmem_cache.flags) & SLAB_MEM_SPREAD) !== 0;
  const nid_alloc = slabPolicyNode(k, cpu, mayBeSpread);
  if (nid_alloc === numa_node_id(k, cpu)) return NULL;
  return yield* __cache_alloc_node(k, cpu, cachep, flags, nid_alloc);
}

/** An object from the slabs of node `nodeid`, past all arrays; NULL without memory. Interrupts off. */
function* __cache_alloc_node(k: Linux2617, cpu: Cpu, cachep: addr_t, flags: number, nodeid: number): Program<addr_t> {
  const { kmem_cache, kmem_list3, slab } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  const l3 = cpu.loadPtr(nodelist(k, cachep, nodeid));
  if (l3 === NULL) BUG(`${FILE}:2981`, '__cache_alloc_node', '!l3');
  for (;;) {
    // retry:
    yield* spin_lock(k, cpu, l3 + kmem_list3.list_lock);
    const slabp = slabToAllocFrom(k, cpu, l3);
    if (slabp === NULL) {
      // must_grow:
      yield* spin_unlock(k, cpu, l3 + kmem_list3.list_lock);
      if (!(yield* cache_grow(k, cpu, cachep, flags, nodeid))) return NULL;
      continue;
    }
    if (debug) {
      check_spinlock_acquired(k, cpu, cachep, nodeid);
      check_slabp(k, cpu, cachep, slabp);
    }
    addStat(k, cpu, cachep, 'node_allocs', 1);
    addStat(k, cpu, cachep, 'num_active', 1);
    STATS_SET_HIGH(k, cpu, cachep);
    const inuse = cpu.load32(slabp + slab.inuse);
    if (inuse === cpu.load32(cachep + kmem_cache.num)) {
      BUG(`${FILE}:3002`, '__cache_alloc_node', 'slabp->inuse == cachep->num');
    }
    const obj = slab_get_obj(k, cpu, cachep, slabp, nodeid, inuse);
    if (debug) check_slabp(k, cpu, cachep, slabp);
    const free_objects = cpu.loadLong(l3 + kmem_list3.free_objects);
    cpu.storeLong(l3 + kmem_list3.free_objects, free_objects - 1);
    moveToList(k, cpu, l3, slabp);
    yield* spin_unlock(k, cpu, l3 + kmem_list3.list_lock);
    return obj;
  }
}

/** An object on node `nodeid`, or anywhere for -1; NULL without memory. A kernel without nodes has one place only. */
export function* kmem_cache_alloc_node(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  flags: number,
  nodeid: number,
  caller: addr_t = NULL,
): Program<addr_t> {
  const { config } = k;
  if (!config.CONFIG_NUMA) return yield* __cache_alloc(k, cpu, cachep, flags, caller);
  if (config.CONFIG_DEBUG_SLAB) cache_alloc_debugcheck_before(k, cpu, cachep, flags);
  const save_flags = local_irq_save(cpu);
  let ptr: addr_t;
  if (nodeid === -1 || nodeid === numa_node_id(k, cpu) || cpu.loadPtr(nodelist(k, cachep, nodeid)) === NULL) {
    // ____cache_alloc()
    ptr = hasPolicy(cpu) ? yield* alternate_node_alloc(k, cpu, cachep, flags) : NULL;
    if (ptr === NULL) ptr = fromArray(k, cpu, cachep);
    if (ptr === NULL) ptr = yield* cache_alloc_refill(k, cpu, cachep, flags);
  } else ptr = yield* __cache_alloc_node(k, cpu, cachep, flags, nodeid);
  if (local_irq_restore(cpu, save_flags)) yield;
  if (config.CONFIG_DEBUG_SLAB) ptr = yield* cache_alloc_debugcheck_after(k, cpu, cachep, flags, ptr, caller);
  return ptr;
}
