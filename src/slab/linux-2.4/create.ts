/** mm/slab.c, kmem_cache_create(). */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import type { KernelFunction } from '../../kernel/kernel.ts';
import { in_interrupt } from '../../kernel/linux-2.4/hardirq.ts';
import { INIT_LIST_HEAD, list_add } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_init } from '../../kernel/spinlock.ts';
import { memset, strcpy, streq } from '../../kernel/string.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { slabBUG } from './bugs.ts';
import type { SlabConfig } from './config.ts';
import { enable_cpucache } from './cpu-arrays.ts';
import { kmem_cache_estimate, slabManagementSize } from './estimate.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN, SLAB_MUST_HWCACHE_ALIGN } from './flags.ts';
import { kmem_cache_free } from './free.ts';
import { kmem_find_general_cachep } from './kmalloc.ts';
import {
  BYTES_PER_WORD,
  CACHE_NAMELEN,
  CFLGS_OFF_SLAB,
  CFLGS_OPTIMIZE,
  DEBUG_FLAGS,
  MAX_GFP_ORDER,
  MAX_OBJ_ORDER,
  SLAB_DEBUG_INITIAL,
  SLAB_POISON,
  SLAB_RED_ZONE,
  type Slab24,
} from './slab.ts';

const func_nm = 'kmem_create: ';

/** A new cache, at the head of the chain; NULL if its descriptor found no memory or no object fits a slab. */
export function* kmem_cache_create(
  k: Slab24,
  cpu: Cpu,
  name: string | null,
  requestedSize: number,
  requestedOffset: number,
  requestedFlags: number,
  ctor: KernelFunction | null,
  dtor: KernelFunction | null,
): Program<addr_t> {
  const { kmem_cache_t, cache_cache, config } = k;
  const { GFP_KERNEL, GFP_DMA } = k.gfp;
  if (
    name === null ||
    name.length >= CACHE_NAMELEN - 1 ||
    in_interrupt(k, cpu) ||
    requestedSize < BYTES_PER_WORD ||
    requestedSize > PAGE_SIZE << MAX_OBJ_ORDER ||
    (dtor !== null && ctor === null) ||
    requestedOffset < 0 ||
    requestedOffset > requestedSize
  ) {
    slabBUG(k, 'createArguments');
  }
  let flags = config.CONFIG_DEBUG_SLAB ? debugFlags(k, name, requestedSize, requestedFlags, ctor) : requestedFlags;
  const mask = k.variant.CREATE_MASK | (config.CONFIG_DEBUG_SLAB ? DEBUG_FLAGS : 0);
  if ((flags & ~mask) !== 0) slabBUG(k, 'createFlags');

  const cachep = yield* kmem_cache_alloc(k, cpu, cache_cache, GFP_KERNEL);
  if (cachep === NULL) return NULL;
  memset(cpu, cachep, 0, kmem_cache_t.sizeof);

  let size = requestedSize;
  if ((size & (BYTES_PER_WORD - 1)) !== 0) {
    size = (size + BYTES_PER_WORD - 1) & -BYTES_PER_WORD;
    k.printk(`${func_nm}Forcing size word alignment - ${name}\n`);
  }
  if ((flags & SLAB_RED_ZONE) !== 0) {
    // There is no point trying to honour cache alignment when redzoning.
    flags &= ~SLAB_HWCACHE_ALIGN;
    size += 2 * BYTES_PER_WORD;
  }
  let align = (flags & SLAB_HWCACHE_ALIGN) !== 0 ? config.L1_CACHE_BYTES : BYTES_PER_WORD;
  // Size is large, assume best to place the slab management obj off-slab.
  if (size >= PAGE_SIZE >> 3) flags |= CFLGS_OFF_SLAB;
  if ((flags & SLAB_HWCACHE_ALIGN) !== 0) {
    // Small obj size, can get at least two per cache line.
    while (size < align / 2) align /= 2;
    size = (size + align - 1) & -align;
  }

  const slab = chooseSlabSize(k, cpu, cachep, size, flags);
  let { left_over } = slab;
  if (slab.num === 0) {
    k.printk(`kmem_cache_create: couldn't create cache ${name}.\n`);
    yield* kmem_cache_free(k, cpu, cache_cache, cachep);
    return NULL;
  }
  const slab_size = slabManagementSize(slab.num, config.L1_CACHE_BYTES);
  // Off-slab, but there is enough space on-slab, at the expense of any extra colouring.
  if ((flags & CFLGS_OFF_SLAB) !== 0 && left_over >= slab_size) {
    flags &= ~CFLGS_OFF_SLAB;
    left_over -= slab_size;
  }

  // Offset must be a multiple of the alignment.
  const offset = (requestedOffset + align - 1) & -align || config.L1_CACHE_BYTES;
  cpu.store32(cachep + kmem_cache_t.colour_off, offset);
  cpu.storeLong(cachep + kmem_cache_t.colour, colours(config, Math.floor(left_over / offset)));

  // init remaining fields
  if (slab.gfporder === 0 && (flags & CFLGS_OFF_SLAB) === 0) flags |= CFLGS_OPTIMIZE;
  cpu.store32(cachep + kmem_cache_t.flags, flags);
  cpu.store32(cachep + kmem_cache_t.gfpflags, 0);
  if ((flags & SLAB_CACHE_DMA) !== 0) cpu.store32(cachep + kmem_cache_t.gfpflags, GFP_DMA);
  else if (k.variant.storesTwice) cpu.store32(cachep + kmem_cache_t.gfpflags, 0);
  spin_lock_init(k, cpu, cachep + kmem_cache_t.spinlock);
  cpu.store32(cachep + kmem_cache_t.objsize, size);
  for (const { head, pointer } of k.slabLists) {
    INIT_LIST_HEAD(cpu, cachep + head);
    if (pointer !== null) cpu.storePtr(cachep + pointer, cachep + head);
  }
  if ((flags & CFLGS_OFF_SLAB) !== 0) {
    cpu.storePtr(cachep + kmem_cache_t.slabp_cache, kmem_find_general_cachep(k, cpu, slab_size, 0));
  }
  cpu.storePtr(cachep + kmem_cache_t.ctor, ctor === null ? NULL : k.addressOf(ctor));
  cpu.storePtr(cachep + kmem_cache_t.dtor, dtor === null ? NULL : k.addressOf(dtor));
  strcpy(cpu, cachep + kmem_cache_t.name, name);
  if (config.CONFIG_SMP && cpu.load32(k.g_cpucache_up) !== 0) yield* enable_cpucache(k, cpu, cachep);

  yield* down(k, cpu, k.cache_chain_sem);
  for (let p = k.slabOps.listStep(cpu, k.cache_chain); p !== k.cache_chain; p = k.slabOps.listStep(cpu, p)) {
    // The name field is constant - no lock needed.
    if (streq(cpu, p - kmem_cache_t.next + kmem_cache_t.name, name)) {
      slabBUG(k, 'createName');
    }
  }
  list_add(cpu, cachep + kmem_cache_t.next, k.cache_chain);
  yield* up(k, cpu, k.cache_chain_sem);
  return cachep;
}

/** DEBUG and FORCED_DEBUG: what cannot be honoured is dropped, red zones and poison are added wherever possible. */
function debugFlags(k: Slab24, name: string, size: number, requested: number, ctor: KernelFunction | null): number {
  let flags = requested;
  if ((flags & SLAB_DEBUG_INITIAL) !== 0 && ctor === null) {
    k.printk(`${func_nm}No con, but init state check requested - ${name}\n`);
    flags &= ~SLAB_DEBUG_INITIAL;
  }
  if ((flags & SLAB_POISON) !== 0 && ctor !== null) {
    k.printk(`${func_nm}Poisoning requested, but con given - ${name}\n`);
    flags &= ~SLAB_POISON;
  }
  // Do not red zone large objects: it causes severe fragmentation.
  if (size < PAGE_SIZE >> 3 && (flags & SLAB_MUST_HWCACHE_ALIGN) === 0) flags |= SLAB_RED_ZONE;
  if (ctor === null) flags |= SLAB_POISON;
  return flags;
}

interface SlabSize {
  readonly gfporder: number;
  readonly num: number;
  readonly left_over: number;
}

/**
 * Sets num and gfporder: the smallest slab with at most an eighth left over, but no larger than slab_break_gfp_order
 * unless not even one object fits.
 */
function chooseSlabSize(k: Slab24, cpu: Cpu, cachep: addr_t, size: number, flags: number): SlabSize {
  const { kmem_cache_t, config } = k;
  const estimate = (gfporder: number): SlabSize => {
    const { num, left_over } = kmem_cache_estimate(gfporder, size, flags, config.L1_CACHE_BYTES);
    cpu.store32(cachep + kmem_cache_t.num, num);
    return { gfporder, num, left_over };
  };
  for (let gfporder = cpu.load32(cachep + kmem_cache_t.gfporder); ; ) {
    const slab = estimate(gfporder);
    if (gfporder >= MAX_GFP_ORDER) return slab;
    if (slab.num > 0) {
      if ((flags & CFLGS_OFF_SLAB) !== 0 && slab.num > cpu.loadLong(k.offslab_limit)) {
        // Oops, this num of objs will cause problems: the order before it was fine.
        cpu.store32(cachep + kmem_cache_t.gfporder, gfporder - 1);
        return estimate(gfporder - 1);
      }
      // Large num of objs is good, but v. large slabs are currently bad for the gfp()s.
      if (gfporder >= cpu.load32(k.slab_break_gfp_order)) return slab;
      if (slab.left_over * 8 <= PAGE_SIZE << gfporder) return slab;
    }
    gfporder++;
    cpu.store32(cachep + kmem_cache_t.gfporder, gfporder);
  }
}

/** What stands in cachep->colour where a slab has room for `possible` colours. */
export function colours({ colouring }: SlabConfig, possible: number): number {
  if (typeof colouring === 'number') return Math.min(possible, colouring);
  return colouring ? possible : 0;
}
