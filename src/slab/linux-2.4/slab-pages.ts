/** mm/slab.c: a slab's pages know their cache and slab through page->list, which the buddy lists do not need meanwhile. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { list_head } from '../../kernel/list.ts';
import { PG_slab, struct_page } from '../../mm/linux-2.4/mm.ts';
import { clearPageFlag, virt_to_page } from '../../mm/linux-2.4/page.ts';
import { checkDyingPoison, checkDyingRedZones } from './debug.ts';
import { kmem_cache_free } from './free.ts';
import { CFLGS_OFF_SLAB, SLAB_POISON, SLAB_RED_ZONE, type Slab24, slab_t } from './slab.ts';

export function SET_PAGE_CACHE(cpu: Cpu, page: addr_t, cachep: addr_t): void {
  cpu.storePtr(page + struct_page.list + list_head.next, cachep);
}

export function GET_PAGE_CACHE(cpu: Cpu, page: addr_t): addr_t {
  return cpu.loadPtr(page + struct_page.list + list_head.next);
}

export function SET_PAGE_SLAB(cpu: Cpu, page: addr_t, slabp: addr_t): void {
  cpu.storePtr(page + struct_page.list + list_head.prev, slabp);
}

export function GET_PAGE_SLAB(cpu: Cpu, page: addr_t): addr_t {
  return cpu.loadPtr(page + struct_page.list + list_head.prev);
}

/** Gives a slab's pages back. free_pages() does not clear the type bit - we do that. */
export function* kmem_freepages(k: Slab24, cpu: Cpu, cachep: addr_t, addr: addr_t): Program {
  const { kmem_cache_t } = k;
  let i = 1 << cpu.load32(cachep + kmem_cache_t.gfporder);
  for (let page = virt_to_page(k, cpu, addr); i > 0; i--) {
    clearPageFlag(cpu, page, PG_slab);
    page += k.struct_page.sizeof;
  }
  yield* k.pageOps.free_pages(k, cpu, addr, cpu.load32(cachep + kmem_cache_t.gfporder));
}

/** Destructs all objects of a slab and releases its memory. The slab is off all lists; the cache-lock is not needed. */
export function* kmem_slab_destroy(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t): Program {
  const { kmem_cache_t } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  const checks = SLAB_POISON | SLAB_RED_ZONE;
  let dtor = cpu.loadPtr(cachep + kmem_cache_t.dtor);
  const visits = dtor !== NULL || (debug && (cpu.load32(cachep + kmem_cache_t.flags) & checks) !== 0);
  // As gcc has the loop: a turn ends with reading s_mem again, whose last value the address below is made of.
  let s_mem = cpu.loadPtr(slabp + slab_t.s_mem);
  for (let i = 0; visits && i < cpu.load32(cachep + kmem_cache_t.num); i++) {
    if (i > 0) dtor = cpu.loadPtr(cachep + kmem_cache_t.dtor);
    const slot = s_mem + cpu.load32(cachep + kmem_cache_t.objsize) * i;
    const objp = debug ? checkDyingRedZones(k, cpu, cachep, slot) : slot;
    if (dtor !== NULL) yield* k.functionAt(dtor)(cpu, objp, cachep, 0);
    if (debug) checkDyingPoison(k, cpu, cachep, slot);
    s_mem = cpu.loadPtr(slabp + slab_t.s_mem);
  }
  const addr = s_mem - cpu.loadLong(slabp + slab_t.colouroff);
  yield* kmem_freepages(k, cpu, cachep, addr);
  if ((cpu.load32(cachep + kmem_cache_t.flags) & CFLGS_OFF_SLAB) !== 0) {
    yield* kmem_cache_free(k, cpu, cpu.loadPtr(cachep + kmem_cache_t.slabp_cache), slabp);
  }
}
