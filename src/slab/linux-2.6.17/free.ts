/** mm/slab.c, the way of one free: __cache_free(), cache_flusharray(), free_block(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { enterFrame, leaveFrame } from '../../kernel/frame.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { list_add, list_add_tail, list_del, list_head } from '../../kernel/linux-2.6/list.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { memcpy } from '../../kernel/string.ts';
import { virt_to_page } from '../../mm/linux-2.6.17/page.ts';
import { __drain_alien_cache } from './array-cache.ts';
import { cache_free_debugcheck, check_slabp, check_spinlock_acquired, putBack } from './debug.ts';
import { FILE } from './layouts.ts';
import { ac_entry, cpu_cache_get, type Linux2617, nodelist, slab_bufctl } from './slab.ts';
import { page_get_slab, slab_destroy, virt_to_slab } from './slab-pages.ts';
import { addStat, incAtomicStat, STATS_SET_FREEABLE } from './stats.ts';

/** `caller`: who frees, for CONFIG_DEBUG_SLAB. */
export function* kmem_cache_free(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, caller: addr_t = NULL): Program {
  const flags = local_irq_save(cpu);
  const rest = __cache_free(k, cpu, cachep, objp, caller);
  if (rest !== null) yield* rest;
  if (local_irq_restore(cpu, flags)) yield;
}

/**
 * Puts the object into this CPU's array, or, if it is another node's, among those that wait to go there. Where that takes a
 * lock, what is to be done comes back as a Program; a free that finds room needs none. `page` is the object's, where the caller
 * knows it. Interrupts off.
 */
export function __cache_free(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  objp: addr_t,
  caller: addr_t,
  page: addr_t = NULL,
): Program | null {
  const ac = cpu_cache_get(k, cpu, cachep);
  if (k.config.CONFIG_DEBUG_SLAB) return freeChecked(k, cpu, cachep, ac, objp, caller);
  return freeTo(k, cpu, cachep, ac, objp, page);
}

function* freeChecked(k: Linux2617, cpu: Cpu, cachep: addr_t, ac: addr_t, objp: addr_t, caller: addr_t): Program {
  const slot = yield* cache_free_debugcheck(k, cpu, cachep, objp, caller);
  const rest = freeTo(k, cpu, cachep, ac, slot, NULL);
  if (rest !== null) yield* rest;
}

function freeTo(k: Linux2617, cpu: Cpu, cachep: addr_t, ac: addr_t, objp: addr_t, page: addr_t): Program | null {
  const { array_cache } = k;
  if (k.config.CONFIG_NUMA) {
    // Make sure we are not freeing an object from another node to the array cache on this cpu.
    const slabp = page_get_slab(k, cpu, page === NULL ? virt_to_page(k, cpu, objp) : page);
    const nodeid = cpu.load16(slabp + k.slab.nodeid);
    if (nodeid !== numa_node_id(k, cpu)) return cache_free_alien(k, cpu, cachep, objp, nodeid);
  }
  const avail = cpu.load32(ac + array_cache.avail);
  if (avail >= cpu.load32(ac + array_cache.limit)) {
    incAtomicStat(k, cpu, cachep, 'freemiss');
    return flushAndFree(k, cpu, cachep, ac, objp);
  }
  incAtomicStat(k, cpu, cachep, 'freehit');
  cpu.store32(ac + array_cache.avail, avail + 1);
  cpu.storePtr(ac_entry(k, ac, avail), objp);
  return null;
}

function* flushAndFree(k: Linux2617, cpu: Cpu, cachep: addr_t, ac: addr_t, objp: addr_t): Program {
  const { array_cache } = k;
  yield* cache_flusharray(k, cpu, cachep, ac);
  const avail = cpu.load32(ac + array_cache.avail);
  cpu.store32(ac + array_cache.avail, avail + 1);
  cpu.storePtr(ac_entry(k, ac, avail), objp);
}

/** Keeps an object of another node until there are enough to take them there. Interrupts off. */
function* cache_free_alien(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, nodeid: number): Program {
  const { array_cache, kmem_list3 } = k;
  const l3 = cpu.loadPtr(nodelist(k, cachep, numa_node_id(k, cpu)));
  addStat(k, cpu, cachep, 'node_frees', 1);
  const aliens = cpu.loadPtr(l3 + kmem_list3.alien);
  const alien = aliens === NULL ? NULL : cpu.loadPtr(aliens + nodeid * k.BYTES_PER_WORD);
  if (alien === NULL) {
    const list_lock = cpu.loadPtr(nodelist(k, cachep, nodeid)) + kmem_list3.list_lock;
    const argument = enterFrame(cpu, k.config.abi.ptr);
    cpu.storePtr(argument, objp);
    yield* spin_lock(k, cpu, list_lock);
    yield* free_block(k, cpu, cachep, argument, 1, nodeid);
    yield* spin_unlock(k, cpu, list_lock);
    leaveFrame(cpu, k.config.abi.ptr);
    return;
  }
  yield* spin_lock(k, cpu, alien + array_cache.lock);
  let avail = cpu.load32(alien + array_cache.avail);
  if (avail === cpu.load32(alien + array_cache.limit)) {
    addStat(k, cpu, cachep, 'node_overflow', 1);
    yield* __drain_alien_cache(k, cpu, cachep, alien, nodeid);
    avail = cpu.load32(alien + array_cache.avail);
  }
  cpu.store32(alien + array_cache.avail, avail + 1);
  cpu.storePtr(ac_entry(k, alien, avail), objp);
  yield* spin_unlock(k, cpu, alien + array_cache.lock);
}

/** The array is full: its batchcount oldest objects go to the shared array, or back to their slabs. Interrupts off. */
function* cache_flusharray(k: Linux2617, cpu: Cpu, cachep: addr_t, ac: addr_t): Program {
  const { array_cache, kmem_list3 } = k;
  const node = numa_node_id(k, cpu);
  let batchcount = cpu.load32(ac + array_cache.batchcount);
  if (k.config.CONFIG_DEBUG_SLAB && (batchcount === 0 || batchcount > cpu.load32(ac + array_cache.avail))) {
    BUG(`${FILE}:3080`, 'cache_flusharray', '!batchcount || batchcount > ac->avail');
  }
  const l3 = cpu.loadPtr(nodelist(k, cachep, node));
  yield* spin_lock(k, cpu, l3 + kmem_list3.list_lock);
  const moved = yield* toShared(k, cpu, l3, ac, batchcount);
  if (moved > 0) batchcount = moved;
  else yield* free_block(k, cpu, cachep, ac_entry(k, ac, 0), batchcount, node);
  // free_done:
  if (k.config.CONFIG_DEBUG_SLAB) STATS_SET_FREEABLE(k, cpu, cachep, countFreeSlabs(k, cpu, l3));
  yield* spin_unlock(k, cpu, l3 + kmem_list3.list_lock);
  dropOldest(k, cpu, ac, batchcount);
}

/** Moves up to `batchcount` of the oldest objects in `ac` to the node's shared array; how many. Caller holds l3->list_lock. */
function* toShared(k: Linux2617, cpu: Cpu, l3: addr_t, ac: addr_t, batchcount: number): Program<number> {
  const { array_cache, kmem_list3 } = k;
  const shared_array = cpu.loadPtr(l3 + kmem_list3.shared);
  if (shared_array === NULL) return 0;
  const limit = cpu.load32(shared_array + array_cache.limit);
  const avail = cpu.load32(shared_array + array_cache.avail);
  const count = Math.min(batchcount, limit - avail);
  if (count === 0) return 0;
  if (cpu.isAhead) yield;
  memcpy(cpu, ac_entry(k, shared_array, avail), ac_entry(k, ac, 0), k.BYTES_PER_WORD * count);
  // Read again: for all gcc knows the entries lie over it.
  cpu.store32(shared_array + array_cache.avail, cpu.load32(shared_array + array_cache.avail) + count);
  return count;
}

/** ac->avail -= count; memmove(ac->entry, &ac->entry[count], ...); */
export function dropOldest(k: Linux2617, cpu: Cpu, ac: addr_t, count: number): void {
  const avail = cpu.load32(ac + k.array_cache.avail) - count;
  cpu.store32(ac + k.array_cache.avail, avail);
  // Towards lower addresses, so that a copy from the front on is a memmove().
  memcpy(cpu, ac_entry(k, ac, 0), ac_entry(k, ac, count), k.BYTES_PER_WORD * avail);
}

/** STATS: the node's free slabs, counted. Caller holds l3->list_lock. */
function countFreeSlabs(k: Linux2617, cpu: Cpu, l3: addr_t): number {
  const slabs_free = l3 + k.kmem_list3.slabs_free;
  let i = 0;
  for (let p = cpu.loadPtr(slabs_free + list_head.next); p !== slabs_free; p = cpu.loadPtr(p + list_head.next)) {
    if (cpu.load32(p - k.slab.list + k.slab.inuse) !== 0) BUG(`${FILE}:3110`, 'cache_flusharray', 'slabp->inuse');
    i++;
  }
  return i;
}

/**
 * Returns `nr_objects` objects of `node`, named by the words from `objpp` on, to their slabs. Caller holds the list_lock of
 * that node's list3, interrupts off.
 */
export function* free_block(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  objpp: addr_t,
  nr_objects: number,
  node: number,
): Program {
  const { kmem_cache, kmem_list3, slab } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  for (let i = 0; i < nr_objects; i++) {
    // A long critical section: those who wait for the lock take its line from us meanwhile.
    if (cpu.isAhead) yield;
    const objp = cpu.loadPtr(objpp + i * k.BYTES_PER_WORD);
    const slabp = virt_to_slab(k, cpu, objp);
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    list_del(cpu, slabp + slab.list);
    if (debug) {
      check_spinlock_acquired(k, cpu, cachep, node);
      check_slabp(k, cpu, cachep, slabp);
    }
    slab_put_obj(k, cpu, cachep, slabp, objp, node);
    addStat(k, cpu, cachep, 'num_active', -1);
    const free_objects = cpu.loadLong(l3 + kmem_list3.free_objects) + 1;
    cpu.storeLong(l3 + kmem_list3.free_objects, free_objects);
    if (debug) check_slabp(k, cpu, cachep, slabp);

    // fixup slab chains
    if (cpu.load32(slabp + slab.inuse) !== 0) {
      // Unconditionally move a slab to the end of the partial list on free - maximum time for the other objects to be
      // freed, too.
      list_add_tail(cpu, slabp + slab.list, l3 + kmem_list3.slabs_partial);
    } else if (free_objects > cpu.load32(l3 + kmem_list3.free_limit)) {
      cpu.storeLong(l3 + kmem_list3.free_objects, free_objects - cpu.load32(cachep + kmem_cache.num));
      yield* slab_destroy(k, cpu, cachep, slabp);
    } else list_add(cpu, slabp + slab.list, l3 + kmem_list3.slabs_free);
  }
}

function slab_put_obj(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t, objp: addr_t, nodeid: number): void {
  const { slab } = k;
  const objnr = obj_to_index(k, cpu, cachep, slabp, objp);
  if (k.config.CONFIG_DEBUG_SLAB) putBack(k, cpu, cachep, slabp, objp, objnr, nodeid);
  cpu.store32(slab_bufctl(k, slabp, objnr), cpu.load32(slabp + slab.free));
  cpu.store32(slabp + slab.free, objnr);
  cpu.store32(slabp + slab.inuse, cpu.load32(slabp + slab.inuse) - 1);
}

/** (unsigned)(obj - slab->s_mem) / cache->buffer_size */
export function obj_to_index(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t, objp: addr_t): number {
  const offset = (objp - cpu.loadPtr(slabp + k.slab.s_mem)) >>> 0;
  return Math.floor(offset / cpu.load32(cachep + k.kmem_cache.buffer_size));
}

/** slab->s_mem + cache->buffer_size * idx */
export function index_to_obj(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t, idx: number): addr_t {
  return cpu.loadPtr(slabp + k.slab.s_mem) + cpu.load32(cachep + k.kmem_cache.buffer_size) * idx;
}
