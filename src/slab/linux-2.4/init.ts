/** Boot of the slab allocator: mm/slab.c, kmem_cache_init(), kmem_cache_sizes_init(), kmem_cpucache_init(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { INIT_LIST_HEAD } from '../../kernel/list.ts';
import { init_MUTEX } from '../../kernel/semaphore.ts';
import { FILE } from './bugs.ts';
import { enable_all_cpucaches } from './cpu-arrays.ts';
import { colours, kmem_cache_create } from './create.ts';
import { kmem_cache_estimate } from './estimate.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN } from './flags.ts';
import { BREAK_GFP_ORDER_HI, CFLGS_OFF_SLAB, cache_sizes_t, type Slab24, slab_t } from './slab.ts';

/** Sets up the cache of caches. */
export function kmem_cache_init(k: Slab24, cpu: Cpu): void {
  const { kmem_cache_t, cache_cache, config } = k;
  init_MUTEX(k, cpu, k.cache_chain_sem);
  INIT_LIST_HEAD(cpu, k.cache_chain);
  const objsize = cpu.load32(cache_cache + kmem_cache_t.objsize);
  const { num, left_over } = kmem_cache_estimate(0, objsize, 0, config.L1_CACHE_BYTES);
  cpu.store32(cache_cache + kmem_cache_t.num, num);
  if (num === 0) BUG(FILE, 'kmem_cache_init', '!cache_cache.num');
  const colour_off = cpu.load32(cache_cache + kmem_cache_t.colour_off);
  cpu.storeLong(cache_cache + kmem_cache_t.colour, colours(config, Math.floor(left_over / colour_off)));
  cpu.store32(cache_cache + kmem_cache_t.colour_next, 0);
}

/** Sets up the general caches, size-32 to size-131072, each for any memory and for DMA. */
export function* kmem_cache_sizes_init(k: Slab24, cpu: Cpu): Program {
  // Fragmentation resistance on low memory: bigger page orders only on machines with more than 32 MB.
  if (cpu.loadLong(k.num_physpages) > (32 << 20) >> PAGE_SHIFT) cpu.store32(k.slab_break_gfp_order, BREAK_GFP_ORDER_HI);
  let sizes = k.cache_sizes;
  do {
    const name = `size-${cpu.loadLong(sizes + cache_sizes_t.cs_size)}`;
    const cachep = yield* createGeneral(k, cpu, name, cpu.loadLong(sizes + cache_sizes_t.cs_size), 0);
    cpu.storePtr(sizes + cache_sizes_t.cs_cachep, cachep);
    const onSlab = (cpu.load32(cachep + k.kmem_cache_t.flags) & CFLGS_OFF_SLAB) === 0;
    const size = cpu.loadLong(sizes + cache_sizes_t.cs_size);
    if (onSlab) cpu.storeLong(k.offslab_limit, (size - slab_t.sizeof) >> 1);
    const dmaSize = cpu.loadLong(sizes + cache_sizes_t.cs_size);
    const dmacachep = yield* createGeneral(k, cpu, `size-${size}(DMA)`, dmaSize, SLAB_CACHE_DMA);
    cpu.storePtr(sizes + cache_sizes_t.cs_dmacachep, dmacachep);
    sizes += cache_sizes_t.sizeof;
  } while (cpu.loadLong(sizes + cache_sizes_t.cs_size) !== 0);
}

function* createGeneral(k: Slab24, cpu: Cpu, name: string, size: number, flags: number): Program<number> {
  const cachep = yield* kmem_cache_create(k, cpu, name, size, 0, flags | SLAB_HWCACHE_ALIGN, null, null);
  if (cachep === NULL) BUG(FILE, 'kmem_cache_sizes_init', '!sizes->cs_cachep');
  return cachep;
}

/** Gives every cache its per-CPU arrays, now that kmalloc works. */
export function* kmem_cpucache_init(k: Slab24, cpu: Cpu): Program<number> {
  if (k.config.CONFIG_SMP) {
    cpu.store32(k.g_cpucache_up, 1);
    yield* enable_all_cpucaches(k, cpu);
  }
  return 0;
}
