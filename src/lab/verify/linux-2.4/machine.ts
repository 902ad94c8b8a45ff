/** The machine that a recording of 2.4 describes in its header, and machines for dumps and geometry, which describe less. */
import * as z from 'zod';
import { cpuModels } from '../../../hw/cpu-models.ts';
import { Machine } from '../../../hw/machine.ts';
import { MiB, PAGE_SHIFT } from '../../../hw/memory.ts';
import { booted } from '../../../slab/linux-2.4/boot.ts';
import type { SlabConfig } from '../../../slab/linux-2.4/config.ts';
import type { Slab24 } from '../../../slab/linux-2.4/slab.ts';
import { powerOfTwo } from '../checked.ts';
import type { Recorded24 } from './recorded.ts';

/** No highmem; beyond this a replay takes long to boot. */
export const MOST_MEMORY_MB = 512;
const pfn = z.int().min(0);

/** The first line of a case. Whatever else it says (how it was recorded) is let be. */
export const caseHeader = z
  .object({
    allocator: z.string(),
    case: z.string(),
    smp: z.boolean(),
    cpus: z.int().min(1).max(32),
    nr_cpus: z.int().min(1).max(32),
    l1_cache_bytes: powerOfTwo(16, 256),
    debug: z.boolean(),
    memory_mb: z.int().min(2).max(MOST_MEMORY_MB),
    reserved_pfns: z.array(z.tuple([pfn, pfn])),
    spinlock_bytes: z.literal([0, 4], 'must be 0 or 4'),
  })
  .refine(({ smp, cpus }) => smp || cpus === 1, { path: ['cpus'], message: 'a build without SMP has one' })
  .refine(({ cpus, nr_cpus }) => cpus <= nr_cpus, { path: ['cpus'], message: 'more than nr_cpus' })
  .refine(({ smp, nr_cpus }) => smp || nr_cpus === 1, { path: ['nr_cpus'], message: 'a build without SMP allows 1' })
  .refine(
    ({ reserved_pfns, memory_mb }) =>
      reserved_pfns.every(([first, last]) => first <= last && last < (memory_mb * MiB) >>> PAGE_SHIFT),
    { path: ['reserved_pfns'], message: 'not pairs of first and last page frame within memory' },
  );
export type CaseHeader = z.output<typeof caseHeader>;

export function configOf(header: Build): SlabConfig {
  return {
    CONFIG_SMP: header.smp,
    CONFIG_DEBUG_SLAB: header.debug,
    NR_CPUS: header.nr_cpus,
    L1_CACHE_BYTES: header.l1_cache_bytes,
    spinlockBytes: header.spinlock_bytes,
    colouring: true,
  };
}

/** A machine as the recording had it, with the kernel's statics in memory of their own above its RAM. */
export function powerOnFor<K extends Slab24>(
  recorded: Recorded24<K>,
  header: Omit<CaseHeader, 'allocator' | 'case'>,
): K {
  const config = configOf(header);
  const ram = header.memory_mb * MiB;
  const mem_map = (ram >>> PAGE_SHIFT) * recorded.structures(config).page.sizeof;
  const statics = Math.ceil(mem_map / MiB + 3) * MiB;
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: header.cpus, memory: ram + statics });
  return recorded.powerOn(machine, config, { ram, reservedPfns: header.reserved_pfns, staticsAt: ram });
}

/** What tells one kernel build and machine from another where no recording fixes the addresses. */
export type Build = Omit<CaseHeader, 'allocator' | 'case' | 'reserved_pfns'>;

/** A booted kernel, reserving what the recordings reserve. */
export function bootBuild<K extends Slab24>(recorded: Recorded24<K>, build: Build): K {
  const reserved_pfns: CaseHeader['reserved_pfns'] = [
    [0, 0],
    [160, 767],
  ];
  return booted(powerOnFor(recorded, { ...build, reserved_pfns }));
}
