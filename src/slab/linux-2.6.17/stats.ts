/** mm/slab.c with STATS: what each cache did, as /proc/slabinfo prints it under "(statistics)". */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Linux2617 } from './slab.ts';

type PlainCount =
  | 'num_active'
  | 'num_allocations'
  | 'grown'
  | 'reaped'
  | 'errors'
  | 'node_allocs'
  | 'node_frees'
  | 'node_overflow';
type AtomicCount = 'allochit' | 'allocmiss' | 'freehit' | 'freemiss';

/** STATS_INC_ACTIVE, STATS_DEC_ACTIVE, STATS_INC_ALLOCED, STATS_INC_GROWN and their like. */
export function addStat(k: Linux2617, cpu: Cpu, cachep: addr_t, count: PlainCount, addend: 1 | -1): void {
  if (!k.config.CONFIG_DEBUG_SLAB) return;
  const address = cachep + k.kmem_cache[count];
  cpu.storeLong(address, cpu.loadLong(address) + addend);
}

/** STATS_INC_ALLOCHIT and its like. */
export function incAtomicStat(k: Linux2617, cpu: Cpu, cachep: addr_t, count: AtomicCount): void {
  if (k.config.CONFIG_DEBUG_SLAB) cpu.lockAdd32(cachep + k.kmem_cache[count], 1);
}

export function STATS_SET_HIGH(k: Linux2617, cpu: Cpu, cachep: addr_t): void {
  if (!k.config.CONFIG_DEBUG_SLAB) return;
  setMaximum(cpu, cachep + k.kmem_cache.high_mark, cpu.loadLong(cachep + k.kmem_cache.num_active));
}

export function STATS_SET_FREEABLE(k: Linux2617, cpu: Cpu, cachep: addr_t, count: number): void {
  setMaximum(cpu, cachep + k.kmem_cache.max_freeable, count);
}

function setMaximum(cpu: Cpu, address: addr_t, value: number): void {
  if (value > cpu.loadLong(address)) cpu.storeLong(address, value);
}
