/** include/linux/slab.h: what kmem_cache_create() may be asked for in all of 2.4. */
export const SLAB_NO_REAP = 0x1000;
export const SLAB_HWCACHE_ALIGN = 0x2000;
export const SLAB_CACHE_DMA = 0x4000;
/** Of 2.4.22; 2.4.0 refuses it. Only builds with DEBUG look at it. */
export const SLAB_MUST_HWCACHE_ALIGN = 0x8000;
