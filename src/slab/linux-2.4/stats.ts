/** mm/slab.c with STATS: what each cache did, as /proc/slabinfo prints it under "(statistics)". */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { KmemCache, Slab24 } from './slab.ts';

type PlainCount = 'num_active' | 'num_allocations' | 'grown' | 'reaped';
type AtomicCount = 'allochit' | 'allocmiss' | 'freehit' | 'freemiss';

const at = (k: Slab24, cachep: addr_t, count: keyof KmemCache) => cachep + k.kmem_cache_t[count];

/** STATS_INC_ACTIVE, STATS_DEC_ACTIVE, STATS_INC_ALLOCED, STATS_INC_GROWN, STATS_INC_REAPED. */
export function addStat(k: Slab24, cpu: Cpu, cachep: addr_t, count: PlainCount, addend: 1 | -1): void {
  if (!k.config.CONFIG_DEBUG_SLAB) return;
  const address = at(k, cachep, count);
  cpu.storeLong(address, cpu.loadLong(address) + addend);
}

/** STATS_INC_ALLOCHIT and its like: counted only where there are per-CPU arrays. */
export function incAtomicStat(k: Slab24, cpu: Cpu, cachep: addr_t, count: AtomicCount): void {
  if (k.config.CONFIG_DEBUG_SLAB) cpu.lockAdd32(at(k, cachep, count), 1);
}

export function STATS_SET_HIGH(k: Slab24, cpu: Cpu, cachep: addr_t): void {
  if (!k.config.CONFIG_DEBUG_SLAB) return;
  const num_active = cpu.loadLong(at(k, cachep, 'num_active'));
  if (num_active > cpu.loadLong(at(k, cachep, 'high_mark'))) cpu.storeLong(at(k, cachep, 'high_mark'), num_active);
}
