/**
 * mm/slab.c of 2.4.0: a cache keeps its slabs in one list, and knows the first that is not full. 2.4.10 gave it three lists
 * in that one's place.
 */
import { list_head } from '../../kernel/list.ts';
import { ptr } from '../../kernel/struct.ts';
import { __GFP_HIGH, __GFP_IO, __GFP_WAIT } from '../../mm/linux-2.4.0/gfp.ts';
import { Mm } from '../../mm/linux-2.4.0/mm.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN, SLAB_NO_REAP } from '../linux-2.4/flags.ts';
import { type KmemCache, type SlabVariant, slab24 } from '../linux-2.4/slab.ts';
import { bugLines } from './bugs.ts';

const slabFields = { slabs: list_head, firstnotfull: ptr };

export const variant: SlabVariant = {
  slabFields,
  lists: [{ field: 'slabs', holds: null, pointer: 'firstnotfull' }],
  SLAB_LEVEL_MASK: __GFP_WAIT | __GFP_HIGH | __GFP_IO,
  CREATE_MASK: SLAB_HWCACHE_ALIGN | SLAB_NO_REAP | SLAB_CACHE_DMA,
  bugLines,
  alwaysChecksDma: false,
  refillFindsArray: true,
  kmallocReadsBoth: false,
  storesTwice: true,
};

export class Linux240 extends slab24(Mm, variant) {
  declare readonly kmem_cache_t: KmemCache<typeof slabFields>;
}
