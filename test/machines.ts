/** Machines and kernels that tests start from. */
import type { ClassDetail } from '../src/hw/cache/miss-classes.ts';
import { type CpuModelName, cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB } from '../src/hw/memory.ts';
import { equalNodes } from '../src/hw/nodes.ts';
import type { StoreBufferOptions } from '../src/hw/store-buffer.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import type { SlabAllocator } from '../src/slab/allocator.ts';
import { boot, bootBuild } from '../src/slab/boot.ts';
import type { BuildOptions, KernelVersion } from '../src/slab/kernel-version.ts';
import type { SlabConfig } from '../src/slab/linux-2.4/config.ts';
import { smpConfig } from '../src/slab/linux-2.4/config.ts';
import { linux240 } from '../src/slab/linux-2.4.0/index.ts';
import type { Linux240 } from '../src/slab/linux-2.4.0/slab.ts';
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
export const booted = (options: Options = {}): Booted => bootedAs(linux2422, options);

/** The same with 2.4.0. */
export const booted240 = (options: Options = {}): Booted<Linux240> => bootedAs(linux240, options);

function bootedAs<K extends Kernel>(
  version: KernelVersion,
  { cpus = 2, memory = 32 * MiB, model = 'pentium-iii', config = {}, ...rest }: Options,
): Booted<K> {
  const machine = new Machine({ model: cpuModels[model], cpus, memory, ...rest });
  const allocator = bootBuild(machine, version, { ...smpConfig, ...config } as SlabConfig);
  return { machine, allocator, k: allocator.kernel as K };
}

export interface BootOptions extends Omit<Options, 'config'>, BuildOptions {
  readonly nodes?: number;
  /** Far more than most runs take. */
  readonly lockupCycles?: number;
}

/** Any version by its name, on a Pentium III of two CPUs and 32 MB, unless said otherwise. */
export function bootedKernel(
  name: string,
  { cpus = 2, nodes = 1, memory = 32 * MiB, model = 'pentium-iii', storeBuffer, classes, ...more }: BootOptions = {},
): Booted<Kernel> {
  const { lockupCycles, ...build } = more;
  const machine = new Machine({
    ...{ model: cpuModels[model], cpus, memory },
    nodes: nodes === 1 ? undefined : equalNodes(nodes, memory, cpus, 100),
    ...(storeBuffer && { storeBuffer }),
    ...(classes && { classes }),
    ...(lockupCycles && { lockupCycles }),
  });
  const allocator = boot(machine, name, build);
  return { machine, allocator, k: allocator.kernel };
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

/** How often the kernel trims its slab caches from now on. */
export function countReaps(k: Linux240): { count: number } {
  const reaps = { count: 0 };
  const { kmem_cache_reap } = k;
  k.kmem_cache_reap = (cpu, gfp_mask) => {
    reaps.count++;
    return kmem_cache_reap(cpu, gfp_mask);
  };
  return reaps;
}
