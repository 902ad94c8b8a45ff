/**
 * What kmem_cache_create() and enable_cpucache() of 2.4 compute, as a pure function: for kernels that cannot run here,
 * whose words or pages are not those of i386.
 */
import { type Architecture, kmem_cache_estimate } from '../../../slab/linux-2.4/estimate.ts';
import {
  BREAK_GFP_ORDER_HI,
  BREAK_GFP_ORDER_LO,
  CFLGS_OFF_SLAB,
  kmem_bufctl_t,
  MAX_GFP_ORDER,
} from '../../../slab/linux-2.4/slab.ts';

export interface GeometryOptions {
  readonly architecture: Architecture;
  readonly L1_CACHE_BYTES: number;
  /** slab_break_gfp_order. */
  readonly breakOrder: number;
}

/** slab_t is a list, two words, two counts. */
export function architectureOf({ wordBytes, pageSizeBytes }: { wordBytes: number; pageSizeBytes: number }) {
  return { PAGE_SIZE: pageSizeBytes, sizeof_slab_t: 4 * wordBytes + 2 * kmem_bufctl_t.sizeof };
}

/** Bigger page orders only on machines with more than 32 MB. */
export const breakOrderOf = (ram: number) => (ram > 32 << 20 ? BREAK_GFP_ORDER_HI : BREAK_GFP_ORDER_LO);

/**
 * Objects a slab and its order, for objects of `size` bytes all told. offslab_limit is not asked: below the break order
 * a slab of objects of an eighth of a page holds 32 at most.
 */
export function slabGeometry(
  size: number,
  offSlab: boolean,
  { architecture, L1_CACHE_BYTES, breakOrder }: GeometryOptions,
): { num: number; gfporder: number } {
  for (let gfporder = 0; ; gfporder++) {
    const flags = offSlab ? CFLGS_OFF_SLAB : 0;
    const { num, left_over } = kmem_cache_estimate(gfporder, size, flags, L1_CACHE_BYTES, architecture);
    if (gfporder >= MAX_GFP_ORDER) return { num, gfporder };
    if (num > 0 && (gfporder >= breakOrder || left_over * 8 <= architecture.PAGE_SIZE << gfporder)) {
      return { num, gfporder };
    }
  }
}

/** Entries of a per-CPU array; 0 means none. */
export function cpuArrayLimit(size: number, { PAGE_SIZE }: Architecture): number {
  if (size > PAGE_SIZE) return 0;
  return size > 1024 ? 60 : size > 256 ? 124 : 252;
}
