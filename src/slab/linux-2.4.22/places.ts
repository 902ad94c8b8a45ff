/** What stands at an address of a 2.4.22 kernel, in the kernel's own names; by peek, on whatever memory holds now. */
import { type addr_t, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { ptr } from '../../kernel/struct.ts';
import { task_struct } from '../../kernel/task.ts';
import { free_area_struct, PG_slab, struct_page } from '../../mm/linux-2.4.22/mm.ts';
import type { Place } from '../allocator.ts';
import { cacheChain, peekName } from './inspect.ts';
import { cpucache_t, kmem_bufctl_t, type Linux2422, slab_t } from './slab.ts';

/** The field of a structure that holds `offset`. */
export function fieldAt(layout: object, offset: number): string {
  let name = '';
  let start = -1;
  for (const [field, at] of Object.entries(layout) as [string, number][]) {
    if (field === 'sizeof' || field === 'align' || at > offset || at < start) continue;
    name = field;
    start = at;
  }
  return name;
}

export function placeAt(k: Linux2422, addr: addr_t): Place {
  return staticPlace(k, addr) ?? slabPlace(k, addr);
}

function staticPlace(k: Linux2422, addr: addr_t): Place | null {
  const symbol = k.symbols.find(addr);
  if (symbol === null) return null;
  const { name, offset } = symbol;
  const element = (layout: { sizeof: number }) => String(Math.floor(offset / layout.sizeof));
  if (name === 'cache_cache') return { field: `kmem_cache_t.${fieldAt(k.kmem_cache_t, offset)}`, owner: 'kmem_cache' };
  if (name === 'cache_chain_sem') return { field: `semaphore.${fieldAt(k.semaphore, offset)}`, owner: name };
  if (name === 'contig_page_data') return nodePlace(k, offset);
  if (name === 'mem_map') {
    return {
      field: `page.${fieldAt(struct_page, offset % struct_page.sizeof)}`,
      owner: `page ${element(struct_page)}`,
    };
  }
  if (name === 'irq_stat') {
    const { irq_cpustat_t } = k;
    const field = fieldAt(irq_cpustat_t, offset % irq_cpustat_t.sizeof);
    return { field: `irq_cpustat_t.${field}`, owner: `cpu${element(irq_cpustat_t)}` };
  }
  if (name.startsWith('task[')) {
    return {
      field: offset < task_struct.sizeof ? `task_struct.${fieldAt(task_struct, offset)}` : 'stack',
      owner: name,
    };
  }
  return { field: name, owner: '' };
}

function nodePlace(k: Linux2422, offset: number): Place {
  const { pg_data_t, zone_struct } = k;
  const field = fieldAt(pg_data_t, offset);
  if (field !== 'node_zones') return { field: `pg_data_t.${field}`, owner: '' };
  const owner = `zone ${Math.floor(offset / zone_struct.sizeof)}`;
  const inZone = offset % zone_struct.sizeof;
  const ofZone = fieldAt(zone_struct, inZone);
  if (ofZone !== 'free_area') return { field: `zone_struct.${ofZone}`, owner };
  const inArea = (inZone - zone_struct.free_area) % free_area_struct.sizeof;
  return { field: `free_area_struct.${fieldAt(free_area_struct, inArea)}`, owner };
}

/** In a slab: its management, an object, or what the slab allocator keeps in an object. */
function slabPlace(k: Linux2422, addr: addr_t): Place {
  const { memory } = k.machine;
  const page = k.pageAt(addr >>> PAGE_SHIFT);
  if (((memory.peek32(page + struct_page.flags) >>> PG_slab) & 1) === 0) return { field: 'page contents', owner: '' };
  const cachep = memory.peek32(page + struct_page.list);
  const slabp = memory.peek32(page + struct_page.list + ptr.sizeof);
  const owner = peekName(k, cachep);
  const own = managementPlace(k, cachep, slabp, addr);
  if (own !== null) return own;
  const objsize = memory.peek32(cachep + k.kmem_cache_t.objsize);
  const s_mem = memory.peek32(slabp + slab_t.s_mem);
  const objp = s_mem + Math.floor((addr - s_mem) / objsize) * objsize;
  if (cachep === k.cache_cache) {
    return { field: `kmem_cache_t.${fieldAt(k.kmem_cache_t, addr - objp)}`, owner: peekName(k, objp) };
  }
  return (
    (owner.startsWith('size-') ? (arrayPlace(k, objp, addr) ?? offSlabPlace(k, objp, addr)) : null) ?? {
      field: 'object',
      owner,
    }
  );
}

function managementPlace(k: Linux2422, cachep: addr_t, slabp: addr_t, addr: addr_t): Place | null {
  const inSlab = addr - slabp;
  const num = k.machine.memory.peek32(cachep + k.kmem_cache_t.num);
  if (inSlab < 0 || inSlab >= slab_t.sizeof + num * kmem_bufctl_t.sizeof) return null;
  const field = inSlab < slab_t.sizeof ? `slab_t.${fieldAt(slab_t, inSlab)}` : 'kmem_bufctl_t';
  return { field, owner: peekName(k, cachep) };
}

/** If the object at `objp` is some CPU's array. */
function arrayPlace(k: Linux2422, objp: addr_t, addr: addr_t): Place | null {
  const { memory, cpus } = k.machine;
  for (const cachep of cacheChain(k)) {
    for (const { id } of cpus) {
      if (memory.peek32(cachep + k.kmem_cache_t.cpudata + id * ptr.sizeof) !== objp) continue;
      const field = addr < objp + cpucache_t.sizeof ? fieldAt(cpucache_t, addr - objp) : 'entries';
      return { field: `cpucache_t.${field}`, owner: `${peekName(k, cachep)} on cpu${id}` };
    }
  }
  return null;
}

/** If the object at `objp` manages a slab elsewhere: the pages of that slab say so. */
function offSlabPlace(k: Linux2422, objp: addr_t, addr: addr_t): Place | null {
  const { memory } = k.machine;
  for (let pfn = 0; pfn < k.layout.ram >>> PAGE_SHIFT; pfn++) {
    const page = k.pageAt(pfn);
    if (memory.peek32(page + struct_page.list + ptr.sizeof) !== objp) continue;
    if (((memory.peek32(page + struct_page.flags) >>> PG_slab) & 1) === 0) continue;
    const cachep = memory.peek32(page + struct_page.list);
    if (cachep !== NULL) return managementPlace(k, cachep, objp, addr);
  }
  return null;
}
