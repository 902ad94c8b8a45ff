/** Compares our structures and constants with layouts.json of test/golden: every build, every field, as compiled. */
import * as z from 'zod';
import { PAGE_OFFSET } from '../../../kernel/kernel.ts';
import { i386, x86_64 } from '../../../kernel/linux-2.6/abi.ts';
import { type Config26, HZ, INITIAL_JIFFIES, numa26, smp26, up26 } from '../../../kernel/linux-2.6/config.ts';
import * as kernel from '../../../kernel/linux-2.6/layouts.ts';
import { spinlockType } from '../../../kernel/lock-types.ts';
import { type CType, u32 } from '../../../kernel/struct.ts';
import * as gfp from '../../../mm/linux-2.6.17/gfp.ts';
import * as mm from '../../../mm/linux-2.6.17/layouts.ts';
import * as debug from '../../../slab/linux-2.6.17/debug.ts';
import * as flags from '../../../slab/linux-2.6.17/flags.ts';
import * as slab from '../../../slab/linux-2.6.17/layouts.ts';
import * as list3 from '../../../slab/linux-2.6.17/list3.ts';
import { checked, jsonDocument, powerOfTwo } from '../checked.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';

const recordedBuild = z.looseObject({
  config: z.object({
    arch: z.enum(['i386', 'x86_64']),
    smp: z.boolean(),
    numa: z.boolean(),
    l1_cache_bytes: powerOfTwo(16, 256),
    debug: z.boolean(),
    leak: z.boolean(),
  }),
  constants: z.looseObject({
    NR_CPUS: z.int().min(1).max(32),
    MAX_NUMNODES: z.int().min(1).max(8),
    cache_line_size: powerOfTwo(16, 256),
  }),
  page_constants: z.record(z.string(), z.number()),
  malloc_sizes: z.array(z.int()),
});
type RecordedBuild = z.output<typeof recordedBuild>;
const recordedStruct = z.looseObject({ sizeof: z.int().min(0) });
const layouts = z.object({ builds: z.record(z.string(), recordedBuild) });

export const looksLikeLayouts = (text: string) => /"builds"\s*:/.test(text);

/** One case a build. */
export function verifyLayouts(text: string, file: string): CaseOutcome[] {
  const remedy = 'layouts.json has "builds": by name the structures, their fields as [offset, size], and the constants';
  const { builds } = checked(layouts, jsonDocument(text, file), file, remedy);
  return Object.entries(builds).map(([build, recorded]) => compareBuild(`linux-2.6.17/layouts (${build})`, recorded));
}

function compareBuild(name: string, recorded: RecordedBuild): CaseOutcome {
  const comparison = new Comparison(name, 'fields and constants');
  const config = configOf(recorded);
  for (const [struct, type] of Object.entries(structures)) {
    const expected = recordedStruct.parse(recorded[struct]);
    const ours = type(config) as CType & Readonly<Record<string, number>>;
    for (const [field, at] of Object.entries(expected)) {
      const offset = Array.isArray(at) ? at[0] : at;
      comparison.compare(() => `${struct}.${field}`, offset, ours[field]);
    }
  }
  comparison.compare(() => 'malloc_sizes', recorded.malloc_sizes, slab.kmallocSizes(config));
  const constants: Readonly<Record<string, unknown>> = {
    ...constantsOfAllBuilds,
    ...mm.pageLinks(config),
    CREATE_MASK: slab.createMask(config),
    // The direct map of x86-64 stands elsewhere in recordings than in the kernel.
    ...(recorded.config.arch === 'i386' && { PAGE_OFFSET }),
  };
  for (const [constant, value] of Object.entries({ ...recorded.constants, ...recorded.page_constants })) {
    const ours = constants[constant];
    if (typeof ours === 'number') comparison.compare(() => constant, value, ours >>> 0);
  }
  return comparison.outcome();
}

function configOf({ config, constants }: RecordedBuild): Config26 {
  const base = config.numa ? numa26 : config.smp ? smp26 : up26;
  return {
    ...base,
    abi: config.arch === 'i386' ? i386 : x86_64,
    NR_CPUS: constants.NR_CPUS,
    MAX_NUMNODES: constants.MAX_NUMNODES,
    L1_CACHE_BYTES: config.l1_cache_bytes,
    cache_line_size: constants.cache_line_size,
    CONFIG_DEBUG_SLAB: config.debug,
    CONFIG_DEBUG_SLAB_LEAK: config.leak,
  };
}

const structures: Readonly<Record<string, (config: Config26) => CType>> = {
  kmem_cache: slab.kmemCacheType,
  slab: slab.slabType,
  slab_rcu: slab.slabRcuType,
  array_cache: slab.arrayCacheType,
  arraycache_init: slab.arraycacheInitType,
  kmem_list3: slab.kmemList3Type,
  cache_sizes: slab.cacheSizesType,
  list_head: ({ abi }) => abi.list_head,
  rcu_head: ({ abi }) => abi.rcu_head,
  work_struct: kernel.workStruct,
  mutex: kernel.mutexStruct,
  page: mm.structPage,
  free_area: mm.freeArea,
  per_cpu_pages: mm.perCpuPages,
  per_cpu_pageset: mm.perCpuPageset,
  zone: mm.zoneStruct,
  zonelist: mm.zonelistStruct,
  pglist_data: mm.pgData,
  page_state: mm.pageState,
  spinlock_t: spinlockType,
  atomic_t: () => u32,
};

/** The constants that our sources name as the kernel does; those of the build itself are not compared with themselves. */
const constantsOfAllBuilds = { ...gfp, ...flags, ...mm, ...slab, ...list3, ...debug, HZ, INITIAL_JIFFIES };
