/** mm/slab.c and include/linux/slab.h: the general caches, and questions about what came from them. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { cpu_to_node, for_each_possible_cpu, node_online } from '../../kernel/linux-2.6/topology.ts';
import { memset } from '../../kernel/string.ts';
import { GFP_DMA, GFP_KERNEL } from '../../mm/linux-2.6.17/gfp.ts';
import { PG_slab } from '../../mm/linux-2.6.17/layouts.ts';
import { testPageFlag, virt_to_page } from '../../mm/linux-2.6.17/page.ts';
import { __cache_alloc, kmem_cache_alloc_node } from './alloc.ts';
import { kfree_debugcheck, objSize } from './debug.ts';
import { __cache_free } from './free.ts';
import { FILE } from './layouts.ts';
import { type Linux2617, ULONG_MAX } from './slab.ts';
import { page_get_cache, virt_to_cache } from './slab-pages.ts';

/**
 * The general cache for `size` bytes; NULL above 131072. Which of a size's two caches is wanted gcc makes a conditional move,
 * and so reads both pointers; not where debugging is on, or `flags` were known when it compiled the caller.
 */
export function kmem_find_general_cachep(
  k: Linux2617,
  cpu: Cpu,
  size: number,
  gfpflags: number,
  knowsFlags = k.config.CONFIG_DEBUG_SLAB,
): addr_t {
  const { cache_sizes, malloc_sizes } = k;
  if (k.config.CONFIG_DEBUG_SLAB) {
    // This happens if someone tries to call kmem_cache_create(), or __kmalloc(), before the generic caches are initialized.
    const first = cpu.loadPtr(malloc_sizes + k.INDEX_AC * cache_sizes.sizeof + cache_sizes.cs_cachep);
    if (first === NULL) BUG(`${FILE}:729`, '__find_general_cachep', 'malloc_sizes[INDEX_AC].cs_cachep == NULL');
  }
  let csizep = malloc_sizes;
  for (;;) {
    const cs_size = cpu.loadLong(csizep + cache_sizes.cs_size);
    if (cs_size === ULONG_MAX || size <= cs_size) break;
    csizep += cache_sizes.sizeof;
  }
  // The last entry has neither: NULL.
  const wantsDma = (gfpflags & GFP_DMA) !== 0;
  const cs_cachep = !knowsFlags || !wantsDma ? cpu.loadPtr(csizep + cache_sizes.cs_cachep) : NULL;
  const cs_dmacachep = !knowsFlags || wantsDma ? cpu.loadPtr(csizep + cache_sizes.cs_dmacachep) : NULL;
  return wantsDma ? cs_dmacachep : cs_cachep;
}

/** `size` bytes, known when the kernel was compiled: which cache they come from was known too. */
export function kmalloc(k: Linux2617, cpu: Cpu, size: number, flags: number, caller: addr_t = NULL): Program<addr_t> {
  const index = k.kmallocSizes.findIndex((cs_size) => size <= cs_size);
  const csizep = k.malloc_sizes + index * k.cache_sizes.sizeof;
  const wanted = (flags & GFP_DMA) !== 0 ? k.cache_sizes.cs_dmacachep : k.cache_sizes.cs_cachep;
  return __cache_alloc(k, cpu, cpu.loadPtr(csizep + wanted), flags, caller);
}

/** `size` bytes, or NULL. May sleep if `flags` has __GFP_WAIT. */
export function* __kmalloc(
  k: Linux2617,
  cpu: Cpu,
  size: number,
  flags: number,
  caller: addr_t = NULL,
): Program<addr_t> {
  const cachep = kmem_find_general_cachep(k, cpu, size, flags);
  if (cachep === NULL) return NULL;
  return yield* __cache_alloc(k, cpu, cachep, flags, caller);
}

/** mm/util.c, kzalloc(): `size` bytes, all 0, or NULL. */
export function* __kzalloc(
  k: Linux2617,
  cpu: Cpu,
  size: number,
  flags: number,
  caller: addr_t = NULL,
): Program<addr_t> {
  const ret = yield* __kmalloc(k, cpu, size, flags, caller);
  if (ret !== NULL) memset(cpu, ret, 0, size);
  return ret;
}

/** `size` bytes on `node`, or anywhere for -1; NULL without memory. */
export function* kmalloc_node(
  k: Linux2617,
  cpu: Cpu,
  size: number,
  flags: number,
  node: number,
  caller: addr_t = NULL,
): Program<addr_t> {
  const cachep = kmem_find_general_cachep(k, cpu, size, flags);
  if (cachep === NULL) return NULL;
  return yield* kmem_cache_alloc_node(k, cpu, cachep, flags, node, caller);
}

/** kmalloc_node(size, GFP_KERNEL, node) within slab.c. */
export function* kmallocKernelNode(
  k: Linux2617,
  cpu: Cpu,
  size: number,
  node: number,
  caller: addr_t,
): Program<addr_t> {
  if (!k.config.CONFIG_NUMA) return yield* __kmalloc(k, cpu, size, GFP_KERNEL, caller);
  const cachep = kmem_find_general_cachep(k, cpu, size, GFP_KERNEL, true);
  if (cachep === NULL) return NULL;
  return yield* kmem_cache_alloc_node(k, cpu, cachep, GFP_KERNEL, node, caller);
}

/** The same for a structure, whose size was known when the kernel was compiled; that helps only where there is one node. */
export function kmallocStructNode(k: Linux2617, cpu: Cpu, size: number, node: number, caller: addr_t): Program<addr_t> {
  if (k.config.CONFIG_NUMA) return kmallocKernelNode(k, cpu, size, node, caller);
  return kmalloc(k, cpu, size, GFP_KERNEL, caller);
}

/** Frees what kmalloc returned, or an object of any cache; its page knows which. NULL is fine. */
export function* kfree(k: Linux2617, cpu: Cpu, objp: addr_t, caller: addr_t = NULL): Program {
  if (objp === NULL) return;
  const flags = local_irq_save(cpu);
  if (k.config.CONFIG_DEBUG_SLAB) kfree_debugcheck(k, cpu, objp);
  const page = virt_to_page(k, cpu, objp);
  const rest = __cache_free(k, cpu, page_get_cache(k, cpu, page), objp, caller, page);
  if (rest !== null) yield* rest;
  if (local_irq_restore(cpu, flags)) yield;
}

/** How many bytes an object offers, which may be more than were asked for. */
export function ksize(k: Linux2617, cpu: Cpu, objp: addr_t): number {
  if (objp === NULL) return 0;
  return objSize(k, cpu, virt_to_cache(k, cpu, objp));
}

/** Whether an untrusted pointer might point to an object of the cache; the first address of the kernel is 0 here. */
export function kmem_ptr_validate(k: Linux2617, cpu: Cpu, cachep: addr_t, ptr: addr_t): boolean {
  const size = cpu.load32(cachep + k.kmem_cache.buffer_size);
  if (ptr < 0) return false;
  if (ptr > cpu.loadPtr(k.high_memory) - size) return false;
  if ((ptr & (k.BYTES_PER_WORD - 1)) !== 0) return false;
  const page = virt_to_page(k, cpu, ptr);
  if (!testPageFlag(k, cpu, page, PG_slab)) return false;
  return page_get_cache(k, cpu, page) === cachep;
}

/** The complement of a table of a copy a possible CPU, each on its node, all 0; NULL without memory. */
export function* __alloc_percpu(k: Linux2617, cpu: Cpu, size: number): Program<addr_t> {
  const { ptrs, sizeof } = k.percpu_data;
  const caller = k.constant('__alloc_percpu');
  const pdata = yield* kmalloc(k, cpu, sizeof, GFP_KERNEL, caller);
  if (pdata === NULL) return NULL;
  // Cannot use for_each_online_cpu since a cpu may come online and we have no way of figuring out how to fix the array that
  // we have allocated then....
  for (const i of for_each_possible_cpu(k, cpu)) {
    const node = cpu_to_node(k, cpu, i);
    const copy = node_online(k, cpu, node)
      ? yield* kmalloc_node(k, cpu, size, GFP_KERNEL, node, caller)
      : yield* __kmalloc(k, cpu, size, GFP_KERNEL, caller);
    cpu.storePtr(pdata + ptrs + i * k.BYTES_PER_WORD, copy);
    if (copy === NULL) {
      // unwind_oom:
      for (let j = i - 1; j >= 0; j--) yield* kfree(k, cpu, cpu.loadPtr(pdata + ptrs + j * k.BYTES_PER_WORD), caller);
      yield* kfree(k, cpu, pdata, caller);
      return NULL;
    }
    memset(cpu, copy, 0, size);
  }
  // Catch derefs w/o wrappers
  return ~pdata;
}

export function* free_percpu(k: Linux2617, cpu: Cpu, objp: addr_t): Program {
  const p = ~objp;
  const caller = k.constant('free_percpu');
  // We allocate for all cpus so we cannot use for online cpu here.
  for (const i of for_each_possible_cpu(k, cpu)) {
    yield* kfree(k, cpu, cpu.loadPtr(p + k.percpu_data.ptrs + i * k.BYTES_PER_WORD), caller);
  }
  yield* kfree(k, cpu, p, caller);
}
