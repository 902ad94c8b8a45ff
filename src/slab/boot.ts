/**
 * A booted kernel on a machine, as a seed has it: where the statics and task structs stand is drawn, since no kernel
 * build is the build. Memory map as of a PC: page 0, 640 KB to 1 MB, and the kernel image with mem_map are reserved.
 */

import { didYouMean } from '../base/did-you-mean.ts';
import { InputError } from '../base/input-error.ts';
import type { Random } from '../base/random.ts';
import type { Machine } from '../hw/machine.ts';
import { KiB, MiB, PAGE_SHIFT, PAGE_SIZE } from '../hw/memory.ts';
import type { KernelConfig } from '../kernel/config.ts';
import type { BootLayout } from '../kernel/kernel.ts';
import type { SlabAllocator } from './allocator.ts';
import type { BuildOptions, KernelVersion } from './kernel-version.ts';
import { kernels } from './kernels.ts';

/** No kernel is built for shorter lines. */
const SHORTEST_LINE = 16;

/**
 * Boots the version of this name on all of the machine's memory, built for the machine's line unless `options` say
 * otherwise. `random`, numbers in [0, 1), draws what the linker would fix.
 */
export function boot(machine: Machine, name: string, options: BuildOptions = {}, random?: Random): SlabAllocator {
  const version = kernels.get(name);
  if (version === undefined) {
    const names = [...kernels.keys()];
    throw new InputError('kernel', `no version ${name}`, didYouMean(name, names, `known are ${names.join(', ')}`));
  }
  const nodes = machine.nodes?.each.length ?? 1;
  if (nodes > 1 && !version.features.nodes && options.numa !== false) {
    const remedy = 'it has one node, or numa: false: a kernel that takes memory as equally near';
    throw new InputError('kernel', `${name} on a machine of ${nodes} nodes, of which it knows nothing`, remedy);
  }
  const l1CacheBytes = options.l1CacheBytes ?? Math.max(machine.model.l1.line, SHORTEST_LINE);
  return bootBuild(machine, version, version.config({ ...options, l1CacheBytes, nodes }), random);
}

/** The same with a build as the version itself describes it. */
export function bootBuild(
  machine: Machine,
  version: KernelVersion,
  config: KernelConfig,
  random?: Random,
): SlabAllocator {
  const layout = pcLayout(machine, version, config, random);
  const allocator = version.boot(machine, config, layout);
  const [, lastPfn] = layout.reservedPfns.at(-1)!;
  if (allocator.kernel.symbols.end > (lastPfn + 1) * PAGE_SIZE)
    throw new Error(`the statics of ${version.name} overflow`);
  return allocator;
}

/** Kernel text fills the first megabyte above 1 MB; statics, task structs and mem_map follow. */
function pcLayout(
  machine: Machine,
  version: KernelVersion,
  config: KernelConfig,
  random: Random | undefined,
): BootLayout {
  const ram = machine.memory.size;
  const staticsAt = 2 * MiB;
  // Before each stack of 8 KB up to 56 KB are left out, as drawn; and a task has some room besides.
  const taskRoom = (64 * KiB * version.stacks + 8 * KiB) * machine.cpus.length;
  const end = staticsAt + 512 * KiB + taskRoom + version.memMapBytes(config, ram);
  if (end + 4 * MiB > ram) {
    throw new InputError(
      'machine',
      `${ram / MiB} MB of memory`,
      `this kernel and its caches need ${Math.ceil(end / MiB) + 4} MB`,
    );
  }
  return {
    ram,
    reservedPfns: [
      [0, 0],
      [(640 * KiB) >>> PAGE_SHIFT, (MiB >>> PAGE_SHIFT) - 1],
      [MiB >>> PAGE_SHIFT, Math.ceil(end / PAGE_SIZE) - 1],
    ],
    staticsAt,
    random,
  };
}
