/** The one list of slabs: who stands where after which step, and where firstnotfull points. */
import { describe, expect, test } from 'vitest';
import type { addr_t } from '../../../src/hw/memory.ts';
import { list_head } from '../../../src/kernel/list.ts';
import { GFP_KERNEL } from '../../../src/mm/linux-2.4.0/gfp.ts';
import { upConfig } from '../../../src/slab/linux-2.4/config.ts';
import { slab_t } from '../../../src/slab/linux-2.4/slab.ts';
import { booted240 } from '../../machines.ts';

/** A cache on a uniprocessor, so without arrays: what is allocated and freed goes to the slabs at once. */
function cacheOf(size: number) {
  const { machine, allocator, k } = booted240({ cpus: 1, config: upConfig });
  const cpu = machine.cpus[0]!;
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'story', size }));
  const state = () => allocator.caches().find((cache) => cache.cachep === cachep)!;
  const born: addr_t[] = [];
  /** Slabs are called by letters, in the order in which they came. */
  const nameOf = (slabp: addr_t) => {
    if (!born.includes(slabp)) born.push(slabp);
    return String.fromCharCode(97 + born.indexOf(slabp));
  };
  const peek = (address: addr_t) => machine.memory.peek32(address);
  return {
    k,
    cachep,
    alloc: (count = 1) =>
      Array.from({ length: count }, () => machine.run(cpu, allocator.alloc(cpu, cachep, GFP_KERNEL))),
    free: (objects: readonly addr_t[]) => {
      for (const objp of objects) machine.run(cpu, allocator.free(cpu, cachep, objp));
    },
    shrink: () => machine.run(cpu, allocator.shrink(cpu, cachep)),
    /** Each slab in order with its objects in use; before the one that firstnotfull points to, `>`. */
    list: () => {
      const { firstnotfull, slabs } = k.kmem_cache_t;
      const first = peek(cachep + firstnotfull);
      const told = state().slabs.map(({ slabp, inuse }) => `${first === slabp ? '>' : ''}${nameOf(slabp)}${inuse}`);
      return [...told, ...(first === cachep + slabs ? ['>'] : [])].join(' ');
    },
    slabpOf: (name: string) => born[name.charCodeAt(0) - 97]!,
  };
}

/** Three slabs of four objects each, all full; the objects of each. */
function threeFull() {
  const cache = cacheOf(1000);
  const objects = cache.alloc(12);
  expect(cache.list()).toBe('a4 b4 c4 >');
  return { ...cache, a: objects.slice(0, 4), b: objects.slice(4, 8), c: objects.slice(8) };
}

describe('the list', () => {
  test('of a new cache is empty, and firstnotfull points to its head', () => {
    expect(cacheOf(1000).list()).toBe('>');
  });

  test('takes a new slab at its end, and allocation fills it there', () => {
    const { alloc, list } = cacheOf(1000);
    const told = [1, 3, 1].map((count) => {
      alloc(count);
      return list();
    });
    expect(told).toEqual(['>a1', 'a4 >', 'a4 >b1']);
  });

  test('has a full slab that gets an object back stand where the full ones end', () => {
    const { free, list, a } = threeFull();
    free([a[0]!]);
    expect(list()).toBe('b4 c4 >a3');
  });

  test('leaves it where it stands, if it stands there', () => {
    const { free, list, b, c } = threeFull();
    free([c[0]!]);
    expect(list()).toBe('a4 b4 >c3');
    free([b[0]!]);
    expect(list()).toBe('a4 >b3 c3');
  });

  test('has the slab that was full last serve the next allocation', () => {
    const { alloc, free, list, a, c } = threeFull();
    free([c[0]!, a[0]!]);
    expect(list()).toBe('b4 >a3 c3');
    expect(alloc()).toEqual([a[0]]);
    expect(list()).toBe('b4 a4 >c3');
  });

  test('has a slab that empties go to the very end: those that emptied first are used first', () => {
    const { alloc, free, list, a, b, c } = threeFull();
    free([...b, ...a, ...c]);
    expect(list()).toBe('>b0 a0 c0');
    expect(alloc()).toEqual([b[3]]);
  });

  test('keeps firstnotfull where it is, if another slab empties', () => {
    const { free, list, a, b } = threeFull();
    free([a[0]!, b[0]!]);
    expect(list()).toBe('c4 >b3 a3');
    free(a.slice(1));
    expect(list()).toBe('c4 >b3 a0');
  });

  test('of slabs of one object has the one that empties stand first among the free', () => {
    const { alloc, free, list } = cacheOf(8000);
    const objects = alloc(3);
    expect(list()).toBe('a1 b1 c1 >');
    free(objects);
    expect(list()).toBe('>c0 b0 a0');
  });

  test('gives back the slabs that emptied last first', () => {
    const { k, cachep, free, list, shrink, a, b } = threeFull();
    free([...b, ...a]);
    expect(list()).toBe('c4 >b0 a0');
    k.machine.memory.poke32(cachep + k.kmem_cache_t.growing, 1);
    expect(shrink(), 'none while it grows').toBe(0);
    k.machine.memory.poke32(cachep + k.kmem_cache_t.growing, 0);
    expect(shrink()).toBe(2);
    expect(list()).toBe('c4 >');
  });

  test('leaves the pointers of what was taken off, unlike that of 2.4.22', () => {
    const { k, cachep, free, shrink, slabpOf, list, a } = threeFull();
    free(a);
    expect(list()).toBe('b4 c4 >a0');
    const entry = slabpOf('a') + slab_t.list;
    shrink();
    const { memory } = k.machine;
    expect([memory.peek32(entry + list_head.next), memory.peek32(entry + list_head.prev)]).toEqual([
      cachep + k.kmem_cache_t.slabs,
      slabpOf('c') + slab_t.list,
    ]);
  });
});
