/**
 * What a workload finds. `fresh`: a kernel that has just booted, on which its caches are made in their order. `established`: a
 * system that has run for a while, which the seed draws, on any kernel through the one door, so that no result hangs on the
 * one layout that a boot makes:
 *
 * - *which caches the boot made*: some of those of a real machine (boot-caches.ts), and where among them the workload's own
 *   come: so where descriptors of caches and their arrays lie;
 * - *what stands in caches*, the general ones and the named: objects have come and gone on two CPUs, and some stay; now
 *   and then the kernel looked for memory, emptied arrays and gave free slabs back. So how many partial slabs there are,
 *   what is free in them and in arrays, and in which order;
 * - *colour_next* of each cache: as far as the slabs that it grew have brought it. That is not far where there are many colours, so
 *   to all placements of one recording of touches its caches would look alike: these begin with any colour (`drawsColours`).
 *
 * Objects of before are not touched. The caches of a trace have such a past; one that a workload makes for itself is new.
 */
import { below, type Random, seeded, shuffle } from '../../base/random.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { Limits } from '../../slab/kernel-facts.ts';
import type { NewCache, Workload, WorkloadContext } from '../workloads/workload.ts';
import { type BootCache, bootCaches } from './boot-caches.ts';

/** The workload's caches on a kernel that has just booted. */
export function* startFresh(context: WorkloadContext, { caches }: Workload, cpu: Cpu): Program {
  for (const cache of caches) yield* context.createCache(cpu, cache);
}

/** The workload's caches on an established system. With the `limits` of all kernels that are compared, all have the same past. */
export function establish(context: WorkloadContext, workload: Workload, limits: Limits, seed: string): void {
  const { allocator, cpus } = context;
  const random = seeded(seed, 'caches of the boot');
  const past = (name: string) => seeded(seed, `history of ${name}`);
  const general = allocator.generalSizes
    .filter((size) => size <= PAGE_SIZE)
    .map((size) => () => use(context, generalObjects(allocator, size), past(`size-${size}`)));
  const boot = shuffle([...bootCaches], random)
    .slice(below(random, bootCaches.length / 2))
    .filter((cache) => fits(cache, limits) && workload.caches.every(({ name }) => name !== cache.name))
    .map((cache) => () => makeBootCache(context, cache, past(cache.name)));
  const own = workload.caches.map((cache, i) => () => {
    run(context, function* (cpu) {
      yield* context.createCache(cpu, cache, i);
    });
    const { name, cachep, size } = context.caches[i];
    if (workload.drawsColours) run(context, (cpu) => turnColours(allocator, cpu, cachep, past(`colours of ${name}`)));
    if (workload.tookOverCaches) use(context, objectsOf(allocator, cachep, size), past(name));
  });
  for (const happens of shuffle([...general, ...boot, ...own], random)) {
    happens();
    const cpu = cpus[below(random, cpus.length)];
    if (random() < 0.5) run(context, () => allocator.reap(cpu, allocator.version.gfp.GFP_KERNEL), cpu);
  }
}

const run = (context: WorkloadContext, program: (cpu: Cpu) => Program<unknown>, cpu = context.cpus[0]) =>
  context.onEachCpu(program, [cpu]);

const fits = ({ name, size }: NewCache, { longestName, smallestObject, largestObject }: Limits): boolean =>
  name.length <= longestName && size >= smallestObject && size <= largestObject;

/** What is printed as a multiple of this was aligned to it, on the machine of boot-caches.ts. */
const LINE = 32;

function makeBootCache(context: WorkloadContext, { name, size, isUsed }: BootCache, random: Random): void {
  const { allocator } = context;
  const flags = size % LINE === 0 ? allocator.version.flags.SLAB_HWCACHE_ALIGN : 0;
  let cachep = NULL;
  run(context, function* (cpu) {
    cachep = yield* allocator.create(cpu, { name, size, flags });
  });
  if (isUsed && cachep !== NULL) use(context, objectsOf(allocator, cachep, size), random);
}

/** Objects of one size, and where they come from. */
interface Objects {
  readonly size: number;
  alloc(cpu: Cpu): Program<addr_t>;
  free(cpu: Cpu, objp: addr_t): Program;
}

const objectsOf = (allocator: SlabAllocator, cachep: addr_t, size: number): Objects => ({
  size,
  alloc: (cpu) => allocator.alloc(cpu, cachep, allocator.version.gfp.GFP_ATOMIC),
  free: (cpu, objp) => allocator.free(cpu, cachep, objp),
});

const generalObjects = (allocator: SlabAllocator, size: number): Objects => ({
  size,
  alloc: (cpu) => allocator.kmalloc(cpu, size, allocator.version.gfp.GFP_ATOMIC),
  free: (cpu, objp) => allocator.kfree(cpu, objp),
});

/**
 * As many slabs come and go as the seed draws, up to the lines that a slab has to spare, which are its colours or a few more: so
 * any may be the next. A kernel without colours grows as many, lest pages lie otherwise there.
 */
function* turnColours(allocator: SlabAllocator, cpu: Cpu, cachep: addr_t, random: Random): Program {
  const { num, objsize, gfporder } = allocator.caches().find((cache) => cache.cachep === cachep)!;
  const spare = Math.floor(((PAGE_SIZE << gfporder) - num * objsize) / allocator.kernel.config.L1_CACHE_BYTES);
  const live: addr_t[] = [];
  for (let count = below(random, Math.max(1, spare)) * num; count > 0; count--) {
    const objp = yield* allocator.alloc(cpu, cachep, allocator.version.gfp.GFP_ATOMIC);
    if (objp !== NULL) live.push(objp);
  }
  for (const objp of live) yield* allocator.free(cpu, cachep, objp);
  yield* allocator.shrink(cpu, cachep);
}

/** On how many CPUs the objects of one cache came and went: a machine of many took turns. */
const CPUS = 2;
/** The most that one of them allocated: of objects of some size enough pages for all colours, of small ones a few. */
const PAGES = 8;
const OBJECTS = 64;

/** Objects come and go; of those that live at last, as many as the seed draws stay. */
function use(context: WorkloadContext, { size, alloc, free }: Objects, random: Random): void {
  const most = Math.max(1, Math.min(OBJECTS, Math.floor((PAGES * PAGE_SIZE) / size)));
  const live: addr_t[] = [];
  const comeAndGo = function* (cpu: Cpu): Program {
    for (let count = below(random, most + 1); count > 0; count--) {
      const objp = yield* alloc(cpu);
      if (objp !== NULL) live.push(objp);
    }
    shuffle(live, random);
    for (let count = below(random, live.length + 1); count > 0; count--) yield* free(cpu, live.pop()!);
  };
  for (const cpu of shuffle([...context.cpus], random).slice(0, CPUS)) run(context, comeAndGo, cpu);
}
