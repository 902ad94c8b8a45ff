/** mm/slab.c, the arrays by their sizes: do_tune_cpucache(), enable_cpucache(), and slabinfo_write(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { enterFrame, leaveFrame } from '../../kernel/frame.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { on_each_cpu } from '../../kernel/linux-2.6/smp.ts';
import { smp_processor_id } from '../../kernel/linux-2.6/thread-info.ts';
import { cpu_to_node, for_each_online_cpu, for_each_online_node } from '../../kernel/linux-2.6/topology.ts';
import { list_head, listStep } from '../../kernel/list.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { memset } from '../../kernel/string.ts';
import { alloc_alien_cache, alloc_arraycache, free_alien_cache, NO_BATCHCOUNT } from './array-cache.ts';
import { check_irq_on } from './debug.ts';
import { free_block } from './free.ts';
import { kfree, kmallocStructNode } from './kmalloc.ts';
import { freeLimit, kmem_list3_init, nextReap } from './list3.ts';
import { ac_entry, cpu_cache_get, type Linux2617, nodelist } from './slab.ts';

export const EINVAL = 22;
const ENOMEM = 12;

/** On every CPU: exchanges its array for the one that the caller brought along. Interrupts off. */
export function* do_ccupdate_local(k: Linux2617, cpu: Cpu, info: addr_t): Program {
  const cachep = cpu.loadPtr(info + k.ccupdate_struct.cachep);
  const old = cpu_cache_get(k, cpu, cachep);
  const own = smp_processor_id(k, cpu) * k.BYTES_PER_WORD;
  const brought = info + k.ccupdate_struct.new + own;
  cpu.storePtr(cachep + k.kmem_cache.array + own, cpu.loadPtr(brought));
  cpu.storePtr(brought, old);
}

/** Gives every CPU, and every node, new and empty arrays; 0 or a negative errno. Caller holds cache_chain_mutex. */
export function* do_tune_cpucache(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  limit: number,
  batchcount: number,
  shared: number,
): Program<number> {
  const { kmem_cache, kmem_list3, array_cache, ccupdate_struct, config } = k;
  const caller = k.constant('do_tune_cpucache');
  const info = enterFrame(cpu, ccupdate_struct);
  const slot = (i: number) => info + ccupdate_struct.new + i * k.BYTES_PER_WORD;
  memset(cpu, slot(0), 0, config.NR_CPUS * k.BYTES_PER_WORD);
  for (const i of for_each_online_cpu(k, cpu)) {
    const ccnew = yield* alloc_arraycache(k, cpu, cpu_to_node(k, cpu, i), limit, batchcount);
    cpu.storePtr(slot(i), ccnew);
    if (ccnew === NULL) {
      for (let j = i - 1; j >= 0; j--) yield* kfree(k, cpu, cpu.loadPtr(slot(j)), caller);
      leaveFrame(cpu, ccupdate_struct);
      return -ENOMEM;
    }
  }
  cpu.storePtr(info + ccupdate_struct.cachep, cachep);
  yield* on_each_cpu(k, cpu, k.do_ccupdate_local, info);

  if (config.CONFIG_DEBUG_SLAB) check_irq_on(cpu);
  cpu.store32(cachep + kmem_cache.batchcount, batchcount);
  cpu.store32(cachep + kmem_cache.limit, limit);
  cpu.store32(cachep + kmem_cache.shared, shared);

  for (const i of for_each_online_cpu(k, cpu)) {
    const ccold = cpu.loadPtr(slot(i));
    if (ccold === NULL) continue;
    const node = cpu_to_node(k, cpu, i);
    yield* spin_lock_irq(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.list_lock);
    yield* free_block(k, cpu, cachep, ac_entry(k, ccold, 0), cpu.load32(ccold + array_cache.avail), node);
    yield* spin_unlock_irq(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + kmem_list3.list_lock);
    yield* kfree(k, cpu, ccold, caller);
  }
  leaveFrame(cpu, ccupdate_struct);

  const err = yield* alloc_kmemlist(k, cpu, cachep);
  if (err !== 0) {
    const name = k.constantAt(cpu.loadPtr(cachep + kmem_cache.name));
    k.printk(`alloc_kmemlist failed for ${name}, error ${-err}.\n`);
  }
  return 0;
}

/** Gives each node its lists, if it has none, and new shared and alien arrays; 0 or a negative errno. */
function* alloc_kmemlist(k: Linux2617, cpu: Cpu, cachep: addr_t): Program<number> {
  const { kmem_cache, kmem_list3, array_cache } = k;
  const caller = k.constant('alloc_kmemlist');
  for (const node of for_each_online_node(k, cpu)) {
    let new_alien = yield* alloc_alien_cache(k, cpu, node, cachep);
    if (new_alien === NULL) return yield* rollBack(k, cpu, cachep, node);
    const entries = Math.imul(cpu.load32(cachep + kmem_cache.shared), cpu.load32(cachep + kmem_cache.batchcount));
    const new_shared = yield* alloc_arraycache(k, cpu, node, entries, NO_BATCHCOUNT);
    if (new_shared === NULL) {
      yield* free_alien_cache(k, cpu, new_alien);
      return yield* rollBack(k, cpu, cachep, node);
    }
    let l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 !== NULL) {
      const shared = cpu.loadPtr(l3 + kmem_list3.shared);
      yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
      if (shared !== NULL) {
        yield* free_block(k, cpu, cachep, ac_entry(k, shared, 0), cpu.load32(shared + array_cache.avail), node);
      }
      cpu.storePtr(l3 + kmem_list3.shared, new_shared);
      if (cpu.loadPtr(l3 + kmem_list3.alien) === NULL) {
        cpu.storePtr(l3 + kmem_list3.alien, new_alien);
        new_alien = NULL;
      }
      cpu.store32(l3 + kmem_list3.free_limit, freeLimit(k, cpu, cachep, node));
      yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
      yield* kfree(k, cpu, shared, caller);
      yield* free_alien_cache(k, cpu, new_alien);
      continue;
    }
    l3 = yield* kmallocStructNode(k, cpu, kmem_list3.sizeof, node, caller);
    if (l3 === NULL) {
      yield* free_alien_cache(k, cpu, new_alien);
      yield* kfree(k, cpu, new_shared, caller);
      return yield* rollBack(k, cpu, cachep, node);
    }
    kmem_list3_init(k, cpu, l3);
    cpu.storeLong(l3 + kmem_list3.next_reap, nextReap(k, cpu, cachep));
    cpu.storePtr(l3 + kmem_list3.shared, new_shared);
    cpu.storePtr(l3 + kmem_list3.alien, new_alien);
    cpu.store32(l3 + kmem_list3.free_limit, freeLimit(k, cpu, cachep, node));
    cpu.storePtr(nodelist(k, cachep, node), l3);
  }
  return 0;
}

/** alloc_kmemlist() failed at node `failed`: if the cache is not active yet, the nodes before it lose their lists. */
function* rollBack(k: Linux2617, cpu: Cpu, cachep: addr_t, failed: number): Program<number> {
  const { kmem_list3 } = k;
  const caller = k.constant('alloc_kmemlist');
  if (cpu.loadPtr(cachep + k.kmem_cache.next + list_head.next) !== NULL) return -ENOMEM;
  for (let node = failed - 1; node >= 0; node--) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 === NULL) continue;
    yield* kfree(k, cpu, cpu.loadPtr(l3 + kmem_list3.shared), caller);
    if (k.config.CONFIG_NUMA) yield* free_alien_cache(k, cpu, cpu.loadPtr(l3 + kmem_list3.alien));
    yield* kfree(k, cpu, l3, caller);
    cpu.storePtr(nodelist(k, cachep, node), NULL);
  }
  return -ENOMEM;
}

export interface Tunables {
  readonly limit: number;
  readonly batchcount: number;
  /** Batches that the array of all CPUs of a node holds. */
  readonly shared: number;
}

/** By the size of the objects. The numbers are guessed, says slab.c. */
export function tunablesFor(
  buffer_size: number,
  { CONFIG_SMP, CONFIG_DEBUG_SLAB }: { CONFIG_SMP: boolean; CONFIG_DEBUG_SLAB: boolean },
): Tunables {
  let limit = 120;
  if (buffer_size > 131072) limit = 1;
  else if (buffer_size > PAGE_SIZE) limit = 8;
  else if (buffer_size > 1024) limit = 24;
  else if (buffer_size > 256) limit = 54;
  // Most allocs on one cpu, most free operations on another: objects must pass efficiently between cpus. The shared array
  // replaces Bonwick's magazine layer. On a uniprocessor it would be but a larger limit.
  const shared = CONFIG_SMP && buffer_size <= PAGE_SIZE ? 8 : 0;
  // With debugging enabled, large batchcount lead to excessively long periods with disabled local interrupts.
  if (CONFIG_DEBUG_SLAB) limit = Math.min(limit, 32);
  return { limit, batchcount: (limit + 1) >> 1, shared };
}

/** Caller holds cache_chain_mutex. */
export function* enable_cpucache(k: Linux2617, cpu: Cpu, cachep: addr_t): Program {
  const { limit, batchcount, shared } = tunablesFor(cpu.load32(cachep + k.kmem_cache.buffer_size), k.config);
  const err = yield* do_tune_cpucache(k, cpu, cachep, limit, batchcount, shared);
  if (err !== 0) {
    const name = k.constantAt(cpu.loadPtr(cachep + k.kmem_cache.name));
    k.printk(`enable_cpucache failed for ${name}, error ${-err}.\n`);
  }
}

const MAX_SLABINFO_WRITE = 128;

/** sscanf(text, " %d %d %d"), which wraps at 32 bits; null if it finds fewer. */
function scanTunables(text: string): readonly [limit: number, batchcount: number, shared: number] | null {
  const found = /^\s*(-?)(\d+)(?!\d)\s*(-?)(\d+)(?!\d)\s*(-?)(\d+)/.exec(text);
  if (found === null) return null;
  const number = (at: number) => {
    let value = 0;
    for (const digit of found[at + 1]) value = (Math.imul(value, 10) + Number(digit)) | 0;
    return found[at] === '-' ? -value | 0 : value;
  };
  return [number(1), number(3), number(5)];
}

/**
 * /proc/slabinfo as written: "NAME LIMIT BATCHCOUNT SHARED". The bytes written, or a negative errno; tunables out of range are
 * taken as done. `text` is what the caller wrote; the kernel's copy of it is not modelled. Callers that do not know SHARED, as
 * those of other versions, leave it out and say `keepsShared`.
 */
export function* slabinfo_write(k: Linux2617, cpu: Cpu, text: string, keepsShared = false): Program<number> {
  const { kmem_cache } = k;
  if (text.length > MAX_SLABINFO_WRITE) return -EINVAL;
  const blank = text.indexOf(' ');
  if (blank < 0) return -EINVAL;
  const tunables = scanTunables(`${text.slice(blank + 1)}${keepsShared ? ' 0' : ''}`);
  if (tunables === null) return -EINVAL;
  const [limit, batchcount, written] = tunables;

  // Find the cache in the chain of caches.
  yield* mutex_lock(k, cpu, k.cache_chain_mutex);
  let res = -EINVAL;
  for (let p = listStep(cpu, k.cache_chain); p !== k.cache_chain; p = listStep(cpu, p)) {
    const cachep = p - kmem_cache.next;
    if (k.constantAt(cpu.loadPtr(cachep + kmem_cache.name)) !== text.slice(0, blank)) continue;
    // By peek, as if the caller had known it. Whoever stored it held the mutex.
    const shared = keepsShared ? k.machine.memory.peek32(cachep + kmem_cache.shared) : written;
    const inRange = limit >= 1 && batchcount >= 1 && batchcount <= limit && shared >= 0;
    res = inRange ? yield* do_tune_cpucache(k, cpu, cachep, limit, batchcount, shared) : 0;
    break;
  }
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
  return res >= 0 ? text.length : res;
}
