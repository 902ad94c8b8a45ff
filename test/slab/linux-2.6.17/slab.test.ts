/** What changed since 2.4: each test a story of its own, seen through peek. */
import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, MiB, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { PF_SPREAD_SLAB, task_struct } from '../../../src/kernel/linux-2.6/thread-info.ts';
import { GFP_KERNEL } from '../../../src/mm/linux-2.6.17/gfp.ts';
import { kmem_cache_alloc, kmem_cache_alloc_node, kmem_cache_zalloc } from '../../../src/slab/linux-2.6.17/alloc.ts';
import { kmem_cache_create } from '../../../src/slab/linux-2.6.17/create.ts';
import {
  SLAB_DESTROY_BY_RCU,
  SLAB_HWCACHE_ALIGN,
  SLAB_MEM_SPREAD,
  SLAB_RECLAIM_ACCOUNT,
} from '../../../src/slab/linux-2.6.17/flags.ts';
import { kmem_cache_free } from '../../../src/slab/linux-2.6.17/free.ts';
import { peekCache, peekNodes } from '../../../src/slab/linux-2.6.17/inspect.ts';
import {
  __alloc_percpu,
  __kmalloc,
  free_percpu,
  kfree,
  kmalloc_node,
  kmem_ptr_validate,
  ksize,
} from '../../../src/slab/linux-2.6.17/kmalloc.ts';
import { readSlabAllocators } from '../../../src/slab/linux-2.6.17/leaks.ts';
import { cache_reap } from '../../../src/slab/linux-2.6.17/reap.ts';
import { kmem_cache_destroy, kmem_cache_shrink } from '../../../src/slab/linux-2.6.17/shrink.ts';
import type { Linux2617 } from '../../../src/slab/linux-2.6.17/slab.ts';
import { slabinfo_write } from '../../../src/slab/linux-2.6.17/tune.ts';
import { booted26, type Options26 } from './booted.ts';

/** A machine with one cache of its own, and its operations run to their ends. */
class Story {
  readonly k: Linux2617;
  readonly cachep: addr_t;

  constructor(options: Options26 = {}, { size = 100, flags = 0 }: { size?: number; flags?: number } = {}) {
    this.k = booted26(options).k;
    this.cachep = this.run(0, (cpu) => kmem_cache_create(this.k, cpu, 'story', size, 0, flags, null, null));
  }

  run<T>(cpu: number, program: (cpu: Cpu) => Program<T>): T {
    return this.k.machine.run(this.k.machine.cpus[cpu]!, program(this.k.machine.cpus[cpu]!));
  }

  alloc(cpu: number, count = 1): addr_t[] {
    const { k, cachep } = this;
    return Array.from({ length: count }, () => this.run(cpu, (at) => kmem_cache_alloc(k, at, cachep, GFP_KERNEL)));
  }

  free(cpu: number, objects: readonly addr_t[]): void {
    for (const objp of objects) this.run(cpu, (at) => kmem_cache_free(this.k, at, this.cachep, objp));
  }

  reap(cpu: number): void {
    this.run(cpu, (at) => cache_reap(this.k, at));
  }

  /** Objects in each CPU's array. */
  get arrays(): (number | undefined)[] {
    return peekCache(this.k, this.cachep).cpuArrays.map((ac) => ac?.avail);
  }

  get nodes() {
    return peekNodes(this.k, this.cachep);
  }

  get slabs() {
    return this.nodes.flatMap(({ slabs }) => slabs);
  }
}

describe('the array of a CPU', () => {
  test('is filled with 16 objects at first, with a whole batch once it is in use', () => {
    const story = new Story({}, { size: 20 });
    story.alloc(0);
    expect(story.arrays).toEqual([15, 0]);
    story.alloc(0, 16);
    expect(story.arrays).toEqual([59, 0]);
  });

  test('that is full gives a batch of its oldest objects to the array that the CPUs share', () => {
    const story = new Story();
    const objects = story.alloc(0, 200);
    story.free(1, objects.slice(0, 120));
    expect(story.arrays[1]).toBe(120);
    story.free(1, objects.slice(120, 121));
    expect(story.arrays[1]).toBe(61);
    const [{ shared }] = story.nodes as [(typeof story.nodes)[0]];
    expect(shared?.entries.slice(-60)).toEqual(objects.slice(0, 60));
  });

  test('is refilled from the shared array before any slab', () => {
    const story = new Story();
    const objects = story.alloc(0, 200);
    story.free(1, objects.slice(0, 121));
    const shared = story.nodes[0]!.shared!.avail;
    story.alloc(0, story.arrays[0]! + 1);
    expect(story.nodes[0]!.shared!.avail).toBe(shared - 60);
  });

  test('loses a fifth of what it may hold to cache_reap, unless it was used since the last time', () => {
    const story = new Story();
    story.free(0, story.alloc(0, 100));
    const before = story.arrays[0]!;
    story.reap(0);
    expect(story.arrays[0]).toBe(before);
    story.reap(0);
    expect(story.arrays[0]).toBe(before - 24);
  });

  test('takes the limit, batch and shared factor that are written to /proc/slabinfo', () => {
    const story = new Story();
    const { k } = story;
    story.free(0, story.alloc(0, 30));
    expect(story.run(1, (cpu) => slabinfo_write(k, cpu, 'story 20 10 4'))).toBe(13);
    expect(peekCache(k, story.cachep).cpuArrays.map((ac) => ac && [ac.avail, ac.limit])).toEqual([
      [0, 20],
      [0, 20],
    ]);
    expect(story.nodes[0]!.shared).toMatchObject({ limit: 40, batchcount: 0xbaadf00d | 0 });
  });
});

describe('the slabs of a cache', () => {
  test('go to the end of the partial ones as an object comes back: the fullest are used up first', () => {
    const story = new Story({ cpus: 1 });
    const { num } = peekCache(story.k, story.cachep);
    const objects = story.alloc(0, 3 * num);
    const pageOf = (objp: addr_t) => objp >>> PAGE_SHIFT;
    const pages = [...new Set(objects.map(pageOf))];
    // One object of each slab, then enough others of the first to flush these from the array.
    const victims = pages.map((page) => objects.find((objp) => pageOf(objp) === page)!);
    story.free(0, victims);
    story.run(0, (cpu) => kmem_cache_shrink(story.k, cpu, story.cachep));
    const partial = story.slabs.filter(({ list }) => list === 'partial').map(({ s_mem }) => pageOf(s_mem));
    expect(partial).toEqual(pages);
  });

  test('that are free are kept up to a limit of a batch for each CPU and one, and a slab', () => {
    const story = new Story();
    const { num } = peekCache(story.k, story.cachep);
    expect(story.nodes[0]!.free_limit).toBe(3 * 60 + num);
    story.free(0, story.alloc(0, 40 * num));
    expect(story.nodes[0]!.free_objects).toBeLessThanOrEqual(3 * 60 + num);
  });

  test('of order 0 do for a reclaimable cache, though a larger one would waste less', () => {
    const orders = [0, SLAB_RECLAIM_ACCOUNT].map((flags) => {
      const story = new Story({ memory: 64 * MiB }, { size: 688, flags: flags | SLAB_HWCACHE_ALIGN });
      return peekCache(story.k, story.cachep).gfporder;
    });
    expect(orders).toEqual([1, 0]);
  });

  test('of a cache destroyed by RCU keep their pages until every CPU has passed a quiescent state', () => {
    const story = new Story({}, { flags: SLAB_DESTROY_BY_RCU });
    const { k } = story;
    const [objp] = story.alloc(0) as [addr_t];
    story.free(0, [objp]);
    const page = k.pageAt(objp >>> PAGE_SHIFT);
    const isSlab = () => ((k.machine.memory.peek32(page + k.struct_page.flags) >>> 7) & 1) === 1;
    story.run(0, (cpu) => kmem_cache_shrink(k, cpu, story.cachep));
    expect([story.slabs.length, isSlab()]).toEqual([0, true]);
    expect(story.run(0, (cpu) => kmem_cache_destroy(k, cpu, story.cachep))).toBe(0);
    expect(isSlab()).toBe(false);
  });
});

describe('on two nodes', () => {
  const twoNodes = { cpus: 4, nodes: 2 };
  const nodeOf = (k: Linux2617, objp: addr_t) => k.machine.nodes!.homeOf(objp);

  test('an object comes from the node that is asked for', () => {
    const story = new Story(twoNodes);
    const { k } = story;
    const objects = [0, 1].map((node) =>
      story.run(0, (cpu) => kmem_cache_alloc_node(k, cpu, story.cachep, GFP_KERNEL, node)),
    );
    expect(objects.map((objp) => nodeOf(k, objp))).toEqual([0, 1]);
    expect(
      nodeOf(
        k,
        story.run(0, (cpu) => kmalloc_node(k, cpu, 300, GFP_KERNEL, 1)),
      ),
    ).toBe(1);
  });

  test('objects of another node wait in an alien array, and go home twelve at a time', () => {
    const story = new Story(twoNodes);
    const objects = story.alloc(2, 13);
    const aliens = () => story.nodes[0]!.alien[1]!.avail;
    story.free(0, objects.slice(0, 12));
    expect([aliens(), story.nodes[1]!.shared!.avail]).toEqual([12, 0]);
    story.free(0, objects.slice(12));
    expect([aliens(), story.nodes[1]!.shared!.entries]).toEqual([1, objects.slice(0, 12)]);
  });

  test('cache_reap takes home what waits in alien arrays, a node each time', () => {
    const story = new Story(twoNodes);
    story.free(0, story.alloc(2, 5));
    for (let i = 0; i < 2; i++) story.reap(0);
    expect(story.nodes[0]!.alien[1]!.avail).toBe(0);
  });

  test('a task that spreads slabs takes objects of a cache that is spread from each node in turn', () => {
    const story = new Story(twoNodes, { flags: SLAB_MEM_SPREAD });
    const { k } = story;
    const { memory } = k.machine;
    memory.poke32(k.symbols.address('task_struct[0]') + task_struct.flags, PF_SPREAD_SLAB);
    const homes = story.alloc(0, 4).map((objp) => nodeOf(k, objp));
    expect(homes.toSorted()).toEqual([0, 0, 1, 1]);
    expect(homes[0]).not.toBe(homes[1]);
  });

  test('alloc_percpu() gives each CPU a copy on its own node', () => {
    const story = new Story(twoNodes);
    const { k } = story;
    const before = peekNodes(k, story.cachep);
    const pdata = story.run(0, (cpu) => __alloc_percpu(k, cpu, 40));
    const copies = [0, 1, 2, 3].map((i) => k.machine.memory.peek32(~pdata + i * k.BYTES_PER_WORD));
    expect(copies.map((copy) => nodeOf(k, copy))).toEqual([0, 0, 1, 1]);
    story.run(0, (cpu) => free_percpu(k, cpu, pdata));
    expect(peekNodes(k, story.cachep)).toEqual(before);
  });
});

describe('what callers ask of an object', () => {
  test('ksize() is what the general cache holds; kzalloc and kmem_cache_zalloc give zeros', () => {
    const story = new Story();
    const { k } = story;
    const objp = story.run(0, (cpu) => __kmalloc(k, cpu, 200, GFP_KERNEL));
    expect(ksize(k, k.machine.cpus[0]!, objp)).toBe(256);
    story.run(0, (cpu) => kfree(k, cpu, objp));
    const [dirty] = story.alloc(0) as [addr_t];
    k.machine.memory.poke32(dirty, -1);
    story.free(0, [dirty]);
    expect(story.run(0, (cpu) => kmem_cache_zalloc(k, cpu, story.cachep, GFP_KERNEL))).toBe(dirty);
    expect(k.machine.memory.peek32(dirty)).toBe(0);
  });

  test('kmem_ptr_validate() knows a pointer into a slab of the cache', () => {
    const story = new Story();
    const { k } = story;
    const [cpu] = k.machine.cpus;
    const [objp] = story.alloc(0) as [addr_t];
    const other = story.run(0, (at) => __kmalloc(k, at, 40, GFP_KERNEL));
    expect([objp, objp + 2, other].map((ptr) => kmem_ptr_validate(k, cpu, story.cachep, ptr))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('a DEBUG build', () => {
  const debug = { cpus: 1, config: { CONFIG_DEBUG_SLAB: true } };

  test('finds an object that is freed twice', () => {
    const story = new Story(debug);
    const [objp] = story.alloc(0) as [addr_t];
    story.free(0, [objp]);
    story.free(0, [objp]);
    expect(story.k.log.join('')).toMatch(
      /cache_free_debugcheck\(\): cache `story': double free.*redzone 1:0x5a2cf071, redzone 2:0x5a2cf071/s,
    );
  });

  test('finds what was written behind an object, and into one that was free', () => {
    const story = new Story(debug);
    const { memory } = story.k.machine;
    const [objp] = story.alloc(0) as [addr_t];
    memory.poke32(objp + 100, 0);
    story.free(0, [objp]);
    expect(story.k.log.join('')).toMatch(
      /cache `story': double free, or memory outside object.*redzone 1:0x170fc2a5, redzone 2:0x0\./s,
    );
    memory.poke32(objp + 8, 0);
    expect(story.alloc(0)).toEqual([objp]);
    expect(story.k.log.join('')).toMatch(/Slab corruption: start=[0-9a-f]+, len=100.*Redzone: 0x5a2cf071/s);
  });

  test('tells in /proc/slab_allocators who holds how many objects', () => {
    const story = new Story({ cpus: 1, config: { CONFIG_DEBUG_SLAB: true, CONFIG_DEBUG_SLAB_LEAK: true } });
    const { k } = story;
    const caller = k.constant('some_driver');
    for (let i = 0; i < 3; i++) story.run(0, (cpu) => kmem_cache_alloc(k, cpu, story.cachep, GFP_KERNEL, caller));
    const report = story.run(0, (cpu) => readSlabAllocators(k, cpu));
    expect(report.split('\n').filter((line) => line.startsWith('story'))).toEqual([
      expect.stringMatching(/^story: 3 .*some_driver/),
    ]);
  });
});
