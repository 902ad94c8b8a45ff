/**
 * Compares a /proc/slabinfo dump of a real 2.4 kernel with the emulated one: each cache is made again on the machine that
 * the dump's sidecar describes, and must come out with the same object size, objects per slab, pages per slab, limit and
 * batchcount.
 *
 * The dump does not say what a cache was asked for, but little of that is lost. The printed size is aligned already, so
 * asking for it without flags gives the same size, and size alone decides the rest, with one exception that the sidecar
 * names: 508 bytes become 512 by line alignment, after it was decided that management stays on the slab.
 */

import { InputError } from '../../../base/input-error.ts';
import type { Cpu } from '../../../hw/cpu.ts';
import { MiB, NULL, PAGE_SIZE } from '../../../hw/memory.ts';
import { kmem_cache_create } from '../../../slab/linux-2.4/create.ts';
import { SLAB_HWCACHE_ALIGN, SLAB_MUST_HWCACHE_ALIGN } from '../../../slab/linux-2.4/flags.ts';
import { cacheChain, peekCache, peekName } from '../../../slab/linux-2.4/inspect.ts';
import {
  BYTES_PER_WORD,
  CACHE_NAMELEN,
  kmemCache,
  type Linux2422,
  MAX_OBJ_ORDER,
} from '../../../slab/linux-2.4/slab.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';
import { cachesNeeding, type DumpMachine, RAW_SIZE_BELOW_AN_EIGHTH, RECLAIMABLE } from '../slabinfo-machine.ts';
import { dumpName, parseSlabinfo, type Slabinfo, type SlabinfoRow } from '../slabinfo-text.ts';
import { bootBuild } from './machine.ts';
import { architectureOf, breakOrderOf, cpuArrayLimit, slabGeometry } from './slab-geometry.ts';

/** What a row tells of its cache and an emulated cache must repeat. */
interface CacheShape {
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly pagesPerSlab: number;
  readonly limit: number;
  readonly batchcount: number;
}

/** Makes the cache of a row again; null if the kernel refuses. */
type Recreate = (row: SlabinfoRow) => CacheShape | null;

/** `file` and `machineFile` are for messages. */
export function verifyDump(text: string, file: string, machine: DumpMachine, machineFile: string): CaseOutcome {
  const slabinfo = parseSlabinfo(text, file);
  checkAgreement(slabinfo, machine, file, machineFile);
  const runsHere = machine.wordBytes === BYTES_PER_WORD && machine.pageSizeBytes === PAGE_SIZE;
  const recreate = runsHere ? onEmulatedMachine(slabinfo, machine) : byGeometryAlone(machine);
  const name = dumpName(file);
  const comparison = new Comparison(runsHere ? name : `${name} (geometry alone)`, 'rows');
  for (const row of slabinfo.rows) {
    checkSize(row, machine, file);
    const got = recreate(row);
    comparison.compare(() => `line ${row.number}: ${row.text}`, recorded(row), got && seenBy(row, got));
  }
  return comparison.outcome();
}

function checkAgreement({ smp, statistics }: Slabinfo, machine: DumpMachine, file: string, sidecarFile: string): void {
  const told = [
    ['(SMP)', smp, 'smp', machine.smp],
    ['(statistics)', statistics, 'configDebugSlab', machine.configDebugSlab],
  ] as const;
  for (const [mark, inDump, key, inSidecar] of told) {
    if (inDump === inSidecar) continue;
    const problem = `${inDump ? '' : 'no '}${mark} in the header, but "${key}": ${inSidecar} in ${sidecarFile}`;
    throw new InputError(`${file}:1`, problem, 'a dump and its sidecar describe one kernel');
  }
  if (cachesNeeding(machine, RECLAIMABLE).size > 0) {
    throw new InputError(sidecarFile, `rowsNeedingAFlag: ${RECLAIMABLE}`, 'no cache of 2.4 has this flag');
  }
}

/** What would be a BUG() in kmem_cache_create(). */
function checkSize({ number, objectSize }: SlabinfoRow, { wordBytes, pageSizeBytes }: DumpMachine, file: string): void {
  const largest = pageSizeBytes << MAX_OBJ_ORDER;
  if (objectSize >= wordBytes && objectSize <= largest) return;
  throw new InputError(
    `${file}:${number}`,
    `objects of ${objectSize} bytes`,
    `this kernel has ${wordBytes} to ${largest}`,
  );
}

function recorded(row: SlabinfoRow): Partial<CacheShape> {
  const { objectSize, objects, slabs, pagesPerSlab, arrays } = row;
  return seenBy(row, { objectSize, objectsPerSlab: objects / slabs, pagesPerSlab, ...(arrays ?? noArrays) });
}

const noArrays = { limit: 0, batchcount: 0 };

/** The part of a shape that a row shows: without slabs not how many objects they hold, without SMP no arrays. */
function seenBy({ slabs, arrays }: SlabinfoRow, shape: CacheShape): Partial<CacheShape> {
  const { objectSize, objectsPerSlab, pagesPerSlab, limit, batchcount } = shape;
  return {
    objectSize,
    ...(slabs > 0 && { objectsPerSlab }),
    pagesPerSlab,
    ...(arrays !== null && { limit, batchcount }),
  };
}

/** 2.4.22 as the machine's owner had built it. */
function onEmulatedMachine({ rows }: Slabinfo, machine: DumpMachine): Recreate {
  const { nr_cpus, spinlock_bytes, slabLists } = kernelBuildOf(rows, machine);
  const k = bootBuild({
    smp: machine.smp,
    cpus: machine.smp ? (machine.cpus ?? Math.min(nr_cpus, 2)) : 1,
    nr_cpus,
    l1_cache_bytes: machine.likelyL1CacheBytes,
    debug: machine.configDebugSlab,
    // Of memory a cache's shape knows only whether it is more than 32 MB.
    memory_mb: (machine.ram ?? usualRam) > 32 * MiB ? 64 : 32,
    spinlock_bytes,
  });
  const cpu = k.machine.cpus[0];
  const booted = new Map(cacheChain(k).map((cachep) => [peekName(k, cachep), cachep]));
  const taken = new Set(booted.keys());
  const onSlab = cachesNeeding(machine, RAW_SIZE_BELOW_AN_EIGHTH);
  return (row) => {
    const { name, objectSize } = row;
    const existing = booted.get(name);
    booted.delete(name);
    if (existing !== undefined && (name !== 'kmem_cache' || slabLists === 3)) return shapeOf(k, existing);
    if (existing !== undefined) return create(k, cpu, substitute(row), k.kmem_cache_t.sizeof - LESS_WITH_ONE_LIST, 0);

    const allowed = name.length < CACHE_NAMELEN - 1 && !taken.has(name) ? name : substitute(row);
    taken.add(allowed);
    const [size, flags] = requestFor(objectSize, onSlab.has(name), machine.configDebugSlab);
    return create(k, cpu, allowed, size, flags);
  };
}

const usualRam = 64 * MiB;

/** What the dump's own kernel was built as, as far as kmem_cache's row tells it. */
interface KernelBuild {
  readonly nr_cpus: number;
  readonly spinlock_bytes: 0 | 4;
  /** Up to 2.4.9 a cache had one list of slabs and a pointer to the first that was not full, in place of three lists. */
  readonly slabLists: 1 | 3;
}

/** Two list heads, for a pointer. */
const LESS_WITH_ONE_LIST = 12;

/**
 * The build whose kmem_cache_t has the size that kmem_cache's row shows: that size tells NR_CPUS, how many slab lists there are,
 * and of a uniprocessor's build whether gcc 3 made it, to which an empty spinlock_t has no bytes. Where several fit, the
 * likeliest: NR_CPUS 32, as many lists as the version says, gcc 2.95; where none does, that one too.
 */
function kernelBuildOf(rows: readonly SlabinfoRow[], machine: DumpMachine): KernelBuild {
  const printed = rows.find(({ name }) => name === 'kmem_cache')?.objectSize;
  const builds = likeliestFirst(machine);
  const fits = ({ nr_cpus, spinlock_bytes, slabLists }: KernelBuild) => {
    const { sizeof } = kmemCache({
      CONFIG_SMP: machine.smp,
      CONFIG_DEBUG_SLAB: machine.configDebugSlab,
      NR_CPUS: nr_cpus,
      L1_CACHE_BYTES: machine.likelyL1CacheBytes,
      spinlockBytes: spinlock_bytes,
      colouring: true,
    });
    return printed === (slabLists === 1 ? sizeof - LESS_WITH_ONE_LIST : sizeof);
  };
  return builds.find(fits) ?? builds[0];
}

function likeliestFirst(machine: DumpMachine): KernelBuild[] {
  const lists = hasOneSlabList(machine) ? ([1, 3] as const) : ([3, 1] as const);
  if (!machine.smp) {
    const spinlocks = [4, 0] as const;
    return lists.flatMap((slabLists) => spinlocks.map((spinlock_bytes) => ({ nr_cpus: 1, spinlock_bytes, slabLists })));
  }
  const fewest = machine.cpus ?? 1;
  const fewer = Array.from({ length: MOST_CPUS - fewest }, (_, i) => MOST_CPUS - 1 - i);
  return [[MOST_CPUS], fewer].flatMap((counts) =>
    lists.flatMap((slabLists) => counts.map((nr_cpus) => ({ nr_cpus, spinlock_bytes: 4 as const, slabLists }))),
  );
}
const MOST_CPUS = 32;

function hasOneSlabList({ kernelVersion }: DumpMachine): boolean {
  const [, patchLevel] = /^2\.4\.(\d+)/.exec(kernelVersion) ?? [];
  return patchLevel !== undefined && Number(patchLevel) < 10;
}

/** For a name that 2.4.22 would not take: too long, or there already. */
const substitute = ({ number }: SlabinfoRow) => `line ${number}`;

/** A size and flags that kmem_cache_create() makes `objectSize` of. */
function requestFor(objectSize: number, onSlab: boolean, debug: boolean): [size: number, flags: number] {
  const mustAlign = debug ? SLAB_MUST_HWCACHE_ALIGN : 0;
  if (onSlab) return [(PAGE_SIZE >> 3) - BYTES_PER_WORD, SLAB_HWCACHE_ALIGN | mustAlign];
  // Objects below an eighth of a page get a red zone of two words, unless they are too small to have been given one.
  if (!debug || objectSize >= PAGE_SIZE >> 3) return [objectSize, 0];
  const redZoned = objectSize - 2 * BYTES_PER_WORD;
  return redZoned >= BYTES_PER_WORD ? [redZoned, 0] : [objectSize, mustAlign];
}

function create(k: Linux2422, cpu: Cpu, name: string, size: number, flags: number): CacheShape | null {
  const cachep = k.machine.run(cpu, kmem_cache_create(k, cpu, name, size, 0, flags, null, null));
  return cachep === NULL ? null : shapeOf(k, cachep);
}

function shapeOf(k: Linux2422, cachep: number): CacheShape {
  const { objsize, num, gfporder, cpuArrays } = peekCache(k, cachep);
  return {
    objectSize: objsize,
    objectsPerSlab: num,
    pagesPerSlab: 1 << gfporder,
    limit: cpuArrays[0]?.limit ?? 0,
    batchcount: k.config.CONFIG_SMP ? k.machine.memory.peek32(cachep + k.kmem_cache_t.batchcount) : 0,
  };
}

/** By arithmetic: where the machine's words or pages are not ours. */
function byGeometryAlone(machine: DumpMachine): Recreate {
  const { wordBytes, pageSizeBytes, likelyL1CacheBytes, ram } = machine;
  const architecture = architectureOf(machine);
  const options = { architecture, L1_CACHE_BYTES: likelyL1CacheBytes, breakOrder: breakOrderOf(ram ?? usualRam) };
  const onSlab = cachesNeeding(machine, RAW_SIZE_BELOW_AN_EIGHTH);
  return ({ name, objectSize: printed }) => {
    const objectSize = Math.ceil(printed / wordBytes) * wordBytes;
    // The cache of caches is not made by kmem_cache_create(), but set up with a page.
    const offSlab = objectSize >= pageSizeBytes >> 3 && !onSlab.has(name) && name !== 'kmem_cache';
    const breakOrder = name === 'kmem_cache' ? 0 : options.breakOrder;
    const { num, gfporder } = slabGeometry(objectSize, offSlab, { ...options, breakOrder });
    const limit = cpuArrayLimit(objectSize, architecture);
    return { objectSize, objectsPerSlab: num, pagesPerSlab: 1 << gfporder, limit, batchcount: limit / 2 };
  };
}
