/** include/linux/mm.h (2.4.0): how hard to look for a page, and where. The numbers are not those of 2.4.22. */
import type { GfpNumbers } from '../linux-2.4/mm.ts';

export const __GFP_WAIT = 0x01;
export const __GFP_HIGH = 0x02;
export const __GFP_IO = 0x04;
export const __GFP_DMA = 0x08;
/** Without CONFIG_HIGHMEM a request for any memory asks for nothing. */
export const __GFP_HIGHMEM = 0;

export const GFP_BUFFER = __GFP_HIGH | __GFP_WAIT;
export const GFP_ATOMIC = __GFP_HIGH;
export const GFP_USER = __GFP_WAIT | __GFP_IO;
export const GFP_HIGHUSER = GFP_USER | __GFP_HIGHMEM;
export const GFP_KERNEL = __GFP_HIGH | __GFP_WAIT | __GFP_IO;
export const GFP_NFS = GFP_KERNEL;
export const GFP_KSWAPD = __GFP_IO;
export const GFP_DMA = __GFP_DMA;

/** As shared code asks for them. */
export const gfpNumbers: GfpNumbers = {
  ...{ __GFP_WAIT, __GFP_HIGH, __GFP_IO, __GFP_DMA, GFP_ATOMIC, GFP_KERNEL, GFP_USER, GFP_DMA },
};
