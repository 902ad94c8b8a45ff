/** What a version of 2.4 has of its own where its recordings are replayed. */
import type { Cpu, Program } from '../../../hw/cpu.ts';
import type { Machine } from '../../../hw/machine.ts';
import type { addr_t } from '../../../hw/memory.ts';
import type { BootLayout } from '../../../kernel/kernel.ts';
import type { CType } from '../../../kernel/struct.ts';
import type { CacheState } from '../../../slab/allocator.ts';
import type { SlabConfig } from '../../../slab/linux-2.4/config.ts';
import type { Slab24 } from '../../../slab/linux-2.4/slab.ts';
import type { Results } from '../recording.ts';

export interface Recorded24<K extends Slab24 = Slab24> {
  readonly version: string;
  /** The kernel image in memory, zones empty. */
  powerOn(machine: Machine, config: SlabConfig, layout: BootLayout): K;
  /** Structures as this build has them, by the names of layouts.json: those that are not the same in all of 2.4. */
  structures(
    config: SlabConfig,
  ): Readonly<
    Record<
      'page' | 'zone_struct' | 'pg_data_t' | 'zonelist_struct' | 'irq_cpustat_t' | 'task_struct' | 'kmem_cache_t',
      CType
    >
  >;
  /** What its sources name as the kernel does. */
  readonly constants: Readonly<Record<string, unknown>>;

  kmem_cache_shrink(k: K, cpu: Cpu, cachep: addr_t): Program<number>;
  /** What kmem_cache_reap() returns. */
  reap(k: K, cpu: Cpu, gfp_mask: number): Program<number | null>;
  readSlabinfo(k: K, cpu: Cpu): Program<string>;

  /** The `buddy` snapshot, and the slabs of a `state` snapshot. */
  buddySnapshot(k: K): Results;
  slabsSnapshot(k: K, cache: CacheState): Results;
}
