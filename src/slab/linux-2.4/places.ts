/**
 * What stands at an address of a kernel of 2.4: its role, and the kernel's own names; by peek, on whatever memory holds now. Any
 * moment will do, as in the middle of a list operation: lists are followed forwards only.
 */
import { type addr_t, NULL, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import { list_head } from '../../kernel/list.ts';
import { fieldAt, ptr } from '../../kernel/struct.ts';
import { free_area_struct, PG_slab, struct_page } from '../../mm/linux-2.4/mm.ts';
import type { Place, Role } from '../allocator.ts';
import { peekName } from './inspect.ts';
import { BYTES_PER_WORD, cpucache_t, kmem_bufctl_t, SLAB_RED_ZONE, type Slab24, slab_bufctl, slab_t } from './slab.ts';

const fieldOf = (name: string, layout: object, offset: number) => `${name}.${fieldAt(layout, offset)}`;

export function placeAt(k: Slab24, addr: addr_t): Place {
  return staticPlace(k, addr) ?? slabPlace(k, addr);
}

function staticPlace(k: Slab24, addr: addr_t): Place | null {
  const symbol = k.symbols.find(addr);
  if (symbol === null) return null;
  const { name, offset } = symbol;
  if (name === 'cache_cache') return cachePlace(k, 'kmem_cache', offset);
  if (name === 'cache_chain_sem') {
    return { kind: 'lock', field: fieldOf('semaphore', k.semaphore, offset), owner: name, offset };
  }
  if (name === 'contig_page_data') return nodePlace(k, offset);
  if (name === 'mem_map') {
    const pfn = Math.floor(offset / k.struct_page.sizeof);
    const inPage = offset % k.struct_page.sizeof;
    return { kind: 'page', field: fieldOf('page', k.struct_page, inPage), owner: `page ${pfn}`, offset: inPage };
  }
  if (name === 'irq_stat') {
    const { irq_cpustat_t } = k;
    const cpu = Math.floor(offset / irq_cpustat_t.sizeof);
    const inStat = offset % irq_cpustat_t.sizeof;
    const field = fieldOf('irq_cpustat_t', irq_cpustat_t, inStat);
    return { kind: 'static', field, owner: `cpu${cpu}`, offset: inStat };
  }
  if (name.startsWith('task[')) {
    const field = offset < k.task_struct.sizeof ? fieldOf('task_struct', k.task_struct, offset) : 'stack';
    return { kind: 'task', field, owner: name, offset };
  }
  return { kind: kindOfStatic(name), field: name, owner: '', offset };
}

function kindOfStatic(name: string): Role {
  if (name.startsWith('bitmap[')) return 'bitmap';
  return name.endsWith('_lock') ? 'lock' : 'static';
}

function cachePlace(k: Slab24, owner: string, offset: number): Place {
  const name = fieldAt(k.kmem_cache_t, offset);
  return { kind: name === 'spinlock' ? 'lock' : 'cache descriptor', field: `kmem_cache_t.${name}`, owner, offset };
}

function nodePlace(k: Slab24, offset: number): Place {
  const { pg_data_t, zone_struct } = k;
  const field = fieldAt(pg_data_t, offset);
  if (field !== 'node_zones') return { kind: 'zone', field: `pg_data_t.${field}`, owner: '', offset };
  const owner = `zone ${Math.floor(offset / zone_struct.sizeof)}`;
  const inZone = offset % zone_struct.sizeof;
  const name = fieldAt(zone_struct, inZone);
  if (name !== 'free_area') {
    return { kind: name === 'lock' ? 'lock' : 'zone', field: `zone_struct.${name}`, owner, offset: inZone };
  }
  const inArea = (inZone - zone_struct.free_area) % free_area_struct.sizeof;
  return { kind: 'zone', field: fieldOf('free_area_struct', free_area_struct, inArea), owner, offset: inZone };
}

/** In a slab: its management, an object, or what the slab allocator keeps in an object. */
function slabPlace(k: Slab24, addr: addr_t): Place {
  const { memory } = k.machine;
  const page = k.pageAt(addr >>> PAGE_SHIFT);
  if (!isSlabPage(k, addr)) {
    return { kind: 'page contents', field: 'page contents', owner: '', offset: addr % PAGE_SIZE };
  }
  const cachep = memory.peek32(page + struct_page.list + list_head.next);
  const slabp = memory.peek32(page + struct_page.list + list_head.prev);
  const owner = peekName(k, cachep);
  const own = managementPlace(k, cachep, slabp, addr);
  if (own !== null) return own;
  const objsize = memory.peek32(cachep + k.kmem_cache_t.objsize);
  const s_mem = memory.peek32(slabp + slab_t.s_mem);
  const objp = s_mem + Math.floor((addr - s_mem) / objsize) * objsize;
  if (cachep === k.cache_cache) return cachePlace(k, peekName(k, objp), addr - objp);
  if (owner.startsWith('size-')) {
    const kept = arrayPlace(k, objp, objsize, addr) ?? offSlabPlace(k, objp, addr);
    if (kept !== null) return kept;
  }
  const redZoned = (memory.peek32(cachep + k.kmem_cache_t.flags) & SLAB_RED_ZONE) !== 0;
  return { kind: 'object', field: 'object', owner, offset: addr - objp - (redZoned ? BYTES_PER_WORD : 0) };
}

function isSlabPage(k: Slab24, addr: addr_t): boolean {
  if (addr >= k.layout.ram) return false;
  return ((k.machine.memory.peek32(k.pageAt(addr >>> PAGE_SHIFT) + struct_page.flags) >>> PG_slab) & 1) !== 0;
}

function managementPlace(k: Slab24, cachep: addr_t, slabp: addr_t, addr: addr_t): Place | null {
  const offset = addr - slabp;
  const num = k.machine.memory.peek32(cachep + k.kmem_cache_t.num);
  if (offset < 0 || offset >= slab_t.sizeof + num * kmem_bufctl_t.sizeof) return null;
  const owner = peekName(k, cachep);
  if (addr >= slab_bufctl(slabp, 0)) return { kind: 'free list', field: 'kmem_bufctl_t', owner, offset };
  return { kind: 'slab descriptor', field: fieldOf('slab_t', slab_t, offset), owner, offset };
}

/** If the object at `objp` is some CPU's array. */
function arrayPlace(k: Slab24, objp: addr_t, objsize: number, addr: addr_t): Place | null {
  const { memory, cpus } = k.machine;
  // Few other objects look like one, and only then are all caches asked.
  const limit = memory.peek32(objp + cpucache_t.limit);
  if (limit <= 0 || cpucache_t.sizeof + limit * ptr.sizeof > objsize) return null;
  const { next, cpudata } = k.kmem_cache_t;
  let cachep = k.cache_cache;
  do {
    for (const { id } of cpus) {
      if (memory.peek32(cachep + cpudata + id * ptr.sizeof) !== objp) continue;
      const offset = addr - objp;
      const field = offset < cpucache_t.sizeof ? fieldAt(cpucache_t, offset) : 'entries';
      const owner = `${peekName(k, cachep)} on cpu${id}`;
      return { kind: 'per-CPU array', field: `cpucache_t.${field}`, owner, offset };
    }
    cachep = memory.peek32(cachep + next + list_head.next) - next;
  } while (cachep !== k.cache_cache);
  return null;
}

/** If the object at `objp` manages a slab elsewhere: then the page of that slab's first object says so. */
function offSlabPlace(k: Slab24, objp: addr_t, addr: addr_t): Place | null {
  const { memory } = k.machine;
  const s_mem = memory.peek32(objp + slab_t.s_mem);
  if (s_mem <= NULL || !isSlabPage(k, s_mem)) return null;
  const page = k.pageAt(s_mem >>> PAGE_SHIFT);
  if (memory.peek32(page + struct_page.list + list_head.prev) !== objp) return null;
  return managementPlace(k, memory.peek32(page + struct_page.list + list_head.next), objp, addr);
}
