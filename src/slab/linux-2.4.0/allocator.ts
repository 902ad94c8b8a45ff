/** 2.4.0 as the lab drives it. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { Allocator24 } from '../linux-2.4/allocator.ts';
import { kmem_cache_reap } from './reap.ts';
import { shrink } from './shrink.ts';
import type { Linux240 } from './slab.ts';
import { readSlabinfo } from './slabinfo.ts';

export class Slab240 extends Allocator24<Linux240> {
  /** kmem_cache_shrink() says whether slabs are left, not how much it gave back. */
  *shrink(cpu: Cpu, cachep: addr_t): Program<number> {
    const { released } = yield* shrink(this.kernel, cpu, cachep);
    const { memory } = this.kernel.machine;
    return released << memory.peek32(cachep + this.kernel.kmem_cache_t.gfporder);
  }

  reap(cpu: Cpu, gfp_mask: number): Program<number> {
    return kmem_cache_reap(this.kernel, cpu, gfp_mask);
  }

  slabinfo(cpu: Cpu): Program<string> {
    return readSlabinfo(this.kernel, cpu);
  }
}
