/** The operations that recordings of all 2.4 kernels have: what each is called with, and how it is performed. All else in its line is results. */
import * as z from 'zod';
import { NULL, PAGE_SHIFT } from '../../../hw/memory.ts';
import { MAX_ORDER } from '../../../mm/linux-2.4/mm.ts';
import { __free_pages } from '../../../mm/linux-2.4/page-alloc.ts';
import { mem_init } from '../../../mm/linux-2.4/power-on.ts';

import { kmem_cache_alloc } from '../../../slab/linux-2.4/alloc.ts';
import { kmem_cache_create } from '../../../slab/linux-2.4/create.ts';
import { kmem_cache_free } from '../../../slab/linux-2.4/free.ts';
import { kmem_cache_init, kmem_cache_sizes_init, kmem_cpucache_init } from '../../../slab/linux-2.4/init.ts';
import { kfree, kmalloc } from '../../../slab/linux-2.4/kmalloc.ts';
import { kmem_cache_destroy } from '../../../slab/linux-2.4/shrink.ts';
import { slabinfo_write } from '../../../slab/linux-2.4/tune.ts';

import { type OperationType, operationsOf, Unresolved } from '../recording.ts';
import type { Nested, Replay24 } from './replay.ts';
import { chainSnapshot, hex, stateSnapshot } from './snapshots.ts';

const u32 = z.int().min(0).max(0xffffffff);
const id = z.int();
const gfp = u32;
const cache = z.string();
const address = z.string().regex(/^0x[0-9a-f]{1,8}$/, 'must be a physical address, as "0x01fe0000"');
const bytes = { id, off: z.int(), len: z.int().min(0) };

const operation = operationsOf<Replay24>();

export const operations: Readonly<Record<string, OperationType<Replay24>>> = {
  kmem_cache_init: operation({}, function* ({ kernel }, cpu) {
    kmem_cache_init(kernel, cpu);
    return { ret: null };
  }),
  mem_init: operation({}, function* ({ kernel }, cpu) {
    return { ret: yield* mem_init(kernel, cpu) };
  }),
  kmem_cache_sizes_init: operation({}, function* ({ kernel }, cpu) {
    yield* kmem_cache_sizes_init(kernel, cpu);
    return { ret: null };
  }),
  kmem_cpucache_init: operation({}, function* ({ kernel }, cpu) {
    return { ret: yield* kmem_cpucache_init(kernel, cpu) };
  }),

  cache_create: operation(
    { name: z.string().nullable(), size: u32, offset: u32, flags: u32, ctor: z.boolean(), dtor: z.boolean() },
    function* (replay, cpu, { name, size, offset, flags, ctor, dtor }) {
      const functions = [replay.recorded('ctor', ctor), replay.recorded('dtor', dtor)] as const;
      const cachep = yield* kmem_cache_create(replay.kernel, cpu, name, size, offset, flags, ...functions);
      return { ret: cachep === NULL ? null : hex(cachep) };
    },
  ),
  destroy: operation({ cache: cache.nullable() }, function* (replay, cpu, given) {
    return { ret: yield* kmem_cache_destroy(replay.kernel, cpu, replay.cache(given.cache)) };
  }),
  shrink: operation({ cache: cache.nullable() }, function* (replay, cpu, given) {
    return { ret: yield* replay.version.kmem_cache_shrink(replay.kernel, cpu, replay.cache(given.cache)) };
  }),
  alloc: operation({ cache, id, gfp }, function* (replay, cpu, given) {
    return replay.keep(given.id, yield* kmem_cache_alloc(replay.kernel, cpu, replay.cache(given.cache), given.gfp));
  }),
  free: operation({ cache, id }, function* (replay, cpu, given) {
    yield* kmem_cache_free(replay.kernel, cpu, replay.cache(given.cache), replay.object(given.id));
    return { ret: null };
  }),
  kmalloc: operation({ id, size: u32, gfp }, function* (replay, cpu, given) {
    return replay.keep(given.id, yield* kmalloc(replay.kernel, cpu, given.size, given.gfp));
  }),
  kfree: operation({ id: id.nullable() }, function* (replay, cpu, given) {
    yield* kfree(replay.kernel, cpu, given.id === null ? NULL : replay.object(given.id));
    return { ret: null };
  }),
  reap: operation({ gfp }, function* ({ kernel, version }, cpu, given) {
    const ret = yield* version.reap(kernel, cpu, given.gfp);
    return { ret, clock: chainSnapshot(kernel).clock_searchp };
  }),
  alloc_pages: operation({ id, order: z.int().min(0).max(31), gfp }, function* (replay, cpu, given) {
    const { kernel } = replay;
    const page = yield* kernel.pageOps.alloc_pages(kernel, cpu, given.gfp, given.order);
    return replay.keep(given.id, page === NULL ? NULL : kernel.pfnOf(page) << PAGE_SHIFT);
  }),
  free_pages: operation(
    {
      id,
      order: z
        .int()
        .min(0)
        .max(MAX_ORDER - 1),
    },
    function* (replay, cpu, given) {
      const { kernel } = replay;
      yield* __free_pages(kernel, cpu, kernel.pageAt(replay.object(given.id) >>> PAGE_SHIFT), given.order);
      return { ret: null };
    },
  ),
  tune: operation({ text: z.string() }, function* ({ kernel }, cpu, given) {
    return { ret: yield* slabinfo_write(kernel, cpu, given.text) };
  }),
  slabinfo: operation({}, function* ({ kernel, version }, cpu) {
    return { text: yield* version.readSlabinfo(kernel, cpu) };
  }),

  poke: operation({ ...bytes, byte: z.int().min(0).max(255) }, function* (replay, _cpu, given) {
    replay.bytesOf(given.id, given.off, given.len).fill(given.byte);
    return { ret: null };
  }),
  peek: operation(bytes, function* (replay, _cpu, given) {
    const seen = [...replay.bytesOf(given.id, given.off, given.len)];
    return { hex: seen.map((byte) => byte.toString(16).padStart(2, '0')).join('') };
  }),
  free_raw: operation(
    { cache, addr: address.optional(), addr_of: id.optional(), plus: z.int().optional() },
    function* (replay, cpu, { addr, addr_of, plus = 0, ...given }) {
      if (addr === undefined && addr_of === undefined) throw new Unresolved('no address', 'give addr, or addr_of');
      const objp = addr_of === undefined ? Number(addr) : replay.object(addr_of) + plus;
      yield* kmem_cache_free(replay.kernel, cpu, replay.cache(given.cache), objp);
      return { ret: null };
    },
  ),
  kfree_raw: operation({ addr: address }, function* ({ kernel }, cpu, { addr }) {
    yield* kfree(kernel, cpu, Number(addr));
    return { ret: null };
  }),
  hook_next_ctor: operation(
    { do: z.enum(['alloc', 'destroy', 'reap', 'shrink']), cache: cache.nullable(), arg: u32 },
    function* (replay, _cpu, { do: op, cache: name, arg }) {
      const { kernel, version } = replay;
      const operations: Readonly<Record<typeof op, Nested>> = {
        *alloc(cpu) {
          const objp = yield* kmem_cache_alloc(kernel, cpu, replay.cache(name), kernel.gfp.GFP_KERNEL);
          return { op, cache: name, id: arg, ...replay.keep(arg, objp) };
        },
        *destroy(cpu) {
          return { op, cache: name, ret: yield* kmem_cache_destroy(kernel, cpu, replay.cache(name)) };
        },
        *reap(cpu) {
          return { op, flags: arg, ret: yield* version.reap(kernel, cpu, arg) };
        },
        *shrink(cpu) {
          return { op, cache: name, ret: yield* version.kmem_cache_shrink(kernel, cpu, replay.cache(name)) };
        },
      };
      replay.hook = operations[op];
      return { ret: null };
    },
  ),
  set_irq_count: operation({ target_cpu: z.int(), count: u32 }, function* ({ kernel }, _cpu, { target_cpu, count }) {
    const { irq_stat, irq_cpustat_t, machine } = kernel;
    if (machine.cpus[target_cpu] === undefined) throw new Unresolved(`no CPU ${target_cpu}`, 'name one of the header');
    machine.memory.poke32(irq_stat + target_cpu * irq_cpustat_t.sizeof + irq_cpustat_t.__local_irq_count, count);
    return { ret: null };
  }),

  state: operation({ cache }, function* (replay, _cpu, given) {
    const { kernel, version } = replay;
    return stateSnapshot(kernel, replay.cache(given.cache), (state) => version.slabsSnapshot(kernel, state));
  }),
  chain: operation({}, function* ({ kernel }) {
    return chainSnapshot(kernel);
  }),
  buddy: operation({}, function* ({ kernel, version }) {
    return version.buddySnapshot(kernel);
  }),
};
