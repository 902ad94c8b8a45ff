/** The door of 2.6.17. */
import { InputError } from '../../base/input-error.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import type { KernelConfig } from '../../kernel/config.ts';
import { type Config26, numa26, smp26, up26 } from '../../kernel/linux-2.6/config.ts';
import { GFP_ATOMIC, GFP_DMA, GFP_KERNEL, GFP_USER } from '../../mm/linux-2.6.17/gfp.ts';
import { MAX_ORDER, structPage } from '../../mm/linux-2.6.17/layouts.ts';
import type { KernelVersion } from '../kernel-version.ts';
import { Slab2617 } from './allocator.ts';
import { bootLinux2617 } from './boot.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN } from './flags.ts';
import { intendedRaces } from './intended-races.ts';
import { MAX_OBJ_ORDER } from './layouts.ts';

/** As many as a machine may have. */
const NR_CPUS = 32;

export const linux2617: KernelVersion = {
  name: '2.6.17-g4776874',
  summary: '2006: lists of slabs by node; per-CPU, shared and alien arrays, emptied every two seconds; colouring',
  features: {
    ...{ cpuArrays: 'always', colouring: true, debug: true, alignment: 'bytes' },
    ...{ sharedArrays: true, nodes: true },
  },
  limits: {
    // A name stays where its owner has it.
    longestName: Infinity,
    isTaken: (name) => /^kmem_cache$|^size-\d+(\(DMA\))?$/.test(name),
    smallestObject: up26.abi.ptr.sizeof,
    largestObject: PAGE_SIZE << MAX_OBJ_ORDER,
    largestBlock: PAGE_SIZE << (MAX_ORDER - 1),
    smallestArray: 1,
  },
  gfp: { GFP_KERNEL, GFP_ATOMIC, GFP_USER, GFP_DMA },
  flags: { SLAB_HWCACHE_ALIGN, SLAB_CACHE_DMA },
  intendedRaces,

  /** Without a third number the shared array stays as large as it is: Slab2617.tune(). */
  tuning: (cache, limit, batchcount, shared) =>
    shared === undefined ? `${cache} ${limit} ${batchcount}` : `${cache} ${limit} ${batchcount} ${shared}`,

  /** Assigned, not spread: V8 gives what is spread another shape after some builds, and would compile the kernel anew for it. */
  config: ({
    smp = true,
    numa = true,
    debug = false,
    l1CacheBytes,
    nodes,
    isa = false,
    colouring = true,
  }): Config26 => {
    if (l1CacheBytes < 16 || l1CacheBytes > 128 || (l1CacheBytes & (l1CacheBytes - 1)) !== 0) {
      throw new InputError('kernel', `built for lines of ${l1CacheBytes} bytes`, 'lines are 16, 32, 64 or 128 bytes');
    }
    if (isa) throw new InputError('kernel', '2.6.17 with the ISA DMA channels', '2.4.22 has them');
    // A uniprocessor's build knows no nodes.
    const CONFIG_NUMA = smp && numa && nodes > 1;
    return Object.assign({}, CONFIG_NUMA ? numa26 : smp ? smp26 : up26, {
      NR_CPUS: smp ? NR_CPUS : 1,
      MAX_NUMNODES: CONFIG_NUMA ? 1 << (32 - Math.clz32(nodes - 1)) : 1,
      CONFIG_DEBUG_SLAB: debug,
      L1_CACHE_BYTES: l1CacheBytes,
      cache_line_size: l1CacheBytes,
      colouring,
    });
  },
  /** Of the idle task, of tasks, of keventd. */
  stacks: 3,
  memMapBytes: (config, ram) => (ram >>> PAGE_SHIFT) * structPage(config as Config26).sizeof,
  boot: (machine, config: KernelConfig, layout) =>
    new Slab2617(linux2617, bootLinux2617(machine, config as Config26, layout)),
};
