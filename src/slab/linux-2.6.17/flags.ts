/** include/linux/slab.h of 2.6.17: what kmem_cache_create(), its allocations and its constructors may be told. */
import * as gfp from '../../mm/linux-2.6.17/gfp.ts';

export const SLAB_DEBUG_INITIAL = 0x200;
export const SLAB_RED_ZONE = 0x400;
export const SLAB_POISON = 0x800;
export const SLAB_HWCACHE_ALIGN = 0x2000;
export const SLAB_CACHE_DMA = 0x4000;
export const SLAB_MUST_HWCACHE_ALIGN = 0x8000;
export const SLAB_STORE_USER = 0x10000;
export const SLAB_RECLAIM_ACCOUNT = 0x20000;
export const SLAB_PANIC = 0x40000;
export const SLAB_DESTROY_BY_RCU = 0x80000;
export const SLAB_MEM_SPREAD = 0x100000;

export const SLAB_ATOMIC = gfp.GFP_ATOMIC;
export const SLAB_KERNEL = gfp.GFP_KERNEL;
export const SLAB_DMA = gfp.GFP_DMA;
export const SLAB_LEVEL_MASK = gfp.GFP_LEVEL_MASK;
export const SLAB_NO_GROW = gfp.__GFP_NO_GROW;

export const SLAB_CTOR_CONSTRUCTOR = 1;
export const SLAB_CTOR_ATOMIC = 2;
export const SLAB_CTOR_VERIFY = 4;
