/**
 * mm/slab.c of 2.4.22: a cache keeps its slabs in three lists: full, partial, free. So a slab that fills or empties goes to
 * another list, and whoever looks for one of a kind finds it at a list's head.
 */
import { list_head } from '../../kernel/list.ts';
import { __GFP_FS, __GFP_HIGH, __GFP_HIGHIO, __GFP_IO, __GFP_WAIT } from '../../mm/linux-2.4.22/gfp.ts';
import { Mm } from '../../mm/linux-2.4.22/mm.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN, SLAB_MUST_HWCACHE_ALIGN, SLAB_NO_REAP } from '../linux-2.4/flags.ts';
import { type KmemCache, type SlabVariant, slab24 } from '../linux-2.4/slab.ts';
import { bugLines } from './bugs.ts';

const slabFields = { slabs_full: list_head, slabs_partial: list_head, slabs_free: list_head };

export const variant: SlabVariant = {
  slabFields,
  lists: [
    { field: 'slabs_full', holds: 'full' },
    { field: 'slabs_partial', holds: 'partial' },
    { field: 'slabs_free', holds: 'free' },
  ],
  SLAB_LEVEL_MASK: __GFP_WAIT | __GFP_HIGH | __GFP_IO | __GFP_HIGHIO | __GFP_FS,
  CREATE_MASK: SLAB_HWCACHE_ALIGN | SLAB_NO_REAP | SLAB_CACHE_DMA | SLAB_MUST_HWCACHE_ALIGN,
  bugLines,
  alwaysChecksDma: true,
  refillFindsArray: false,
  kmallocReadsBoth: true,
  // It did, but the port of 2.4.22 stays with the source there (docs/fidelity.md).
  storesTwice: false,
};

export class Linux2422 extends slab24(Mm, variant) {
  declare readonly kmem_cache_t: KmemCache<typeof slabFields>;
}
