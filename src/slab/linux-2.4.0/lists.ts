/**
 * mm/slab.c, the one list of slabs: full ones first, then partial ones, then free ones, and `firstnotfull` points to where the
 * full ones end, or to the list's head. A slab that fills or empties stays where it is if the order allows it; but each such step
 * reads neighbours, and how many slabs of a kind there are only a walk tells. Callers hold cachep->spinlock, interrupts off.
 */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_add_tail, list_empty, list_head } from '../../kernel/list.ts';
import { type SlabOps, slab_t } from '../linux-2.4/slab.ts';
import type { Linux240 } from './slab.ts';

function firstSlab({ kmem_cache_t }: Linux240, cpu: Cpu, cachep: addr_t): addr_t {
  const p = cpu.loadPtr(cachep + kmem_cache_t.firstnotfull);
  return p === cachep + kmem_cache_t.slabs ? NULL : p - slab_t.list;
}

/** It stays; the next allocation goes to the slab behind it. */
function slabIsFull({ kmem_cache_t }: Linux240, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  cpu.storePtr(cachep + kmem_cache_t.firstnotfull, cpu.loadPtr(slabp + slab_t.list + list_head.next));
}

function fixupSlabChains(k: Linux240, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  const inuse = cpu.load32(slabp + slab_t.inuse);
  cpu.store32(slabp + slab_t.inuse, inuse - 1);
  if (inuse === cpu.load32(cachep + k.kmem_cache_t.num)) moveslab_partial(k, cpu, cachep, slabp);
  else if (inuse === 1) moveslab_free(k, cpu, cachep, slabp);
}

/**
 * Was full: it comes to stand where the full ones end. Even if it is empty now (of one object) firstnotfull may point to it, for
 * then there are no partial slabs.
 */
function moveslab_partial(k: Linux240, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  const { slabs: _, firstnotfull } = k.kmem_cache_t;
  const entry = slabp + slab_t.list;
  const t = cpu.loadPtr(cachep + firstnotfull);
  cpu.storePtr(cachep + firstnotfull, entry);
  const next = cpu.loadPtr(entry + list_head.next);
  if (next === t) return;
  k.list_del(cpu, entry, next);
  list_add_tail(cpu, entry, t);
}

/** Was partial, now empty: it goes to the end. firstnotfull may have pointed to it. */
function moveslab_free(k: Linux240, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  const { slabs, firstnotfull } = k.kmem_cache_t;
  const entry = slabp + slab_t.list;
  const t = cpu.loadPtr(cpu.loadPtr(cachep + firstnotfull) + list_head.prev);
  k.list_del(cpu, entry);
  list_add_tail(cpu, entry, cachep + slabs);
  if (cpu.loadPtr(cachep + firstnotfull) === entry) {
    cpu.storePtr(cachep + firstnotfull, cpu.loadPtr(t + list_head.next));
  }
}

function makeSlabActive({ kmem_cache_t }: Linux240, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  const { slabs, firstnotfull } = kmem_cache_t;
  list_add_tail(cpu, slabp + slab_t.list, cachep + slabs);
  if (cpu.loadPtr(cachep + firstnotfull) === cachep + slabs) cpu.storePtr(cachep + firstnotfull, slabp + slab_t.list);
}

/** From the end of the list, as far as slabs are free. */
function countFreeSlabs({ kmem_cache_t }: Linux240, cpu: Cpu, cachep: addr_t): number {
  const slabs = cachep + kmem_cache_t.slabs;
  let full_free = 0;
  for (let p = cpu.loadPtr(slabs + list_head.prev); p !== slabs; p = cpu.loadPtr(p + list_head.prev)) {
    if (cpu.load32(p - slab_t.list + slab_t.inuse) !== 0) break;
    full_free++;
  }
  return full_free;
}

/** The last of the list: of the free ones that which became so last. */
function unlinkFreeSlab(k: Linux240, cpu: Cpu, cachep: addr_t): addr_t {
  const { slabs, firstnotfull } = k.kmem_cache_t;
  const p = cpu.loadPtr(cachep + slabs + list_head.prev);
  if (p === cachep + slabs) return NULL;
  if (cpu.load32(p - slab_t.list + slab_t.inuse) !== 0) return NULL;
  k.list_del(cpu, p);
  if (cpu.loadPtr(cachep + firstnotfull) === p) cpu.storePtr(cachep + firstnotfull, cachep + slabs);
  return p - slab_t.list;
}

function hasSlabs({ kmem_cache_t }: Linux240, cpu: Cpu, cachep: addr_t): boolean {
  return !list_empty(cpu, cachep + kmem_cache_t.slabs);
}

export const slabOps: SlabOps = {
  ...{ firstSlab, slabIsFull, fixupSlabChains, makeSlabActive, countFreeSlabs, unlinkFreeSlab, hasSlabs },
  // Prefetching came with 2.4.10.
  listStep: (cpu, pos) => cpu.loadPtr(pos + list_head.next),
  kmallocTooLarge: () => BUG('slab.c:1542', 'kmalloc', 'size > 131072 (larger than the largest general cache)'),
};
