/**
 * A booted kernel on a machine, as a seed has it: where the statics and task structs stand is drawn, since no kernel
 * build is the build. Memory map as of a PC: page 0, 640 KB to 1 MB, and the kernel image with mem_map are reserved.
 */

import { InputError } from '../base/input-error.ts';
import type { Machine } from '../hw/machine.ts';
import { KiB, MiB, PAGE_SHIFT, PAGE_SIZE } from '../hw/memory.ts';
import type { BootLayout, KernelConfig } from '../kernel/kernel.ts';
import { struct_page } from '../mm/linux-2.4.22/mm.ts';
import type { SlabAllocator } from './allocator.ts';
import { bootLinux2422 } from './linux-2.4.22/boot.ts';

export const kernelVersions = ['2.4.22'] as const;
export type KernelVersion = (typeof kernelVersions)[number];

/** Boots `version` on all of the machine's memory. `random`, numbers in [0, 1), draws what the linker would fix. */
export function boot(
  machine: Machine,
  version: KernelVersion,
  config: KernelConfig,
  random?: () => number,
): SlabAllocator {
  switch (version) {
    case '2.4.22':
      return bootLinux2422(machine, config, pcLayout(machine, random));
  }
}

/** Kernel text fills the first megabyte above 1 MB; statics, task structs and mem_map follow. */
function pcLayout(machine: Machine, random?: () => number): BootLayout {
  const ram = machine.memory.size;
  const staticsAt = 2 * MiB;
  const taskRoom = 72 * KiB * machine.cpus.length;
  const end = staticsAt + 512 * KiB + taskRoom + (ram >>> PAGE_SHIFT) * struct_page.sizeof;
  if (end + 4 * MiB > ram) {
    throw new InputError('machine', `${ram / MiB} MB of memory`, 'a kernel and its caches need 8 MB or more');
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
