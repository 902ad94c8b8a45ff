/** mm/slab.c, a slab's pages: taken, told whose they are (through page->lru, which no list needs meanwhile), given back. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_head } from '../../kernel/linux-2.6/list.ts';
import { call_rcu } from '../../kernel/linux-2.6/rcu.ts';
import { get_current, task_struct } from '../../kernel/linux-2.6/thread-info.ts';
import { PG_compound, PG_slab } from '../../mm/linux-2.6.17/layouts.ts';
import {
  __clearPageFlag,
  __setPageFlag,
  page_address,
  testPageFlag,
  virt_to_page,
} from '../../mm/linux-2.6.17/page.ts';
import { alloc_pages_node, free_pages } from '../../mm/linux-2.6.17/page-alloc.ts';
import { mod_page_state } from '../../mm/linux-2.6.17/page-state.ts';
import { checkDyingObject } from './debug.ts';
import { SLAB_DESTROY_BY_RCU, SLAB_RECLAIM_ACCOUNT } from './flags.ts';
import { index_to_obj, kmem_cache_free } from './free.ts';
import { CFLGS_OFF_SLAB, FILE } from './layouts.ts';
import type { Linux2617 } from './slab.ts';

/** Of a compound page the first one, which is the one that knows. */
function knowing(k: Linux2617, cpu: Cpu, page: addr_t): addr_t {
  return testPageFlag(k, cpu, page, PG_compound) ? cpu.loadPtr(page + k.struct_page.private) : page;
}

export function page_get_cache(k: Linux2617, cpu: Cpu, page: addr_t): addr_t {
  return cpu.loadPtr(knowing(k, cpu, page) + k.struct_page.lru + list_head.next);
}

export function page_get_slab(k: Linux2617, cpu: Cpu, page: addr_t): addr_t {
  return cpu.loadPtr(knowing(k, cpu, page) + k.struct_page.lru + list_head.prev);
}

export function virt_to_cache(k: Linux2617, cpu: Cpu, obj: addr_t): addr_t {
  return page_get_cache(k, cpu, virt_to_page(k, cpu, obj));
}

export function virt_to_slab(k: Linux2617, cpu: Cpu, obj: addr_t): addr_t {
  return page_get_slab(k, cpu, virt_to_page(k, cpu, obj));
}

/** Lets the pages of a slab know their cache and slab: for kfree, ksize, kmem_ptr_validate and debugging. */
export function slab_map_pages(k: Linux2617, cpu: Cpu, cache: addr_t, slab: addr_t, addr: addr_t): void {
  const { lru } = k.struct_page;
  let page = virt_to_page(k, cpu, addr);
  let nr_pages = 1;
  if (!testPageFlag(k, cpu, page, PG_compound)) nr_pages <<= cpu.load32(cache + k.kmem_cache.gfporder);
  do {
    cpu.storePtr(page + lru + list_head.next, cache);
    cpu.storePtr(page + lru + list_head.prev, slab);
    page += k.struct_page.sizeof;
  } while (--nr_pages > 0);
}

/** Pages for a slab, from DMA memory if the cache or the caller asks for it; their address, or NULL. */
export function* kmem_getpages(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  flags: number,
  gfpflags: number,
  nodeid: number,
): Program<addr_t> {
  const { kmem_cache } = k;
  let page = yield* alloc_pages_node(k, cpu, nodeid, flags | gfpflags, cpu.load32(cachep + kmem_cache.gfporder));
  if (page === NULL) return NULL;
  const addr = page_address(k, cpu, page);
  let i = 1 << cpu.load32(cachep + kmem_cache.gfporder);
  if ((cpu.load32(cachep + kmem_cache.flags) & SLAB_RECLAIM_ACCOUNT) !== 0) cpu.lockAdd32(k.slab_reclaim_pages, i);
  if (mod_page_state(k, cpu, k.page_state.nr_slab, i)) yield;
  for (; i > 0; i--) {
    __setPageFlag(k, cpu, page, PG_slab);
    page += k.struct_page.sizeof;
  }
  return addr;
}

/** Gives a slab's pages back. */
export function* kmem_freepages(k: Linux2617, cpu: Cpu, cachep: addr_t, addr: addr_t): Program {
  const { kmem_cache } = k;
  const nr_freed = 1 << cpu.load32(cachep + kmem_cache.gfporder);
  let page = virt_to_page(k, cpu, addr);
  for (let i = nr_freed; i > 0; i--) {
    if (!testPageFlag(k, cpu, page, PG_slab)) BUG(`${FILE}:1529`, 'kmem_freepages', '!PageSlab(page)');
    __clearPageFlag(k, cpu, page, PG_slab);
    page += k.struct_page.sizeof;
  }
  if (mod_page_state(k, cpu, k.page_state.nr_slab, -nr_freed)) yield;
  const reclaim_state = cpu.loadPtr(get_current(cpu) + task_struct.reclaim_state);
  if (reclaim_state !== NULL) cpu.storeLong(reclaim_state, cpu.loadLong(reclaim_state) + nr_freed);
  yield* free_pages(k, cpu, addr, cpu.load32(cachep + kmem_cache.gfporder));
  if ((cpu.load32(cachep + kmem_cache.flags) & SLAB_RECLAIM_ACCOUNT) !== 0) {
    cpu.lockAdd32(k.slab_reclaim_pages, -(1 << cpu.load32(cachep + kmem_cache.gfporder)));
  }
}

/** After the grace period: nobody can still hold an address in the slab. */
export function* kmem_rcu_free(k: Linux2617, cpu: Cpu, head: addr_t): Program {
  const { slab_rcu, kmem_cache } = k;
  const cachep = cpu.loadPtr(head + slab_rcu.cachep);
  yield* kmem_freepages(k, cpu, cachep, cpu.loadPtr(head + slab_rcu.addr));
  if ((cpu.load32(cachep + kmem_cache.flags) & CFLGS_OFF_SLAB) !== 0) {
    yield* kmem_cache_free(k, cpu, cpu.loadPtr(cachep + kmem_cache.slabp_cache), head, k.constant('kmem_rcu_free'));
  }
}

/** Calls the destructor for each object of a slab that is being destroyed. */
function* slab_destroy_objs(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t): Program {
  const { kmem_cache } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  if (!debug && cpu.loadPtr(cachep + kmem_cache.dtor) === NULL) return;
  for (let i = 0; i < cpu.load32(cachep + kmem_cache.num); i++) {
    const objp = index_to_obj(k, cpu, cachep, slabp, i);
    if (debug) yield* checkDyingObject(k, cpu, cachep, objp);
    else yield* k.functionAt(cpu.loadPtr(cachep + kmem_cache.dtor))(cpu, objp, cachep, 0);
  }
}

/** Destructs all objects of a slab and releases its memory. The slab is off all lists; no lock is needed. */
export function* slab_destroy(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t): Program {
  const { kmem_cache, slab, slab_rcu } = k;
  const addr = cpu.loadPtr(slabp + slab.s_mem) - cpu.loadLong(slabp + slab.colouroff);
  yield* slab_destroy_objs(k, cpu, cachep, slabp);
  if ((cpu.load32(cachep + kmem_cache.flags) & SLAB_DESTROY_BY_RCU) !== 0) {
    cpu.storePtr(slabp + slab_rcu.cachep, cachep);
    cpu.storePtr(slabp + slab_rcu.addr, addr);
    yield* call_rcu(k, cpu, slabp + slab_rcu.head, k.kmem_rcu_free);
    return;
  }
  yield* kmem_freepages(k, cpu, cachep, addr);
  if ((cpu.load32(cachep + kmem_cache.flags) & CFLGS_OFF_SLAB) !== 0) {
    yield* kmem_cache_free(k, cpu, cpu.loadPtr(cachep + kmem_cache.slabp_cache), slabp, k.constant('slab_destroy'));
  }
}
