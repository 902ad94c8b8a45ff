/** The door of 2.4.0. */
import { PAGE_SHIFT } from '../../hw/memory.ts';
import { GFP_ATOMIC, GFP_DMA, GFP_KERNEL, GFP_USER } from '../../mm/linux-2.4.0/gfp.ts';
import { structPage } from '../../mm/linux-2.4.0/mm.ts';
import type { KernelVersion } from '../kernel-version.ts';
import { booted } from '../linux-2.4/boot.ts';
import type { SlabConfig } from '../linux-2.4/config.ts';
import { series } from '../linux-2.4/version.ts';
import { Slab240 } from './allocator.ts';
import { powerOn } from './boot.ts';
import { intendedRaces } from './intended-races.ts';

export const linux240: KernelVersion = {
  ...series,
  name: '2.4.0',
  summary: '2001: one list of slabs a cache, full ones first; per-CPU arrays on SMP, colouring',
  gfp: { GFP_KERNEL, GFP_ATOMIC, GFP_USER, GFP_DMA },
  intendedRaces,
  memMapBytes: (config, ram) => (ram >>> PAGE_SHIFT) * structPage(config).sizeof,
  boot: (machine, config, layout) => new Slab240(linux240, booted(powerOn(machine, config as SlabConfig, layout))),
};
