/** What is known of every kernel of 2.4 without booting it, and how each is built. */
import { InputError } from '../../base/input-error.ts';
import { PAGE_SIZE } from '../../hw/memory.ts';
import { MAX_ORDER } from '../../mm/linux-2.4/mm.ts';
import type { KernelVersion } from '../kernel-version.ts';
import { type SlabConfig, smpConfig, upConfig } from './config.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN } from './flags.ts';
import { BYTES_PER_WORD, CACHE_NAMELEN, MAX_OBJ_ORDER } from './slab.ts';

export const series: Pick<KernelVersion, 'features' | 'limits' | 'flags' | 'tuning' | 'config' | 'stacks'> = {
  features: {
    ...{ cpuArrays: 'smp', colouring: true, debug: true, alignment: 'flag' },
    ...{ sharedArrays: false, nodes: false },
  },
  limits: {
    // kmem_cache_create() wants room for the end mark and one more.
    longestName: CACHE_NAMELEN - 2,
    isTaken: (name) => /^kmem_cache$|^size-\d+(\(DMA\))?$/.test(name),
    smallestObject: BYTES_PER_WORD,
    largestObject: PAGE_SIZE << MAX_OBJ_ORDER,
    largestBlock: PAGE_SIZE << (MAX_ORDER - 1),
    smallestArray: 0,
  },
  flags: { SLAB_HWCACHE_ALIGN, SLAB_CACHE_DMA },

  tuning: (cache, limit, batchcount) => `${cache} ${limit} ${batchcount}`,

  /** Assigned, not spread: V8 gives what is spread another shape after some builds, and would compile the kernel anew for it. */
  config: ({ smp = true, debug = false, l1CacheBytes, isa = false, colouring = true }): SlabConfig => {
    if (l1CacheBytes < 16 || l1CacheBytes > 128 || (l1CacheBytes & (l1CacheBytes - 1)) !== 0) {
      throw new InputError('kernel', `built for lines of ${l1CacheBytes} bytes`, 'lines are 16, 32, 64 or 128 bytes');
    }
    return Object.assign({}, smp ? smpConfig : upConfig, {
      CONFIG_DEBUG_SLAB: debug,
      L1_CACHE_BYTES: l1CacheBytes,
      CONFIG_ISA: isa,
      colouring,
    });
  },
  stacks: 1,
};
