/** `slabscope/kernel`: a kernel booted on a machine, its allocator, and what drivers of one's own call. */
export type { Random } from '../base/random.ts';
export { KernelBug } from '../kernel/bug.ts';
export type { KernelConfig } from '../kernel/config.ts';
export {
  claim_dma_lock,
  clear_dma_ff,
  DMA_MODE_READ,
  DMA_MODE_WRITE,
  disable_dma,
  enable_dma,
  free_dma,
  get_dma_residue,
  release_dma_lock,
  request_dma,
  set_dma_addr,
  set_dma_count,
  set_dma_mode,
} from '../kernel/dma.ts';
export { inb, outb } from '../kernel/io.ts';
export type { BootLayout, Kernel, KernelFunction } from '../kernel/kernel.ts';
export type { Semaphore, WaitQueueHead } from '../kernel/lock-types.ts';
export { Corruption, StoresInFlight } from '../kernel/peek-list.ts';
export { type CType, ptr, type Struct, struct, u32 } from '../kernel/struct.ts';
export type { Symbols } from '../kernel/symbols.ts';
export { init_waitqueue_head, wait_event, wake_up } from '../kernel/wait.ts';
export type {
  ArrayLevel,
  CacheOptions,
  CacheState,
  CpuArrayState,
  Place,
  Role,
  SlabAllocator,
  SlabState,
} from '../slab/allocator.ts';
export { boot } from '../slab/boot.ts';
export type { CacheFlags, Features, Gfp, IntendedRace, KernelFacts, Limits, RaceSide } from '../slab/kernel-facts.ts';
export type { BuildOptions, KernelVersion } from '../slab/kernel-version.ts';
export { kernels } from '../slab/kernels.ts';
