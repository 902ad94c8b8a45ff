/** mm/slab.c, /proc/slabinfo as read, version 1.1: the text. Who counts slabs, and in what pieces they are read, is the version's. */
import type { Cpu } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { loadString } from '../../kernel/string.ts';
import { cc_data } from './alloc.ts';
import type { SlabConfig } from './config.ts';
import { cpucache_t, type KmemCache, type Slab24 } from './slab.ts';

export const slabinfoHeader = ({ CONFIG_SMP, CONFIG_DEBUG_SLAB }: SlabConfig) =>
  `slabinfo - version: 1.1${CONFIG_DEBUG_SLAB ? ' (statistics)' : ''}${CONFIG_SMP ? ' (SMP)' : ''}\n`;

/** What was counted of a cache. Objects in per-CPU arrays count as active. */
export interface SlabCounts {
  readonly num: number;
  readonly active_objs: number;
  readonly active_slabs: number;
  readonly num_slabs: number;
}

/** The line of a cache. The limits are those of the CPU that reads. Caller holds cachep->spinlock. */
export function slabinfoLine(k: Slab24, cpu: Cpu, cachep: addr_t, counts: SlabCounts): string {
  const { kmem_cache_t } = k;
  const { num, active_objs, active_slabs, num_slabs } = counts;
  const { CONFIG_SMP, CONFIG_DEBUG_SLAB } = k.config;
  const columns: Column[] = [
    [active_objs, 6],
    [num_slabs * num, 6],
    [cpu.load32(cachep + kmem_cache_t.objsize), 6],
    [active_slabs, 4],
    [num_slabs, 4],
    [1 << cpu.load32(cachep + kmem_cache_t.gfporder), 4],
  ];
  let line = loadString(cpu, cachep + kmem_cache_t.name).padEnd(17);
  line += print(columns);
  const stat = (count: keyof KmemCache) => cpu.loadLong(cachep + kmem_cache_t[count]);
  if (CONFIG_DEBUG_SLAB) {
    const errors = stat('errors');
    const high: Column[] = [
      [stat('high_mark'), 6],
      [stat('num_allocations'), 7],
      [stat('grown'), 5],
      [stat('reaped'), 4],
      [errors, 4],
    ];
    line += ` :${print(high)}`;
  }
  if (CONFIG_SMP) {
    const cc = cc_data(k, cpu, cachep);
    const batchcount = cpu.load32(cachep + kmem_cache_t.batchcount);
    const limit = cc === NULL ? 0 : cpu.load32(cc + cpucache_t.limit);
    const array: Column[] = [
      [limit, 4],
      [batchcount, 4],
    ];
    line += ` :${print(array)}`;
  }
  if (CONFIG_DEBUG_SLAB && CONFIG_SMP) {
    const counts = (['allochit', 'allocmiss', 'freehit', 'freemiss'] as const).map((count): Column => [stat(count), 6]);
    line += ` :${print(counts)}`;
  }
  return `${line}\n`;
}

/** A number, unsigned, and the width that it is padded to. */
type Column = readonly [value: number, width: number];
const print = (columns: readonly Column[]) =>
  columns.map(([value, width]) => ` ${String(value >>> 0).padStart(width)}`).join('');
