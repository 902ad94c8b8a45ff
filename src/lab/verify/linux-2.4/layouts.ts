/** Compares our structures and constants with layouts.json of test/golden: every build, every field, as compiled. */
import { z } from 'zod';
import { PAGE_OFFSET } from '../../../kernel/kernel.ts';
import * as task from '../../../kernel/linux-2.4/task.ts';
import { irqCpustat } from '../../../kernel/linux-2.4.22/hardirq.ts';
import * as ownTask from '../../../kernel/linux-2.4.22/task.ts';
import { list_head } from '../../../kernel/list.ts';
import { semaphoreType, spinlockType, waitQueueHead } from '../../../kernel/lock-types.ts';
import { type CType, u32 } from '../../../kernel/struct.ts';
import * as sharedMm from '../../../mm/linux-2.4/mm.ts';
import * as gfp from '../../../mm/linux-2.4.22/gfp.ts';
import * as mm from '../../../mm/linux-2.4.22/mm.ts';
import type { SlabConfig } from '../../../slab/linux-2.4/config.ts';
import * as debug from '../../../slab/linux-2.4/debug.ts';
import * as flags from '../../../slab/linux-2.4/flags.ts';
import * as slab from '../../../slab/linux-2.4/slab.ts';
import { checked, jsonDocument, powerOfTwo } from '../checked.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';

const fields = z.record(z.string(), z.tuple([z.int().min(0), z.int().min(0)]));
const recordedStruct = z.object({ sizeof: z.int().min(0), fields });
const recordedBuild = z.object({
  smp: z.boolean(),
  nr_cpus: z.int().min(1).max(32),
  l1_cache_bytes: powerOfTwo(16, 256),
  debug: z.boolean(),
  consts: z.record(z.string(), z.number()),
  structs: z.looseObject({ spinlock_t: recordedStruct }).catchall(recordedStruct),
});
type RecordedBuild = z.output<typeof recordedBuild>;
const layouts = z.object({ configs: z.record(z.string(), recordedBuild) });

export const looksLikeLayouts = (text: string) => /"configs"\s*:/.test(text);

/** One case a build. */
export function verifyLayouts(text: string, file: string): CaseOutcome[] {
  const remedy =
    'layouts.json has "configs": by build its structures, their fields as [offset, size], and its constants';
  const { configs } = checked(layouts, jsonDocument(text, file), file, remedy);
  return Object.entries(configs).map(([build, recorded]) => {
    const name = `linux-2.4.22/layouts (${build})`;
    return compareBuild(name, recorded);
  });
}

function compareBuild(name: string, recorded: RecordedBuild): CaseOutcome {
  const comparison = new Comparison(name, 'fields and constants');
  const config: SlabConfig = {
    CONFIG_SMP: recorded.smp,
    CONFIG_DEBUG_SLAB: recorded.debug,
    NR_CPUS: recorded.nr_cpus,
    L1_CACHE_BYTES: recorded.l1_cache_bytes,
    spinlockBytes: recorded.structs.spinlock_t.sizeof === 0 ? 0 : 4,
    colouring: true,
  };
  const structures = structuresOf(config);
  for (const [struct, { sizeof, fields }] of Object.entries(recorded.structs)) {
    const ours = structures[struct] as (CType & Record<string, number>) | undefined;
    comparison.compare(() => `sizeof(${struct})`, sizeof, ours?.sizeof);
    for (const [field, [offset]] of Object.entries(fields)) {
      comparison.compare(() => `${struct}.${field}`, offset, ours?.[field]);
    }
  }
  const constants = constantsOf(recorded, config);
  for (const [constant, value] of Object.entries(recorded.consts)) {
    if (constant in constants) comparison.compare(() => constant, value, constants[constant]);
  }
  return comparison.outcome();
}

function structuresOf(config: SlabConfig): Record<string, CType> {
  const zone_struct = mm.zoneStruct(config);
  const task_struct = { ...ownTask.task_struct, sizeof: ownTask.task_struct_sizeof(config.CONFIG_SMP) };
  return {
    list_head,
    spinlock_t: spinlockType(config),
    atomic_t: u32,
    kmem_bufctl_t: slab.kmem_bufctl_t,
    semaphore: semaphoreType(config),
    slab_t: slab.slab_t,
    cpucache_t: slab.cpucache_t,
    kmem_cache_t: slab.kmemCache(config),
    cache_sizes_t: slab.cache_sizes_t,
    'cache_sizes[]': { sizeof: slab.cache_sizes_t.sizeof * slab.general_sizes.length, align: 4 },
    ccupdate_array_entry: u32,
    page: mm.struct_page,
    free_area_struct: sharedMm.free_area_struct,
    zone_struct,
    zonelist_struct: mm.zonelist_struct,
    pg_data_t: mm.pgData(zone_struct),
    wait_queue_head_t: waitQueueHead(config),
    irq_cpustat_t: irqCpustat(config),
    task_struct,
  };
}

/** The constants that our sources name as the kernel does; those of the build itself are not compared with themselves. */
function constantsOf({ consts }: RecordedBuild, config: SlabConfig): Record<string, number> {
  const named: Record<string, unknown> = {
    ...gfp,
    ...sharedMm,
    ...mm,
    ...flags,
    ...slab,
    ...debug,
    ...task,
    ...ownTask,
    PAGE_OFFSET,
    CREATE_MASK: slab.createMask(config),
  };
  const constants: Record<string, number> = {};
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'number' && name in consts) constants[name] = value >>> 0;
  }
  return constants;
}
