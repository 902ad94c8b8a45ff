/** mm/slab.c, cache_grow(): one more slab. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { local_irq_disable, local_irq_enable } from '../../kernel/irq.ts';
import { list_add_tail } from '../../kernel/linux-2.6/list.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import { __GFP_WAIT, GFP_DMA } from '../../mm/linux-2.6.17/gfp.ts';
import { kmem_cache_alloc_node } from './alloc.ts';
import { initDebugObject } from './debug.ts';
import { SLAB_CTOR_ATOMIC, SLAB_CTOR_CONSTRUCTOR, SLAB_DMA, SLAB_LEVEL_MASK, SLAB_NO_GROW } from './flags.ts';
import { index_to_obj } from './free.ts';
import { BUFCTL_END, CFLGS_OFF_SLAB, FILE } from './layouts.ts';
import { type Linux2617, nodelist, slab_bufctl } from './slab.ts';
import { kmem_freepages, kmem_getpages, slab_map_pages } from './slab-pages.ts';
import { addStat } from './stats.ts';

/** A cache of DMA memory and one of any memory must not be confused. */
export function kmem_flagcheck(flags: number, gfpflags: number): void {
  const isDma = (gfpflags & GFP_DMA) !== 0;
  if ((flags & SLAB_DMA) !== 0) {
    if (!isDma) BUG(`${FILE}:2460`, 'kmem_flagcheck', '!(cachep->gfpflags & GFP_DMA)');
  } else if (isDma) BUG(`${FILE}:2462`, 'kmem_flagcheck', 'cachep->gfpflags & GFP_DMA');
}

/**
 * Grows the cache by one slab on node `nodeid`, with interrupts on meanwhile if the caller may sleep; false if there was no
 * memory. Called and left with interrupts off.
 */
export function* cache_grow(k: Linux2617, cpu: Cpu, cachep: addr_t, flags: number, nodeid: number): Program<boolean> {
  const { kmem_cache, kmem_list3, slab } = k;
  // Be lazy and only check for valid flags here, keeping it out of the critical path in kmem_cache_alloc().
  if ((flags & ~(SLAB_DMA | SLAB_LEVEL_MASK | SLAB_NO_GROW)) !== 0) {
    BUG(`${FILE}:2543`, 'cache_grow', 'flags & ~(SLAB_DMA | SLAB_LEVEL_MASK | SLAB_NO_GROW)');
  }
  if ((flags & SLAB_NO_GROW) !== 0) return false;
  const local_flags = flags & SLAB_LEVEL_MASK;
  const mayWait = (local_flags & __GFP_WAIT) !== 0;
  // Not allowed to sleep. Need to tell a constructor about this - it might need to know...
  const ctor_flags = SLAB_CTOR_CONSTRUCTOR | (mayWait ? 0 : SLAB_CTOR_ATOMIC);

  // Take the l3 list lock to change the colour_next on this node
  const l3 = cpu.loadPtr(nodelist(k, cachep, nodeid));
  yield* spin_lock(k, cpu, l3 + kmem_list3.list_lock);
  const colour = takeColour(k, cpu, cachep, l3);
  yield* spin_unlock(k, cpu, l3 + kmem_list3.list_lock);
  const offset = colour * cpu.load32(cachep + kmem_cache.colour_off);

  if (mayWait && local_irq_enable(cpu)) yield;
  // Here rather than earlier, simply to reduce the critical path length in kmem_cache_alloc().
  const gfpflags = cpu.load32(cachep + kmem_cache.gfpflags);
  kmem_flagcheck(flags, gfpflags);
  const objp = yield* kmem_getpages(k, cpu, cachep, flags, gfpflags, nodeid);
  const slabp = objp === NULL ? NULL : yield* alloc_slabmgmt(k, cpu, cachep, objp, offset, local_flags, nodeid);
  if (slabp === NULL) {
    // opps1:
    if (objp !== NULL) yield* kmem_freepages(k, cpu, cachep, objp);
    // failed:
    if (mayWait) local_irq_disable(cpu);
    return false;
  }
  cpu.store16(slabp + slab.nodeid, nodeid);
  slab_map_pages(k, cpu, cachep, slabp, objp);
  yield* cache_init_objs(k, cpu, cachep, slabp, ctor_flags);
  if (mayWait) local_irq_disable(cpu);

  yield* spin_lock(k, cpu, l3 + kmem_list3.list_lock);
  // Make slab active.
  list_add_tail(cpu, slabp + slab.list, l3 + kmem_list3.slabs_free);
  addStat(k, cpu, cachep, 'grown', 1);
  const free_objects = cpu.loadLong(l3 + kmem_list3.free_objects);
  cpu.storeLong(l3 + kmem_list3.free_objects, free_objects + cpu.load32(cachep + kmem_cache.num));
  yield* spin_unlock(k, cpu, l3 + kmem_list3.list_lock);
  return true;
}

/** The colour of the node's next slab; it is used up even if the slab then gets no memory. Caller holds l3->list_lock. */
function takeColour(k: Linux2617, cpu: Cpu, cachep: addr_t, l3: addr_t): number {
  const { kmem_cache, kmem_list3 } = k;
  const colour = cpu.load32(l3 + kmem_list3.colour_next);
  cpu.store32(l3 + kmem_list3.colour_next, colour + 1);
  if (colour + 1 >= cpu.loadLong(cachep + kmem_cache.colour)) cpu.store32(l3 + kmem_list3.colour_next, 0);
  return colour;
}

/** Places the slab's management, off-slab or at the colour offset, and fills in its struct slab; NULL without memory. */
function* alloc_slabmgmt(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  objp: addr_t,
  colour_off: number,
  local_flags: number,
  nodeid: number,
): Program<addr_t> {
  const { kmem_cache, slab } = k;
  let slabp = objp + colour_off;
  let colouroff = colour_off;
  if ((cpu.load32(cachep + kmem_cache.flags) & CFLGS_OFF_SLAB) !== 0) {
    // Slab management obj is off-slab.
    const slabp_cache = cpu.loadPtr(cachep + kmem_cache.slabp_cache);
    slabp = yield* kmem_cache_alloc_node(k, cpu, slabp_cache, local_flags, nodeid, k.constant('alloc_slabmgmt'));
    if (slabp === NULL) return NULL;
  } else colouroff += cpu.load32(cachep + kmem_cache.slab_size);
  cpu.store32(slabp + slab.inuse, 0);
  cpu.storeLong(slabp + slab.colouroff, colouroff);
  cpu.storePtr(slabp + slab.s_mem, objp + colouroff);
  cpu.store16(slabp + slab.nodeid, nodeid);
  return slabp;
}

/** Constructs the objects and chains the bufctls. A constructor must not allocate from its own cache. */
function* cache_init_objs(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t, ctor_flags: number): Program {
  const { kmem_cache, slab } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  let i = 0;
  for (; i < cpu.load32(cachep + kmem_cache.num); i++) {
    if (debug) yield* initDebugObject(k, cpu, cachep, index_to_obj(k, cpu, cachep, slabp, i), ctor_flags);
    else {
      const ctor = cpu.loadPtr(cachep + kmem_cache.ctor);
      if (ctor !== NULL) {
        yield* k.functionAt(ctor)(cpu, index_to_obj(k, cpu, cachep, slabp, i), cachep, ctor_flags);
      }
    }
    cpu.store32(slab_bufctl(k, slabp, i), i + 1);
  }
  cpu.store32(slab_bufctl(k, slabp, i - 1), BUFCTL_END);
  cpu.store32(slabp + slab.free, 0);
}
