/** mm/slab.c, arrays of free objects: made, filled from one another, and the alien ones that wait to go to their node. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { __get_cpu_var } from '../../kernel/linux-2.6/percpu.ts';
import { for_each_node, for_each_online_node, node_online } from '../../kernel/linux-2.6/topology.ts';
import {
  spin_lock,
  spin_lock_init,
  spin_lock_irqsave,
  spin_trylock_irq,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../../kernel/spinlock.ts';
import { memcpy } from '../../kernel/string.ts';
import { free_block } from './free.ts';
import { kfree, kmallocKernelNode } from './kmalloc.ts';
import { ac_entry, type Linux2617, nodelist } from './slab.ts';

/** The batchcount of arrays that are refilled and flushed by nobody: shared and alien ones. */
export const NO_BATCHCOUNT = 0xbaadf00d | 0;
/** What alien arrays are in a kernel without nodes. */
const NO_ALIENS = 0x01020304;

/** A new, empty array of `entries` on `node`; NULL without memory. */
export function* alloc_arraycache(
  k: Linux2617,
  cpu: Cpu,
  node: number,
  entries: number,
  batchcount: number,
): Program<addr_t> {
  const { array_cache } = k;
  const memsize = k.BYTES_PER_WORD * entries + array_cache.sizeof;
  const nc = yield* kmallocKernelNode(k, cpu, memsize, node, k.constant('alloc_arraycache'));
  if (nc === NULL) return NULL;
  cpu.store32(nc + array_cache.avail, 0);
  cpu.store32(nc + array_cache.limit, entries);
  cpu.store32(nc + array_cache.batchcount, batchcount);
  cpu.store32(nc + array_cache.touched, 0);
  spin_lock_init(k, cpu, nc + array_cache.lock);
  return nc;
}

/** Moves up to `max` objects, the newest, from one array to another; how many. Locking is the caller's. */
export function transfer_objects(k: Linux2617, cpu: Cpu, to: addr_t, from: addr_t, max: number): number {
  const { array_cache } = k;
  const avail = cpu.load32(from + array_cache.avail);
  const limit = cpu.load32(to + array_cache.limit);
  const at = cpu.load32(to + array_cache.avail);
  const nr = Math.min(avail, max, limit - at);
  if (nr === 0) return 0;
  memcpy(cpu, ac_entry(k, to, at), ac_entry(k, from, avail - nr), k.BYTES_PER_WORD * nr);
  cpu.store32(from + array_cache.avail, cpu.load32(from + array_cache.avail) - nr);
  cpu.store32(to + array_cache.avail, cpu.load32(to + array_cache.avail) + nr);
  cpu.store32(to + array_cache.touched, 1);
  return nr;
}

/** An array for each other node, for the cache's list3 of `node`: a table of pointers; NULL without memory. */
export function* alloc_alien_cache(k: Linux2617, cpu: Cpu, node: number, cachep: addr_t): Program<addr_t> {
  if (!k.config.CONFIG_NUMA) return NO_ALIENS;
  const { MAX_NUMNODES } = k.config;
  const limit = cpu.load32(cachep + k.kmem_cache.limit);
  const entries = limit > 1 ? 12 : limit;
  const memsize = k.BYTES_PER_WORD * MAX_NUMNODES;
  const ac_ptr = yield* kmallocKernelNode(k, cpu, memsize, node, k.constant('alloc_alien_cache'));
  if (ac_ptr === NULL) return NULL;
  for (const i of for_each_node(k, cpu)) {
    if (i === node || !node_online(k, cpu, i)) {
      cpu.storePtr(ac_ptr + i * k.BYTES_PER_WORD, NULL);
      continue;
    }
    const ac = yield* alloc_arraycache(k, cpu, node, entries, NO_BATCHCOUNT);
    cpu.storePtr(ac_ptr + i * k.BYTES_PER_WORD, ac);
    if (ac === NULL) {
      // The original's `for (i--; i <= 0; i--)` frees the first array at most, and goes on before the table.
      if (i === 1) yield* kfree(k, cpu, cpu.loadPtr(ac_ptr));
      yield* kfree(k, cpu, ac_ptr);
      return NULL;
    }
  }
  return ac_ptr;
}

export function* free_alien_cache(k: Linux2617, cpu: Cpu, ac_ptr: addr_t): Program {
  if (!k.config.CONFIG_NUMA || ac_ptr === NULL) return;
  for (const i of for_each_node(k, cpu)) yield* kfree(k, cpu, cpu.loadPtr(ac_ptr + i * k.BYTES_PER_WORD));
  yield* kfree(k, cpu, ac_ptr);
}

/** Takes the objects in `ac`, all of `node`, back there. Caller holds ac->lock, interrupts off. */
export function* __drain_alien_cache(k: Linux2617, cpu: Cpu, cachep: addr_t, ac: addr_t, node: number): Program {
  const { array_cache, kmem_list3 } = k;
  if (cpu.load32(ac + array_cache.avail) === 0) return;
  const rl3 = cpu.loadPtr(nodelist(k, cachep, node));
  yield* spin_lock(k, cpu, rl3 + kmem_list3.list_lock);
  // Stuff objects into the remote nodes shared array first. That way we could avoid the overhead of putting the objects
  // into the free lists and getting them back later.
  const shared = cpu.loadPtr(rl3 + kmem_list3.shared);
  if (shared !== NULL) transfer_objects(k, cpu, shared, ac, cpu.load32(ac + array_cache.limit));
  yield* free_block(k, cpu, cachep, ac_entry(k, ac, 0), cpu.load32(ac + array_cache.avail), node);
  cpu.store32(ac + array_cache.avail, 0);
  yield* spin_unlock(k, cpu, rl3 + kmem_list3.list_lock);
}

/** Called from cache_reap() to regularly drain alien caches round robin. */
export function* reap_alien(k: Linux2617, cpu: Cpu, cachep: addr_t, l3: addr_t): Program {
  if (!k.config.CONFIG_NUMA) return;
  const { array_cache, kmem_list3 } = k;
  const alien = cpu.loadPtr(l3 + kmem_list3.alien);
  if (alien === NULL) return;
  const node = cpu.loadLong(__get_cpu_var(k, cpu, k.per_cpu__reap_node));
  const ac = cpu.loadPtr(alien + node * k.BYTES_PER_WORD);
  if (ac === NULL || cpu.load32(ac + array_cache.avail) === 0) return;
  if (!(yield* spin_trylock_irq(k, cpu, ac + array_cache.lock))) return;
  yield* __drain_alien_cache(k, cpu, cachep, ac, node);
  yield* spin_unlock_irq(k, cpu, ac + array_cache.lock);
}

export function* drain_alien_cache(k: Linux2617, cpu: Cpu, cachep: addr_t, alien: addr_t): Program {
  if (!k.config.CONFIG_NUMA) return;
  const { array_cache } = k;
  for (const i of for_each_online_node(k, cpu)) {
    const ac = cpu.loadPtr(alien + i * k.BYTES_PER_WORD);
    if (ac === NULL) continue;
    const flags = yield* spin_lock_irqsave(k, cpu, ac + array_cache.lock);
    yield* __drain_alien_cache(k, cpu, cachep, ac, i);
    yield* spin_unlock_irqrestore(k, cpu, ac + array_cache.lock, flags);
  }
}
