/** What 2.4.22 has of its own where its recordings are replayed. */
import { irqCpustat } from '../../../kernel/linux-2.4.22/hardirq.ts';
import * as task from '../../../kernel/linux-2.4.22/task.ts';
import { zoneStates } from '../../../mm/linux-2.4.22/buddyinfo.ts';
import * as gfp from '../../../mm/linux-2.4.22/gfp.ts';
import * as mm from '../../../mm/linux-2.4.22/mm.ts';
import type { SlabState } from '../../../slab/allocator.ts';
import { kmemCache } from '../../../slab/linux-2.4/slab.ts';
import { powerOn } from '../../../slab/linux-2.4.22/boot.ts';
import { kmem_cache_reap } from '../../../slab/linux-2.4.22/reap.ts';
import { kmem_cache_shrink } from '../../../slab/linux-2.4.22/shrink.ts';
import { type Linux2422, variant } from '../../../slab/linux-2.4.22/slab.ts';
import { readSlabinfo } from '../../../slab/linux-2.4.22/slabinfo.ts';
import type { Recorded24 } from '../linux-2.4/recorded.ts';
import { slabSnapshot, zonesSnapshot } from '../linux-2.4/snapshots.ts';

export const recorded2422: Recorded24<Linux2422> = {
  version: '2.4.22',
  powerOn,
  structures: (config) => {
    const zone_struct = mm.zoneStruct(config);
    return {
      page: mm.struct_page,
      zone_struct,
      pg_data_t: mm.pgData(zone_struct),
      zonelist_struct: mm.zonelist_struct,
      irq_cpustat_t: irqCpustat(config),
      task_struct: { ...task.task_struct, sizeof: task.task_struct_sizeof(config.CONFIG_SMP) },
      kmem_cache_t: kmemCache(variant.slabFields, config),
    };
  },
  constants: { ...gfp, ...mm, ...task, CREATE_MASK: variant.CREATE_MASK, SLAB_LEVEL_MASK: variant.SLAB_LEVEL_MASK },

  kmem_cache_shrink,
  reap: kmem_cache_reap,
  readSlabinfo,

  buddySnapshot: (k) => ({ zones: zonesSnapshot(zoneStates(k)) }),
  slabsSnapshot: (_, { slabs }) => {
    const those = (list: SlabState['list']) => slabs.filter((slab) => slab.list === list).map(slabSnapshot);
    return { full: those('full'), partial: those('partial'), free: those('free') };
  },
};
