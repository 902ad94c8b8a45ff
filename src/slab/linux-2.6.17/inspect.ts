/** The caches as they stand in memory, by peek: for checkers, snapshots and reports. Disturbs no cache and no clock. */
import { type addr_t, NULL } from '../../hw/memory.ts';
import { Corruption, peekList } from '../../kernel/peek-list.ts';
import { GFP_DMA } from '../../mm/linux-2.6.17/gfp.ts';
import type { ArrayLevel, CacheState, CpuArrayState, SlabState } from '../allocator.ts';
import { BUFCTL_END } from './layouts.ts';
import { ac_entry, type Linux2617, nodelist, slab_bufctl } from './slab.ts';

/** The cache_chain, newest first. */
export function cacheChain(k: Linux2617): addr_t[] {
  return peekList(k.machine, k.cache_chain).map((entry) => entry - k.kmem_cache.next);
}

export function peekName(k: Linux2617, cachep: addr_t): string {
  return k.constantAt(k.machine.memory.peek32(cachep + k.kmem_cache.name)) ?? '';
}

/** One array of objects at hand, in the order in which it was filled: the last goes out first. */
export interface ArrayState extends CpuArrayState {
  readonly batchcount: number;
  readonly touched: number;
}

/** The array whose address stands at `pointer`; null without one. */
export function peekArray(k: Linux2617, pointer: addr_t): ArrayState | null {
  const { array_cache } = k;
  const { memory } = k.machine;
  const address = memory.peek32(pointer);
  if (address === NULL) return null;
  const avail = memory.peek32(address + array_cache.avail);
  return {
    address,
    avail,
    limit: memory.peek32(address + array_cache.limit),
    batchcount: memory.peek32(address + array_cache.batchcount),
    touched: memory.peek32(address + array_cache.touched),
    entries: Array.from({ length: avail }, (_, i) => memory.peek32(ac_entry(k, address, i))),
  };
}

/** A node's slabs of a cache, and the arrays that its CPUs share. */
export interface NodeLists {
  readonly node: number;
  readonly address: addr_t;
  readonly free_objects: number;
  readonly free_limit: number;
  readonly colour_next: number;
  readonly next_reap: number;
  readonly free_touched: number;
  readonly shared: ArrayState | null;
  /** By node; without CONFIG_NUMA there is none. */
  readonly alien: readonly (ArrayState | null)[];
  readonly slabs: readonly SlabState[];
}

export function peekNodes(k: Linux2617, cachep: addr_t): NodeLists[] {
  return k.nodes.flatMap((_, node) => {
    const l3 = k.machine.memory.peek32(nodelist(k, cachep, node));
    return l3 === NULL ? [] : [peekList3(k, cachep, node, l3)];
  });
}

function peekList3(k: Linux2617, cachep: addr_t, node: number, l3: addr_t): NodeLists {
  const { kmem_list3, kmem_cache, config } = k;
  const peek = (field: number) => k.machine.memory.peek32(l3 + field);
  const num = k.machine.memory.peek32(cachep + kmem_cache.num);
  const alien = config.CONFIG_NUMA ? peek(kmem_list3.alien) : NULL;
  return {
    node,
    address: l3,
    free_objects: peek(kmem_list3.free_objects),
    free_limit: peek(kmem_list3.free_limit),
    colour_next: peek(kmem_list3.colour_next),
    next_reap: peek(kmem_list3.next_reap),
    free_touched: peek(kmem_list3.free_touched),
    shared: peekArray(k, l3 + kmem_list3.shared),
    alien: alien === NULL ? [] : k.nodes.map((_, other) => peekArray(k, alien + other * k.BYTES_PER_WORD)),
    slabs: [
      ...peekSlabs(k, 'full', l3 + kmem_list3.slabs_full, num),
      ...peekSlabs(k, 'partial', l3 + kmem_list3.slabs_partial, num),
      ...peekSlabs(k, 'free', l3 + kmem_list3.slabs_free, num),
    ],
  };
}

function peekSlabs(k: Linux2617, list: SlabState['list'], head: addr_t, num: number): SlabState[] {
  const { slab } = k;
  const { memory } = k.machine;
  return peekList(k.machine, head).map((entry) => {
    const slabp = entry - slab.list;
    const free = memory.peek32(slabp + slab.free);
    const freeObjects: number[] = [];
    for (let i = free; i !== BUFCTL_END; i = memory.peek32(slab_bufctl(k, slabp, i))) {
      if (i < 0 || i >= num || freeObjects.length >= num) {
        throw new Corruption(`the bufctl chain of slab ${slabp} is broken`);
      }
      freeObjects.push(i);
    }
    return {
      slabp,
      list,
      s_mem: memory.peek32(slabp + slab.s_mem),
      colouroff: memory.peek32(slabp + slab.colouroff),
      inuse: memory.peek32(slabp + slab.inuse),
      free,
      freeObjects,
    };
  });
}

export function peekCache(k: Linux2617, cachep: addr_t): CacheState {
  const { kmem_cache } = k;
  const peek = (field: number) => k.machine.memory.peek32(cachep + field);
  return {
    cachep,
    name: peekName(k, cachep),
    objsize: peek(kmem_cache.buffer_size),
    num: peek(kmem_cache.num),
    gfporder: peek(kmem_cache.gfporder),
    colour: peek(kmem_cache.colour),
    colour_off: peek(kmem_cache.colour_off),
    slabs: peekNodes(k, cachep).flatMap(({ slabs }) => slabs),
    cpuArrays: k.machine.cpus.map(({ id }) => peekArray(k, cachep + kmem_cache.array + id * k.BYTES_PER_WORD)),
  };
}

/** Objects at hand in a CPU's array of a cache, and how many it may hold; null without an array. */
export function peekArrayLevel(k: Linux2617, cachep: addr_t, cpu: number): ArrayLevel | null {
  const { memory } = k.machine;
  const ac = memory.peek32(cachep + k.kmem_cache.array + cpu * k.BYTES_PER_WORD);
  if (ac === NULL) return null;
  return { avail: memory.peek32(ac + k.array_cache.avail), limit: memory.peek32(ac + k.array_cache.limit) };
}

/** The cache that serves kmalloc(size, flags); NULL where none does. */
export function peekGeneralCache(k: Linux2617, size: number, flags: number): addr_t {
  const index = k.kmallocSizes.findIndex((cs_size) => size <= cs_size);
  if (index < 0) return NULL;
  const { sizeof, cs_cachep, cs_dmacachep } = k.cache_sizes;
  return k.machine.memory.peek32(
    k.malloc_sizes + index * sizeof + ((flags & GFP_DMA) !== 0 ? cs_dmacachep : cs_cachep),
  );
}
