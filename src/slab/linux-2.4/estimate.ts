/** How many objects fit a slab: mm/slab.c, kmem_cache_estimate(), and the choice of a slab's size in kmem_cache_create(). */
import { PAGE_SIZE } from '../../hw/memory.ts';
import { CFLGS_OFF_SLAB, kmem_bufctl_t, SLAB_LIMIT, slab_t } from './slab.ts';

/** What a slab's size depends on besides its cache: other architectures have other pages and wider pointers. */
export interface Architecture {
  readonly PAGE_SIZE: number;
  readonly sizeof_slab_t: number;
}

export const i386: Architecture = { PAGE_SIZE, sizeof_slab_t: slab_t.sizeof };

/** Bytes of a slab's management: slab_t and `num` bufctls, up to a cache line. */
export function slabManagementSize(num: number, L1_CACHE_BYTES: number, { sizeof_slab_t } = i386): number {
  return L1_CACHE_ALIGN(sizeof_slab_t + num * kmem_bufctl_t.sizeof, L1_CACHE_BYTES);
}

export function L1_CACHE_ALIGN(n: number, L1_CACHE_BYTES: number): number {
  return (n + L1_CACHE_BYTES - 1) & -L1_CACHE_BYTES;
}

/** Objects of `size` bytes in a slab of 2^gfporder pages, and the bytes left over. */
export function kmem_cache_estimate(
  gfporder: number,
  size: number,
  flags: number,
  L1_CACHE_BYTES: number,
  architecture = i386,
): { num: number; left_over: number } {
  const bytes = architecture.PAGE_SIZE << gfporder;
  const onSlab = (flags & CFLGS_OFF_SLAB) === 0;
  const management = (num: number) => (onSlab ? slabManagementSize(num, L1_CACHE_BYTES, architecture) : 0);
  let i = 0;
  while (i * size + management(i) <= bytes) i++;
  const num = Math.min(Math.max(i - 1, 0), SLAB_LIMIT);
  return { num, left_over: bytes - num * size - management(num) };
}
