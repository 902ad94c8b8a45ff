/** Boot of the slab allocator: mm/slab.c, kmem_cache_init(), cpucache_init(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { local_irq_disable, local_irq_enable } from '../../kernel/irq.ts';
import { HZ } from '../../kernel/linux-2.6/config.ts';
import { register_cpu_notifier } from '../../kernel/linux-2.6/cpu.ts';
import { INIT_LIST_HEAD, list_add, list_empty, list_head } from '../../kernel/linux-2.6/list.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { per_cpu } from '../../kernel/linux-2.6/percpu.ts';
import { smp_processor_id } from '../../kernel/linux-2.6/thread-info.ts';
import { for_each_online_cpu, for_each_online_node, numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { INIT_WORK, keventd_up, schedule_delayed_work_on } from '../../kernel/linux-2.6/workqueue.ts';
import { listStep } from '../../kernel/list.ts';
import { memcpy } from '../../kernel/string.ts';
import { roundUp } from '../../kernel/struct.ts';
import { GFP_KERNEL } from '../../mm/linux-2.6.17/gfp.ts';
import { MAX_ORDER } from '../../mm/linux-2.6.17/layouts.ts';
import { kmem_cache_create } from './create.ts';
import { cache_estimate, cache_line_size, colours } from './estimate.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN, SLAB_PANIC } from './flags.ts';
import { kmalloc, kmallocStructNode } from './kmalloc.ts';
import { BREAK_GFP_ORDER_HI, FILE, kmem_bufctl_t } from './layouts.ts';
import { kmem_list3_init } from './list3.ts';
import { init_reap_node } from './reap.ts';
import { CACHE_CACHE, cpu_cache_get, FULL, type Linux2617, nodelist, SIZE_AC, ULONG_MAX } from './slab.ts';
import { enable_cpucache } from './tune.ts';

const FN = 'kmem_cache_init';

/**
 * Bootstrap is tricky, because several objects are allocated from caches that do not exist yet: cache_cache stands in the
 * kernel image, with an array and lists that do so too; the caches for arrays and for kmem_list3 are made first, on lists of
 * the image; then the others; and at the end what stood in the image is copied to kmalloced memory.
 */
export function* kmem_cache_init(k: Linux2617, cpu: Cpu): Program {
  const { kmem_cache, cache_cache } = k;
  for (let i = 0; i < k.NUM_INIT_LISTS; i++) {
    kmem_list3_init(k, cpu, k.initkmem_list3 + i * k.kmem_list3.sizeof);
    if (i < k.config.MAX_NUMNODES) cpu.storePtr(nodelist(k, cache_cache, i), NULL);
  }
  // Fragmentation resistance on low memory - only use bigger page orders on machines with more than 32MB of memory.
  if (cpu.loadLong(k.num_physpages) > (32 << 20) >> PAGE_SHIFT) cpu.store32(k.slab_break_gfp_order, BREAK_GFP_ORDER_HI);

  createCacheCache(k, cpu);
  yield* createGeneralCaches(k, cpu);

  // 4) Replace the bootstrap head arrays
  yield* replaceArray(k, cpu, cache_cache, k.initarray_cache);
  yield* replaceArray(k, cpu, generalCache(k, cpu, k.INDEX_AC), k.initarray_generic);

  // 5) Replace the bootstrap kmem_list3's
  yield* init_list(k, cpu, cache_cache, CACHE_CACHE, numa_node_id(k, cpu));
  for (const node of for_each_online_node(k, cpu)) {
    yield* init_list(k, cpu, generalCache(k, cpu, k.INDEX_AC), SIZE_AC + node, node);
    if (k.INDEX_AC !== k.INDEX_L3) {
      yield* init_list(k, cpu, generalCache(k, cpu, k.INDEX_L3), k.SIZE_L3 + node, node);
    }
  }

  // 6) resize the head arrays to their final sizes
  yield* mutex_lock(k, cpu, k.cache_chain_mutex);
  for (let p = listStep(cpu, k.cache_chain); p !== k.cache_chain; p = listStep(cpu, p)) {
    yield* enable_cpucache(k, cpu, p - kmem_cache.next);
  }
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);

  // Done!
  cpu.store32(k.g_cpucache_up, FULL);
  register_cpu_notifier(k, cpu, k.cpucache_notifier);
  // The reap timers are started later, with a module init call: That part of the kernel is not yet operational.
}

/** 1) create the cache_cache */
function createCacheCache(k: Linux2617, cpu: Cpu): void {
  const { kmem_cache, cache_cache, config } = k;
  INIT_LIST_HEAD(cpu, k.cache_chain);
  list_add(cpu, cache_cache + kmem_cache.next, k.cache_chain);
  const line = cache_line_size(k, cpu);
  cpu.store32(cache_cache + kmem_cache.colour_off, line);
  cpu.storePtr(cache_cache + kmem_cache.array + smp_processor_id(k, cpu) * k.BYTES_PER_WORD, k.initarray_cache);
  const l3 = k.initkmem_list3 + CACHE_CACHE * k.kmem_list3.sizeof;
  cpu.storePtr(nodelist(k, cache_cache, numa_node_id(k, cpu)), l3);

  const buffer_size = roundUp(cpu.load32(cache_cache + kmem_cache.buffer_size), line);
  cpu.store32(cache_cache + kmem_cache.buffer_size, buffer_size);
  let order = 0;
  let slab = cache_estimate(k.management, order, buffer_size, line, 0);
  cpu.store32(cache_cache + kmem_cache.num, slab.num);
  while (slab.num === 0 && ++order < MAX_ORDER) {
    slab = cache_estimate(k.management, order, buffer_size, line, 0);
    cpu.store32(cache_cache + kmem_cache.num, slab.num);
  }
  if (slab.num === 0) BUG(`${FILE}:1346`, FN, '!cache_cache.num');
  cpu.store32(cache_cache + kmem_cache.gfporder, order);
  cpu.storeLong(cache_cache + kmem_cache.colour, colours(config, Math.floor(slab.left_over / line)));
  const management = slab.num * kmem_bufctl_t.sizeof + k.slab.sizeof;
  cpu.store32(cache_cache + kmem_cache.slab_size, roundUp(management, line));
}

/**
 * 2+3) create the kmalloc caches. Those that provide memory for the array cache and the kmem_list3 structures first: without
 * this, further allocations will bug.
 */
function* createGeneralCaches(k: Linux2617, cpu: Cpu): Program {
  const { cache_sizes, cache_names } = k;
  const make = function* (index: number, cachep: number, name: number, flags: number): Program {
    const sizes = k.malloc_sizes + index * cache_sizes.sizeof;
    const names = k.namesOfSizes + index * cache_names.sizeof;
    const size = cpu.loadLong(sizes + cache_sizes.cs_size);
    const text = k.constantAt(cpu.loadPtr(names + name)) ?? null;
    const allFlags = SLAB_HWCACHE_ALIGN | SLAB_PANIC | flags;
    cpu.storePtr(sizes + cachep, yield* kmem_cache_create(k, cpu, text, size, 0, allFlags, null, null));
  };
  yield* make(k.INDEX_AC, cache_sizes.cs_cachep, cache_names.name, 0);
  if (k.INDEX_AC !== k.INDEX_L3) yield* make(k.INDEX_L3, cache_sizes.cs_cachep, cache_names.name, 0);
  for (let i = 0; ; i++) {
    const sizes = k.malloc_sizes + i * cache_sizes.sizeof;
    if (cpu.loadLong(sizes + cache_sizes.cs_size) === ULONG_MAX) return;
    // For performance, all the general caches are L1 aligned. This should be particularly beneficial on SMP boxes, as it
    // eliminates "false sharing".
    if (cpu.loadPtr(sizes + cache_sizes.cs_cachep) === NULL) yield* make(i, cache_sizes.cs_cachep, cache_names.name, 0);
    yield* make(i, cache_sizes.cs_dmacachep, cache_names.name_dma, SLAB_CACHE_DMA);
  }
}

const generalCache = (k: Linux2617, cpu: Cpu, index: number) =>
  cpu.loadPtr(k.malloc_sizes + index * k.cache_sizes.sizeof + k.cache_sizes.cs_cachep);

/** Swaps this CPU's array of the kernel image with kmalloced memory. */
function* replaceArray(k: Linux2617, cpu: Cpu, cachep: addr_t, initial: addr_t): Program {
  const ptr = yield* kmalloc(k, cpu, k.arraycache_init.sizeof, GFP_KERNEL, k.constant(FN));
  local_irq_disable(cpu);
  const ac = cpu_cache_get(k, cpu, cachep);
  if (ac !== initial) BUG(`${FILE}:1409`, FN, 'cpu_cache_get(cachep) != the array of the kernel image');
  memcpy(cpu, ptr, ac, k.arraycache_init.sizeof);
  cpu.storePtr(cachep + k.kmem_cache.array + smp_processor_id(k, cpu) * k.BYTES_PER_WORD, ptr);
  if (local_irq_enable(cpu)) yield;
}

/** swap the static kmem_list3 with kmalloced memory */
function* init_list(k: Linux2617, cpu: Cpu, cachep: addr_t, index: number, nodeid: number): Program {
  const { kmem_list3 } = k;
  const list = k.initkmem_list3 + index * kmem_list3.sizeof;
  if (cpu.loadPtr(nodelist(k, cachep, nodeid)) !== list) {
    BUG(`${FILE}:1274`, 'init_list', 'cachep->nodelists[nodeid] != list');
  }
  const ptr = yield* kmallocStructNode(k, cpu, kmem_list3.sizeof, nodeid, k.constant('init_list'));
  if (ptr === NULL) BUG(`${FILE}:1276`, 'init_list', '!ptr');
  local_irq_disable(cpu);
  memcpy(cpu, ptr, list, kmem_list3.sizeof);
  // MAKE_ALL_LISTS()
  for (const slabs of [kmem_list3.slabs_full, kmem_list3.slabs_partial, kmem_list3.slabs_free]) {
    MAKE_LIST(cpu, cpu.loadPtr(nodelist(k, cachep, nodeid)) + slabs, ptr + slabs);
  }
  cpu.storePtr(nodelist(k, cachep, nodeid), ptr);
  if (local_irq_enable(cpu)) yield;
}

/** Moves all entries of `list` to the new head `listp`. */
function MAKE_LIST(cpu: Cpu, list: addr_t, listp: addr_t): void {
  INIT_LIST_HEAD(cpu, listp);
  if (list_empty(cpu, list)) return;
  const first = cpu.loadPtr(list + list_head.next);
  const last = cpu.loadPtr(list + list_head.prev);
  cpu.storePtr(first + list_head.prev, listp);
  cpu.storePtr(listp + list_head.next, first);
  cpu.storePtr(last + list_head.next, listp);
  cpu.storePtr(listp + list_head.prev, last);
}

/** Starts the timers that return unneeded pages to the page allocator. */
export function* cpucache_init(k: Linux2617, cpu: Cpu): Program {
  for (const target of for_each_online_cpu(k, cpu)) yield* start_cpu_timer(k, cpu, target);
}

/**
 * The first cache_reap() of CPU `target`, in a second or so; 3 jiffies apart, so that the CPUs do not get into lockstep and
 * contend for the cache chain. A CPU that was up before keeps the work it had: then nothing is scheduled.
 */
export function* start_cpu_timer(k: Linux2617, cpu: Cpu, target: number): Program {
  const reap_work = per_cpu(k, cpu, k.per_cpu__reap_work, target);
  if (!keventd_up(k, cpu) || cpu.loadPtr(reap_work + k.work_struct.func) !== NULL) return;
  init_reap_node(k, cpu, target);
  INIT_WORK(k, cpu, reap_work, k.cache_reap, NULL);
  yield* schedule_delayed_work_on(k, cpu, target, reap_work, HZ + 3 * target);
}
