/** mm/slab.c with CONFIG_DEBUG_SLAB_LEAK: /proc/slab_allocators, who allocated the objects that are in use. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { list_head } from '../../kernel/linux-2.6/list.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { for_each_online_node } from '../../kernel/linux-2.6/topology.ts';
import { listStep } from '../../kernel/list.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { GFP_KERNEL } from '../../mm/linux-2.6.17/gfp.ts';
import { check_irq_on, dbg_userword } from './debug.ts';
import { SLAB_RED_ZONE, SLAB_STORE_USER } from './flags.ts';
import { __kzalloc, kfree } from './kmalloc.ts';
import { BUFCTL_ACTIVE } from './layouts.ts';
import { type Linux2617, nodelist, slab_bufctl } from './slab.ts';

/**
 * The table of callers, ascending: a word for how many there is room, one for how many there are, then two each, the caller
 * and its objects.
 */
const word = (k: Linux2617, n: addr_t, index: number) => n + index * k.BYTES_PER_WORD;

/** The whole file, as one read. The file is opened with a page for the table (slabstats_open()). */
export function* readSlabAllocators(k: Linux2617, cpu: Cpu): Program<string> {
  const { kmem_cache } = k;
  const caller = k.constant('slabstats_open');
  let n = yield* __kzalloc(k, cpu, PAGE_SIZE, GFP_KERNEL, caller);
  if (n === NULL) return '';
  cpu.storeLong(n, PAGE_SIZE / (2 * k.BYTES_PER_WORD));
  let text = '';
  yield* mutex_lock(k, cpu, k.cache_chain_mutex);
  for (let p = cpu.loadPtr(k.cache_chain + list_head.next); p !== k.cache_chain; ) {
    const cachep = p - kmem_cache.next;
    for (;;) {
      const isComplete = yield* countCallers(k, cpu, cachep, n);
      if (isComplete) break;
      // Increase the buffer size; the cache will be retried.
      const room = cpu.loadLong(n);
      yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
      const larger = yield* __kzalloc(k, cpu, room * 4 * k.BYTES_PER_WORD, GFP_KERNEL, k.constant('leaks_show'));
      if (larger !== NULL) {
        cpu.storeLong(larger, room * 2);
        yield* kfree(k, cpu, n, k.constant('leaks_show'));
        n = larger;
      }
      yield* mutex_lock(k, cpu, k.cache_chain_mutex);
      // Too bad, we are really out
      if (larger === NULL) break;
    }
    text += show(k, cpu, cachep, n);
    p = cpu.loadPtr(p + list_head.next);
  }
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
  yield* kfree(k, cpu, n, k.constant('seq_release_private'));
  return text;
}

/** Counts a cache's objects in use by caller into the table; false if it has not room. */
function* countCallers(k: Linux2617, cpu: Cpu, cachep: addr_t, n: addr_t): Program<boolean> {
  const { kmem_cache, kmem_list3, slab } = k;
  cpu.storeLong(word(k, n, 1), 0);
  const flags = cpu.load32(cachep + kmem_cache.flags);
  if ((flags & SLAB_STORE_USER) === 0 || (flags & SLAB_RED_ZONE) === 0) return true;
  let isComplete = true;
  for (const node of for_each_online_node(k, cpu)) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 === NULL) continue;
    check_irq_on(cpu);
    yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
    for (const head of [l3 + kmem_list3.slabs_full, l3 + kmem_list3.slabs_partial]) {
      for (let q = listStep(cpu, head); q !== head; q = listStep(cpu, q)) {
        if (!handle_slab(k, cpu, n, cachep, q - slab.list)) isComplete = false;
      }
    }
    yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
  }
  return isComplete;
}

function handle_slab(k: Linux2617, cpu: Cpu, n: addr_t, c: addr_t, s: addr_t): boolean {
  const { kmem_cache, slab } = k;
  if (cpu.loadLong(n) === cpu.loadLong(word(k, n, 1))) return false;
  let p = cpu.loadPtr(s + slab.s_mem);
  for (let i = 0; i < cpu.load32(c + kmem_cache.num); i++) {
    const isActive = cpu.load32(slab_bufctl(k, s, i)) === BUFCTL_ACTIVE;
    if (isActive && !add_caller(k, cpu, n, cpu.loadPtr(dbg_userword(k, cpu, c, p)))) return false;
    p += cpu.load32(c + kmem_cache.buffer_size);
  }
  return true;
}

/** One object more of caller `v`; false if the table is full. */
function add_caller(k: Linux2617, cpu: Cpu, n: addr_t, v: addr_t): boolean {
  if (v === NULL) return true;
  const entry = (index: number) => word(k, n, 2 + 2 * index);
  let low = 0;
  const count = cpu.loadLong(word(k, n, 1));
  for (let l = count; l > 0; ) {
    const i = l >> 1;
    const user = cpu.loadPtr(entry(low + i));
    if (user === v) {
      const counted = entry(low + i) + k.BYTES_PER_WORD;
      cpu.storeLong(counted, cpu.loadLong(counted) + 1);
      return true;
    }
    if (user > v) l = i;
    else {
      low += i + 1;
      l -= i + 1;
    }
  }
  if (count + 1 === cpu.loadLong(n)) return false;
  cpu.storeLong(word(k, n, 1), count + 1);
  // memmove(): from the end, since the entries behind move up.
  for (let i = count - 1; i >= low; i--) {
    cpu.storePtr(entry(i + 1), cpu.loadPtr(entry(i)));
    cpu.storeLong(entry(i + 1) + k.BYTES_PER_WORD, cpu.loadLong(entry(i) + k.BYTES_PER_WORD));
  }
  cpu.storePtr(entry(low), v);
  cpu.storeLong(entry(low) + k.BYTES_PER_WORD, 1);
  return true;
}

/** A line for each caller. Code has no bytes here, and so no offsets. */
function show(k: Linux2617, cpu: Cpu, cachep: addr_t, n: addr_t): string {
  const name = k.constantAt(cpu.loadPtr(cachep + k.kmem_cache.name));
  let text = '';
  for (let i = 0; i < cpu.loadLong(word(k, n, 1)); i++) {
    const count = cpu.loadLong(word(k, n, 2 * i + 3));
    const user = cpu.loadPtr(word(k, n, 2 * i + 2));
    text += `${name}: ${count} ${k.constantAt(user) ?? user.toString(16)}+0x0/0x0\n`;
  }
  return text;
}
