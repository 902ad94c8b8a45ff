/** Machines and kernels that tests start from. */
import type { ClassDetail } from '../src/hw/cache/miss-classes.ts';
import { type CpuModelName, cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB } from '../src/hw/memory.ts';
import { equalNodes } from '../src/hw/nodes.ts';
import type { StoreBufferOptions } from '../src/hw/store-buffer.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import type { Config26 } from '../src/kernel/linux-2.6/config.ts';
import type { SlabAllocator } from '../src/slab/allocator.ts';
import { bootBuild } from '../src/slab/boot.ts';
import type { SlabConfig } from '../src/slab/linux-2.4.22/config.ts';
import { smpConfig } from '../src/slab/linux-2.4.22/config.ts';
import { linux2422 } from '../src/slab/linux-2.4.22/index.ts';
import type { Linux2422 } from '../src/slab/linux-2.4.22/slab.ts';
import { linux2617 } from '../src/slab/linux-2.6.17/index.ts';
import type { Linux2617 } from '../src/slab/linux-2.6.17/slab.ts';

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

interface Options26 extends Omit<Options, 'config'> {
  readonly config?: Partial<Config26>;
  /** Which share memory equally, and the CPUs. */
  readonly nodes?: number;
  /** Far more than any run takes, unless it is about waiting in vain. */
  readonly lockupCycles?: number;
}

/** 2.6.17 on a Pentium III of two CPUs and 32 MB in one node, unless said otherwise. */
export function booted26({
  cpus = 2,
  memory = 32 * MiB,
  model = 'pentium-iii',
  config = {},
  nodes = 1,
  ...rest
}: Options26 = {}): Booted<Linux2617> {
  const numa = nodes > 1 ? { nodes: equalNodes(nodes, memory, cpus, REMOTE_CYCLES) } : {};
  const machine = new Machine({ model: cpuModels[model], cpus, memory, ...numa, ...rest });
  const build = { l1CacheBytes: cpuModels[model].l1.line, nodes };
  const allocator = bootBuild(machine, linux2617, { ...linux2617.config(build), ...config });
  return { machine, allocator, k: allocator.kernel as Linux2617 };
}

const REMOTE_CYCLES = 60;

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
