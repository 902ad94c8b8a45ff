/** The builds of 2.4. */
import type { KernelConfig } from '../../kernel/config.ts';

export interface SlabConfig extends KernelConfig {
  /** DEBUG, STATS and FORCED_DEBUG of slab.c. */
  readonly CONFIG_DEBUG_SLAB: boolean;
  /** False stores 0 in cachep->colour at creation, a number at most that; from power-on, and nothing else differs. */
  readonly colouring: boolean | number;
}

export const smpConfig: SlabConfig = {
  CONFIG_SMP: true,
  CONFIG_DEBUG_SLAB: false,
  NR_CPUS: 32,
  L1_CACHE_BYTES: 32,
  spinlockBytes: 4,
  colouring: true,
};

export const upConfig: SlabConfig = { ...smpConfig, CONFIG_SMP: false, NR_CPUS: 1, spinlockBytes: 0 };
