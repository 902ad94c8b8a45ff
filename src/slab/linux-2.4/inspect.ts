/** The caches as they stand in memory, by peek: for checkers, snapshots and reports. Disturbs no cache and no clock. */
import { type addr_t, NULL } from '../../hw/memory.ts';
import { Corruption, peekList } from '../../kernel/peek-list.ts';
import { ptr } from '../../kernel/struct.ts';
import type { ArrayLevel, CacheState, CpuArrayState, SlabState } from '../allocator.ts';
import { cc_entry } from './alloc.ts';
import { BUFCTL_END, cache_sizes_t, cpucache_t, general_sizes, type Slab24, slab_bufctl, slab_t } from './slab.ts';

/** The cache_chain, from kmem_cache on. */
export function cacheChain(k: Slab24): addr_t[] {
  const others = peekList(k.machine, k.cache_chain).map((entry) => entry - k.kmem_cache_t.next);
  return [k.cache_cache, ...others];
}

const decoder = new TextDecoder();

export function peekName(k: Slab24, cachep: addr_t): string {
  const { bytes } = k.machine.memory;
  const start = cachep + k.kmem_cache_t.name;
  return decoder.decode(bytes.subarray(start, bytes.indexOf(0, start)));
}

export function peekCache(k: Slab24, cachep: addr_t): CacheState {
  const { kmem_cache_t } = k;
  const peek = (field: number) => k.machine.memory.peek32(cachep + field);
  return {
    cachep,
    name: peekName(k, cachep),
    objsize: peek(kmem_cache_t.objsize),
    num: peek(kmem_cache_t.num),
    gfporder: peek(kmem_cache_t.gfporder),
    colour: peek(kmem_cache_t.colour),
    colour_off: peek(kmem_cache_t.colour_off),
    slabs: k.slabLists.flatMap(({ head, holds }) => peekSlabs(k, holds, cachep + head, peek(kmem_cache_t.num))),
    cpuArrays: k.machine.cpus.map(({ id }) => peekCpuArray(k, cachep, id)),
  };
}

/** The slabs in one list; `holds`: what they are, null where it holds all. */
function peekSlabs(k: Slab24, holds: SlabState['list'] | null, head: addr_t, num: number): SlabState[] {
  const { memory } = k.machine;
  const slabs: SlabState[] = [];
  for (const entry of peekList(k.machine, head)) {
    const slabp = entry - slab_t.list;
    const free = memory.peek32(slabp + slab_t.free);
    const freeObjects: number[] = [];
    for (let i = free; i !== BUFCTL_END; i = memory.peek32(slab_bufctl(slabp, i))) {
      if (i < 0 || i >= num || freeObjects.length >= num)
        throw new Corruption(`the bufctl chain of slab ${slabp} is broken`);
      freeObjects.push(i);
    }
    const inuse = memory.peek32(slabp + slab_t.inuse);
    slabs.push({
      slabp,
      list: holds ?? (inuse === 0 ? 'free' : inuse === num ? 'full' : 'partial'),
      s_mem: memory.peek32(slabp + slab_t.s_mem),
      colouroff: memory.peek32(slabp + slab_t.colouroff),
      inuse,
      free,
      freeObjects,
    });
  }
  return slabs;
}

/** Objects at hand in a CPU's array of a cache, and how many it may hold; null without an array. */
export function peekArrayLevel(k: Slab24, cachep: addr_t, cpu: number): ArrayLevel | null {
  const cc = peekArray(k, cachep, cpu);
  if (cc === NULL) return null;
  const { memory } = k.machine;
  return { avail: memory.peek32(cc + cpucache_t.avail), limit: memory.peek32(cc + cpucache_t.limit) };
}

/** kmem_find_general_cachep(), by peek. */
export function peekGeneralCache(k: Slab24, size: number, flags: number): addr_t {
  const index = general_sizes.findIndex((cs_size) => cs_size >= size);
  if (index < 0) return NULL;
  const { cs_cachep, cs_dmacachep, sizeof } = cache_sizes_t;
  const pointer = (flags & k.gfp.GFP_DMA) !== 0 ? cs_dmacachep : cs_cachep;
  return k.machine.memory.peek32(k.cache_sizes + index * sizeof + pointer);
}

function peekArray(k: Slab24, cachep: addr_t, cpu: number): addr_t {
  return k.config.CONFIG_SMP ? k.machine.memory.peek32(cachep + k.kmem_cache_t.cpudata + cpu * ptr.sizeof) : NULL;
}

function peekCpuArray(k: Slab24, cachep: addr_t, cpu: number): CpuArrayState | null {
  const level = peekArrayLevel(k, cachep, cpu);
  if (level === null) return null;
  const address = peekArray(k, cachep, cpu);
  if (level.avail < 0 || cc_entry(address, level.avail) > k.machine.memory.size) {
    throw new Corruption(`the array of cpu${cpu} at ${address} has ${level.avail} objects`);
  }
  const entryAt = (i: number) => k.machine.memory.peek32(cc_entry(address, i));
  return { address, ...level, entries: Array.from({ length: level.avail }, (_, i) => entryAt(i)) };
}
