/** The machine that a recording of 2.6.17 describes in its header. */
import * as z from 'zod';
import { cpuModels } from '../../../hw/cpu-models.ts';
import { Machine } from '../../../hw/machine.ts';
import { MiB, PAGE_SHIFT } from '../../../hw/memory.ts';
import { type Config26, numa26, smp26, up26 } from '../../../kernel/linux-2.6/config.ts';
import type { NodeLayout } from '../../../kernel/linux-2.6/nodes.ts';
import { task_struct } from '../../../kernel/linux-2.6/thread-info.ts';
import { structPage } from '../../../mm/linux-2.6.17/layouts.ts';
import { powerOn, start_kernel } from '../../../slab/linux-2.6.17/boot.ts';
import type { Linux2617 } from '../../../slab/linux-2.6.17/slab.ts';
import { powerOfTwo } from '../checked.ts';

export const MOST_MEMORY_MB = 512;
const pfn = z.int().min(0);

/** The first line of a case. Whatever else it says (how it was recorded) is let be. CPUs are all that may come up. */
export const caseHeader = z
  .object({
    allocator: z.string(),

    arch: z.enum(['i386', 'x86_64']),
    smp: z.boolean(),
    numa_nodes: z.int().min(1).max(8),
    max_numnodes: z.int().min(1).max(8),
    cpus: z.int().min(1).max(32),
    possible_cpus: z.int().min(1).max(32),
    nr_cpus: z.int().min(1).max(32),
    cpus_per_node: z.int().min(1).nullable(),
    l1_cache_bytes: powerOfTwo(16, 256),
    cache_line_size: powerOfTwo(16, 256),
    debug: z.boolean(),
    leak: z.boolean(),
    memory_mb: z.int().min(8).max(MOST_MEMORY_MB),
    reserved_pfns: z.array(z.tuple([pfn, pfn])),
    initial_jiffies: z.int(),
  })
  .refine(({ smp, possible_cpus }) => smp || possible_cpus === 1, {
    path: ['possible_cpus'],
    message: 'a build without SMP has one',
  })
  .refine(({ cpus, possible_cpus, nr_cpus }) => cpus <= possible_cpus && possible_cpus <= nr_cpus, {
    path: ['cpus'],
    message: 'more than possible_cpus, or these more than nr_cpus',
  })
  .refine(({ numa_nodes, max_numnodes }) => numa_nodes <= max_numnodes, {
    path: ['numa_nodes'],
    message: 'more than max_numnodes',
  })
  .refine(
    ({ reserved_pfns, memory_mb }) =>
      reserved_pfns.every(([first, last]) => first <= last && last < (memory_mb * MiB) >>> PAGE_SHIFT),
    { path: ['reserved_pfns'], message: 'not pairs of first and last page frame within memory' },
  )
  .transform((header) => ({ ...header, cpus: header.possible_cpus }));
export type CaseHeader = z.output<typeof caseHeader>;

export function configOf(header: CaseHeader): Config26 {
  const base = header.max_numnodes > 1 ? numa26 : header.smp ? smp26 : up26;
  return {
    ...base,
    NR_CPUS: header.nr_cpus,
    MAX_NUMNODES: header.max_numnodes,
    L1_CACHE_BYTES: header.l1_cache_bytes,
    cache_line_size: header.cache_line_size,
    CONFIG_DEBUG_SLAB: header.debug,
    CONFIG_DEBUG_SLAB_LEAK: header.leak,
  };
}

/** Equal parts of memory, and CPUs by turns of `cpus_per_node`. */
function nodesOf({ numa_nodes, cpus_per_node, possible_cpus, memory_mb }: CaseHeader): readonly NodeLayout[] {
  const pages = (memory_mb * MiB) >>> PAGE_SHIFT;
  const all = Array.from({ length: possible_cpus }, (_, cpu) => cpu);
  return Array.from({ length: numa_nodes }, (_, node) => ({
    startPfn: (pages / numa_nodes) * node,
    endPfn: (pages / numa_nodes) * (node + 1),
    cpus: all.filter((cpu) => Math.floor(cpu / (cpus_per_node ?? possible_cpus)) === node),
  }));
}

/** A machine as the recording had it, with the kernel's statics in memory of their own above its RAM. */
export function powerOnFor(header: CaseHeader): Linux2617 {
  const config = configOf(header);
  const ram = header.memory_mb * MiB;
  const mem_map = (ram >>> PAGE_SHIFT) * structPage(config).sizeof;
  const statics = Math.ceil(mem_map / MiB + 3) * MiB;
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: header.possible_cpus, memory: ram + statics });
  const k = powerOn(machine, config, {
    ram,
    reservedPfns: header.reserved_pfns,
    staticsAt: ram,
    nodes: nodesOf(header),
  });
  // The recorded kernel's tasks are stand-ins, all zeros: of realtime priority.
  for (const { id } of machine.cpus) {
    machine.memory.poke32(k.symbols.address(`task_struct[${id}]`) + task_struct.prio, 0);
  }
  return k;
}

/** What tells one kernel build and machine from another where no recording fixes the addresses. */
export interface Build {
  readonly smp: boolean;
  readonly debug: boolean;
  readonly max_numnodes: number;
  readonly l1_cache_bytes: number;
  readonly memory_mb: number;
}

/** A booted kernel on one CPU of each node, reserving what the recordings reserve. */
export function bootBuild({ max_numnodes, l1_cache_bytes, ...build }: Build): Linux2617 {
  const numa_nodes = Math.min(max_numnodes, 2);
  const k = powerOnFor({
    ...build,
    allocator: '',
    arch: 'i386',
    numa_nodes,
    max_numnodes,
    cpus: numa_nodes,
    possible_cpus: numa_nodes,
    nr_cpus: build.smp ? 8 : 1,
    cpus_per_node: 1,
    l1_cache_bytes,
    cache_line_size: l1_cache_bytes,
    leak: false,
    reserved_pfns: [
      [0, 0],
      [160, 767],
    ],
    initial_jiffies: 0,
  });
  k.machine.run(k.machine.cpus[0], start_kernel(k, k.machine.cpus[0]));
  return k;
}
