/** mm/slab.c, /proc/slabinfo as read: s_start(), s_next(), s_show(), version 2.1. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { list_head } from '../../kernel/linux-2.6/list.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/linux-2.6/mutex.ts';
import { for_each_online_node } from '../../kernel/linux-2.6/topology.ts';
import { listStep } from '../../kernel/list.ts';
import { spin_lock_irq, spin_unlock_irq } from '../../kernel/spinlock.ts';
import { check_irq_on } from './debug.ts';
import { type Linux2617, nodelist } from './slab.ts';

const header =
  '# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>' +
  ' : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>';
const statisticsHeader =
  ' : globalstat <listallocs> <maxobjs> <grown> <reaped> <error> <maxfreeable> <nodeallocs> <remotefrees> <alienoverflow>' +
  ' : cpustat <allochit> <allocmiss> <freehit> <freemiss>';

/** The whole file, as one read. */
export function* readSlabinfo(k: Linux2617, cpu: Cpu): Program<string> {
  const { kmem_cache } = k;
  const { CONFIG_DEBUG_SLAB } = k.config;
  yield* mutex_lock(k, cpu, k.cache_chain_mutex);
  let text = CONFIG_DEBUG_SLAB
    ? `slabinfo - version: 2.1 (statistics)\n${header}${statisticsHeader}\n`
    : `slabinfo - version: 2.1\n${header}\n`;
  for (let p = cpu.loadPtr(k.cache_chain + list_head.next); p !== k.cache_chain; ) {
    text += yield* s_show(k, cpu, p - kmem_cache.next);
    p = cpu.loadPtr(p + list_head.next);
  }
  yield* mutex_unlock(k, cpu, k.cache_chain_mutex);
  return text;
}

/** Sums over the nodes of a cache, and what did not add up first. */
class Sums {
  active_objs = 0;
  active_slabs = 0;
  free_slabs = 0;
  free_objects = 0;
  shared_avail = 0;
  error: string | null = null;

  check(isRight: boolean, error: string): void {
    if (!isRight) this.error ??= error;
  }
}

/** One line. Objects in arrays count as active. */
function* s_show(k: Linux2617, cpu: Cpu, cachep: addr_t): Program<string> {
  const { kmem_cache } = k;
  const { CONFIG_DEBUG_SLAB } = k.config;
  const sums = new Sums();
  for (const node of for_each_online_node(k, cpu)) {
    const l3 = cpu.loadPtr(nodelist(k, cachep, node));
    if (l3 !== NULL) yield* addNode(k, cpu, cachep, l3, sums);
  }
  const field = (offset: number) => cpu.load32(cachep + offset);
  const num_slabs = sums.free_slabs + sums.active_slabs;
  const num_objs = num_slabs * field(kmem_cache.num);
  sums.check(num_objs - sums.active_objs === sums.free_objects, 'free_objects accounting error');
  const name = k.constantAt(cpu.loadPtr(cachep + kmem_cache.name)) ?? '';
  if (sums.error !== null) k.printk(`slab: cache ${name} error: ${sums.error}\n`);

  let line = `${name.padEnd(17)}${columns([
    [sums.active_objs, 6],
    [num_objs, 6],
    [field(kmem_cache.buffer_size), 6],
    [field(kmem_cache.num), 4],
    [1 << field(kmem_cache.gfporder), 4],
  ])}`;
  line += ` : tunables${columns([
    [field(kmem_cache.limit), 4],
    [field(kmem_cache.batchcount), 4],
    [field(kmem_cache.shared), 4],
  ])}`;
  line += ` : slabdata${columns([
    [sums.active_slabs, 6],
    [num_slabs, 6],
    [sums.shared_avail, 6],
  ])}`;
  return CONFIG_DEBUG_SLAB ? `${line}${statistics(k, cpu, cachep)}\n` : `${line}\n`;
}

function* addNode(k: Linux2617, cpu: Cpu, cachep: addr_t, l3: addr_t, sums: Sums): Program {
  const { kmem_cache, kmem_list3, array_cache } = k;
  if (k.config.CONFIG_DEBUG_SLAB) check_irq_on(cpu);
  yield* spin_lock_irq(k, cpu, l3 + kmem_list3.list_lock);
  for (const inuse of slabsInUse(k, cpu, l3 + kmem_list3.slabs_full)) {
    const num = cpu.load32(cachep + kmem_cache.num);
    sums.check(inuse === num, 'slabs_full accounting error');
    sums.active_objs += num;
    sums.active_slabs++;
  }
  for (const inuse of slabsInUse(k, cpu, l3 + kmem_list3.slabs_partial)) {
    sums.check(inuse !== cpu.load32(cachep + kmem_cache.num), 'slabs_partial inuse accounting error');
    sums.check(inuse !== 0, 'slabs_partial/inuse accounting error');
    sums.active_objs += inuse;
    sums.active_slabs++;
  }
  for (const inuse of slabsInUse(k, cpu, l3 + kmem_list3.slabs_free)) {
    sums.check(inuse === 0, 'slabs_free/inuse accounting error');
    sums.free_slabs++;
  }
  sums.free_objects += cpu.loadLong(l3 + kmem_list3.free_objects);
  const shared = cpu.loadPtr(l3 + kmem_list3.shared);
  if (shared !== NULL) sums.shared_avail += cpu.load32(shared + array_cache.avail);
  yield* spin_unlock_irq(k, cpu, l3 + kmem_list3.list_lock);
}

/** slabp->inuse of every slab in a list. Caller holds the list_lock. */
function* slabsInUse(k: Linux2617, cpu: Cpu, head: addr_t): Iterable<number> {
  for (let q = listStep(cpu, head); q !== head; q = listStep(cpu, q)) yield cpu.load32(q - k.slab.list + k.slab.inuse);
}

/** With STATS; the tabs stand in the original, from a string that goes on in the next line. */
function statistics(k: Linux2617, cpu: Cpu, cachep: addr_t): string {
  const { kmem_cache } = k;
  const long = (offset: number) => cpu.loadLong(cachep + offset);
  const atomic = (offset: number) => cpu.load32(cachep + offset);
  const lists = columns([
    [long(kmem_cache.num_allocations), 7],
    [long(kmem_cache.high_mark), 6],
    [long(kmem_cache.grown), 5],
    [long(kmem_cache.reaped), 4],
  ]);
  const more = columns([
    [long(kmem_cache.errors), 4],
    [long(kmem_cache.max_freeable), 4],
    [long(kmem_cache.node_allocs), 4],
    [long(kmem_cache.node_frees), 4],
    [long(kmem_cache.node_overflow), 4],
  ]);
  const cpus = columns([
    [atomic(kmem_cache.allochit), 6],
    [atomic(kmem_cache.allocmiss), 6],
    [atomic(kmem_cache.freehit), 6],
    [atomic(kmem_cache.freemiss), 6],
  ]);
  return ` : globalstat${lists} \t\t\t\t${more.slice(1)} : cpustat${cpus}`;
}

/** Numbers, unsigned, each padded to a width. */
const columns = (numbers: readonly (readonly [value: number, width: number])[]) =>
  numbers.map(([value, width]) => ` ${String(value >>> 0).padStart(width)}`).join('');
