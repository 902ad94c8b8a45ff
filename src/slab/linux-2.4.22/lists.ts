/** mm/slab.c, the three lists of slabs: full, partial, free. Callers hold cachep->spinlock, interrupts off. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_add, list_add_tail, list_del, list_empty, list_head, listStep } from '../../kernel/list.ts';
import { FILE } from '../linux-2.4/bugs.ts';
import { type SlabOps, slab_t } from '../linux-2.4/slab.ts';
import type { Linux2422 } from './slab.ts';

/** A partial slab, else a free one that becomes partial, else NULL. */
function firstSlab(k: Linux2422, cpu: Cpu, cachep: addr_t): addr_t {
  const slabs_partial = cachep + k.kmem_cache_t.slabs_partial;
  let entry = cpu.loadPtr(slabs_partial + list_head.next);
  if (entry === slabs_partial) {
    const slabs_free = cachep + k.kmem_cache_t.slabs_free;
    entry = cpu.loadPtr(slabs_free + list_head.next);
    if (entry === slabs_free) return NULL;
    list_del(cpu, entry);
    list_add(cpu, entry, slabs_partial);
  }
  return entry - slab_t.list;
}

function slabIsFull(k: Linux2422, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  list_del(cpu, slabp + slab_t.list);
  list_add(cpu, slabp + slab_t.list, cachep + k.kmem_cache_t.slabs_full);
}

function fixupSlabChains(k: Linux2422, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  const { kmem_cache_t } = k;
  const inuse = cpu.load32(slabp + slab_t.inuse);
  cpu.store32(slabp + slab_t.inuse, inuse - 1);
  if (inuse === 1) {
    // Was partial or full, now empty.
    list_del(cpu, slabp + slab_t.list);
    list_add(cpu, slabp + slab_t.list, cachep + kmem_cache_t.slabs_free);
  } else if (inuse === cpu.load32(cachep + kmem_cache_t.num)) {
    // Was full.
    list_del(cpu, slabp + slab_t.list);
    list_add(cpu, slabp + slab_t.list, cachep + kmem_cache_t.slabs_partial);
  }
}

function makeSlabActive(k: Linux2422, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  list_add_tail(cpu, slabp + slab_t.list, cachep + k.kmem_cache_t.slabs_free);
}

function countFreeSlabs(k: Linux2422, cpu: Cpu, cachep: addr_t): number {
  let full_free = 0;
  const slabs_free = cachep + k.kmem_cache_t.slabs_free;
  for (let p = cpu.loadPtr(slabs_free); p !== slabs_free; p = cpu.loadPtr(p + list_head.next)) {
    if (k.config.CONFIG_DEBUG_SLAB) checkUnused(cpu, p - slab_t.list, 'kmem_cache_reap');
    full_free++;
  }
  return full_free;
}

/** The last of the list goes first. */
function unlinkFreeSlab(k: Linux2422, cpu: Cpu, cachep: addr_t, fn: string): addr_t {
  const slabs_free = cachep + k.kmem_cache_t.slabs_free;
  const p = cpu.loadPtr(slabs_free + list_head.prev);
  if (p === slabs_free) return NULL;
  if (k.config.CONFIG_DEBUG_SLAB) checkUnused(cpu, p - slab_t.list, fn);
  list_del(cpu, p);
  return p - slab_t.list;
}

function checkUnused(cpu: Cpu, slabp: addr_t, fn: string): void {
  if (cpu.load32(slabp + slab_t.inuse) !== 0) BUG(FILE, fn, 'if (slabp->inuse)');
}

function hasSlabs({ kmem_cache_t }: Linux2422, cpu: Cpu, cachep: addr_t): boolean {
  return !list_empty(cpu, cachep + kmem_cache_t.slabs_full) || !list_empty(cpu, cachep + kmem_cache_t.slabs_partial);
}

export const slabOps: SlabOps = {
  ...{ firstSlab, slabIsFull, fixupSlabChains, makeSlabActive, countFreeSlabs, unlinkFreeSlab, hasSlabs },
  listStep,
  kmallocTooLarge: () => NULL,
};
