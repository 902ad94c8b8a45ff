/** What stands at an address, by structure, field, owner and offset. */
import { describe, expect, test } from 'vitest';
import { type addr_t, PAGE_SIZE } from '../../src/hw/memory.ts';
import { list_head } from '../../src/kernel/list.ts';
import { free_area_struct } from '../../src/mm/linux-2.4/mm.ts';
import { GFP_ATOMIC, GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { struct_page } from '../../src/mm/linux-2.4.22/mm.ts';
import { cpucache_t, slab_bufctl, slab_t } from '../../src/slab/linux-2.4/slab.ts';
import { booted } from '../machines.ts';

const { machine, allocator, k } = booted();
const cpu = machine.cpus[0]!;
const cacheOf = (name: string, size: number) => {
  const cachep = machine.run(cpu, allocator.create(cpu, { name, size }));
  machine.run(cpu, allocator.alloc(cpu, cachep, GFP_KERNEL));
  return allocator.caches().find((cache) => cache.cachep === cachep)!;
};
const [near, far] = [cacheOf('near', 96), cacheOf('far', 1000)];
const page = machine.run(cpu, allocator.get_free_pages(cpu, GFP_ATOMIC, 0));
const buffer = machine.run(cpu, allocator.kmalloc(cpu, 20, GFP_KERNEL));
const { kmem_cache_t, zone_struct, pg_data_t } = k;
const area = zone_struct.free_area + 3 * free_area_struct.sizeof;
const task = k.symbols.address('task[1]');
const [slab, farSlab] = [near.slabs[0]!, far.slabs[0]!];
const array = near.cpuArrays[1]!.address;

describe('a place', () => {
  test.each<[addr: addr_t, field: string, owner: string, offset: number]>([
    [slab.s_mem, 'object', 'near', 0],
    [slab.s_mem + 2 * 96 - 1, 'object', 'near', 95],
    [buffer + 19, 'object', 'size-32', 19],
    [slab.slabp + slab_t.inuse, 'slab_t.inuse', 'near', slab_t.inuse],
    [slab.slabp + slab_t.list + list_head.prev, 'slab_t.list', 'near', 4],
    [slab_bufctl(slab.slabp, 1), 'kmem_bufctl_t', 'near', slab_t.sizeof + 4],
    [farSlab.slabp + slab_t.s_mem, 'slab_t.s_mem', 'far', slab_t.s_mem],
    [slab_bufctl(farSlab.slabp, 0), 'kmem_bufctl_t', 'far', slab_t.sizeof],
    [array + cpucache_t.limit, 'cpucache_t.limit', 'near on cpu1', cpucache_t.limit],
    [array + cpucache_t.sizeof, 'cpucache_t.entries', 'near on cpu1', cpucache_t.sizeof],
    [near.cachep + kmem_cache_t.spinlock, 'kmem_cache_t.spinlock', 'near', kmem_cache_t.spinlock],
    [k.cache_cache + kmem_cache_t.objsize, 'kmem_cache_t.objsize', 'kmem_cache', kmem_cache_t.objsize],
    [k.pageAt(77) + struct_page.flags, 'page.flags', 'page 77', struct_page.flags],
    [k.zone(1) + zone_struct.lock, 'zone_struct.lock', 'zone 1', zone_struct.lock],
    [k.zone(0) + area, 'free_area_struct.free_list', 'zone 0', area],
    [k.zone(0) + area + free_area_struct.map, 'free_area_struct.map', 'zone 0', area + free_area_struct.map],
    [k.contig_page_data + pg_data_t.node_size, 'pg_data_t.node_size', '', pg_data_t.node_size],
    [k.symbols.address('bitmap[0][3]') + 4, 'bitmap[0][3]', '', 4],
    [k.cache_chain_sem + k.semaphore.sleepers, 'semaphore.sleepers', 'cache_chain_sem', k.semaphore.sleepers],
    [k.call_lock, 'call_lock', '', 0],
    [k.clock_searchp, 'clock_searchp', '', 0],
    [k.irq_stat + k.irq_cpustat_t.sizeof + 4, 'irq_cpustat_t.__local_irq_count', 'cpu1', 4],
    [task + k.task_struct.processor, 'task_struct.processor', 'task[1]', k.task_struct.processor],
    [task + 8000, 'stack', 'task[1]', 8000],
    [page + 40, 'page contents', '', 40],
    [PAGE_SIZE - 1, 'page contents', '', PAGE_SIZE - 1],
  ])('%i is %s of "%s", %i bytes in', (addr, field, owner, offset) => {
    expect(allocator.place(addr)).toMatchObject({ field, owner, offset });
  });
});

test('offsets in an object with red zones count from what its owner was given', () => {
  const debug = booted({ cpus: 1, config: { CONFIG_DEBUG_SLAB: true } });
  const [at] = debug.machine.cpus;
  const cachep = debug.machine.run(at!, debug.allocator.create(at!, { name: 'zoned', size: 64 }));
  const objp = debug.machine.run(at!, debug.allocator.alloc(at!, cachep, GFP_KERNEL));
  const offsets = [objp - 4, objp, objp + 63, objp + 64].map((addr) => debug.allocator.place(addr));
  expect(offsets.map(({ owner, offset }) => `${owner} ${offset}`)).toEqual([
    'zoned -4',
    'zoned 0',
    'zoned 63',
    'zoned 64',
  ]);
});
