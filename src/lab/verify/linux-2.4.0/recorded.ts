/** What 2.4.0 has of its own where its recordings are replayed. */
import { irqCpustat } from '../../../kernel/linux-2.4.0/hardirq.ts';
import * as task from '../../../kernel/linux-2.4.0/task.ts';
import { zoneStates } from '../../../mm/linux-2.4.0/buddyinfo.ts';
import * as gfp from '../../../mm/linux-2.4.0/gfp.ts';
import * as mm from '../../../mm/linux-2.4.0/mm.ts';
import { kmemCache } from '../../../slab/linux-2.4/slab.ts';
import { powerOn } from '../../../slab/linux-2.4.0/boot.ts';
import { kmem_cache_reap } from '../../../slab/linux-2.4.0/reap.ts';
import { kmem_cache_shrink } from '../../../slab/linux-2.4.0/shrink.ts';
import { type Linux240, variant } from '../../../slab/linux-2.4.0/slab.ts';
import { readSlabinfo } from '../../../slab/linux-2.4.0/slabinfo.ts';
import type { Recorded24 } from '../linux-2.4/recorded.ts';
import { hex, slabSnapshot, zonesSnapshot } from '../linux-2.4/snapshots.ts';

export const recorded240: Recorded24<Linux240> = {
  version: '2.4.0',
  powerOn,
  structures: (config) => {
    const zone_struct = mm.zoneStruct(config);
    return {
      page: mm.structPage(config),
      zone_struct,
      pg_data_t: mm.pgData(zone_struct),
      zonelist_struct: mm.zonelist_struct,
      freepages_t: mm.freepages_t,
      irq_cpustat_t: irqCpustat(config),
      task_struct: { ...task.task_struct, sizeof: task.task_struct_sizeof(config) },
      kmem_cache_t: kmemCache(variant.slabFields, config),
    };
  },
  constants: { ...gfp, ...mm, ...task, CREATE_MASK: variant.CREATE_MASK, SLAB_LEVEL_MASK: variant.SLAB_LEVEL_MASK },

  kmem_cache_shrink,
  // Unlike ours, the kernel's own returns nothing.
  *reap(k, cpu, gfp_mask) {
    yield* kmem_cache_reap(k, cpu, gfp_mask);
    return null;
  },
  readSlabinfo,

  buddySnapshot: (k) => {
    const peek = (address: number) => k.machine.memory.peek32(address);
    const { min, low, high } = mm.freepages_t;
    return {
      memory_pressure: peek(k.memory_pressure),
      freepages: [min, low, high].map((mark) => peek(k.freepages + mark)),
      zones: zonesSnapshot(zoneStates(k)),
    };
  },
  slabsSnapshot: (k, { cachep, slabs }) => {
    const firstnotfull = k.machine.memory.peek32(cachep + k.kmem_cache_t.firstnotfull);
    const index = slabs.findIndex(({ slabp }) => slabp === firstnotfull);
    return {
      slabs: slabs.map(slabSnapshot),
      firstnotfull: firstnotfull === cachep + k.kmem_cache_t.slabs ? null : hex(firstnotfull),
      firstnotfull_index: index,
    };
  },
};
