/** include/linux/mm.h (2.4.22): how hard to look for a page, and where. */
import type { GfpNumbers } from '../linux-2.4/mm.ts';

export const __GFP_DMA = 0x01;
export const __GFP_HIGHMEM = 0x02;
export const __GFP_WAIT = 0x10;
export const __GFP_HIGH = 0x20;
export const __GFP_IO = 0x40;
export const __GFP_HIGHIO = 0x80;
export const __GFP_FS = 0x100;

export const GFP_NOHIGHIO = __GFP_HIGH | __GFP_WAIT | __GFP_IO;
export const GFP_NOIO = __GFP_HIGH | __GFP_WAIT;
export const GFP_NOFS = __GFP_HIGH | __GFP_WAIT | __GFP_IO | __GFP_HIGHIO;
export const GFP_ATOMIC = __GFP_HIGH;
export const GFP_USER = __GFP_WAIT | __GFP_IO | __GFP_HIGHIO | __GFP_FS;
export const GFP_HIGHUSER = GFP_USER | __GFP_HIGHMEM;
export const GFP_KERNEL = __GFP_HIGH | GFP_USER;
export const GFP_NFS = GFP_KERNEL;
export const GFP_KSWAPD = GFP_USER;
export const GFP_DMA = __GFP_DMA;
export const GFP_ZONEMASK = 0x0f;

/** As shared code asks for them. */
export const gfpNumbers: GfpNumbers = {
  ...{ __GFP_WAIT, __GFP_HIGH, __GFP_IO, __GFP_DMA, GFP_ATOMIC, GFP_KERNEL, GFP_USER, GFP_DMA },
};
