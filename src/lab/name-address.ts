/** What stands at an address, in the kernel's own names: structure and field, by peek. */
import type { addr_t } from '../hw/memory.ts';
import { NULL, PAGE_SHIFT } from '../hw/memory.ts';
import { list_head } from '../kernel/list.ts';
import { task_struct } from '../kernel/task.ts';
import { free_area_struct, PG_slab, struct_page } from '../mm/linux-2.4.22/mm.ts';
import { cacheChain } from '../slab/linux-2.4.22/inspect.ts';
import { cache_sizes_t, cpucache_t, type Linux2422, slab_t } from '../slab/linux-2.4.22/slab.ts';

/** The field of a structure that holds `offset`. */
export function fieldAt(layout: object, offset: number): string {
  let field = '';
  let start = -1;
  for (const [name, at] of Object.entries(layout) as [string, number][]) {
    if (name === 'sizeof' || name === 'align' || at > offset || at <= start) continue;
    field = name;
    start = at;
  }
  return field;
}

/** The structure and field, e.g. `kmem_cache_t.slabs_free`; `memory` where nothing of the allocator stands. */
export function nameAddress(k: Linux2422, address: addr_t): string {
  const symbol = k.symbols.find(address);
  if (symbol !== null) return nameStatic(k, symbol.name, symbol.offset);
  const cachep = cacheChain(k).find((cache) => address >= cache && address < cache + k.kmem_cache_t.sizeof);
  if (cachep !== undefined) return `kmem_cache_t.${fieldAt(k.kmem_cache_t, address - cachep)}`;
  return nameInSlab(k, address);
}

function nameStatic(k: Linux2422, name: string, offset: number): string {
  if (name === 'cache_cache') return `kmem_cache_t.${fieldAt(k.kmem_cache_t, offset)}`;
  if (name === 'cache_sizes') return `cache_sizes_t.${fieldAt(cache_sizes_t, offset % cache_sizes_t.sizeof)}`;
  if (name === 'mem_map') return `page.${fieldAt(struct_page, offset % struct_page.sizeof)}`;
  if (name === 'irq_stat') return `irq_stat.${fieldAt(k.irq_cpustat_t, offset % k.irq_cpustat_t.sizeof)}`;
  if (name === 'cache_chain_sem') return `cache_chain_sem.${fieldAt(k.semaphore, offset)}`;
  if (name.startsWith('bitmap')) return 'bitmap';
  if (name.startsWith('wait_table')) return 'wait_table';
  if (name.startsWith('task'))
    return offset < task_struct.sizeof ? `task_struct.${fieldAt(task_struct, offset)}` : 'stack';
  if (name !== 'contig_page_data') return name;
  if (offset >= k.pg_data_t.node_zonelists) return `pg_data_t.${fieldAt(k.pg_data_t, offset)}`;
  const inZone = offset % k.zone_struct.sizeof;
  const field = fieldAt(k.zone_struct, inZone);
  if (field !== 'free_area') return `zone_struct.${field}`;
  return `free_area_struct.${fieldAt(free_area_struct, (inZone - k.zone_struct.free_area) % free_area_struct.sizeof)}`;
}

/** A slab's management, or an object: perhaps one that the allocator uses itself. */
function nameInSlab(k: Linux2422, address: addr_t): string {
  const { memory } = k.machine;
  const page = k.pageAt(address >>> PAGE_SHIFT);
  if (((memory.peek32(page + struct_page.flags) >>> PG_slab) & 1) === 0) return 'memory';
  const slabp = memory.peek32(page + struct_page.list + list_head.prev);
  const cachep = memory.peek32(page + struct_page.list + list_head.next);
  const s_mem = memory.peek32(slabp + slab_t.s_mem);
  const offSlab = memory.peek32(cachep + k.kmem_cache_t.slabp_cache) !== NULL;
  if (!offSlab && address < s_mem) return nameManagement(address - slabp);
  const objsize = memory.peek32(cachep + k.kmem_cache_t.objsize);
  const start = s_mem + Math.floor((address - s_mem) / objsize) * objsize;
  return nameOwnObject(k, start, address - start) ?? 'object';
}

const nameManagement = (offset: number) =>
  offset < slab_t.sizeof ? `slab_t.${fieldAt(slab_t, offset)}` : 'kmem_bufctl_t';

/** Objects of general caches that the allocator took for itself: per-CPU arrays and off-slab management. */
function nameOwnObject(k: Linux2422, start: addr_t, offset: number): string | null {
  const { memory } = k.machine;
  for (const cachep of cacheChain(k)) {
    for (const { id } of k.config.CONFIG_SMP ? k.machine.cpus : []) {
      if (memory.peek32(cachep + k.kmem_cache_t.cpudata + 4 * id) !== start) continue;
      return offset < cpucache_t.sizeof ? `cpucache_t.${fieldAt(cpucache_t, offset)}` : 'cpucache_t.entry';
    }
  }
  const s_mem = memory.peek32(start + slab_t.s_mem);
  if (s_mem <= 0 || s_mem >= k.layout.ram) return null;
  const page = k.pageAt(s_mem >>> PAGE_SHIFT);
  return memory.peek32(page + struct_page.list + list_head.prev) === start ? nameManagement(offset) : null;
}
