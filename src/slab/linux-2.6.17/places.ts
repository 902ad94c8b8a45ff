/**
 * What stands at an address of a 2.6.17 kernel: its role, and the kernel's own names; by peek, on whatever memory holds now. Any
 * moment will do, as in the middle of a list operation: lists are followed forwards only.
 */
import { type addr_t, NULL, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import { PER_CPU_SECTION } from '../../kernel/linux-2.6/percpu-areas.ts';
import { THREAD_SIZE, task_struct, thread_info } from '../../kernel/linux-2.6/thread-info.ts';
import { list_head } from '../../kernel/list.ts';
import { fieldAt } from '../../kernel/struct.ts';
import { MAX_NR_ZONES, PG_compound, PG_slab } from '../../mm/linux-2.6.17/layouts.ts';
import type { Place, Role } from '../allocator.ts';
import { peekName } from './inspect.ts';
import { kmem_bufctl_t } from './layouts.ts';
import { type Linux2617, nodelist, slab_bufctl } from './slab.ts';

export function placeAt(k: Linux2617, addr: addr_t): Place {
  return staticPlace(k, addr) ?? slabPlace(k, addr);
}

/** The element of an array of structures at `offset`. */
function element(kind: Role, type: string, layout: { sizeof: number }, array: string, offset: number): Place {
  const inElement = offset % layout.sizeof;
  const owner = `${array}[${Math.floor(offset / layout.sizeof)}]`;
  return { kind, field: `${type}.${fieldAt(layout, inElement)}`, owner, offset: inElement };
}

function staticPlace(k: Linux2617, addr: addr_t): Place | null {
  const symbol = k.symbols.find(addr);
  if (symbol === null) return null;
  const { name, offset } = symbol;
  const place = (kind: Role, field: string, owner = ''): Place => ({ kind, field, owner, offset });
  if (name === 'cache_cache') return cachePlace(k, 'kmem_cache', offset);
  if (name === 'mem_map') return element('page', 'page', k.struct_page, 'page', offset);
  if (name === 'malloc_sizes') return element('static', 'cache_sizes', k.cache_sizes, name, offset);
  if (name === 'initkmem_list3') return element('slab lists', 'kmem_list3', k.kmem_list3, name, offset);
  if (name === 'boot_pageset') return element('per-CPU pages', 'per_cpu_pageset', k.per_cpu_pageset, name, offset);
  if (name === 'irq_stat') return element('static', 'irq_cpustat_t', k.irq_cpustat_t, name, offset);
  if (name === 'initarray_cache' || name === 'initarray_generic') {
    return place('per-CPU array', `array_cache.${fieldAt(k.array_cache, offset) || 'entry'}`, name);
  }
  if (name.endsWith('_mutex') || name === 'cpucontrol') return place('lock', `mutex.${fieldAt(k.mutex, offset)}`, name);
  if (name.startsWith('node_data[')) return nodePlace(k, name, offset);
  if (name.startsWith('task_struct[')) return place('task', `task_struct.${fieldAt(task_struct, offset)}`, name);
  if (name.startsWith('stack[') && offset < THREAD_SIZE) {
    return place('task', offset < thread_info.sizeof ? `thread_info.${fieldAt(thread_info, offset)}` : 'stack', name);
  }
  if (name === PER_CPU_SECTION || name.startsWith('per_cpu_area[')) return perCpuPlace(k, name, offset);
  return place(name.endsWith('_lock') ? 'lock' : 'static', name);
}

function cachePlace(k: Linux2617, owner: string, offset: number): Place {
  return { kind: 'cache descriptor', field: `kmem_cache.${fieldAt(k.kmem_cache, offset)}`, owner, offset };
}

function perCpuPlace(k: Linux2617, area: string, offset: number): Place {
  const at = k.symbols.address(PER_CPU_SECTION) + offset;
  const variables = [
    ['page_states', k.per_cpu__page_states, k.page_state],
    ['reap_work', k.per_cpu__reap_work, k.work_struct],
    ['tvec_bases', k.per_cpu__tvec_bases, k.tvec_base],
    ['keventd', k.per_cpu__keventd, k.cpu_workqueue],
    ['rcu_data', k.per_cpu__rcu_data, k.rcu_data],
  ] as const;
  const found = variables.find(([, address, { sizeof }]) => at >= address && at < address + sizeof);
  const field = found === undefined ? 'reap_node' : `${found[0]}.${fieldAt(found[2], at - found[1])}`;
  const owner = area === PER_CPU_SECTION ? 'cpu0' : `cpu${area.slice('per_cpu_area['.length, -1)}`;
  return { kind: 'static', field: `per_cpu__${field}`, owner, offset };
}

function nodePlace(k: Linux2617, node: string, offset: number): Place {
  const { pg_data_t, zone_struct } = k;
  const field = fieldAt(pg_data_t, offset);
  if (field !== 'node_zones') return { kind: 'zone', field: `pglist_data.${field}`, owner: node, offset };
  const owner = `${node}.zone ${Math.floor(offset / zone_struct.sizeof)}`;
  const inZone = offset % zone_struct.sizeof;
  const name = fieldAt(zone_struct, inZone);
  const place = (kind: Role, field: string): Place => ({ kind, field, owner, offset: inZone });
  if (name === 'lock' || name === 'lru_lock') return place('lock', `zone.${name}`);
  if (name === 'free_area') {
    const inArea = (inZone - zone_struct.free_area) % k.free_area.sizeof;
    return place('zone', `free_area.${fieldAt(k.free_area, inArea)}`);
  }
  if (name !== 'pageset' || k.config.CONFIG_NUMA) return place('zone', `zone.${name}`);
  return place('per-CPU pages', pagesetField(k, (inZone - zone_struct.pageset) % k.per_cpu_pageset.sizeof));
}

function pagesetField(k: Linux2617, offset: number): string {
  const field = fieldAt(k.per_cpu_pageset, offset);
  if (field !== 'pcp') return `per_cpu_pageset.${field}`;
  return `per_cpu_pages.${fieldAt(k.per_cpu_pages, (offset - k.per_cpu_pageset.pcp) % k.per_cpu_pages.sizeof)}`;
}

/** The node to which the object at `objp` goes home, as its slab has it; without CONFIG_NUMA there is but one. */
export function peekNodeOf(k: Linux2617, objp: addr_t): number {
  if (!k.config.CONFIG_NUMA) return 0;
  const { memory } = k.machine;
  const slabp = memory.peek32(slabPageOf(k, objp) + k.struct_page.lru + list_head.prev);
  return memory.peek16(slabp + k.slab.nodeid);
}

/** The struct page that knows the slab in which an address lies; NULL in a page that belongs to no slab. */
function slabPageOf(k: Linux2617, addr: addr_t): addr_t {
  if (addr >= k.layout.ram) return NULL;
  const { memory } = k.machine;
  const { flags, private: first } = k.struct_page;
  const page = k.pageAt(addr >>> PAGE_SHIFT);
  if (((memory.peek32(page + flags) >>> PG_slab) & 1) === 0) return NULL;
  return ((memory.peek32(page + flags) >>> PG_compound) & 1) === 0 ? page : memory.peek32(page + first);
}

/** In a slab: its management, an object, or what the kernel keeps in an object of the general caches. */
function slabPlace(k: Linux2617, addr: addr_t): Place {
  const { memory } = k.machine;
  const page = slabPageOf(k, addr);
  if (page === NULL) return { kind: 'page contents', field: 'page contents', owner: '', offset: addr % PAGE_SIZE };
  const cachep = memory.peek32(page + k.struct_page.lru + list_head.next);
  const slabp = memory.peek32(page + k.struct_page.lru + list_head.prev);
  const own = managementPlace(k, cachep, slabp, addr);
  if (own !== null) return own;
  const size = memory.peek32(cachep + k.kmem_cache.buffer_size);
  const s_mem = memory.peek32(slabp + k.slab.s_mem);
  const slot = s_mem + Math.floor((addr - s_mem) / size) * size;
  const objp = slot + (k.config.CONFIG_DEBUG_SLAB ? memory.peek32(cachep + k.kmem_cache.obj_offset) : 0);
  if (cachep === k.cache_cache) return cachePlace(k, peekName(k, objp), addr - objp);
  const owner = peekName(k, cachep);
  const kept = owner.startsWith('size-') ? (ofCaches(k, objp, addr) ?? offSlabPlace(k, objp, addr)) : null;
  return kept ?? { kind: 'object', field: 'object', owner, offset: addr - objp };
}

function managementPlace(k: Linux2617, cachep: addr_t, slabp: addr_t, addr: addr_t): Place | null {
  const offset = addr - slabp;
  const num = k.machine.memory.peek32(cachep + k.kmem_cache.num);
  if (offset < 0 || offset >= k.slab.sizeof + num * kmem_bufctl_t.sizeof) return null;
  const owner = peekName(k, cachep);
  if (addr >= slab_bufctl(k, slabp, 0)) return { kind: 'free list', field: 'kmem_bufctl_t', owner, offset };
  return { kind: 'slab descriptor', field: `slab.${fieldAt(k.slab, offset)}`, owner, offset };
}

/** If the object at `objp` is an array or a kmem_list3 of some cache, or a CPU's pages of some zone. */
function ofCaches(k: Linux2617, objp: addr_t, addr: addr_t): Place | null {
  const { memory, cpus } = k.machine;
  const { kmem_cache, kmem_list3 } = k;
  const offset = addr - objp;
  const arrayField = `array_cache.${fieldAt(k.array_cache, offset) || 'entry'}`;
  const array = (kind: Role, owner: string): Place => {
    return { kind: arrayField.endsWith('.lock') ? 'lock' : kind, field: arrayField, owner, offset };
  };
  for (let p = memory.peek32(k.cache_chain); p !== k.cache_chain; p = memory.peek32(p + list_head.next)) {
    const cachep = p - kmem_cache.next;
    for (const { id } of cpus) {
      if (memory.peek32(cachep + kmem_cache.array + id * k.BYTES_PER_WORD) !== objp) continue;
      return array('per-CPU array', `${peekName(k, cachep)} on cpu${id}`);
    }
    for (let node = 0; node < k.nodes.length; node++) {
      const l3 = memory.peek32(nodelist(k, cachep, node));
      if (l3 === NULL) continue;
      const owner = `${peekName(k, cachep)} on node ${node}`;
      if (l3 === objp) {
        const field = fieldAt(kmem_list3, offset);
        return { kind: field === 'list_lock' ? 'lock' : 'slab lists', field: `kmem_list3.${field}`, owner, offset };
      }
      if (memory.peek32(l3 + kmem_list3.shared) === objp) return array('shared array', owner);
      if (!k.config.CONFIG_NUMA) continue;
      const alien = memory.peek32(l3 + kmem_list3.alien);
      if (alien === NULL) continue;
      if (alien === objp) return { kind: 'alien array', field: 'kmem_list3.alien[]', owner, offset };
      for (let other = 0; other < k.nodes.length; other++) {
        if (memory.peek32(alien + other * k.BYTES_PER_WORD) === objp) return array('alien array', owner);
      }
    }
  }
  return pagesetPlace(k, objp, offset);
}

function pagesetPlace(k: Linux2617, objp: addr_t, offset: number): Place | null {
  if (!k.config.CONFIG_NUMA) return null;
  const { memory, cpus } = k.machine;
  for (let node = 0; node < k.nodes.length; node++) {
    for (let index = 0; index < MAX_NR_ZONES; index++) {
      for (const { id } of cpus) {
        const pageset = k.zone(node, index) + k.zone_struct.pageset + id * k.BYTES_PER_WORD;
        if (memory.peek32(pageset) !== objp) continue;
        const owner = `node_data[${node}].zone ${index} on cpu${id}`;
        return { kind: 'per-CPU pages', field: pagesetField(k, offset), owner, offset };
      }
    }
  }
  return null;
}

/** If the object at `objp` manages a slab elsewhere: then the page of that slab's first object says so. */
function offSlabPlace(k: Linux2617, objp: addr_t, addr: addr_t): Place | null {
  const { memory } = k.machine;
  const s_mem = memory.peek32(objp + k.slab.s_mem);
  const page = s_mem <= NULL ? NULL : slabPageOf(k, s_mem);
  if (page === NULL || memory.peek32(page + k.struct_page.lru + list_head.prev) !== objp) return null;
  return managementPlace(k, memory.peek32(page + k.struct_page.lru + list_head.next), objp, addr);
}
