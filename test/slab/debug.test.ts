/** CONFIG_DEBUG_SLAB: what goes wrong is noticed where the kernel notices it, and no earlier. */
import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import type { addr_t } from '../../src/hw/memory.ts';
import { KernelBug } from '../../src/kernel/bug.ts';
import { GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import { RED_MAGIC1, RED_MAGIC2 } from '../../src/slab/linux-2.4/debug.ts';
import { SLAB_HWCACHE_ALIGN, SLAB_MUST_HWCACHE_ALIGN } from '../../src/slab/linux-2.4/flags.ts';
import { SLAB_POISON, SLAB_RED_ZONE, slab_t } from '../../src/slab/linux-2.4/slab.ts';
import { kmem_cache_size } from '../../src/slab/linux-2.4.22/size.ts';
import { type Booted, booted } from '../machines.ts';

const debugUp = () => booted({ cpus: 1, config: { ...upConfig, CONFIG_DEBUG_SLAB: true } });
const debugSmp = () => booted({ config: { CONFIG_DEBUG_SLAB: true } });

/** A cache of 64-byte objects, one of them allocated. */
function oneObject(kernel: Booted): { cpu: Cpu; cachep: addr_t; objp: addr_t } {
  const cpu = kernel.machine.cpus[0]!;
  const cachep = kernel.machine.run(cpu, kernel.allocator.create(cpu, { name: 'watched', size: 64 }));
  return { cpu, cachep, objp: kernel.machine.run(cpu, kernel.allocator.alloc(cpu, cachep, GFP_KERNEL)) };
}

function bugOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof KernelBug) return `${error.place} ${error.fn}: ${error.condition}`;
    throw error;
  }
  return 'no BUG';
}

/** A cache whose objects are too large for red zones, and two of them; each has poison alone. */
function* twoLarge({ allocator }: Booted, cpu: Cpu): Program<[cachep: addr_t, one: addr_t, other: addr_t]> {
  const cachep = yield* allocator.create(cpu, { name: 'large', size: 600 });
  const one = yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
  return [cachep, one, yield* allocator.alloc(cpu, cachep, GFP_KERNEL)];
}

const START = '*((unsigned long*)(objp))';
const END = '*((unsigned long*)(objp + cachep->objsize -BYTES_PER_WORD))';
const xchgStart = (to: number) => `xchg((unsigned long *)objp, RED_MAGIC${to})`;
const xchgEnd = (to: number) => `xchg((unsigned long *)(objp+cachep->objsize - BYTES_PER_WORD), RED_MAGIC${to})`;

describe('a uniprocessor build notices', () => {
  type Fault = (kernel: Booted, cpu: Cpu, cachep: addr_t, objp: addr_t) => Program;
  const faults: [what: string, bug: string, fault: Fault][] = [
    [
      'a double free',
      `slab.c:1439 kmem_cache_free_one: if (${xchgStart(1)} != RED_MAGIC2)`,
      function* ({ allocator }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        yield* allocator.free(cpu, cachep, objp);
      },
    ],
    [
      'a write before the object, when it is freed',
      `slab.c:1439 kmem_cache_free_one: if (${xchgStart(1)} != RED_MAGIC2)`,
      function* ({ allocator }, cpu, cachep, objp) {
        cpu.store8(objp - 1, 0);
        yield* allocator.free(cpu, cachep, objp);
      },
    ],
    [
      'a write past the object, when it is freed',
      `slab.c:1443 kmem_cache_free_one: if (${xchgEnd(1)} != RED_MAGIC2)`,
      function* ({ allocator }, cpu, cachep, objp) {
        cpu.store8(objp + 64, 0);
        yield* allocator.free(cpu, cachep, objp);
      },
    ],
    [
      'a write of the end byte into a free object, when it is allocated again',
      'slab.c:1263 kmem_cache_alloc_one_tail: if (kmem_check_poison_obj(cachep, objp))',
      function* ({ allocator }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        cpu.store8(objp + 8, 0xa5);
        yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
      },
    ],
    [
      'a write past a free object, when its slab is given back',
      `slab.c:571 kmem_slab_destroy: if (${END} != RED_MAGIC1)`,
      function* ({ allocator }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        cpu.store8(objp + 64, 0);
        yield* allocator.shrink(cpu, cachep);
      },
    ],
    [
      'a constructor that writes before its object',
      `slab.c:1089 kmem_cache_init_objs: if (${START} != RED_MAGIC1)`,
      function* ({ allocator }, cpu) {
        const ctor = function* (at: Cpu, objp: addr_t): Program {
          at.store8(objp - 1, 0);
        };
        yield* allocator.alloc(cpu, yield* allocator.create(cpu, { name: 'built', size: 64, ctor }), GFP_KERNEL);
      },
    ],
    [
      'a constructor that writes past its object',
      `slab.c:1092 kmem_cache_init_objs: if (${END} != RED_MAGIC1)`,
      function* ({ allocator }, cpu) {
        const ctor = function* (at: Cpu, objp: addr_t): Program {
          at.store8(objp + 64, 0);
        };
        yield* allocator.alloc(cpu, yield* allocator.create(cpu, { name: 'built', size: 64, ctor }), GFP_KERNEL);
      },
    ],
    [
      'a slab in the list of free ones of which an object is in use, when the cache shrinks',
      'slab.c __kmem_cache_shrink_locked: if (slabp->inuse)',
      function* ({ allocator, machine }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        const [slab] = allocator.caches().find((cache) => cache.cachep === cachep)!.slabs;
        machine.memory.poke32(slab!.slabp + slab_t.inuse, 1);
        yield* allocator.shrink(cpu, cachep);
      },
    ],
    [
      'a write before a free object, when it is allocated again',
      `slab.c:1268 kmem_cache_alloc_one_tail: if (${xchgStart(2)} != RED_MAGIC1)`,
      function* ({ allocator }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        cpu.store8(objp - 1, 0);
        yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
      },
    ],
    [
      'a write past a free object, when it is allocated again',
      `slab.c:1271 kmem_cache_alloc_one_tail: if (${xchgEnd(2)} != RED_MAGIC1)`,
      function* ({ allocator }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        cpu.store8(objp + 64, 0);
        yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
      },
    ],
    [
      'a write before a free object, when its slab is given back',
      `slab.c:568 kmem_slab_destroy: if (${START} != RED_MAGIC1)`,
      function* ({ allocator }, cpu, cachep, objp) {
        yield* allocator.free(cpu, cachep, objp);
        cpu.store8(objp - 1, 0);
        yield* allocator.shrink(cpu, cachep);
      },
    ],
    [
      'a write of the end byte into a free object, when its slab is given back',
      'slab.c:583 kmem_slab_destroy: if ((cachep->flags & SLAB_POISON) && kmem_check_poison_obj(cachep, objp))',
      function* (kernel, cpu) {
        const [cachep, one, other] = yield* twoLarge(kernel, cpu);
        yield* kernel.allocator.free(cpu, cachep, one);
        yield* kernel.allocator.free(cpu, cachep, other);
        cpu.store8(one + 8, 0xa5);
        yield* kernel.allocator.shrink(cpu, cachep);
      },
    ],
    [
      'a double free of an object without red zones',
      'slab.c:1225 kmem_extra_free_checks: if (i == objnr)',
      function* (kernel, cpu) {
        const [cachep, one] = yield* twoLarge(kernel, cpu);
        yield* kernel.allocator.free(cpu, cachep, one);
        yield* kernel.allocator.free(cpu, cachep, one);
      },
    ],
    [
      'the free of what is no object, but within one',
      'slab.c:1220 kmem_extra_free_checks: if (objp != slabp->s_mem + objnr*cachep->objsize)',
      function* (kernel, cpu) {
        const [cachep, one] = yield* twoLarge(kernel, cpu);
        yield* kernel.allocator.free(cpu, cachep, one + 4);
      },
    ],
    [
      'the free of what lies behind the last object',
      'slab.c:1218 kmem_extra_free_checks: if (objnr >= cachep->num)',
      function* (kernel, cpu) {
        const [cachep] = yield* twoLarge(kernel, cpu);
        const { slabs, num } = kernel.allocator.caches().find((cache) => cache.cachep === cachep)!;
        yield* kernel.allocator.free(cpu, cachep, slabs[0]!.s_mem + num * 600);
      },
    ],
    [
      'a free into the wrong cache',
      'slab.c:1582 kmem_cache_free: if (cachep != GET_PAGE_CACHE(virt_to_page(objp)))',
      function* ({ allocator, k }, cpu, _, objp) {
        yield* allocator.free(cpu, k.cache_cache, objp);
      },
    ],
    [
      'a kfree of what no slab holds',
      'slab.c:1605 kfree: CHECK_PAGE(virt_to_page(objp))',
      function* ({ allocator }, cpu) {
        yield* allocator.kfree(cpu, yield* allocator.get_free_pages(cpu, GFP_KERNEL, 0));
      },
    ],
  ];

  test.each(faults)('%s: %s', (_, bug, fault) => {
    const kernel = debugUp();
    const { cpu, cachep, objp } = oneObject(kernel);
    expect(bugOf(() => kernel.machine.run(cpu, fault(kernel, cpu, cachep, objp)))).toBe(bug);
  });

  test('no other overwrite of a free object: only the first end byte is looked for', () => {
    const kernel = debugUp();
    const { cpu, cachep, objp } = oneObject(kernel);
    kernel.machine.run(cpu, kernel.allocator.free(cpu, cachep, objp));
    cpu.store8(objp + 8, 0);
    expect(kernel.machine.run(cpu, kernel.allocator.alloc(cpu, cachep, GFP_KERNEL))).toBe(objp);
  });
});

test('an SMP build notices a double free only when its array is flushed', () => {
  const kernel = debugSmp();
  const { cpu, cachep, objp } = oneObject(kernel);
  const { machine, allocator } = kernel;
  machine.run(cpu, allocator.free(cpu, cachep, objp));
  machine.run(cpu, allocator.free(cpu, cachep, objp));
  expect(bugOf(() => machine.run(cpu, allocator.tune(cpu, 'watched 0 0\n')))).toBe(
    `slab.c:1439 kmem_cache_free_one: if (${xchgStart(1)} != RED_MAGIC2)`,
  );
});

test('an allocated object stands between words of RED_MAGIC2, a free one between words of RED_MAGIC1', () => {
  const kernel = debugUp();
  const { cpu, cachep, objp } = oneObject(kernel);
  const words = () => [objp - 4, objp + 64].map((address) => kernel.machine.memory.peek32(address));
  expect(words()).toEqual([RED_MAGIC2, RED_MAGIC2]);
  kernel.machine.run(cpu, kernel.allocator.free(cpu, cachep, objp));
  expect(words()).toEqual([RED_MAGIC1, RED_MAGIC1]);
});

test.each([
  ['a small object', 60, 0, SLAB_RED_ZONE | SLAB_POISON, 68, 60],
  ['alignment, which gives way to red zones', 60, SLAB_HWCACHE_ALIGN, SLAB_RED_ZONE | SLAB_POISON, 68, 60],
  [
    'alignment that must be, which keeps them away',
    60,
    SLAB_MUST_HWCACHE_ALIGN | SLAB_HWCACHE_ALIGN,
    SLAB_POISON,
    64,
    64,
  ],
  ['a large object, which gets poison alone', 600, 0, SLAB_POISON, 600, 600],
])('FORCED_DEBUG: %s', (_, size, flags, debug, objsize, offered) => {
  const { machine, allocator, k } = debugUp();
  const cpu = machine.cpus[0]!;
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'forced', size, flags }));
  const peek = (field: number) => machine.memory.peek32(cachep + field);
  expect(peek(k.kmem_cache_t.flags) & (SLAB_RED_ZONE | SLAB_POISON)).toBe(debug);
  expect(peek(k.kmem_cache_t.objsize)).toBe(objsize);
  expect(kmem_cache_size(k, cpu, cachep)).toBe(offered);
});

test('statistics tell hits and misses of the arrays, allocations, growth, and the high mark', () => {
  const { machine, allocator } = debugSmp();
  const cpu = machine.cpus[0]!;
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'counted', size: 600 }));
  function* work(): Program {
    const objects: addr_t[] = [];
    for (let i = 0; i < 3; i++) objects.push(yield* allocator.alloc(cpu, cachep, GFP_KERNEL));
    for (const objp of objects) yield* allocator.free(cpu, cachep, objp);
  }
  machine.run(cpu, work());
  const line = machine
    .run(cpu, allocator.slabinfo(cpu))
    .split('\n')
    .find((text) => text.startsWith('counted'))!;
  // 6 objects to a slab: one slab, all in the array. The first allocation misses, grows, and misses again.
  expect(line.replace(/ +/g, ' ')).toBe('counted 6 6 600 1 1 1 : 6 6 1 0 0 : 124 62 : 2 2 3 0');
});
