/** Snapshots of a 2.6.17 kernel in the form of test/golden, by peek. */
import { type addr_t, NULL, PAGE_SIZE } from '../../../hw/memory.ts';
import { nr_free_pages, zoneStates } from '../../../mm/linux-2.6.17/buddyinfo.ts';
import type { SlabState } from '../../../slab/allocator.ts';
import {
  type ArrayState,
  cacheChain,
  type NodeLists,
  peekArray,
  peekName,
  peekNodes,
} from '../../../slab/linux-2.6.17/inspect.ts';
import { CFLGS_OFF_SLAB } from '../../../slab/linux-2.6.17/layouts.ts';
import { type Linux2617, slab_bufctl } from '../../../slab/linux-2.6.17/slab.ts';

/** As recordings print an address of memory. */
export const hex = (address: addr_t) => `0x${address.toString(16).padStart(8, '0')}`;
const unsigned = (value: number) => value >>> 0;

export function buddySnapshot(k: Linux2617) {
  const { memory, cpus } = k.machine;
  const total = (member: number) =>
    cpus.reduce((sum, { id }) => sum + memory.peek32(k.perCpuOf(k.per_cpu__page_states, id) + member), 0);
  return {
    nodes: zoneStates(k),
    page_state: {
      nr_slab: total(k.page_state.nr_slab),
      pgalloc_normal: total(k.page_state.pgalloc_normal),
      pgalloc_dma: total(k.page_state.pgalloc_dma),
      pgfree: total(k.page_state.pgfree),
      nr_free_pages: nr_free_pages(k),
      slab_reclaim_pages: memory.peek32(k.slab_reclaim_pages),
    },
  };
}

export function chainSnapshot(k: Linux2617) {
  return { names: cacheChain(k).map((cachep) => peekName(k, cachep)) };
}

/** What kmem_cache_create() computed. */
export function geometryOf(k: Linux2617, cachep: addr_t) {
  const { kmem_cache } = k;
  const peek = (field: number) => k.machine.memory.peek32(cachep + field);
  return {
    buffer_size: peek(kmem_cache.buffer_size),
    num: peek(kmem_cache.num),
    gfporder: peek(kmem_cache.gfporder),
    colour: peek(kmem_cache.colour),
    colour_off: peek(kmem_cache.colour_off),
    off_slab: (peek(kmem_cache.flags) & CFLGS_OFF_SLAB) !== 0 ? 1 : 0,
    slab_size: peek(kmem_cache.slab_size),
    limit: peek(kmem_cache.limit),
    batchcount: peek(kmem_cache.batchcount),
    shared: peek(kmem_cache.shared),
  };
}

const statistics = [
  'num_active',
  'num_allocations',
  'high_mark',
  'grown',
  'reaped',
  'errors',
  'max_freeable',
  'node_allocs',
  'node_frees',
  'node_overflow',
  'allochit',
  'allocmiss',
  'freehit',
  'freemiss',
] as const;

export function stateSnapshot(k: Linux2617, cachep: addr_t) {
  const { kmem_cache, config } = k;
  const peek = (field: number) => k.machine.memory.peek32(cachep + field);
  const { off_slab, ...geometry } = geometryOf(k, cachep);
  const slabp_cache = peek(kmem_cache.slabp_cache);
  const nodes = peekNodes(k, cachep);
  const slots = Array.from({ length: config.NR_CPUS }, (_, i) => cachep + kmem_cache.array + i * k.BYTES_PER_WORD);
  return {
    cache: k.symbols.describe(cachep),
    ...geometry,
    flags: `0x${unsigned(peek(kmem_cache.flags)).toString(16)}`,
    off_slab: off_slab === 1,
    slabp_cache: slabp_cache === NULL ? null : peekName(k, slabp_cache),
    gfpflags: peek(kmem_cache.gfpflags),
    ...(config.CONFIG_DEBUG_SLAB && {
      obj_offset: peek(kmem_cache.obj_offset),
      obj_size: peek(kmem_cache.obj_size),
      stats: Object.fromEntries(statistics.map((count) => [count, peek(kmem_cache[count])])),
    }),
    array: slots.map((slot) => arrayOf(peekArray(k, slot))),
    nodes: Array.from({ length: config.MAX_NUMNODES }, (_, node) => {
      const lists = nodes.find((each) => each.node === node);
      return lists === undefined ? null : nodeOf(k, lists, cachep);
    }),
  };
}

const arrayOf = (array: ArrayState | null) =>
  array && {
    at: hex(array.address),
    avail: array.avail,
    limit: array.limit,
    batchcount: unsigned(array.batchcount),
    touched: array.touched,
    entries: array.entries.map(hex),
  };

function nodeOf(k: Linux2617, lists: NodeLists, cachep: addr_t) {
  const allNodes = Array.from({ length: k.config.MAX_NUMNODES }, (_, node) => node);
  const slabs = (list: SlabState['list']) =>
    lists.slabs
      .filter((slab) => slab.list === list)
      .map(({ slabp, s_mem, colouroff, inuse, free }) => ({
        mem: hex((s_mem - colouroff) & -PAGE_SIZE),
        desc: hex(slabp),
        colouroff,
        inuse,
        free,
        node: k.machine.memory.peek16(slabp + k.slab.nodeid),
      }));
  return {
    at: hex(lists.address),
    free_objects: lists.free_objects,
    free_limit: lists.free_limit,
    colour_next: lists.colour_next,
    next_reap: cachep === k.cache_cache ? whetherSet(lists.next_reap) : unsigned(lists.next_reap),
    free_touched: lists.free_touched,
    shared: arrayOf(lists.shared),
    ...(k.config.CONFIG_NUMA && { alien: allNodes.map((node) => arrayOf(lists.alien[node] ?? null)) }),
    full: slabs('full'),
    partial: slabs('partial'),
    free: slabs('free'),
  };
}

/** Of cache_cache the time is spread by its address, a static's, which is the recording build's there: whether it was set. */
export const whetherSet = (next_reap: number) => next_reap !== 0;

/** The free list of a slab. */
export function bufctlSnapshot(k: Linux2617, cachep: addr_t, slabp: addr_t) {
  const { memory } = k.machine;
  const num = memory.peek32(cachep + k.kmem_cache.num);
  return {
    free: memory.peek32(slabp + k.slab.free),
    bufctl: Array.from({ length: num }, (_, i) => memory.peek32(slab_bufctl(k, slabp, i))),
  };
}
