/** Snapshots of a kernel of 2.4 in the form of test/golden: `state`, `chain`, by peek. */
import { type addr_t, NULL } from '../../../hw/memory.ts';
import { ZONE_DMA, ZONE_NORMAL } from '../../../mm/linux-2.4/mm.ts';
import type { CacheState, SlabState } from '../../../slab/allocator.ts';
import { cacheChain, peekCache, peekName } from '../../../slab/linux-2.4/inspect.ts';
import type { Slab24 } from '../../../slab/linux-2.4/slab.ts';
import type { Results } from '../recording.ts';

/** As recordings print an address of memory. */
export const hex = (address: addr_t) => `0x${address.toString(16).padStart(8, '0')}`;

/** DMA and NORMAL, of the zones that have pages; one without has nothing but its size. */
export const zonesSnapshot = (states: readonly { readonly zone: number }[]) =>
  [ZONE_DMA, ZONE_NORMAL].map((zone) => states.find((state) => state.zone === zone) ?? { zone, size: 0 });

/** A slab as recordings tell it. */
export const slabSnapshot = ({ slabp, s_mem, colouroff, inuse, free }: SlabState) => [
  hex(slabp),
  hex(s_mem),
  colouroff,
  inuse,
  free,
];

export function chainSnapshot(k: Slab24) {
  const { memory } = k.machine;
  return {
    chain: cacheChain(k).map((cachep) => [peekName(k, cachep), k.symbols.describe(cachep)]),
    clock_searchp: peekName(k, memory.peek32(k.clock_searchp)),
    slab_break_gfp_order: memory.peek32(k.slab_break_gfp_order),
    offslab_limit: memory.peek32(k.offslab_limit),
  };
}

/** `slabs` is how the version tells its slabs. */
export function stateSnapshot(k: Slab24, cachep: addr_t, slabs: (cache: CacheState) => Results) {
  const { kmem_cache_t } = k;
  const peek = (field: number) => k.machine.memory.peek32(cachep + field);
  const cache = peekCache(k, cachep);
  const slabp_cache = peek(kmem_cache_t.slabp_cache);
  return {
    name: cache.name,
    objsize: cache.objsize,
    flags: peek(kmem_cache_t.flags),
    num: cache.num,
    gfporder: cache.gfporder,
    gfpflags: peek(kmem_cache_t.gfpflags),
    colour: cache.colour,
    colour_off: cache.colour_off,
    colour_next: peek(kmem_cache_t.colour_next),
    growing: peek(kmem_cache_t.growing),
    dflags: peek(kmem_cache_t.dflags),
    failures: peek(kmem_cache_t.failures),
    batchcount: k.config.CONFIG_SMP ? peek(kmem_cache_t.batchcount) : 0,
    slabp_cache: slabp_cache === NULL ? null : peekName(k, slabp_cache),
    ...slabs(cache),
    cpu_arrays: cache.cpuArrays.map(
      (cc) => cc && { addr: hex(cc.address), avail: cc.avail, limit: cc.limit, entries: cc.entries.map(hex) },
    ),
  };
}
