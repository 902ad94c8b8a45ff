/** mm/slab.c, kmem_cache_grow(): one more slab. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../kernel/spinlock.ts';
import { PG_slab } from '../../mm/linux-2.4/mm.ts';
import { setPageFlag, virt_to_page } from '../../mm/linux-2.4/page.ts';
import { __get_free_pages } from '../../mm/linux-2.4/page-alloc.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { slabBUG } from './bugs.ts';
import { poisonNewObject, redZoneNewObject } from './debug.ts';
import { slabManagementSize } from './estimate.ts';
import {
  BUFCTL_END,
  CFLGS_OFF_SLAB,
  DFLGS_GROWN,
  SLAB_CTOR_ATOMIC,
  SLAB_CTOR_CONSTRUCTOR,
  SLAB_NO_GROW,
  type Slab24,
  slab_bufctl,
  slab_t,
} from './slab.ts';
import { kmem_freepages, SET_PAGE_CACHE, SET_PAGE_SLAB } from './slab-pages.ts';
import { addStat } from './stats.ts';

/** Adds a slab to the cache, with interrupts on meanwhile; false if there was no memory. */
export function* kmem_cache_grow(k: Slab24, cpu: Cpu, cachep: addr_t, flags: number): Program<boolean> {
  const { kmem_cache_t } = k;
  const lock = cachep + kmem_cache_t.spinlock;
  const growing = cachep + kmem_cache_t.growing;

  const { GFP_ATOMIC, GFP_DMA } = k.gfp;
  const { SLAB_LEVEL_MASK } = k.variant;

  // Be lazy and only check for valid flags here, keeping it out of the critical path in kmem_cache_alloc().
  if ((flags & ~(GFP_DMA | SLAB_LEVEL_MASK | SLAB_NO_GROW)) !== 0) slabBUG(k, 'growFlags');
  if ((flags & SLAB_NO_GROW) !== 0) return false;
  const local_flags = flags & SLAB_LEVEL_MASK;
  if (in_interrupt(k, cpu) && local_flags !== GFP_ATOMIC) slabBUG(k, 'growInInterrupt');
  const ctor_flags = SLAB_CTOR_CONSTRUCTOR | (local_flags === GFP_ATOMIC ? SLAB_CTOR_ATOMIC : 0);

  let save_flags = yield* spin_lock_irqsave(k, cpu, lock);
  const offset = takeColour(k, cpu, cachep);
  cpu.store32(cachep + kmem_cache_t.dflags, cpu.load32(cachep + kmem_cache_t.dflags) | DFLGS_GROWN);
  cpu.store32(growing, cpu.load32(growing) + 1);
  yield* spin_unlock_irqrestore(k, cpu, lock, save_flags);

  // Neither the cache-chain semaphore nor the cache-lock are held, but `growing` keeps the cache from being reaped.
  const objp = yield* kmem_getpages(k, cpu, cachep, flags);
  const slabp = objp === NULL ? NULL : yield* kmem_cache_slabmgmt(k, cpu, cachep, objp, offset, local_flags);
  if (slabp === NULL) {
    if (objp !== NULL) yield* kmem_freepages(k, cpu, cachep, objp);
    save_flags = yield* spin_lock_irqsave(k, cpu, lock);
    cpu.store32(growing, cpu.load32(growing) - 1);
    yield* spin_unlock_irqrestore(k, cpu, lock, save_flags);
    return false;
  }

  // Nasty!!!!!! I hope this is OK.
  let i = 1 << cpu.load32(cachep + kmem_cache_t.gfporder);
  let page = virt_to_page(k, cpu, objp);
  do {
    SET_PAGE_CACHE(cpu, page, cachep);
    SET_PAGE_SLAB(cpu, page, slabp);
    setPageFlag(cpu, page, PG_slab);
    page += k.struct_page.sizeof;
  } while (--i > 0);
  yield* kmem_cache_init_objs(k, cpu, cachep, slabp, ctor_flags);

  save_flags = yield* spin_lock_irqsave(k, cpu, lock);
  cpu.store32(growing, cpu.load32(growing) - 1);
  k.slabOps.makeSlabActive(k, cpu, cachep, slabp);
  addStat(k, cpu, cachep, 'grown', 1);
  cpu.storeLong(cachep + kmem_cache_t.failures, 0);
  yield* spin_unlock_irqrestore(k, cpu, lock, save_flags);
  return true;
}

/** The colour offset of the next slab, in bytes; the next colour is used up even if the slab then gets no memory. */
function takeColour(k: Slab24, cpu: Cpu, cachep: addr_t): number {
  const { kmem_cache_t } = k;
  const colour = cpu.load32(cachep + kmem_cache_t.colour_next);
  cpu.store32(cachep + kmem_cache_t.colour_next, colour + 1);
  const startsAnew = colour + 1 >= cpu.loadLong(cachep + kmem_cache_t.colour);
  if (startsAnew) cpu.store32(cachep + kmem_cache_t.colour_next, 0);
  else if (k.variant.storesTwice) cpu.store32(cachep + kmem_cache_t.colour_next, colour + 1);
  return colour * cpu.load32(cachep + kmem_cache_t.colour_off);
}

/** Pages for a slab, from DMA memory if the cache or the caller asks for it. */
function* kmem_getpages(k: Slab24, cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
  const gfp_mask = flags | cpu.load32(cachep + k.kmem_cache_t.gfpflags);
  return yield* __get_free_pages(k, cpu, gfp_mask, cpu.load32(cachep + k.kmem_cache_t.gfporder));
}

/** Places the slab's management, off-slab or at the colour offset, and fills in its slab_t; NULL without memory. */
function* kmem_cache_slabmgmt(
  k: Slab24,
  cpu: Cpu,
  cachep: addr_t,
  objp: addr_t,
  colour_off: number,
  local_flags: number,
): Program<addr_t> {
  const { kmem_cache_t } = k;
  let slabp = objp + colour_off;
  let colouroff = colour_off;
  if ((cpu.load32(cachep + kmem_cache_t.flags) & CFLGS_OFF_SLAB) !== 0) {
    slabp = yield* kmem_cache_alloc(k, cpu, cpu.loadPtr(cachep + kmem_cache_t.slabp_cache), local_flags);
    if (slabp === NULL) return NULL;
  } else colouroff += slabManagementSize(cpu.load32(cachep + kmem_cache_t.num), k.config.L1_CACHE_BYTES);
  cpu.store32(slabp + slab_t.inuse, 0);
  cpu.storeLong(slabp + slab_t.colouroff, colouroff);
  cpu.storePtr(slabp + slab_t.s_mem, objp + colouroff);
  return slabp;
}

/** Constructs the objects and chains the bufctls. A constructor must not allocate from its own cache. */
function* kmem_cache_init_objs(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t, ctor_flags: number): Program {
  const { kmem_cache_t } = k;
  const debug = k.config.CONFIG_DEBUG_SLAB;
  let i = 0;
  for (; i < cpu.load32(cachep + kmem_cache_t.num); i++) {
    const slot = () => cpu.loadPtr(slabp + slab_t.s_mem) + cpu.load32(cachep + kmem_cache_t.objsize) * i;
    // Without DEBUG gcc reads these only if there is a constructor.
    const inDebug = debug ? slot() : NULL;
    const objp = debug ? redZoneNewObject(k, cpu, cachep, inDebug) : NULL;
    const ctor = cpu.loadPtr(cachep + kmem_cache_t.ctor);
    if (ctor !== NULL) yield* k.functionAt(ctor)(cpu, debug ? objp : slot(), cachep, ctor_flags);
    if (debug) poisonNewObject(k, cpu, cachep, inDebug);
    cpu.store32(slab_bufctl(slabp, i), i + 1);
  }
  cpu.store32(slab_bufctl(slabp, i - 1), BUFCTL_END);
  cpu.store32(slabp + slab_t.free, 0);
}
