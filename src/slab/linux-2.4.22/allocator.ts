/** 2.4.22 as the lab drives it. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { Allocator24 } from '../linux-2.4/allocator.ts';
import { kmem_cache_reap } from './reap.ts';
import { kmem_cache_shrink } from './shrink.ts';
import type { Linux2422 } from './slab.ts';
import { readSlabinfo } from './slabinfo.ts';

export class Slab2422 extends Allocator24<Linux2422> {
  shrink(cpu: Cpu, cachep: addr_t): Program<number> {
    return kmem_cache_shrink(this.kernel, cpu, cachep);
  }

  reap(cpu: Cpu, gfp_mask: number): Program<number> {
    return kmem_cache_reap(this.kernel, cpu, gfp_mask);
  }

  slabinfo(cpu: Cpu): Program<string> {
    return readSlabinfo(this.kernel, cpu);
  }
}
