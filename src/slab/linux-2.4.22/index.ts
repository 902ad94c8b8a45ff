/** The door of 2.4.22. */
import { PAGE_SHIFT } from '../../hw/memory.ts';
import { GFP_ATOMIC, GFP_DMA, GFP_KERNEL, GFP_USER } from '../../mm/linux-2.4.22/gfp.ts';
import { struct_page } from '../../mm/linux-2.4.22/mm.ts';
import type { KernelVersion } from '../kernel-version.ts';
import { booted } from '../linux-2.4/boot.ts';
import type { SlabConfig } from '../linux-2.4/config.ts';
import { series } from '../linux-2.4/version.ts';
import { Slab2422 } from './allocator.ts';
import { powerOn } from './boot.ts';
import { intendedRaces } from './intended-races.ts';

export const linux2422: KernelVersion = {
  ...series,
  name: '2.4.22',
  summary: '2003: three lists of slabs a cache, per-CPU arrays on SMP, colouring',
  gfp: { GFP_KERNEL, GFP_ATOMIC, GFP_USER, GFP_DMA },
  intendedRaces,
  memMapBytes: (_, ram) => (ram >>> PAGE_SHIFT) * struct_page.sizeof,
  boot: (machine, config, layout) => new Slab2422(linux2422, booted(powerOn(machine, config as SlabConfig, layout))),
};
