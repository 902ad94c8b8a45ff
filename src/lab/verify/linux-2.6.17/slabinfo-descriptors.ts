/** struct kmem_cache of the kernels whose dumps there are, with one node: kmem_cache's row prints its size. */
import type { Config26 } from '../../../kernel/linux-2.6/config.ts';
import { spinlockType } from '../../../kernel/lock-types.ts';
import { array, type CType, struct, u32 } from '../../../kernel/struct.ts';
import { kmemCacheType } from '../../../slab/linux-2.6.17/layouts.ts';

/** Of 2.6.`patchLevel`; where that is not known, of 2.6.17. Statistics are known of the newest alone. */
export function descriptorType(patchLevel: number | null): (config: Config26) => CType {
  if (patchLevel === null || patchLevel >= 16) return kmemCacheType;
  return patchLevel >= 14 ? withNodelists : withLists;
}

/** 2.6.14 and 2.6.15: lists by node, but a lock and the next colour still in the descriptor. */
function withNodelists(config: Config26): CType {
  const { ptr } = config.abi;
  return struct({
    array: array(ptr, config.NR_CPUS),
    batchcount: u32,
    limit: u32,
    shared: u32,
    objsize: u32,
    nodelists: array(ptr, config.MAX_NUMNODES),
    flags: u32,
    num: u32,
    spinlock: spinlockType(config),
    ...growth(config),
    ...creation(config),
  });
}

/** Up to 2.6.13: the lists stand in the descriptor. */
function withLists(config: Config26): CType {
  const { ptr, long, list_head } = config.abi;
  const kmem_list3 = struct({
    slabs_partial: list_head,
    slabs_full: list_head,
    slabs_free: list_head,
    free_objects: long,
    free_touched: u32,
    next_reap: long,
    shared: ptr,
  });
  return struct({
    array: array(ptr, config.NR_CPUS),
    batchcount: u32,
    limit: u32,
    lists: kmem_list3,
    objsize: u32,
    flags: u32,
    num: u32,
    free_limit: u32,
    spinlock: spinlockType(config),
    ...growth(config),
    ...creation(config),
  });
}

const growth = ({ abi: { long } }: Config26) => ({
  gfporder: u32,
  gfpflags: u32,
  colour: long,
  colour_off: u32,
  colour_next: u32,
});

const creation = ({ abi: { ptr, list_head } }: Config26) => ({
  slabp_cache: ptr,
  slab_size: u32,
  dflags: u32,
  ctor: ptr,
  dtor: ptr,
  name: ptr,
  next: list_head,
});
