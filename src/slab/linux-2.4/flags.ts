/** include/linux/slab.h (2.4.22): what kmem_cache_create() may be asked for. */
export const SLAB_NO_REAP = 0x1000;
export const SLAB_HWCACHE_ALIGN = 0x2000;
export const SLAB_CACHE_DMA = 0x4000;
export const SLAB_MUST_HWCACHE_ALIGN = 0x8000;
