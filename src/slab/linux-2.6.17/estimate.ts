/** How many objects fit a slab, and how large a slab should be: mm/slab.c, cache_estimate() and calculate_slab_order(). */
import type { Cpu } from '../../hw/cpu.ts';
import { PAGE_SIZE } from '../../hw/memory.ts';
import type { Config26 } from '../../kernel/linux-2.6/config.ts';
import type { Linux26 } from '../../kernel/linux-2.6/kernel.ts';
import { cpuinfo_x86 } from '../../kernel/linux-2.6/layouts.ts';
import { roundUp } from '../../kernel/struct.ts';
import { SLAB_RECLAIM_ACCOUNT } from './flags.ts';
import { CFLGS_OFF_SLAB, MAX_GFP_ORDER, SLAB_LIMIT } from './layouts.ts';

/** What manages a slab: bytes of struct slab, and of a bufctl for each object. */
export interface Management {
  readonly slab: number;
  readonly bufctl: number;
}

/** Bytes of a slab's management: struct slab and a bufctl an object, up to `align`. */
export function slab_mgmt_size({ slab, bufctl }: Management, nr_objs: number, align: number): number {
  return roundUp(slab + nr_objs * bufctl, align);
}

export interface SlabSize {
  readonly gfporder: number;
  readonly num: number;
  readonly left_over: number;
}

/** Objects of `buffer_size` bytes in a slab of 2^gfporder pages, and the bytes left over. */
export function cache_estimate(
  management: Management,
  gfporder: number,
  buffer_size: number,
  align: number,
  flags: number,
): SlabSize {
  const slab_size = PAGE_SIZE << gfporder;
  if ((flags & CFLGS_OFF_SLAB) !== 0) {
    const num = Math.min(Math.floor(slab_size / buffer_size), SLAB_LIMIT);
    return { gfporder, num, left_over: slab_size - num * buffer_size };
  }
  // Without the padding, so either the right amount, or one greater than what we want.
  let num = Math.floor((slab_size - management.slab) / (buffer_size + management.bufctl));
  if (slab_mgmt_size(management, num, align) + num * buffer_size > slab_size) num--;
  num = Math.min(num, SLAB_LIMIT);
  return { gfporder, num, left_over: slab_size - num * buffer_size - slab_mgmt_size(management, num, align) };
}

/** The slabs that calculate_slab_order() considers, the smallest first. */
export function* slabSizes(management: Management, size: number, align: number, flags: number): Iterable<SlabSize> {
  const offslab_limit = Math.floor((size - management.slab) / management.bufctl);
  for (let gfporder = 0; gfporder <= MAX_GFP_ORDER; gfporder++) {
    const slab = cache_estimate(management, gfporder, size, align, flags);
    if (slab.num === 0) continue;
    // Off-slab management of so many objects could need a slab of this very cache: cache_grow() would loop.
    if ((flags & CFLGS_OFF_SLAB) !== 0 && slab.num > offslab_limit) return;
    yield slab;
  }
}

/** Whether there is no need to look at a larger slab than this. */
export function isLargeEnough({ gfporder, left_over }: SlabSize, flags: number, breakOrder: () => number): boolean {
  // A VFS-reclaimable slab tends to have most allocations as GFP_NOFS: no higher-order pages when dcache cannot shrink.
  if ((flags & SLAB_RECLAIM_ACCOUNT) !== 0) return true;
  // Large number of objects is good, but very large slabs are currently bad for the gfp()s.
  if (gfporder >= breakOrder()) return true;
  // Acceptable internal fragmentation?
  return left_over * 8 <= PAGE_SIZE << gfporder;
}

/** What stands in cachep->colour where a slab has room for `possible` colours. */
export function colours({ colouring }: Config26, possible: number): number {
  if (typeof colouring === 'number') return Math.min(possible, colouring);
  return colouring ? possible : 0;
}

/** include/asm-i386/cache.h: the line that boot found the CPU to have, not the one that the kernel was built for. */
export function cache_line_size(k: Linux26, cpu: Cpu): number {
  return cpu.load32(k.boot_cpu_data + cpuinfo_x86.x86_cache_alignment);
}
