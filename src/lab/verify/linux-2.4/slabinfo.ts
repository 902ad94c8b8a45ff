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
import { BYTES_PER_WORD, CACHE_NAMELEN, MAX_OBJ_ORDER, type Slab24 } from '../../../slab/linux-2.4/slab.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';
import { cachesNeeding, type DumpMachine, RAW_SIZE_BELOW_AN_EIGHTH, RECLAIMABLE } from '../slabinfo-machine.ts';
import { dumpName, parseSlabinfo, type Slabinfo, type SlabinfoRow } from '../slabinfo-text.ts';
import { type Build, bootBuild, configOf } from './machine.ts';
import type { Recorded24 } from './recorded.ts';
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
export function verifyDump(
  version: Recorded24,
  text: string,
  file: string,
  machine: DumpMachine,
  machineFile: string,
): CaseOutcome {
  const slabinfo = parseSlabinfo(text, file);
  checkAgreement(slabinfo, machine, file, machineFile);
  const runsHere = machine.wordBytes === BYTES_PER_WORD && machine.pageSizeBytes === PAGE_SIZE;
  const recreate = runsHere ? onEmulatedMachine(version, slabinfo, machine) : byGeometryAlone(machine);
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

/** The kernel as the machine's owner had built it. */
function onEmulatedMachine(version: Recorded24, { rows }: Slabinfo, machine: DumpMachine): Recreate {
  const builds = likeliestFirst(machine);
  const k = bootBuild(version, builds.find((build) => printedBy(version, rows, build)) ?? builds[0]);
  const cpu = k.machine.cpus[0];
  const booted = new Map(cacheChain(k).map((cachep) => [peekName(k, cachep), cachep]));
  const taken = new Set(booted.keys());
  const onSlab = cachesNeeding(machine, RAW_SIZE_BELOW_AN_EIGHTH);
  return (row) => {
    const { name, objectSize } = row;
    const existing = booted.get(name);
    booted.delete(name);
    if (existing !== undefined) return shapeOf(k, existing);

    const allowed = name.length < CACHE_NAMELEN - 1 && !taken.has(name) ? name : substitute(row);
    taken.add(allowed);
    const [size, flags] = requestFor(k, objectSize, onSlab.has(name));
    return create(k, cpu, allowed, size, flags);
  };
}

const usualRam = 64 * MiB;

/**
 * Whether a kernel of this version may have printed the dump: some build of it has a kmem_cache_t of the size that kmem_cache's row
 * shows. That size tells NR_CPUS, whether the version has one list of slabs or three, and of a uniprocessor's build whether gcc 3 made
 * it, to which an empty spinlock_t has no bytes.
 */
export function mayHavePrinted(version: Recorded24, text: string, file: string, machine: DumpMachine): boolean {
  const { rows } = parseSlabinfo(text, file);
  return likeliestFirst(machine).some((build) => printedBy(version, rows, build));
}

const printedBy = (version: Recorded24, rows: readonly SlabinfoRow[], build: Build) =>
  rows.find(({ name }) => name === 'kmem_cache')?.objectSize ===
  version.structures(configOf(build)).kmem_cache_t.sizeof;

/** The likeliest: NR_CPUS 32, gcc 2.95. */
function likeliestFirst(machine: DumpMachine): Build[] {
  const build = (nr_cpus: number, spinlock_bytes: 0 | 4): Build => ({
    smp: machine.smp,
    cpus: machine.smp ? (machine.cpus ?? Math.min(nr_cpus, 2)) : 1,
    nr_cpus,
    l1_cache_bytes: machine.likelyL1CacheBytes,
    debug: machine.configDebugSlab,
    // Of memory a cache's shape knows only whether it is more than 32 MB.
    memory_mb: (machine.ram ?? usualRam) > 32 * MiB ? 64 : 32,
    spinlock_bytes,
  });
  if (!machine.smp) return [build(1, 4), build(1, 0)];
  const fewest = machine.cpus ?? 1;
  return Array.from({ length: MOST_CPUS - fewest + 1 }, (_, i) => build(MOST_CPUS - i, 4));
}
const MOST_CPUS = 32;

/** For a name that the kernel would not take: too long, or there already. */
const substitute = ({ number }: SlabinfoRow) => `line ${number}`;

/** A size and flags that kmem_cache_create() makes `objectSize` of. */
function requestFor(k: Slab24, objectSize: number, onSlab: boolean): [size: number, flags: number] {
  const debug = k.config.CONFIG_DEBUG_SLAB;
  const mustAlign = debug ? k.variant.CREATE_MASK & SLAB_MUST_HWCACHE_ALIGN : 0;
  if (onSlab) return [(PAGE_SIZE >> 3) - BYTES_PER_WORD, SLAB_HWCACHE_ALIGN | mustAlign];
  // Objects below an eighth of a page get a red zone of two words, unless they are too small to have been given one.
  if (!debug || objectSize >= PAGE_SIZE >> 3) return [objectSize, 0];
  const redZoned = objectSize - 2 * BYTES_PER_WORD;
  return redZoned >= BYTES_PER_WORD ? [redZoned, 0] : [objectSize, mustAlign];
}

function create(k: Slab24, cpu: Cpu, name: string, size: number, flags: number): CacheShape | null {
  const cachep = k.machine.run(cpu, kmem_cache_create(k, cpu, name, size, 0, flags, null, null));
  return cachep === NULL ? null : shapeOf(k, cachep);
}

function shapeOf(k: Slab24, cachep: number): CacheShape {
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
