/** The BUG()s of slab.c: conditions that all of 2.4 have, at lines that each version has of its own. */
import { BUG } from '../../kernel/bug.ts';

export const FILE = 'slab.c';

const redEnd = '(unsigned long *)(objp+cachep->objsize - BYTES_PER_WORD)';
const firstZone = 'if (*((unsigned long*)(objp)) != RED_MAGIC1)';
const secondZone = 'if (*((unsigned long*)(objp + cachep->objsize -BYTES_PER_WORD)) != RED_MAGIC1)';
const page = 'CHECK_PAGE(virt_to_page(objp))';

const sites = {
  dyingFirstZone: ['kmem_slab_destroy', firstZone],
  dyingSecondZone: ['kmem_slab_destroy', secondZone],
  dyingPoison: ['kmem_slab_destroy', 'if ((cachep->flags & SLAB_POISON) && kmem_check_poison_obj(cachep, objp))'],
  createArguments: [
    'kmem_cache_create',
    'if ((!name) || ((strlen(name) >= CACHE_NAMELEN - 1)) || in_interrupt() || (size < BYTES_PER_WORD) || ' +
      '(size > (1<<MAX_OBJ_ORDER)*PAGE_SIZE) || (dtor && !ctor) || (offset < 0 || offset > size))',
  ],
  createFlags: ['kmem_cache_create', 'if (flags & ~CREATE_MASK)'],
  createName: ['kmem_cache_create', 'if (!strcmp(pc->name, name))'],
  shrink: ['kmem_cache_shrink', 'if (!cachep || in_interrupt() || !is_chained_kmem_cache(cachep))'],
  destroy: ['kmem_cache_destroy', 'if (!cachep || in_interrupt() || cachep->growing)'],
  newFirstZone: ['kmem_cache_init_objs', firstZone],
  newSecondZone: ['kmem_cache_init_objs', secondZone],
  growFlags: ['kmem_cache_grow', 'if (flags & ~(SLAB_DMA|SLAB_LEVEL_MASK|SLAB_NO_GROW))'],
  growInInterrupt: ['kmem_cache_grow', 'if (in_interrupt() && (flags & SLAB_LEVEL_MASK) != SLAB_ATOMIC)'],
  freeBeyondSlab: ['kmem_extra_free_checks', 'if (objnr >= cachep->num)'],
  freeWithinObject: ['kmem_extra_free_checks', 'if (objp != slabp->s_mem + objnr*cachep->objsize)'],
  freeTwice: ['kmem_extra_free_checks', 'if (i == objnr)'],
  dmaFromOther: ['kmem_cache_alloc_head', 'if (!(cachep->gfpflags & GFP_DMA))'],
  otherFromDma: ['kmem_cache_alloc_head', 'if (cachep->gfpflags & GFP_DMA)'],
  allocPoison: ['kmem_cache_alloc_one_tail', 'if (kmem_check_poison_obj(cachep, objp))'],
  allocFirstZone: ['kmem_cache_alloc_one_tail', 'if (xchg((unsigned long *)objp, RED_MAGIC2) != RED_MAGIC1)'],
  allocSecondZone: ['kmem_cache_alloc_one_tail', `if (xchg(${redEnd}, RED_MAGIC2) != RED_MAGIC1)`],
  freeOnePage: ['kmem_cache_free_one', page],
  freeFirstZone: ['kmem_cache_free_one', 'if (xchg((unsigned long *)objp, RED_MAGIC1) != RED_MAGIC2)'],
  freeSecondZone: ['kmem_cache_free_one', `if (xchg(${redEnd}, RED_MAGIC1) != RED_MAGIC2)`],
  toArrayPage: ['__kmem_cache_free', page],
  freePage: ['kmem_cache_free', page],
  freeOtherCache: ['kmem_cache_free', 'if (cachep != GET_PAGE_CACHE(virt_to_page(objp)))'],
  kfreePage: ['kfree', page],
} as const;
export type BugSite = keyof typeof sites;

/** The line of each, and the condition where it is worded otherwise. */
export type BugLines = Readonly<Record<BugSite, number | readonly [line: number, condition: string]>>;

export function slabBUG(k: { readonly variant: { readonly bugLines: BugLines } }, site: BugSite): never {
  const [fn, usual] = sites[site];
  const where = k.variant.bugLines[site];
  const [line, condition] = typeof where === 'number' ? [where, usual] : where;
  BUG(`${FILE}:${line}`, fn, condition);
}
