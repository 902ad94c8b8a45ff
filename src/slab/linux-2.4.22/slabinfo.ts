/** mm/slab.c, /proc/slabinfo as read: s_start(), s_next(), s_show(), version 1.1. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { list_head, listStep } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { FILE } from '../linux-2.4/bugs.ts';
import { slab_t } from '../linux-2.4/slab.ts';
import { slabinfoHeader, slabinfoLine } from '../linux-2.4/slabinfo.ts';
import type { Linux2422 } from './slab.ts';

/** The whole file, as one read. */
export function* readSlabinfo(k: Linux2422, cpu: Cpu): Program<string> {
  const { kmem_cache_t } = k;
  yield* down(k, cpu, k.cache_chain_sem);
  let text = slabinfoHeader(k.config);
  let cachep = k.cache_cache;
  do {
    text += yield* s_show(k, cpu, cachep);
    cachep = cpu.loadPtr(cachep + kmem_cache_t.next + list_head.next) - kmem_cache_t.next;
  } while (cachep !== k.cache_cache);
  yield* up(k, cpu, k.cache_chain_sem);
  return text;
}

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

  const line = slabinfoLine(k, cpu, cachep, { num, active_objs, active_slabs, num_slabs });
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  return line;
}

/** slabp->inuse of every slab in a list. Caller holds cachep->spinlock. */
function slabsInUse(cpu: Cpu, head: addr_t): number[] {
  const inuse: number[] = [];
  for (let q = listStep(cpu, head); q !== head; q = listStep(cpu, q)) {
    inuse.push(cpu.load32(q - slab_t.list + slab_t.inuse));
  }
  return inuse;
}
