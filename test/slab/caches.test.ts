/** Caches of 2.4.22 one behaviour at a time: creation, slabs and their colours, arrays, general caches, destruction. */
import { describe, expect, test } from 'vitest';
import { type addr_t, MiB, NULL, PAGE_SHIFT, PAGE_SIZE } from '../../src/hw/memory.ts';
import type { KernelFunction } from '../../src/kernel/kernel.ts';
import { list_head } from '../../src/kernel/list.ts';
import { nr_free_pages } from '../../src/mm/linux-2.4/buddyinfo.ts';
import { PG_slab } from '../../src/mm/linux-2.4/mm.ts';
import { GFP_ATOMIC, GFP_DMA, GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { struct_page } from '../../src/mm/linux-2.4.22/mm.ts';
import type { CacheOptions, SlabState } from '../../src/slab/allocator.ts';
import type { SlabConfig } from '../../src/slab/linux-2.4/config.ts';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN } from '../../src/slab/linux-2.4/flags.ts';
import { peekName } from '../../src/slab/linux-2.4/inspect.ts';
import { general_sizes, SLAB_CTOR_ATOMIC, SLAB_CTOR_CONSTRUCTOR, SLAB_NO_GROW } from '../../src/slab/linux-2.4/slab.ts';
import { booted } from '../machines.ts';
import { assertCache } from './invariants.ts';

/** A booted machine, and the allocator's functions as plain calls, on the first CPU unless said otherwise. */
function slab(config: Partial<SlabConfig> = {}) {
  const { machine, allocator, k } = booted({ cpus: config.CONFIG_SMP === false ? 1 : 2, memory: 20 * MiB, config });
  const boss = machine.cpus[0]!;
  return {
    machine,
    allocator,
    k,
    boss,
    create: (options: Partial<CacheOptions> = {}) =>
      machine.run(boss, allocator.create(boss, { name: 'test', size: 64, ...options })),
    destroy: (cachep: addr_t) => machine.run(boss, allocator.destroy(boss, cachep)),
    shrink: (cachep: addr_t) => machine.run(boss, allocator.shrink(boss, cachep)),
    alloc: (cachep: addr_t, flags = GFP_KERNEL, cpu = boss) => machine.run(cpu, allocator.alloc(cpu, cachep, flags)),
    allocMany: (cachep: addr_t, count: number) =>
      Array.from({ length: count }, () => machine.run(boss, allocator.alloc(boss, cachep, GFP_KERNEL))),
    free: (cachep: addr_t, objp: addr_t, cpu = boss) => machine.run(cpu, allocator.free(cpu, cachep, objp)),
    kmalloc: (size: number, flags = GFP_KERNEL) => machine.run(boss, allocator.kmalloc(boss, size, flags)),
    kfree: (objp: addr_t) => machine.run(boss, allocator.kfree(boss, objp)),
    state: (cachep: addr_t) => allocator.caches().find((cache) => cache.cachep === cachep)!,
    names: () => allocator.caches().map(({ name }) => name),
    /** The name of the cache whose page holds `address`. */
    cacheAt: (address: addr_t) =>
      peekName(k, machine.memory.peek32(k.pageAt(address >>> PAGE_SHIFT) + struct_page.list + list_head.next)),
    /** What in_interrupt() looks at. */
    enterInterrupt: () => machine.memory.poke32(k.irq_stat + k.irq_cpustat_t.__local_irq_count, 1),
  };
}
type Slab = ReturnType<typeof slab>;

const nothing: KernelFunction = function* () {};

describe('the kernel stops at', () => {
  const wrongArguments =
    'if ((!name) || ((strlen(name) >= CACHE_NAMELEN - 1)) || in_interrupt() || (size < BYTES_PER_WORD) || ' +
    '(size > (1<<MAX_OBJ_ORDER)*PAGE_SIZE) || (dtor && !ctor) || (offset < 0 || offset > size))';
  const create = (options: Partial<CacheOptions>) => (s: Slab) => s.create(options);
  const inInterrupt = (action: (s: Slab) => unknown) => (s: Slab) => {
    s.enterInterrupt();
    action(s);
  };

  test.each<[what: string, action: (s: Slab) => unknown, place: string, condition: string]>([
    ['a cache without a name', create({ name: null }), 'slab.c:640', wrongArguments],
    ['a name of 19 characters', create({ name: 'a'.repeat(19) }), 'slab.c:640', wrongArguments],
    ['a creation in an interrupt', inInterrupt(create({})), 'slab.c:640', wrongArguments],
    ['objects of 3 bytes', create({ size: 3 }), 'slab.c:640', wrongArguments],
    ['objects above 32 pages', create({ size: 131073 }), 'slab.c:640', wrongArguments],
    ['a destructor without constructor', create({ dtor: nothing }), 'slab.c:640', wrongArguments],
    ['an offset below 0', create({ offset: -1 }), 'slab.c:640', wrongArguments],
    ['an offset beyond the object', create({ offset: 65 }), 'slab.c:640', wrongArguments],
    ['an unknown flag', create({ flags: 1 }), 'slab.c:670', 'BUG_ON(flags & ~CREATE_MASK)'],
    ['a name that is taken', create({ name: 'size-32' }), 'slab.c:815', 'if (!strcmp(pc->name, name))'],
    [
      'SLAB_DMA for a cache of any memory',
      (s) => s.alloc(s.create(), GFP_KERNEL | GFP_DMA),
      'slab.c:1235',
      'if (!(cachep->gfpflags & GFP_DMA))',
    ],
    [
      'a DMA cache without SLAB_DMA',
      (s) => s.alloc(s.create({ flags: SLAB_CACHE_DMA })),
      'slab.c:1238',
      'if (cachep->gfpflags & GFP_DMA)',
    ],
    [
      'an unknown gfp flag, once the cache grows',
      (s) => s.alloc(s.create(), GFP_KERNEL | 0x8000),
      'slab.c:1119',
      'if (flags & ~(SLAB_DMA|SLAB_LEVEL_MASK|SLAB_NO_GROW))',
    ],
    [
      'growing with GFP_KERNEL in an interrupt',
      (s) => {
        const cachep = s.create();
        inInterrupt(() => s.alloc(cachep))(s);
      },
      'slab.c:1130',
      'if (in_interrupt() && (flags & SLAB_LEVEL_MASK) != SLAB_ATOMIC)',
    ],
    [
      'a shrink of no cache',
      (s) => s.shrink(NULL),
      'slab.c:971',
      'if (!cachep || in_interrupt() || !is_chained_kmem_cache(cachep))',
    ],
    ['the end of no cache', (s) => s.destroy(NULL), 'slab.c:1000', 'if (!cachep || in_interrupt() || cachep->growing)'],
  ])('%s', (_what, action, place, condition) => {
    expect(() => action(slab())).toThrow(expect.objectContaining({ name: 'KernelBug', place, condition }));
  });
});

test('a taken name is found late: the new descriptor is lost, and the semaphore of the chain held', () => {
  const s = slab(upConfig);
  const inuse = () => s.state(s.k.cache_cache).slabs.reduce((sum, slab) => sum + slab.inuse, 0);
  const before = inuse();
  expect(() => s.create({ name: 'size-32' })).toThrow('kernel BUG at slab.c:815!');
  expect(inuse()).toBe(before + 1);
  expect(s.machine.memory.peek32(s.k.cache_chain_sem + s.k.semaphore.count)).toBe(0);
});

describe('a new cache', () => {
  test('may have a name of 18 characters, and stands at the head of the chain', () => {
    const s = slab();
    s.create({ name: 'eighteen_character' });
    expect(s.names().slice(0, 2)).toEqual(['kmem_cache', 'eighteen_character']);
  });

  test.each([
    [4, 'words', 32, 4],
    [30, 'words', 32, 32],
    [4, 'lines', 32, 8],
    [8, 'lines', 32, 16],
    [12, 'lines', 32, 16],
    [16, 'lines', 32, 32],
    [33, 'lines', 32, 64],
    [28, 'lines', 64, 32],
    [32, 'lines', 64, 64],
    [32, 'lines', 128, 64],
    [64, 'lines', 128, 128],
  ])(
    'of %i bytes, aligned to %s of a kernel built for %i bytes, has objects of %i',
    (size, to, L1_CACHE_BYTES, taken) => {
      const s = slab({ L1_CACHE_BYTES });
      expect(s.state(s.create({ size, flags: to === 'lines' ? SLAB_HWCACHE_ALIGN : 0 })).objsize).toBe(taken);
    },
  );

  test('says where it rounds a size up to words', () => {
    const s = slab();
    s.create({ size: 30 });
    s.create({ name: 'fits', size: 32 });
    expect(s.k.log).toEqual(['kmem_create: Forcing size word alignment - test\n']);
  });

  test.each([
    [256, 252, 126],
    [260, 124, 62],
    [1024, 124, 62],
    [1028, 60, 30],
    [4096, 60, 30],
  ])('of %i bytes gets arrays of %i objects on each CPU, refilled by %i', (size, limit, batchcount) => {
    const s = slab();
    const cachep = s.create({ size });
    expect(s.state(cachep).cpuArrays).toMatchObject([
      { limit, avail: 0 },
      { limit, avail: 0 },
    ]);
    expect(s.machine.memory.peek32(cachep + s.k.kmem_cache_t.batchcount)).toBe(batchcount);
  });

  test('above a page gets no arrays', () => {
    const s = slab();
    expect(s.state(s.create({ size: 4100 })).cpuArrays).toEqual([null, null]);
  });
});

describe('colour', () => {
  /** How far behind the start of its page, and its management, the first object of each of so many slabs stands. */
  function offsets(s: Slab, cachep: addr_t, slabs: number): number[] {
    const { num } = s.state(cachep);
    const firsts = s.allocMany(cachep, slabs * num).filter((_, i) => i % num === 0);
    const management = 32 * Math.ceil((24 + 4 * num) / 32);
    return firsts.map((objp) => (objp % PAGE_SIZE) - management);
  }

  test.each([
    ['no room', 32, 0, [0, 0, 0]],
    ['room for one', 64, 0, [0, 0, 0]],
    ['room for three', 128, 0, [0, 32, 64, 0, 32]],
    ['room for five', 256, 0, [0, 32, 64, 96, 128, 0, 32]],
    ['room for two of 64 bytes', 256, 64, [0, 64, 0, 64]],
  ])('successive slabs with %s', (_room, size, offset, expected) => {
    const s = slab(upConfig);
    const cachep = s.create({ size, offset, flags: SLAB_HWCACHE_ALIGN });
    expect(offsets(s, cachep, expected.length)).toEqual(expected);
  });

  test.each([
    ['by default a line', 100, 0, 0, 32],
    ['rounded up to words', 100, 5, 0, 8],
    ['rounded up to a line', 100, 5, SLAB_HWCACHE_ALIGN, 32],
    ['rounded up to the part of a line that the objects are aligned to', 12, 5, SLAB_HWCACHE_ALIGN, 16],
  ])('a step is %s', (_rule, size, offset, flags, colour_off) => {
    const s = slab();
    expect(s.state(s.create({ size, offset, flags })).colour_off).toBe(colour_off);
  });

  test('off: every slab begins at offset 0', () => {
    const s = slab({ ...upConfig, colouring: false });
    expect(offsets(s, s.create({ size: 256 }), 7)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test('off: 0 stands in the colour of every cache, and nothing else differs of any cache or first slab', () => {
    const machines = [slab(), slab({ colouring: false })];
    const [on, off] = machines.map((s) => {
      for (const size of [20, 100, 256, 600, 2000]) s.alloc(s.create({ name: `of-${size}`, size }));
      return s.allocator.caches();
    });
    expect(on!.some(({ colour }) => colour > 0)).toBe(true);
    expect(off!.every(({ colour }) => colour === 0)).toBe(true);
    const uncoloured = ({ name, objsize, num, gfporder, colour_off, slabs }: (typeof on & object)[number]) => ({
      ...{ name, objsize, num, gfporder, colour_off },
      firstSlab: name.startsWith('of-') ? slabs[0] : undefined,
    });
    expect(off!.map(uncoloured)).toEqual(on!.map(uncoloured));
  });
});

describe('a slab is managed', () => {
  const managementOf = (s: Slab, cachep: addr_t, { slabp, s_mem, colouroff }: SlabState) => {
    const pages = s_mem - colouroff;
    const inside = slabp >= pages && slabp < pages + (PAGE_SIZE << s.state(cachep).gfporder);
    return inside ? 'in its pages' : `in ${s.cacheAt(slabp)}`;
  };

  test.each([
    ['in its pages', 'below 512 bytes', 508],
    ['in size-64', 'from 512 bytes on', 512],
    ['in its pages', 'if that fits beside large objects after all', 600],
    ['in size-32', 'for one object a slab', 4096],
  ])('%s %s', (expected, _when, size) => {
    const s = slab();
    const cachep = s.create({ size });
    s.alloc(cachep);
    expect(managementOf(s, cachep, s.state(cachep).slabs[0]!)).toBe(expected);
  });

  test('in memory of any kind where its objects are in DMA memory', () => {
    const s = slab();
    const cachep = s.create({ size: 4096, flags: SLAB_CACHE_DMA });
    const objp = s.alloc(cachep, GFP_KERNEL | GFP_DMA);
    const { slabp } = s.state(cachep).slabs[0]!;
    expect(objp).toBeLessThan(16 * MiB);
    expect(slabp).toBeGreaterThan(16 * MiB);
    expect(s.cacheAt(slabp)).toBe('size-32');
  });
});

describe('constructors and destructors', () => {
  const logged = (calls: [string, addr_t, number][], kind: string): KernelFunction =>
    function* (_cpu, objp, _cachep, flags) {
      calls.push([kind, objp!, flags!]);
    };

  test('one that must not wait is told so', () => {
    const s = slab();
    const calls: [string, addr_t, number][] = [];
    const cachep = s.create({ ctor: logged(calls, 'ctor') });
    s.alloc(cachep, GFP_ATOMIC);
    expect(new Set(calls.map(([, , flags]) => flags))).toEqual(new Set([SLAB_CTOR_CONSTRUCTOR | SLAB_CTOR_ATOMIC]));
  });

  test('a shrink destroys the objects of free slabs, in order, and no others', () => {
    const s = slab(upConfig);
    const calls: [string, addr_t, number][] = [];
    const cachep = s.create({ size: 1000, ctor: nothing, dtor: logged(calls, 'dtor') });
    const { num } = s.state(cachep);
    const objects = s.allocMany(cachep, 2 * num);
    for (const objp of objects.slice(1).toReversed()) s.free(cachep, objp);
    expect(s.shrink(cachep)).toBe(1);
    expect(calls).toEqual(objects.slice(num).map((objp) => ['dtor', objp, 0]));
    assertCache(s.allocator, s.state(cachep), [objects[0]!]);
  });
});

describe('slabs', () => {
  test('are used partial first, then the one freed last, then the newest', () => {
    const s = slab(upConfig);
    const cachep = s.create({ size: 2000 });
    const objects = s.allocMany(cachep, 6);
    const page = (objp: addr_t) => objp >>> PAGE_SHIFT;
    for (const i of [2, 3, 0, 1, 4]) s.free(cachep, objects[i]!);
    const again = s.allocMany(cachep, 5).map(page);
    expect(again).toEqual([4, 0, 0, 2, 2].map((i) => page(objects[i]!)));
  });

  test('that are free go back from the tail, so the one freed first goes first', () => {
    const s = slab(upConfig);
    const gone: addr_t[] = [];
    const dtor: KernelFunction = function* (_cpu, objp) {
      gone.push(objp!);
    };
    const cachep = s.create({ size: 8000, ctor: nothing, dtor });
    const [first, second, third] = s.allocMany(cachep, 3) as [addr_t, addr_t, addr_t];
    for (const objp of [second, third, first]) s.free(cachep, objp);
    expect(s.shrink(cachep)).toBe(6);
    expect(gone).toEqual([second, third, first]);
    expect(s.state(cachep).slabs).toEqual([]);
  });

  test('mark their pages while they have them', () => {
    const s = slab(upConfig);
    const before = nr_free_pages(s.k);
    const cachep = s.create({ size: 8000 });
    const objp = s.alloc(cachep);
    const marks = () =>
      [0, 1].map((i) => {
        const page = s.k.pageAt((objp >>> PAGE_SHIFT) + i);
        return (s.machine.memory.peek32(page + struct_page.flags) >>> PG_slab) & 1;
      });
    expect(marks()).toEqual([1, 1]);
    s.free(cachep, objp);
    s.shrink(cachep);
    expect(marks()).toEqual([0, 0]);
    expect(nr_free_pages(s.k)).toBe(before);
  });

  test('do not come for an allocation that forbids it', () => {
    const s = slab();
    const cachep = s.create();
    expect(s.alloc(cachep, SLAB_NO_GROW)).toBe(NULL);
    expect(s.state(cachep).slabs).toEqual([]);
  });
});

describe('per-CPU arrays', () => {
  const arrays = (s: Slab, cachep: addr_t) => s.state(cachep).cpuArrays.map((cc) => cc!.entries);

  test('are refilled with what one new slab has, and the last of it is handed out', () => {
    const s = slab();
    const cachep = s.create();
    const objp = s.alloc(cachep);
    const { slabs, num } = s.state(cachep);
    const objects = Array.from({ length: num }, (_, i) => slabs[0]!.s_mem + 64 * i);
    expect([...arrays(s, cachep)[0]!, objp]).toEqual(objects);
  });

  test('are refilled by batchcount where the slabs have more', () => {
    const s = slab();
    const cachep = s.create();
    for (const objp of s.allocMany(cachep, 600)) s.free(cachep, objp);
    s.alloc(cachep, GFP_KERNEL, s.machine.cpus[1]);
    expect(arrays(s, cachep)[1]).toHaveLength(125);
  });

  test('flush their newest batchcount objects when full, lowest index first, then take the freed one', () => {
    const s = slab();
    const cachep = s.create();
    const objects = s.allocMany(cachep, 600);
    while (arrays(s, cachep)[0]!.length < 252) s.free(cachep, objects.pop()!);
    const full = arrays(s, cachep)[0]!;
    const objp = objects.pop()!;
    s.free(cachep, objp);
    expect(arrays(s, cachep)[0]).toEqual([...full.slice(0, 126), objp]);
    const flushed = full.slice(126);
    for (const { s_mem, freeObjects } of s.state(cachep).slabs) {
      const own = flushed.filter((addr) => addr >= s_mem && addr < s_mem + 59 * 64);
      expect(freeObjects.map((i) => s_mem + 64 * i)).toEqual(own.toReversed());
    }
  });

  test('keep their objects in a shrink, and lose those of every CPU in a destroy', () => {
    const s = slab();
    const [cpu0, cpu1] = s.machine.cpus;
    const cachep = s.create();
    for (const cpu of [cpu0, cpu1]) s.free(cachep, s.alloc(cachep, GFP_KERNEL, cpu), cpu);
    const held = arrays(s, cachep);
    expect(s.shrink(cachep)).toBe(0);
    expect(arrays(s, cachep)).toEqual(held);
    expect(s.destroy(cachep)).toBe(0);
  });
});

describe('destroy', () => {
  test('of a cache with a live object returns 1, says so, and puts the cache back at the head of the chain', () => {
    const s = slab();
    const cachep = s.create();
    const objp = s.alloc(cachep);
    s.create({ name: 'later' });
    expect(s.names().slice(0, 3)).toEqual(['kmem_cache', 'later', 'test']);
    expect(s.destroy(cachep)).toBe(1);
    expect(s.names().slice(0, 3)).toEqual(['kmem_cache', 'test', 'later']);
    const virtual = (cachep + 0xc0000000).toString(16);
    expect(s.k.log).toEqual([`kmem_cache_destroy: Can't free all objects ${virtual}\n`]);
    assertCache(s.allocator, s.state(cachep), [objp]);
  });
});

describe('kmalloc', () => {
  test.each([
    [0, 'size-32'],
    [1, 'size-32'],
    [32, 'size-32'],
    [33, 'size-64'],
    [4096, 'size-4096'],
    [4097, 'size-8192'],
    [131072, 'size-131072'],
  ])('of %i bytes comes from %s, or its DMA twin below 16 MB', (size, cache) => {
    const s = slab();
    expect(s.cacheAt(s.kmalloc(size))).toBe(cache);
    const dma = s.kmalloc(size, GFP_KERNEL | GFP_DMA);
    expect(s.cacheAt(dma)).toBe(`${cache}(DMA)`);
    expect(dma + size).toBeLessThanOrEqual(16 * MiB);
  });

  test('kfree of NULL touches nothing', () => {
    const s = slab();
    const { accesses } = s.boss.l1.counters;
    s.kfree(NULL);
    expect(s.boss.l1.counters.accesses).toBe(accesses);
  });
});

describe('/proc/slabinfo of a fresh boot', () => {
  const generalNames = general_sizes
    .filter((size) => size > 0)
    .flatMap((size) => [`size-${size}`, `size-${size}(DMA)`]);
  const read = (s: Slab) => s.machine.run(s.boss, s.allocator.slabinfo(s.boss)).split('\n');

  test('has all caches, kmem_cache first and then the newest', () => {
    const [, ...lines] = read(slab());
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['kmem_cache', ...generalNames.toReversed(), '']);
  });

  test('has limit and batchcount on SMP alone', () => {
    const [smp, up] = [read(slab()), read(slab(upConfig))];
    expect([smp[0], up[0]]).toEqual(['slabinfo - version: 1.1 (SMP)', 'slabinfo - version: 1.1']);
    expect(smp.at(-2)).toBe('size-32                0      0     32    0    0    1 :  252  126');
    expect(up.at(-2)).toBe('size-32                0      0     32    0    0    1');
  });

  test('counts objects in per-CPU arrays as active', () => {
    const s = slab();
    const cachep = s.create();
    s.free(cachep, s.alloc(cachep));
    expect(read(s)[2]).toBe('test                  59     59     64    1    1    1 :  252  126');
  });
});
