/** How a 2.6 kernel was built: what its structures' layouts and its #ifdefs depend on. */
import type { KernelConfig } from '../config.ts';
import { type Abi, i386 } from './abi.ts';

export interface Config26 extends KernelConfig {
  readonly abi: Abi;
  readonly CONFIG_NUMA: boolean;
  /** DEBUG, STATS and FORCED_DEBUG of slab.c. */
  readonly CONFIG_DEBUG_SLAB: boolean;
  /** 1 without CONFIG_NUMA. */
  readonly MAX_NUMNODES: number;
  /** The report of who allocated what: /proc/slab_allocators. With CONFIG_DEBUG_SLAB only. */
  readonly CONFIG_DEBUG_SLAB_LEAK: boolean;
  /** What boot finds the CPU's line to be; L1_CACHE_BYTES is what the compiler was told. */
  readonly cache_line_size: number;
  /** False stores 0 in cachep->colour at creation, a number at most that; from power-on, and nothing else differs. */
  readonly colouring: boolean | number;
}

export const up26: Config26 = {
  abi: i386,
  CONFIG_SMP: false,
  CONFIG_NUMA: false,
  CONFIG_DEBUG_SLAB: false,
  CONFIG_DEBUG_SLAB_LEAK: false,
  NR_CPUS: 1,
  MAX_NUMNODES: 1,
  L1_CACHE_BYTES: 64,
  cache_line_size: 64,
  spinlockBytes: 0,
  colouring: true,
};

export const smp26: Config26 = { ...up26, CONFIG_SMP: true, NR_CPUS: 8, spinlockBytes: 4 };

export const numa26: Config26 = { ...smp26, CONFIG_NUMA: true, MAX_NUMNODES: 2 };

/** include/linux/jiffies.h: ticks a second, and a start five minutes before the counter wraps. */
export const HZ = 250;
export const INITIAL_JIFFIES = -300 * HZ;
