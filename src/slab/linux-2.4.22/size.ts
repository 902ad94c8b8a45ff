/** mm/slab.c, kmem_cache_size(), which 2.4.0 has not yet. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { BYTES_PER_WORD, SLAB_RED_ZONE } from '../linux-2.4/slab.ts';
import type { Linux2422 } from './slab.ts';

/** What an object of the cache offers its user. */
export function kmem_cache_size(k: Linux2422, cpu: Cpu, cachep: addr_t): number {
  const objsize = cpu.load32(cachep + k.kmem_cache_t.objsize);
  if (!k.config.CONFIG_DEBUG_SLAB) return objsize;
  const redZoned = (cpu.load32(cachep + k.kmem_cache_t.flags) & SLAB_RED_ZONE) !== 0;
  return redZoned ? objsize - 2 * BYTES_PER_WORD : objsize;
}
