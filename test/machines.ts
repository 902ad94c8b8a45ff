/** Machines and kernels that tests start from. */
import type { ClassDetail } from '../src/hw/cache/miss-classes.ts';
import { type CpuModelName, cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB } from '../src/hw/memory.ts';
import type { StoreBufferOptions } from '../src/hw/store-buffer.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import type { SlabAllocator } from '../src/slab/allocator.ts';
import { bootBuild } from '../src/slab/boot.ts';
import type { SlabConfig } from '../src/slab/linux-2.4/config.ts';
import { smpConfig } from '../src/slab/linux-2.4/config.ts';
import { linux2422 } from '../src/slab/linux-2.4.22/index.ts';
import type { Linux2422 } from '../src/slab/linux-2.4.22/slab.ts';

interface Options {
  readonly cpus?: number;
  readonly memory?: number;
  readonly model?: CpuModelName;
  readonly config?: Partial<SlabConfig>;
  readonly storeBuffer?: StoreBufferOptions;
  readonly classes?: ClassDetail;
}

export interface Booted<K extends Kernel = Linux2422> {
  readonly machine: Machine;
  readonly allocator: SlabAllocator;
  readonly k: K;
}

/** 2.4.22 on a Pentium III of two CPUs and 32 MB, unless said otherwise. */
export function booted({
  cpus = 2,
  memory = 32 * MiB,
  model = 'pentium-iii',
  config = {},
  ...rest
}: Options = {}): Booted {
  const machine = new Machine({ model: cpuModels[model], cpus, memory, ...rest });
  const allocator = bootBuild(machine, linux2422, { ...smpConfig, ...config });
  return { machine, allocator, k: allocator.kernel as Linux2422 };
}

/** How often the kernel tries to free pages from now on. */
export function countReclaims(k: Linux2422): { count: number } {
  const reclaims = { count: 0 };
  const { try_to_free_pages_zone } = k;
  k.try_to_free_pages_zone = (cpu, gfp_mask) => {
    reclaims.count++;
    return try_to_free_pages_zone(cpu, gfp_mask);
  };
  return reclaims;
}
