/** Compares our structures and constants with layouts.json of test/golden: every build, every field, as compiled. */
import * as z from 'zod';
import { PAGE_OFFSET } from '../../../kernel/kernel.ts';
import * as task from '../../../kernel/linux-2.4/task.ts';
import { list_head } from '../../../kernel/list.ts';
import { semaphoreType, spinlockType, waitQueueHead } from '../../../kernel/lock-types.ts';
import { type CType, u32 } from '../../../kernel/struct.ts';
import * as mm from '../../../mm/linux-2.4/mm.ts';
import type { SlabConfig } from '../../../slab/linux-2.4/config.ts';
import * as debug from '../../../slab/linux-2.4/debug.ts';
import * as flags from '../../../slab/linux-2.4/flags.ts';
import * as slab from '../../../slab/linux-2.4/slab.ts';
import { checked, jsonDocument, powerOfTwo } from '../checked.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';
import type { Recorded24 } from './recorded.ts';

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

/** Of a version whose kmem_cache_t has this field. */
export const looksLikeLayouts = (field: string) => (text: string) =>
  /"configs"\s*:/.test(text) && text.includes(`"${field}"`);

/** One case a build. */
export function verifyLayouts(version: Recorded24, text: string, file: string): CaseOutcome[] {
  const remedy =
    'layouts.json has "configs": by build its structures, their fields as [offset, size], and its constants';
  const { configs } = checked(layouts, jsonDocument(text, file), file, remedy);
  return Object.entries(configs).map(([build, recorded]) => {
    const name = `linux-${version.version}/layouts (${build})`;
    return compareBuild(version, name, recorded);
  });
}

function compareBuild(version: Recorded24, name: string, recorded: RecordedBuild): CaseOutcome {
  const comparison = new Comparison(name, 'fields and constants');
  const config: SlabConfig = {
    CONFIG_SMP: recorded.smp,
    CONFIG_DEBUG_SLAB: recorded.debug,
    NR_CPUS: recorded.nr_cpus,
    L1_CACHE_BYTES: recorded.l1_cache_bytes,
    spinlockBytes: recorded.structs.spinlock_t.sizeof === 0 ? 0 : 4,
    colouring: true,
  };
  const structures = structuresOf(version, config);
  for (const [struct, { sizeof, fields }] of Object.entries(recorded.structs)) {
    const ours = structures[struct] as (CType & Record<string, number>) | undefined;
    comparison.compare(() => `sizeof(${struct})`, sizeof, ours?.sizeof);
    for (const [field, [offset]] of Object.entries(fields)) {
      comparison.compare(() => `${struct}.${field}`, offset, ours?.[field]);
    }
  }
  const constants = constantsOf(version, recorded);
  for (const [constant, value] of Object.entries(recorded.consts)) {
    if (constant in constants) comparison.compare(() => constant, value, constants[constant]);
  }
  return comparison.outcome();
}

function structuresOf(version: Recorded24, config: SlabConfig): Record<string, CType> {
  return {
    list_head,
    spinlock_t: spinlockType(config),
    atomic_t: u32,
    kmem_bufctl_t: slab.kmem_bufctl_t,
    semaphore: semaphoreType(config),
    slab_t: slab.slab_t,
    cpucache_t: slab.cpucache_t,
    cache_sizes_t: slab.cache_sizes_t,
    'cache_sizes[]': { sizeof: slab.cache_sizes_t.sizeof * slab.general_sizes.length, align: 4 },
    ccupdate_array_entry: u32,
    free_area_struct: mm.free_area_struct,
    wait_queue_head_t: waitQueueHead(config),
    ...version.structures(config),
  };
}

/** The constants that our sources name as the kernel does; those of the build itself are not compared with themselves. */
function constantsOf(version: Recorded24, { consts, debug: debugging }: RecordedBuild): Record<string, number> {
  const named: Record<string, unknown> = {
    ...mm,
    ...flags,
    ...slab,
    ...debug,
    ...task,
    ...version.constants,
    PAGE_OFFSET,
  };
  const constants: Record<string, number> = {};
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'number' && name in consts) constants[name] = value >>> 0;
  }
  if (debugging) constants.CREATE_MASK |= slab.DEBUG_FLAGS;
  return constants;
}
