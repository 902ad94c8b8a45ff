/** mm/slab.c, kmalloc(), kfree(): the general caches. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { virt_to_page } from '../../mm/linux-2.4/page.ts';
import { GFP_DMA } from '../../mm/linux-2.4.22/gfp.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { CHECK_PAGE } from './debug.ts';
import { __kmem_cache_free } from './free.ts';
import { cache_sizes_t, type Linux2422 } from './slab.ts';
import { GET_PAGE_CACHE } from './slab-pages.ts';

/** The cache_sizes_t for `size` bytes; NULL above 131072. */
function findSizes(k: Linux2422, cpu: Cpu, size: number): addr_t {
  for (let csizep = k.cache_sizes; ; csizep += cache_sizes_t.sizeof) {
    const cs_size = cpu.loadLong(csizep + cache_sizes_t.cs_size);
    if (cs_size === 0) return NULL;
    if (size <= cs_size) return csizep;
  }
}

/** The general cache for `size` bytes; NULL above 131072. */
export function kmem_find_general_cachep(k: Linux2422, cpu: Cpu, size: number, gfpflags: number): addr_t {
  const csizep = findSizes(k, cpu, size);
  if (csizep === NULL) return NULL;
  return cpu.loadPtr(csizep + ((gfpflags & GFP_DMA) !== 0 ? cache_sizes_t.cs_dmacachep : cache_sizes_t.cs_cachep));
}

/** `size` bytes, or NULL. May sleep if `flags` has __GFP_WAIT. */
export function* kmalloc(k: Linux2422, cpu: Cpu, size: number, flags: number): Program<addr_t> {
  const csizep = findSizes(k, cpu, size);
  if (csizep === NULL) return NULL;
  const wantsDma = (flags & GFP_DMA) !== 0;
  // gcc makes the choice a conditional move on SMP, and so reads both pointers.
  const cachep = wantsDma && !k.config.CONFIG_SMP ? NULL : cpu.loadPtr(csizep + cache_sizes_t.cs_cachep);
  const dmacachep = wantsDma || k.config.CONFIG_SMP ? cpu.loadPtr(csizep + cache_sizes_t.cs_dmacachep) : NULL;
  return yield* kmem_cache_alloc(k, cpu, wantsDma ? dmacachep : cachep, flags);
}

/** Frees what kmalloc returned, or an object of any cache; its page knows which. NULL is fine. */
export function* kfree(k: Linux2422, cpu: Cpu, objp: addr_t): Program {
  if (objp === NULL) return;
  const flags = local_irq_save(cpu);
  if (k.config.CONFIG_DEBUG_SLAB) CHECK_PAGE(k, cpu, objp, 1605, 'kfree');
  const page = virt_to_page(k, cpu, objp);
  const rest = __kmem_cache_free(k, cpu, GET_PAGE_CACHE(cpu, page), objp, page);
  if (rest !== null) yield* rest;
  if (local_irq_restore(cpu, flags)) yield;
}
