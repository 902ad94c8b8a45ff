/** 2.4.0 as the lab drives it. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { Allocator24 } from '../linux-2.4/allocator.ts';
import { kmem_cache_reap } from './reap.ts';
import { shrink } from './shrink.ts';
import type { Linux240 } from './slab.ts';
import { readSlabinfo } from './slabinfo.ts';

export class Slab240 extends Allocator24<Linux240> {
  *shrink(cpu: Cpu, cachep: addr_t): Program<number> {
    const { kernel } = this;
    const { released } = yield* shrink(kernel, cpu, cachep);
    return released << kernel.machine.memory.peek32(cachep + kernel.kmem_cache_t.gfporder);
  }

  reap(cpu: Cpu, gfp_mask: number): Program<number> {
    return kmem_cache_reap(this.kernel, cpu, gfp_mask);
  }

  slabinfo(cpu: Cpu): Program<string> {
    return readSlabinfo(this.kernel, cpu);
  }
}
