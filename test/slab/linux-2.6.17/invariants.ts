/**
 * What must hold of 2.6.17's caches at any moment without an operation under way, seen by peek: of each cache, of each of its
 * nodes, and of the pages that all slabs have.
 */
import assert from 'node:assert/strict';
import { type addr_t, NULL, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { list_head } from '../../../src/kernel/linux-2.6/list.ts';
import { Corruption } from '../../../src/kernel/peek-list.ts';
import { MAX_NR_ZONES, PG_slab } from '../../../src/mm/linux-2.6.17/layouts.ts';
import type { SlabState } from '../../../src/slab/allocator.ts';
import { SLAB_RECLAIM_ACCOUNT } from '../../../src/slab/linux-2.6.17/flags.ts';
import {
  type ArrayState,
  cacheChain,
  type NodeLists,
  peekArray,
  peekName,
  peekNodes,
} from '../../../src/slab/linux-2.6.17/inspect.ts';
import { BUFCTL_END } from '../../../src/slab/linux-2.6.17/layouts.ts';
import type { Linux2617 } from '../../../src/slab/linux-2.6.17/slab.ts';
import { assertPages } from '../../mm/linux-2.6.17/invariants.ts';
import { framesFrom } from '../stress-checks.ts';

/** A cache with all that belongs to it. */
interface Cache {
  readonly cachep: addr_t;
  readonly name: string;
  readonly num: number;
  readonly buffer_size: number;
  readonly gfporder: number;
  readonly flags: number;
  readonly nodes: readonly NodeLists[];
  /** By CPU. */
  readonly nodeOfCpu: readonly number[];
  readonly arrays: readonly (ArrayState | null)[];
}

/** A slab with the node in whose lists it hangs, and its page frames. */
interface Placed extends SlabState {
  readonly node: number;
  readonly frames: readonly number[];
}

function peek(k: Linux2617, cachep: addr_t): Cache {
  const { kmem_cache } = k;
  const field = (offset: number) => k.machine.memory.peek32(cachep + offset);
  return {
    cachep,
    name: peekName(k, cachep),
    num: field(kmem_cache.num),
    buffer_size: field(kmem_cache.buffer_size),
    gfporder: field(kmem_cache.gfporder),
    flags: field(kmem_cache.flags),
    nodes: peekNodes(k, cachep),
    nodeOfCpu: k.machine.cpus.map(({ id }) => k.nodeOf(id)),
    arrays: k.machine.cpus.map(({ id }) => peekArray(k, cachep + kmem_cache.array + id * k.BYTES_PER_WORD)),
  };
}

const slabsOf = ({ nodes, gfporder }: Cache): Placed[] =>
  nodes.flatMap(({ node, slabs }) =>
    slabs.map((slab) => ({
      ...slab,
      node,
      frames: framesFrom((slab.s_mem - slab.colouroff) >>> PAGE_SHIFT, gfporder),
    })),
  );

/**
 * All caches and all pages, where `objects` are those that somebody has, and `blocks` the pages, orders by first page frame. What
 * the allocators take for themselves is known from their own pointers.
 */
export function assertMemory(k: Linux2617, objects: Iterable<addr_t>, blocks: ReadonlyMap<number, number>): void {
  const caches = cacheChain(k).map((cachep) => peek(k, cachep));
  for (const cache of caches) for (const node of cache.nodes) assertNode(k, cache, node);
  for (const cache of caches) for (const slab of slabsOf(cache)) assertSlabPages(k, cache, slab);
  assertSlabCounts(k, caches);

  const users = new Map<addr_t, addr_t[]>(caches.map(({ cachep }) => [cachep, []]));
  for (const objp of [...objects, ...ownObjects(k, caches)]) {
    const cachep = k.machine.memory.peek32(k.pageAt(objp >>> PAGE_SHIFT) + k.struct_page.lru + list_head.next);
    const those = users.get(cachep);
    if (those === undefined) throw new Corruption(`${hex(objp)} is in no cache's pages`);
    those.push(objp);
  }
  for (const cache of caches) assertObjects(cache, users.get(cache.cachep)!);

  const allocated = new Map(blocks);
  for (const cache of caches) for (const { frames } of slabsOf(cache)) allocated.set(frames[0]!, cache.gfporder);
  assertPages(k, allocated);
}

/** What the allocators themselves have: descriptors, lists and arrays that are not statics, off-slab management, pagesets. */
function ownObjects(k: Linux2617, caches: readonly Cache[]): addr_t[] {
  const { memory } = k.machine;
  const aliens = (node: NodeLists): addr_t[] => {
    const table = k.config.CONFIG_NUMA ? memory.peek32(node.address + k.kmem_list3.alien) : NULL;
    return table === NULL ? [] : [table, ...node.alien.flatMap((array) => array?.address ?? [])];
  };
  const own = caches.flatMap((cache) => [
    cache.cachep,
    ...cache.arrays.flatMap((array) => array?.address ?? []),
    ...cache.nodes.flatMap((node) => [node.address, ...aliens(node), node.shared?.address ?? NULL]),
    ...slabsOf(cache).flatMap(({ slabp, frames }) => (frames.includes(slabp >>> PAGE_SHIFT) ? [] : [slabp])),
  ]);
  return [...own, ...pagesets(k)].filter((address) => address !== NULL && k.symbols.find(address) === null);
}

/** The CPUs' lists of pages, where they are allocated: of all zones, pages or none. */
function pagesets(k: Linux2617): addr_t[] {
  if (!k.config.CONFIG_NUMA) return [];
  const zones = k.nodes.flatMap((_, node) => Array.from({ length: MAX_NR_ZONES }, (_, zone) => k.zone(node, zone)));
  const { memory, cpus } = k.machine;
  const slot = (zone: addr_t, cpu: number) => zone + k.zone_struct.pageset + cpu * k.BYTES_PER_WORD;
  return zones.flatMap((zone) => cpus.map(({ id }) => memory.peek32(slot(zone, id))));
}

/** The slabs of a node hang where they should, and are counted; the arrays hold what they may. */
function assertNode(
  k: Linux2617,
  cache: Cache,
  { node, slabs, free_objects, colour_next, shared, alien }: NodeLists,
): void {
  const where = `${cache.name}, node ${node}`;
  const { memory } = k.machine;
  for (const slab of slabs) {
    const kind = slab.inuse === 0 ? 'free' : slab.inuse === cache.num ? 'full' : 'partial';
    assert.equal(slab.list, kind, `${where}: slab ${hex(slab.slabp)} hangs in the wrong list`);
    assert.equal(
      slab.inuse + slab.freeObjects.length,
      cache.num,
      `${where}: inuse and the free list of ${hex(slab.slabp)}`,
    );
    assert.equal(memory.peek16(slab.slabp + k.slab.nodeid), node, `${where}: nodeid of slab ${hex(slab.slabp)}`);
    assert(slab.inuse < cache.num || slab.free === BUFCTL_END, `${where}: free of slab ${hex(slab.slabp)}`);
  }
  const free = slabs.reduce((sum, { freeObjects }) => sum + freeObjects.length, 0);
  assert.equal(free_objects, free, `${where}: free_objects`);
  const colour = memory.peek32(cache.cachep + k.kmem_cache.colour);
  assert(colour_next >= 0 && colour_next < Math.max(1, colour), `${where}: colour_next`);
  for (const array of [shared, ...alien]) if (array !== null) assertArray(where, array);
  if (alien.length > 0) assert.equal(alien[node], null, `${where}: an alien array of its own objects`);
}

function assertArray(where: string, { avail, limit }: ArrayState): void {
  assert(avail >= 0 && avail <= limit, `${where}: an array of ${limit} holds ${avail}`);
}

/** Each page of a slab names its cache and its slab; of a compound page the first. */
function assertSlabPages(k: Linux2617, { cachep, name }: Cache, { slabp, frames }: Placed): void {
  const { memory } = k.machine;
  for (const pfn of frames) {
    const { lru } = k.struct_page;
    assert.equal(memory.peek32(k.pageAt(pfn) + lru + list_head.next), cachep, `${name}: the cache of page ${pfn}`);
    assert.equal(memory.peek32(k.pageAt(pfn) + lru + list_head.prev), slabp, `${name}: the slab of page ${pfn}`);
  }
}

/** PG_slab marks the pages of slabs and no others, and the counts are theirs. */
function assertSlabCounts(k: Linux2617, caches: readonly Cache[]): void {
  const { memory, cpus } = k.machine;
  const frames = caches.flatMap((cache) => slabsOf(cache).flatMap((slab) => slab.frames));
  const marked: number[] = [];
  for (let pfn = 0; pfn < k.layout.ram >>> PAGE_SHIFT; pfn++) {
    if (((memory.peek32(k.pageAt(pfn) + k.struct_page.flags) >>> PG_slab) & 1) !== 0) marked.push(pfn);
  }
  assert.deepEqual(
    marked,
    frames.toSorted((a, b) => a - b),
    'pages marked as slab pages',
  );
  const { nr_slab } = k.page_state;
  const counted = cpus.reduce(
    (sum, { id }) => sum + memory.peek32(k.perCpuOf(k.per_cpu__page_states, id) + nr_slab),
    0,
  );
  assert.equal(counted | 0, frames.length, 'nr_slab');
  const reclaimable = caches.filter(({ flags }) => (flags & SLAB_RECLAIM_ACCOUNT) !== 0);
  const pages = reclaimable.reduce((sum, cache) => sum + (slabsOf(cache).length << cache.gfporder), 0);
  assert.equal(memory.peek32(k.slab_reclaim_pages), pages, 'slab_reclaim_pages');
}

/**
 * Each object is in exactly one place: free in its slab, in one array, or with one of `users`; and in a node's own array only if
 * it is of that node.
 */
function assertObjects(cache: Cache, users: readonly addr_t[]): void {
  const { name, num, buffer_size } = cache;
  const places = new Map<addr_t, { readonly node: number; readonly found: string[] }>();
  const slabs = slabsOf(cache);
  const byFrame = new Map(slabs.flatMap((slab) => slab.frames.map((pfn) => [pfn, slab] as const)));
  for (const { s_mem, node, freeObjects } of slabs) {
    for (let i = 0; i < num; i++) places.set(s_mem + i * buffer_size, { node, found: [] });
    for (const index of freeObjects) places.get(s_mem + index * buffer_size)!.found.push('free in its slab');
  }
  const put = (objp: addr_t, place: string, node: number | null) => {
    const known = places.get(objp);
    if (known === undefined) throw new Corruption(`${name}: ${hex(objp)}, ${place}, is no object of the cache`);
    assert(node === null || known.node === node, `${name}: ${hex(objp)} of node ${known.node} is ${place}`);
    known.found.push(place);
  };
  for (const { node, shared, alien } of cache.nodes) {
    for (const objp of shared?.entries ?? []) put(objp, `in the shared array of node ${node}`, node);
    for (const [other, array] of alien.entries()) {
      for (const objp of array?.entries ?? []) put(objp, `in node ${node}'s alien array for node ${other}`, other);
    }
  }
  for (const [cpu, array] of cache.arrays.entries()) {
    if (array === null) continue;
    assertArray(`${name}, cpu${cpu}`, array);
    for (const objp of array.entries) put(objp, `in the array of cpu${cpu}`, cache.nodeOfCpu[cpu]!);
  }
  for (const user of users) {
    // DEBUG: users are given what lies behind the object's first red zone.
    const slab = byFrame.get(user >>> PAGE_SHIFT)!;
    put(user - ((user - slab.s_mem) % buffer_size), 'in use', null);
  }
  const wrong = [...places].filter(([, { found }]) => found.length !== 1);
  assert.deepEqual(
    wrong.map(([objp, { found }]) => `${hex(objp)}: ${found.join(' and ') || 'nowhere'}`),
    [],
    `objects of ${name} that are not in one place`,
  );
}

const hex = (address: addr_t) => `0x${address.toString(16)}`;
