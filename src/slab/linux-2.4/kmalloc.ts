/** mm/slab.c, kmalloc(), kfree(): the general caches. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { local_irq_restore, local_irq_save } from '../../kernel/irq.ts';
import { virt_to_page } from '../../mm/linux-2.4/page.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { CHECK_PAGE } from './debug.ts';
import { __kmem_cache_free } from './free.ts';
import { cache_sizes_t, type Slab24 } from './slab.ts';
import { GET_PAGE_CACHE } from './slab-pages.ts';

/** The cache_sizes_t for `size` bytes; NULL above 131072. */
function findSizes(k: Slab24, cpu: Cpu, size: number): addr_t {
  for (let csizep = k.cache_sizes; ; csizep += cache_sizes_t.sizeof) {
    const cs_size = cpu.loadLong(csizep + cache_sizes_t.cs_size);
    if (cs_size === 0) return NULL;
    if (size <= cs_size) return csizep;
  }
}

/** The general cache for `size` bytes; NULL above 131072. */
export function kmem_find_general_cachep(k: Slab24, cpu: Cpu, size: number, gfpflags: number): addr_t {
  const csizep = findSizes(k, cpu, size);
  if (csizep === NULL) return NULL;
  return cpu.loadPtr(
    csizep + ((gfpflags & k.gfp.GFP_DMA) !== 0 ? cache_sizes_t.cs_dmacachep : cache_sizes_t.cs_cachep),
  );
}

/** `size` bytes, or NULL; for more than 131072 what the version comes to. May sleep if `flags` has __GFP_WAIT. */
export function* kmalloc(k: Slab24, cpu: Cpu, size: number, flags: number): Program<addr_t> {
  const csizep = findSizes(k, cpu, size);
  if (csizep === NULL) return k.slabOps.kmallocTooLarge();
  const wantsDma = (flags & k.gfp.GFP_DMA) !== 0;
  const readsBoth = k.variant.kmallocReadsBoth && k.config.CONFIG_SMP;
  const cachep = wantsDma && !readsBoth ? NULL : cpu.loadPtr(csizep + cache_sizes_t.cs_cachep);
  const dmacachep = wantsDma || readsBoth ? cpu.loadPtr(csizep + cache_sizes_t.cs_dmacachep) : NULL;
  return yield* kmem_cache_alloc(k, cpu, wantsDma ? dmacachep : cachep, flags);
}

/** Frees what kmalloc returned, or an object of any cache; its page knows which. NULL is fine. */
export function* kfree(k: Slab24, cpu: Cpu, objp: addr_t): Program {
  if (objp === NULL) return;
  const flags = local_irq_save(cpu);
  if (k.config.CONFIG_DEBUG_SLAB) CHECK_PAGE(k, cpu, objp, 'kfreePage');
  const page = virt_to_page(k, cpu, objp);
  const rest = __kmem_cache_free(k, cpu, GET_PAGE_CACHE(cpu, page), objp, page);
  if (rest !== null) yield* rest;
  if (local_irq_restore(cpu, flags)) yield;
}
