/**
 * What a kernel version must provide: the door that everybody else comes in by. A version is a folder, as
 * `linux-2.4.22`, whose index.ts exports one of these, and a row in kernels.ts; nobody else knows its name.
 */
import type { Machine } from '../hw/machine.ts';
import type { KernelConfig } from '../kernel/config.ts';
import type { BootLayout } from '../kernel/kernel.ts';
import type { SlabAllocator } from './allocator.ts';
import type { KernelFacts } from './kernel-facts.ts';

export interface KernelVersion extends KernelFacts {
  /** One line for lists. */
  readonly summary: string;
  /** The build that `options` ask for, for a machine of so many nodes. What the version lacks is an InputError. */
  config(options: BuildOptions & { readonly l1CacheBytes: number; readonly nodes: number }): KernelConfig;
  /** Bytes of mem_map where the kernel manages `ram` bytes, so that one memory map of a PC serves all versions. */
  memMapBytes(config: KernelConfig, ram: number): number;
  /** Kernel stacks among the statics, for each CPU. */
  readonly stacks: number;
  /** Boots a build of `config` on the first CPU of `machine`, the others idle. */
  boot(machine: Machine, config: KernelConfig, layout: BootLayout): SlabAllocator;
}

/** How a kernel is to be built, in terms that all versions share. */
export interface BuildOptions {
  /** CONFIG_SMP; true without it. */
  readonly smp?: boolean | undefined;
  /** Knows the machine's nodes, where it has several; true without it. */
  readonly numa?: boolean | undefined;
  /** The slab allocator's own checks; false without it. */
  readonly debug?: boolean | undefined;
  /** The line that it is built for; the machine's without it. */
  readonly l1CacheBytes?: number | undefined;
  /** With the ISA DMA channels; false without it. */
  readonly isa?: boolean | undefined;
  /** Of slabs: none, all that there is room for, or so many at most; all without it. */
  readonly colouring?: boolean | number | undefined;
}
