/** mm/slab.c, /proc/slabinfo as read: s_start(), s_next(), s_show(), version 1.1. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_head, listStep } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { loadString } from '../../kernel/string.ts';
import { cc_data } from './alloc.ts';
import { cpucache_t, FILE, type KmemCache, type Linux2422, slab_t } from './slab.ts';

/** The whole file, as one read. The limits are those of the CPU that reads. */
export function* readSlabinfo(k: Linux2422, cpu: Cpu): Program<string> {
  const { kmem_cache_t } = k;
  yield* down(k, cpu, k.cache_chain_sem);
  const { CONFIG_SMP, CONFIG_DEBUG_SLAB } = k.config;
  let text = `slabinfo - version: 1.1${CONFIG_DEBUG_SLAB ? ' (statistics)' : ''}${CONFIG_SMP ? ' (SMP)' : ''}\n`;
  let cachep = k.cache_cache;
  do {
    text += yield* s_show(k, cpu, cachep);
    cachep = cpu.loadPtr(cachep + kmem_cache_t.next + list_head.next) - kmem_cache_t.next;
  } while (cachep !== k.cache_cache);
  yield* up(k, cpu, k.cache_chain_sem);
  return text;
}

/** One line. Objects in per-CPU arrays count as active. */
function* s_show(k: Linux2422, cpu: Cpu, cachep: addr_t): Program<string> {
  const { kmem_cache_t } = k;
  yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  const num = cpu.load32(cachep + kmem_cache_t.num);
  let active_objs = 0;
  let active_slabs = 0;
  let num_slabs = 0;
  for (const inuse of slabsInUse(cpu, cachep + kmem_cache_t.slabs_full)) {
    if (inuse !== num) BUG(FILE, 's_show', 'slabp->inuse != cachep->num');
    active_objs += num;
    active_slabs++;
  }
  for (const inuse of slabsInUse(cpu, cachep + kmem_cache_t.slabs_partial)) {
    if (inuse === num || inuse === 0) BUG(FILE, 's_show', 'slabp->inuse == cachep->num || !slabp->inuse');
    active_objs += inuse;
    active_slabs++;
  }
  for (const inuse of slabsInUse(cpu, cachep + kmem_cache_t.slabs_free)) {
    if (inuse !== 0) BUG(FILE, 's_show', 'slabp->inuse');
    num_slabs++;
  }
  num_slabs += active_slabs;

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
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return `${line}\n`;
}

/** A number, unsigned, and the width that it is padded to. */
type Column = readonly [value: number, width: number];
const print = (columns: readonly Column[]) =>
  columns.map(([value, width]) => ` ${String(value >>> 0).padStart(width)}`).join('');

/** slabp->inuse of every slab in a list. Caller holds cachep->spinlock. */
function slabsInUse(cpu: Cpu, head: addr_t): number[] {
  const inuse: number[] = [];
  for (let q = listStep(cpu, head); q !== head; q = listStep(cpu, q)) {
    inuse.push(cpu.load32(q - slab_t.list + slab_t.inuse));
  }
  return inuse;
}
