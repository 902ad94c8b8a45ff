/** mm/slab.c, the per-CPU arrays: made, exchanged and drained. A CPU touches only its own; others ask it by an IPI. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { enterFrame, leaveFrame } from '../../kernel/frame.ts';
import { local_irq_disable, local_irq_enable } from '../../kernel/irq.ts';
import { smp_call_function } from '../../kernel/linux-2.4/smp.ts';
import { smp_processor_id } from '../../kernel/linux-2.4/task.ts';
import { list_head } from '../../kernel/list.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { memset } from '../../kernel/string.ts';
import { ptr } from '../../kernel/struct.ts';
import { cc_data, cc_entry, kmem_cache_alloc } from './alloc.ts';
import { free_block } from './free.ts';
import { kfree, kmem_find_general_cachep } from './kmalloc.ts';
import { cpucache_t, type Slab24 } from './slab.ts';

export const EINVAL = 22;
const ENOMEM = 12;

/** On every CPU: exchanges its array for the one that the caller brought along. Interrupts off. */
export function* do_ccupdate_local(k: Slab24, cpu: Cpu, info: addr_t): Program {
  const cachep = cpu.loadPtr(info + k.ccupdate_struct_t.cachep);
  const old = cc_data(k, cpu, cachep);
  const brought = info + k.ccupdate_struct_t.new + smp_processor_id(k, cpu) * ptr.sizeof;
  const cpudata = cachep + k.kmem_cache_t.cpudata + smp_processor_id(k, cpu) * ptr.sizeof;
  cpu.storePtr(cpudata, cpu.loadPtr(brought));
  cpu.storePtr(info + k.ccupdate_struct_t.new + smp_processor_id(k, cpu) * ptr.sizeof, old);
}

/** Exchanges the arrays of all CPUs with those in `info`, this CPU's first. */
function* exchangeArrays(k: Slab24, cpu: Cpu, info: addr_t): Program {
  local_irq_disable(cpu);
  yield* do_ccupdate_local(k, cpu, info);
  if (local_irq_enable(cpu)) yield;
  yield* smp_call_function(k, cpu, k.do_ccupdate_local, info);
}

/** Room on the stack for an exchange, all arrays NULL. */
function enterExchange(k: Slab24, cpu: Cpu): addr_t {
  const info = enterFrame(cpu, k.ccupdate_struct_t);
  memset(cpu, info + k.ccupdate_struct_t.new, 0, k.config.NR_CPUS * ptr.sizeof);
  return info;
}

/** Gives every CPU a new, empty array; limit 0 takes them away. 0 or a negative errno. Caller holds cache_chain_sem. */
export function* kmem_tune_cpucache(
  k: Slab24,
  cpu: Cpu,
  cachep: addr_t,
  limit: number,
  batchcount: number,
): Program<number> {
  // These are admin-provided, so we are more graceful.
  if (limit < 0 || batchcount < 0 || batchcount > limit || (limit !== 0 && batchcount === 0)) return -EINVAL;

  const { kmem_cache_t, ccupdate_struct_t } = k;
  const { GFP_KERNEL } = k.gfp;
  const info = enterExchange(k, cpu);
  const slot = (i: number) => info + ccupdate_struct_t.new + i * ptr.sizeof;
  if (limit !== 0) {
    for (let i = 0; i < cpu.load32(k.smp_num_cpus); i++) {
      // kmalloc(), which gcc inlines here, with the size's one pointer that is wanted.
      const general = kmem_find_general_cachep(k, cpu, ptr.sizeof * limit + cpucache_t.sizeof, GFP_KERNEL);
      const ccnew =
        general === NULL ? k.slabOps.kmallocTooLarge() : yield* kmem_cache_alloc(k, cpu, general, GFP_KERNEL);
      if (ccnew === NULL) {
        for (i--; i >= 0; i--) yield* kfree(k, cpu, cpu.loadPtr(slot(i)));
        leaveFrame(cpu, ccupdate_struct_t);
        return -ENOMEM;
      }
      cpu.store32(ccnew + cpucache_t.limit, limit);
      cpu.store32(ccnew + cpucache_t.avail, 0);
      cpu.storePtr(slot(i), ccnew);
    }
  }
  cpu.storePtr(info + ccupdate_struct_t.cachep, cachep);
  yield* spin_lock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  cpu.store32(cachep + kmem_cache_t.batchcount, batchcount);
  yield* spin_unlock_irq(k, cpu, cachep + kmem_cache_t.spinlock);
  yield* exchangeArrays(k, cpu, info);
  for (let i = 0; i < cpu.load32(k.smp_num_cpus); i++) {
    const ccold = cpu.loadPtr(slot(i));
    if (ccold === NULL) continue;
    yield* emptyArray(k, cpu, cachep, ccold);
    yield* kfree(k, cpu, ccold);
  }
  leaveFrame(cpu, ccupdate_struct_t);
  return 0;
}

/** Returns all objects of an array that no CPU uses any more. */
function* emptyArray(k: Slab24, cpu: Cpu, cachep: addr_t, ccold: addr_t): Program {
  local_irq_disable(cpu);
  yield* free_block(k, cpu, cachep, cc_entry(ccold, 0), cpu.load32(ccold + cpucache_t.avail));
  if (local_irq_enable(cpu)) yield;
}

/** Arrays by the size of the objects; none above a page. */
export function* enable_cpucache(k: Slab24, cpu: Cpu, cachep: addr_t): Program {
  const objsize = cpu.load32(cachep + k.kmem_cache_t.objsize);
  if (objsize > PAGE_SIZE) return;
  const limit = objsize > 1024 ? 60 : objsize > 256 ? 124 : 252;
  const err = yield* kmem_tune_cpucache(k, cpu, cachep, limit, limit / 2);
  if (err !== 0) k.printk(`enable_cpucache failed, error ${-err}.\n`);
}

export function* enable_all_cpucaches(k: Slab24, cpu: Cpu): Program {
  yield* down(k, cpu, k.cache_chain_sem);
  let p = k.cache_chain;
  do {
    const cachep = p - k.kmem_cache_t.next;
    yield* enable_cpucache(k, cpu, cachep);
    p = cpu.loadPtr(cachep + k.kmem_cache_t.next + list_head.next);
  } while (p !== k.cache_chain);
  yield* up(k, cpu, k.cache_chain_sem);
}

/** Returns the objects in all CPUs' arrays to their slabs: the arrays are taken away, emptied, and given back. */
export function* drain_cpu_caches(k: Slab24, cpu: Cpu, cachep: addr_t): Program {
  const { ccupdate_struct_t } = k;
  const info = enterExchange(k, cpu);
  cpu.storePtr(info + ccupdate_struct_t.cachep, cachep);
  yield* down(k, cpu, k.cache_chain_sem);
  yield* exchangeArrays(k, cpu, info);
  for (let i = 0; i < cpu.load32(k.smp_num_cpus); i++) {
    const ccold = cpu.loadPtr(info + ccupdate_struct_t.new + i * ptr.sizeof);
    if (ccold === NULL || cpu.load32(ccold + cpucache_t.avail) === 0) continue;
    yield* emptyArray(k, cpu, cachep, ccold);
    cpu.store32(ccold + cpucache_t.avail, 0);
  }
  yield* exchangeArrays(k, cpu, info);
  yield* up(k, cpu, k.cache_chain_sem);
  leaveFrame(cpu, ccupdate_struct_t);
}
