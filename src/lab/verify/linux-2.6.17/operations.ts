/** The operations of a recording of 2.6.17: what each is called with, and how it is performed. All else in its line is results. */
import * as z from 'zod';
import type { Cpu, Program } from '../../../hw/cpu.ts';
import { NULL } from '../../../hw/memory.ts';
import { PAGE_OFFSET } from '../../../kernel/kernel.ts';
import { cpu_down, cpu_up } from '../../../kernel/linux-2.6/cpu.ts';
import { init_workqueues } from '../../../kernel/linux-2.6/workqueue.ts';
import { page_address, put_page_testzero, virt_to_page } from '../../../mm/linux-2.6.17/page.ts';
import { __free_pages, alloc_pages_node, free_cold_page } from '../../../mm/linux-2.6.17/page-alloc.ts';
import { setup_per_cpu_pageset } from '../../../mm/linux-2.6.17/pagesets.ts';
import { mem_init } from '../../../mm/linux-2.6.17/power-on.ts';
import { init_per_zone_pages_min } from '../../../mm/linux-2.6.17/watermarks.ts';
import { build_all_zonelists } from '../../../mm/linux-2.6.17/zonelists.ts';
import { kmem_cache_alloc, kmem_cache_alloc_node, kmem_cache_zalloc } from '../../../slab/linux-2.6.17/alloc.ts';
import { kmem_cache_create } from '../../../slab/linux-2.6.17/create.ts';
import { SLAB_DESTROY_BY_RCU } from '../../../slab/linux-2.6.17/flags.ts';
import { kmem_cache_free } from '../../../slab/linux-2.6.17/free.ts';
import { cpucache_init, kmem_cache_init } from '../../../slab/linux-2.6.17/init.ts';
import {
  __alloc_percpu,
  __kmalloc,
  __kzalloc,
  free_percpu,
  kfree,
  kmalloc_node,
  kmem_ptr_validate,
  ksize,
} from '../../../slab/linux-2.6.17/kmalloc.ts';
import { readSlabAllocators } from '../../../slab/linux-2.6.17/leaks.ts';
import { cache_reap } from '../../../slab/linux-2.6.17/reap.ts';
import { kmem_cache_destroy, kmem_cache_shrink } from '../../../slab/linux-2.6.17/shrink.ts';
import { readSlabinfo } from '../../../slab/linux-2.6.17/slabinfo.ts';
import { slabinfo_write } from '../../../slab/linux-2.6.17/tune.ts';
import { type OperationType, operationsOf, type Results, Unresolved } from '../recording.ts';
import { leaksTold, maskedBytes, type Replay2617 } from './replay.ts';
import { buddySnapshot, bufctlSnapshot, chainSnapshot, geometryOf, hex, stateSnapshot } from './snapshots.ts';

const u32 = z.int().min(0).max(0xffffffff);
const id = z.int();
const gfp = u32;
const cache = z.string();
const node = z.int();
/** Which of the call sites of the recording asked: CONFIG_DEBUG_SLAB keeps it. */
const caller = z.int().optional();

/** read_bytes reads so far into an object. */
const READ_BYTES = 64;

const operation = operationsOf<Replay2617>();

/** A call site by its name in recordings. */
const site = ({ kernel }: Replay2617, what: string, which: number | undefined) =>
  kernel.constant(`caller${which ?? 0}_${what}`);

export const operations: Readonly<Record<string, OperationType<Replay2617>>> = {
  boot: operation(
    // The counts of mem_init are the stand-in's own; what it freed is compared in the snapshot behind.
    { step: z.string(), target: z.int().optional(), word_chunks: z.int().optional(), single_pages: z.int().optional() },
    function* (replay, cpu, given) {
      return yield* bootStep(replay, cpu, given.step, given.target ?? 0);
    },
  ),

  cache_create: operation(
    { id, name: z.string(), size: u32, align: u32, flags: z.string(), ctor: z.int(), dtor: z.int() },
    function* (replay, cpu, { name, size, align, flags, ctor, dtor }) {
      const { kernel } = replay;
      const functions = [replay.recorded('ctor', ctor), replay.recorded('dtor', dtor)] as const;
      const cachep = yield* kmem_cache_create(kernel, cpu, name, size, align, Number(flags), ...functions);
      return cachep === NULL ? { ret: null } : { ret: hex(cachep), geom: geometryOf(kernel, cachep) };
    },
  ),
  alloc: operation({ id, cache, gfp, caller }, function* (replay, cpu, given) {
    const by = site(replay, 'alloc', given.caller);
    return replay.keep(given.id, yield* kmem_cache_alloc(replay.kernel, cpu, replay.cache(given.cache), given.gfp, by));
  }),
  alloc_node: operation({ id, cache, gfp, node }, function* (replay, cpu, given) {
    const cachep = replay.cache(given.cache);
    return replay.keep(given.id, yield* kmem_cache_alloc_node(replay.kernel, cpu, cachep, given.gfp, given.node));
  }),
  zalloc: operation({ id, cache, gfp }, function* (replay, cpu, given) {
    return replay.keep(given.id, yield* kmem_cache_zalloc(replay.kernel, cpu, replay.cache(given.cache), given.gfp));
  }),
  free: operation({ id, cache: cache.optional() }, function* (replay, cpu, given) {
    const objp = replay.object(given.id);
    const cachep = given.cache === undefined ? replay.slabOf(objp).cachep : replay.cache(given.cache);
    yield* kmem_cache_free(replay.kernel, cpu, cachep, objp, site(replay, 'free', 0));
    return {};
  }),
  kmalloc: operation({ id, size: u32, gfp, caller }, function* (replay, cpu, given) {
    const by = site(replay, 'kmalloc', given.caller);
    return replay.keep(given.id, yield* __kmalloc(replay.kernel, cpu, given.size, given.gfp, by));
  }),
  kmalloc_node: operation({ id, size: u32, gfp, node }, function* (replay, cpu, given) {
    return replay.keep(given.id, yield* kmalloc_node(replay.kernel, cpu, given.size, given.gfp, given.node));
  }),
  kzalloc: operation({ id, size: u32, gfp }, function* (replay, cpu, given) {
    return replay.keep(given.id, yield* __kzalloc(replay.kernel, cpu, given.size, given.gfp));
  }),
  kfree: operation({ id: id.nullable(), offset: z.int().optional() }, function* (replay, cpu, given) {
    const objp = given.id === null ? NULL : replay.object(given.id) + (given.offset ?? 0);
    yield* kfree(replay.kernel, cpu, objp, site(replay, 'kfree', 0));
    return {};
  }),
  ksize: operation({ id }, function* (replay, cpu, given) {
    return { ret: ksize(replay.kernel, cpu, replay.object(given.id)) };
  }),
  ptr_validate: operation({ cache, id, offset: z.int(), addr_rel: z.string() }, function* (replay, cpu, given) {
    // -1: from the start of memory, -2: from address 0, which is below it.
    const bases: Readonly<Record<number, number>> = { [-1]: 0, [-2]: -PAGE_OFFSET };
    const ptr = (bases[given.id] ?? replay.object(given.id)) + given.offset;
    return { ret: kmem_ptr_validate(replay.kernel, cpu, replay.cache(given.cache), ptr) ? 1 : 0 };
  }),
  shrink: operation({ cache }, function* (replay, cpu, given) {
    return { ret: yield* kmem_cache_shrink(replay.kernel, cpu, replay.cache(given.cache)) };
  }),
  destroy: operation({ cache }, function* (replay, cpu, given) {
    const cachep = replay.cache(given.cache);
    const program = kmem_cache_destroy(replay.kernel, cpu, cachep);
    const flags = replay.machine.memory.peek32(cachep + replay.kernel.kmem_cache.flags);
    return { ret: yield* (flags & SLAB_DESTROY_BY_RCU) === 0 ? program : replay.withTicks(program) };
  }),
  cache_reap: operation({ jiffies: u32, chain_mutex_busy: z.int() }, function* (replay, cpu, given) {
    const { kernel } = replay;
    const { memory } = kernel.machine;
    memory.poke32(kernel.jiffies, given.jiffies);
    const count = kernel.cache_chain_mutex + kernel.mutex.count;
    if (given.chain_mutex_busy === 1) memory.poke32(count, 0);
    replay.unschedule(cpu.id);
    yield* replay.noteScheduled(cache_reap(kernel, cpu));
    if (given.chain_mutex_busy === 1) memory.poke32(count, 1);
    return {};
  }),
  slabinfo_write: operation({ text_in: z.string(), count: z.int() }, function* ({ kernel }, cpu, given) {
    return { ret: yield* slabinfo_write(kernel, cpu, given.text_in) };
  }),
  slabinfo: operation({}, function* ({ kernel }, cpu) {
    return { text: yield* readSlabinfo(kernel, cpu) };
  }),
  slab_allocators: operation({}, function* ({ kernel }, cpu) {
    return { text: leaksTold(yield* readSlabAllocators(kernel, cpu)) };
  }),

  alloc_pages: operation({ id, gfp, order: z.int(), node }, function* (replay, cpu, given) {
    const page = yield* alloc_pages_node(replay.kernel, cpu, given.node, given.gfp, given.order);
    return replay.keep(given.id, page === NULL ? NULL : page_address(replay.kernel, cpu, page));
  }),
  free_pages: operation({ id, order: z.int() }, function* (replay, cpu, given) {
    const page = virt_to_page(replay.kernel, cpu, replay.object(given.id));
    yield* __free_pages(replay.kernel, cpu, page, given.order);
    return {};
  }),
  free_cold_page: operation({ id, order: z.int() }, function* (replay, cpu, given) {
    const page = virt_to_page(replay.kernel, cpu, replay.object(given.id));
    if (put_page_testzero(replay.kernel, cpu, page)) yield* free_cold_page(replay.kernel, cpu, page);
    return {};
  }),

  alloc_percpu: operation({ id, size: u32 }, function* (replay, cpu, given) {
    const { kernel } = replay;
    const table = ~(yield* __alloc_percpu(kernel, cpu, given.size));
    const copies = Array.from({ length: kernel.config.NR_CPUS }, (_, i) =>
      kernel.machine.memory.peek32(table + kernel.percpu_data.ptrs + i * kernel.BYTES_PER_WORD),
    );
    const possible = kernel.machine.cpus.length;
    return { ...replay.keep(given.id, table), ptrs: copies.map((copy, i) => (i < possible ? hex(copy) : null)) };
  }),
  free_percpu: operation({ id }, function* (replay, cpu, given) {
    yield* free_percpu(replay.kernel, cpu, ~replay.object(given.id));
    return {};
  }),

  cpu_up: operation({ target: z.int() }, function* (replay, cpu, { target }) {
    return { ret: yield* replay.noteScheduled(cpu_up(replay.kernel, cpu, target)) };
  }),
  cpu_down: operation({ target: z.int() }, function* (replay, cpu, { target }) {
    return { ret: yield* cpu_down(replay.kernel, cpu, target) };
  }),
  rcu_run_callbacks: operation({}, function* (replay, cpu) {
    return { ret: yield* replay.runCallbacks(cpu) };
  }),

  cache_state: operation({ name: z.string() }, function* (replay, _cpu, given) {
    return stateSnapshot(replay.kernel, replay.cache(given.name));
  }),
  bufctl: operation({ id }, function* (replay, _cpu, given) {
    const { cachep, slabp } = replay.slabOf(replay.object(given.id));
    return bufctlSnapshot(replay.kernel, cachep, slabp);
  }),
  cache_chain: operation({}, function* ({ kernel }) {
    return chainSnapshot(kernel);
  }),
  buddy: operation({}, function* ({ kernel }) {
    return buddySnapshot(kernel);
  }),

  user_write: operation({ id, offset: z.int(), byte: z.int() }, function* (replay, _cpu, given) {
    replay.machine.memory.poke8(replay.object(given.id) + given.offset, given.byte);
    return {};
  }),
  user_fill: operation({ id, len: z.int(), byte: z.int() }, function* (replay, _cpu, given) {
    const objp = replay.object(given.id);
    replay.machine.memory.bytes.fill(given.byte, objp, objp + given.len);
    return {};
  }),
  read_bytes: operation({ id, offset: z.int() }, function* (replay, _cpu, given) {
    const objp = replay.object(given.id);
    const bytes = [...replay.machine.memory.bytes.subarray(objp + given.offset, objp + READ_BYTES)];
    return { hex: maskedBytes(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')) };
  }),
  isolated_begin: operation({}, function* (replay) {
    replay.save();
    return {};
  }),
  rollback: {
    ...operation({ note: z.string() }, function* (replay) {
      replay.rollBack();
      return {};
    }),
    byNobody: true,
  },
};

function* bootStep(replay: Replay2617, cpu: Cpu, step: string, target: number): Program<Results> {
  const { kernel } = replay;
  const [, node] = /^free_area_init_node\((\d)\)$/.exec(step) ?? [];
  if (node !== undefined) {
    // All nodes were set up at power-on: their messages.
    const printed = replay.printedSince(0);
    const from = printed.indexOf(printed.find((line) => line.startsWith(`On node ${node} `)) ?? '');
    const to = printed.findIndex((line, i) => i > from && !line.startsWith('  '));
    return { printk: printed.slice(from, to) };
  }
  switch (step) {
    case 'build_all_zonelists':
      build_all_zonelists(kernel, cpu);
      return {};
    case 'page_alloc_init':
      return {};
    case 'mem_init/free_all_bootmem':
      yield* mem_init(kernel, cpu);
      return {};
    case 'kmem_cache_init':
      yield* kmem_cache_init(kernel, cpu);
      return {};
    case 'setup_per_cpu_pageset':
      yield* setup_per_cpu_pageset(kernel, cpu);
      return {};
    case 'cpu_up':
      yield* cpu_up(kernel, cpu, target);
      return {};
    case 'init_per_zone_pages_min':
      init_workqueues(kernel, cpu);
      yield* init_per_zone_pages_min(kernel, cpu);
      return {};
    case 'cpucache_init':
      yield* replay.noteScheduled(cpucache_init(kernel, cpu));
      return {};
  }
  throw new Unresolved(`no step ${JSON.stringify(step)}`, 'name a step of boot');
}
