/** mm/slab.c, /proc/slabinfo as read: proc_getdata(), slabinfo_read_proc(), version 1.1. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { list_head } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { slab_t } from '../linux-2.4/slab.ts';
import { slabinfoHeader, slabinfoLine } from '../linux-2.4/slabinfo.ts';
import type { Linux240 } from './slab.ts';

/** fs/proc/generic.c: a file is read in pieces of three quarters of a page. */
const PROC_BLOCK_SIZE = 3072;

/** The whole file. Each piece is made by a walk from the first cache on, so caches may change between two of them. */
export function* readSlabinfo(k: Linux240, cpu: Cpu): Program<string> {
  let text = '';
  for (;;) {
    const rest = yield* proc_getdata(k, cpu, text.length, PROC_BLOCK_SIZE);
    text += rest.slice(0, PROC_BLOCK_SIZE);
    if (rest.length <= PROC_BLOCK_SIZE) return text;
  }
}

/** What comes from `off` on, up to a line that goes beyond `count`. */
function* proc_getdata(k: Linux240, cpu: Cpu, off: number, count: number): Program<string> {
  const { next } = k.kmem_cache_t;
  let text = slabinfoHeader(k.config);
  if (text.length - off > count) return text.slice(off);
  yield* down(k, cpu, k.cache_chain_sem);
  let p = k.cache_chain;
  do {
    text += yield* printCache(k, cpu, p - next);
    if (text.length - off > count) break;
    p = cpu.loadPtr(p + list_head.next);
  } while (p !== k.cache_chain);
  yield* up(k, cpu, k.cache_chain_sem);
  return text.slice(off);
}

function* printCache(k: Linux240, cpu: Cpu, cachep: addr_t): Program<string> {
  const { spinlock, slabs } = k.kmem_cache_t;
  yield* spin_lock_irq(k, cpu, cachep + spinlock);
  let active_objs = 0;
  let active_slabs = 0;
  let num_slabs = 0;
  for (let q = cpu.loadPtr(cachep + slabs); q !== cachep + slabs; q = cpu.loadPtr(q + list_head.next)) {
    const inuse = cpu.load32(q - slab_t.list + slab_t.inuse);
    active_objs += inuse;
    if (inuse !== 0) active_slabs++;
    num_slabs++;
  }
  const num = cpu.load32(cachep + k.kmem_cache_t.num);
  const line = slabinfoLine(k, cpu, cachep, { num, active_objs, active_slabs, num_slabs });
  yield* spin_unlock_irq(k, cpu, cachep + spinlock);
  return line;
}
