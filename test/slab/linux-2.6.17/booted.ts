/** Kernels 2.6.17 that tests start from. */
import { cpuModels } from '../../../src/hw/cpu-models.ts';
import { Machine } from '../../../src/hw/machine.ts';
import { MiB } from '../../../src/hw/memory.ts';
import { equalNodes } from '../../../src/hw/nodes.ts';
import type { StoreBufferOptions } from '../../../src/hw/store-buffer.ts';
import { type Config26, numa26, smp26, up26 } from '../../../src/kernel/linux-2.6/config.ts';
import { bootBuild } from '../../../src/slab/boot.ts';
import { linux2617 } from '../../../src/slab/linux-2.6.17/index.ts';
import type { Linux2617 } from '../../../src/slab/linux-2.6.17/slab.ts';
import type { Booted } from '../../machines.ts';

export interface Options26 {
  readonly cpus?: number;
  readonly nodes?: number;
  readonly memory?: number;
  readonly config?: Partial<Config26>;
  readonly storeBuffer?: StoreBufferOptions;
  /** Far more than most runs take. */
  readonly lockupCycles?: number;
}

export type Booted26 = Booted<Linux2617>;

/** On a Pentium III of two CPUs and 32 MB, unless said otherwise; with nodes a NUMA build, with one CPU one for uniprocessors. */
export function booted26({ cpus = 2, nodes = 1, memory = 32 * MiB, config = {}, ...rest }: Options26 = {}): Booted26 {
  const machine = new Machine({
    model: cpuModels['pentium-iii'],
    cpus,
    memory,
    nodes: nodes === 1 ? undefined : equalNodes(nodes, memory, cpus, 100),
    ...rest,
  });
  const build = nodes > 1 ? { ...numa26, MAX_NUMNODES: Math.max(nodes, numa26.MAX_NUMNODES) } : cpus > 1 ? smp26 : up26;
  const allocator = bootBuild(machine, linux2617, { ...build, L1_CACHE_BYTES: 32, cache_line_size: 32, ...config });
  return { machine, allocator, k: allocator.kernel as Linux2617 };
}
