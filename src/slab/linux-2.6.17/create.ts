/** mm/slab.c, kmem_cache_create(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import type { KernelFunction } from '../../kernel/kernel.ts';
import { lock_cpu_hotplug, unlock_cpu_hotplug } from '../../kernel/linux-2.6/cpu.ts';
import { list_add } from '../../kernel/linux-2.6/list.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { panic } from '../../kernel/linux-2.6/panic.ts';
import { in_interrupt, smp_processor_id } from '../../kernel/linux-2.6/thread-info.ts';
import { for_each_online_node, numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { listStep } from '../../kernel/list.ts';
import { roundUp } from '../../kernel/struct.ts';
import { GFP_DMA, GFP_KERNEL } from '../../mm/linux-2.6.17/gfp.ts';
import { kmem_cache_zalloc } from './alloc.ts';
import { cache_line_size, colours, isLargeEnough, slabSizes } from './estimate.ts';
import {
  SLAB_CACHE_DMA,
  SLAB_DEBUG_INITIAL,
  SLAB_DESTROY_BY_RCU,
  SLAB_HWCACHE_ALIGN,
  SLAB_KERNEL,
  SLAB_PANIC,
  SLAB_POISON,
  SLAB_RED_ZONE,
  SLAB_STORE_USER,
} from './flags.ts';
import { kmem_cache_free } from './free.ts';
import { kmalloc, kmallocStructNode, kmem_find_general_cachep } from './kmalloc.ts';
import { BOOT_CPUCACHE_ENTRIES, CFLGS_OFF_SLAB, createMask, FILE, kmem_bufctl_t, MAX_OBJ_ORDER } from './layouts.ts';
import { kmem_list3_init, nextReap } from './list3.ts';
import { cpu_cache_get, FULL, type Linux2617, NONE, nodelist, PARTIAL_AC, PARTIAL_L3, SIZE_AC } from './slab.ts';
import { enable_cpucache } from './tune.ts';

const FN = 'kmem_cache_create';

/**
 * A new cache, at the head of the chain; NULL without memory, or if no object fits a slab, or if the name is taken. `align` is
 * the caller's, in bytes.
 */
export function* kmem_cache_create(
  k: Linux2617,
  cpu: Cpu,
  name: string | null,
  size: number,
  align: number,
  flags: number,
  ctor: KernelFunction | null,
  dtor: KernelFunction | null,
): Program<addr_t> {
  if (
    name === null ||
    in_interrupt(cpu) ||
    size < k.BYTES_PER_WORD ||
    size > (1 << MAX_OBJ_ORDER) * PAGE_SIZE ||
    (dtor !== null && ctor === null)
  ) {
    k.printk(`${FN}: Early error in slab ${name ?? '<NULL>'}\n`);
    BUG(`${FILE}:1965`, FN, 'Early error');
  }
  // Prevent CPUs from coming and going. lock_cpu_hotplug() nests outside cache_chain_mutex
  yield* lock_cpu_hotplug(k, cpu);
  yield* mutex_lock(k, cpu, k.cache_chain_mutex);
  const cachep = isTaken(k, cpu, name) ? NULL : yield* create(k, cpu, name, size, align, flags, ctor, dtor);
  // oops:
  if (cachep === NULL && (flags & SLAB_PANIC) !== 0) panic(k, FN, `${FN}(): failed to create slab \`${name}'`);
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
  yield* unlock_cpu_hotplug(k, cpu);
  return cachep;
}

/** Whether a cache of that name hangs in the chain. Caller holds cache_chain_mutex. */
function isTaken(k: Linux2617, cpu: Cpu, name: string): boolean {
  const { kmem_cache } = k;
  for (let p = listStep(cpu, k.cache_chain); p !== k.cache_chain; p = listStep(cpu, p)) {
    if (k.constantAt(cpu.loadPtr(p - kmem_cache.next + kmem_cache.name)) !== name) continue;
    k.printk(`${FN}: duplicate cache ${name}\n`);
    k.dump_stack();
    return true;
  }
  return false;
}

/** Caller holds cache_chain_mutex. */
function* create(
  k: Linux2617,
  cpu: Cpu,
  name: string,
  requestedSize: number,
  requestedAlign: number,
  requestedFlags: number,
  ctor: KernelFunction | null,
  dtor: KernelFunction | null,
): Program<addr_t> {
  const { kmem_cache, config } = k;
  const { CONFIG_DEBUG_SLAB } = config;
  let flags = CONFIG_DEBUG_SLAB ? debugFlags(k, name, requestedSize, requestedFlags, ctor) : requestedFlags;
  if ((flags & SLAB_DESTROY_BY_RCU) !== 0 && dtor !== null) BUG(`${FILE}:2027`, FN, 'dtor');
  // Always checks flags, a caller might be expecting debug support which isn't available.
  if ((flags & ~createMask(config)) !== 0) BUG(`${FILE}:2033`, FN, 'flags & ~CREATE_MASK');

  // In terms of words: unaligned accesses, and bufctls that are aligned.
  let size = roundUp(requestedSize, k.BYTES_PER_WORD);
  // 1) arch recommendation: a line, unless an object is really small; then squeeze multiple objects into one.
  let align = k.BYTES_PER_WORD;
  if ((flags & SLAB_HWCACHE_ALIGN) !== 0) {
    align = cache_line_size(k, cpu);
    while (size <= align / 2) align /= 2;
  }
  // 3) caller mandated alignment: disables debug if necessary
  if (align < requestedAlign) {
    align = requestedAlign;
    if (align > k.BYTES_PER_WORD) flags &= ~(SLAB_RED_ZONE | SLAB_STORE_USER);
  }

  // Get cache's description obj.
  const cachep = yield* kmem_cache_zalloc(k, cpu, k.cache_cache, SLAB_KERNEL, k.constant(FN));
  if (cachep === NULL) return NULL;
  if (CONFIG_DEBUG_SLAB) {
    cpu.store32(cachep + kmem_cache.obj_size, size);
    if ((flags & SLAB_RED_ZONE) !== 0) {
      // redzoning only works with word aligned caches
      align = k.BYTES_PER_WORD;
      const obj_offset = cachep + kmem_cache.obj_offset;
      cpu.store32(obj_offset, cpu.load32(obj_offset) + k.BYTES_PER_WORD);
      size += 2 * k.BYTES_PER_WORD;
    }
    if ((flags & SLAB_STORE_USER) !== 0) {
      // user store requires word alignment and one word storage behind the end of the real object.
      align = k.BYTES_PER_WORD;
      size += k.BYTES_PER_WORD;
    }
  }
  // Size is large, assume best to place the slab management obj off-slab (should allow better packing of objs).
  if (size >= PAGE_SIZE >> 3) flags |= CFLGS_OFF_SLAB;
  size = roundUp(size, align);

  let { left_over, num } = calculate_slab_order(k, cpu, cachep, size, align, flags);
  if (num === 0) {
    k.printk(`${FN}: couldn't create cache ${name}.\n`);
    yield* kmem_cache_free(k, cpu, k.cache_cache, cachep, k.constant(FN));
    return NULL;
  }
  const management = num * kmem_bufctl_t.sizeof + k.slab.sizeof;
  let slab_size = roundUp(management, align);
  // If the slab has been placed off-slab, and we have enough space then move it on-slab. This is at the expense of any extra
  // colouring.
  if ((flags & CFLGS_OFF_SLAB) !== 0 && left_over >= slab_size) {
    flags &= ~CFLGS_OFF_SLAB;
    left_over -= slab_size;
  }
  // really off slab. No need for manual alignment
  if ((flags & CFLGS_OFF_SLAB) !== 0) slab_size = management;

  // Offset must be a multiple of the alignment.
  const colour_off = Math.max(cache_line_size(k, cpu), align);
  cpu.store32(cachep + kmem_cache.colour_off, colour_off);
  cpu.storeLong(cachep + kmem_cache.colour, colours(config, Math.floor(left_over / colour_off)));
  cpu.store32(cachep + kmem_cache.slab_size, slab_size);
  cpu.store32(cachep + kmem_cache.flags, flags);
  cpu.store32(cachep + kmem_cache.gfpflags, (flags & SLAB_CACHE_DMA) !== 0 ? GFP_DMA : 0);
  cpu.store32(cachep + kmem_cache.buffer_size, size);
  if ((flags & CFLGS_OFF_SLAB) !== 0) {
    cpu.storePtr(cachep + kmem_cache.slabp_cache, kmem_find_general_cachep(k, cpu, slab_size, 0, true));
  }
  cpu.storePtr(cachep + kmem_cache.ctor, ctor === null ? NULL : k.addressOf(ctor));
  cpu.storePtr(cachep + kmem_cache.dtor, dtor === null ? NULL : k.addressOf(dtor));
  cpu.storePtr(cachep + kmem_cache.name, k.constant(name));

  yield* setup_cpu_cache(k, cpu, cachep);
  // cache setup completed, link it into the list
  list_add(cpu, cachep + kmem_cache.next, k.cache_chain);
  return cachep;
}

/** DEBUG and FORCED_DEBUG: what cannot be honoured is dropped, red zones, last user and poison are added. */
function debugFlags(k: Linux2617, name: string, size: number, requested: number, ctor: KernelFunction | null): number {
  let flags = requested;
  if ((flags & SLAB_DEBUG_INITIAL) !== 0 && ctor === null) {
    k.printk(`${FN}: No con, but init state check requested - ${name}\n`);
    flags &= ~SLAB_DEBUG_INITIAL;
  }
  // Not for large objects, if the increased size would increase the object size above the next power of two: caches with
  // object sizes just above a power of two have a significant amount of internal fragmentation.
  const fls = (value: number) => 32 - Math.clz32(value);
  if (size < 4096 || fls(size - 1) === fls(size - 1 + 3 * k.BYTES_PER_WORD)) flags |= SLAB_RED_ZONE | SLAB_STORE_USER;
  if ((flags & SLAB_DESTROY_BY_RCU) === 0) flags |= SLAB_POISON;
  else if ((flags & SLAB_POISON) !== 0) BUG(`${FILE}:2024`, FN, 'flags & SLAB_POISON');
  return flags;
}

/** Sets num and gfporder: the smallest slab with at most an eighth left over, but none beyond slab_break_gfp_order. */
function calculate_slab_order(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  size: number,
  align: number,
  flags: number,
): { left_over: number; num: number } {
  const { kmem_cache } = k;
  let found = { left_over: 0, num: 0 };
  for (const slab of slabSizes(k.management, size, align, flags)) {
    // Found something acceptable - save it away
    cpu.store32(cachep + kmem_cache.num, slab.num);
    cpu.store32(cachep + kmem_cache.gfporder, slab.gfporder);
    found = slab;
    if (isLargeEnough(slab, flags, () => cpu.load32(k.slab_break_gfp_order))) break;
  }
  return found;
}

/** The cache's first arrays and lists: of boot as long as there are no general caches to take them from. */
function* setup_cpu_cache(k: Linux2617, cpu: Cpu, cachep: addr_t): Program {
  const { kmem_cache, array_cache, kmem_list3 } = k;
  const progress = cpu.load32(k.g_cpucache_up);
  if (progress === FULL) {
    yield* enable_cpucache(k, cpu, cachep);
    return;
  }
  const ownArray = cachep + kmem_cache.array + smp_processor_id(k, cpu) * k.BYTES_PER_WORD;
  const caller = k.constant('setup_cpu_cache');
  if (progress === NONE) {
    // Note: the first kmem_cache_create must create the cache that's used by kmalloc(24), otherwise the creation of further
    // caches will BUG().
    cpu.storePtr(ownArray, k.initarray_generic);
    // If the cache that's used by kmalloc(sizeof(kmem_list3)) is the first cache, then we need to set up all its list3s,
    // otherwise the creation of further caches will BUG().
    set_up_list3s(k, cpu, cachep, SIZE_AC);
    cpu.store32(k.g_cpucache_up, k.INDEX_AC === k.INDEX_L3 ? PARTIAL_L3 : PARTIAL_AC);
  } else {
    cpu.storePtr(ownArray, yield* kmalloc(k, cpu, k.arraycache_init.sizeof, GFP_KERNEL, caller));
    if (cpu.load32(k.g_cpucache_up) === PARTIAL_AC) {
      set_up_list3s(k, cpu, cachep, k.SIZE_L3);
      cpu.store32(k.g_cpucache_up, PARTIAL_L3);
    } else {
      for (const node of for_each_online_node(k, cpu)) {
        const l3 = yield* kmallocStructNode(k, cpu, kmem_list3.sizeof, node, caller);
        cpu.storePtr(nodelist(k, cachep, node), l3);
        if (l3 === NULL) BUG(`${FILE}:1902`, 'setup_cpu_cache', '!cachep->nodelists[node]');
        kmem_list3_init(k, cpu, l3);
      }
    }
  }
  const l3 = cpu.loadPtr(nodelist(k, cachep, numa_node_id(k, cpu)));
  cpu.storeLong(l3 + kmem_list3.next_reap, nextReap(k, cpu, cachep));

  const ac = cpu_cache_get(k, cpu, cachep);
  cpu.store32(ac + array_cache.avail, 0);
  cpu.store32(ac + array_cache.limit, BOOT_CPUCACHE_ENTRIES);
  cpu.store32(ac + array_cache.batchcount, 1);
  cpu.store32(ac + array_cache.touched, 0);
  cpu.store32(cachep + kmem_cache.batchcount, 1);
  cpu.store32(cachep + kmem_cache.limit, BOOT_CPUCACHE_ENTRIES);
}

/** For setting up all the kmem_list3s for cache whose buffer_size is same as size of kmem_list3. */
function set_up_list3s(k: Linux2617, cpu: Cpu, cachep: addr_t, index: number): void {
  for (const node of for_each_online_node(k, cpu)) {
    const l3 = k.initkmem_list3 + (index + node) * k.kmem_list3.sizeof;
    cpu.storePtr(nodelist(k, cachep, node), l3);
    cpu.storeLong(l3 + k.kmem_list3.next_reap, nextReap(k, cpu, cachep));
  }
}
