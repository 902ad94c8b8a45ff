/**
 * Compares a /proc/slabinfo dump of a real 2.4 kernel with the emulated one: each cache is made again on the machine that
 * the dump's sidecar describes, and must come out with the same object size, objects per slab, pages per slab, limit and
 * batchcount.
 *
 * The dump does not say what a cache was asked for, but little of that is lost. The printed size is aligned already, so
 * asking for it without flags gives the same size, and size alone decides the rest, with one exception that the sidecar
 * names: 508 bytes become 512 by line alignment, after it was decided that management stays on the slab.
 */

import { InputError } from '../../base/input-error.ts';
import type { Cpu } from '../../hw/cpu.ts';
import { MiB, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import { kmem_cache_create } from '../../slab/linux-2.4.22/create.ts';
import { SLAB_HWCACHE_ALIGN, SLAB_MUST_HWCACHE_ALIGN } from '../../slab/linux-2.4.22/flags.ts';
import { cacheChain, peekCache, peekName } from '../../slab/linux-2.4.22/inspect.ts';
import { BYTES_PER_WORD, CACHE_NAMELEN, type Linux2422, MAX_OBJ_ORDER } from '../../slab/linux-2.4.22/slab.ts';
import { bootBuild } from './linux-case.ts';
import { type CaseOutcome, Comparison, skippedCase } from './outcome.ts';
import { architectureOf, breakOrderOf, cpuArrayLimit, slabGeometry } from './slab-geometry.ts';
import { type DumpMachine, parseDumpMachine } from './slabinfo-machine.ts';
import { parseSlabinfo, type Slabinfo, type SlabinfoRow, slabinfoVersion } from './slabinfo-text.ts';

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

/** `file` and `sidecarFile` are for messages; the sidecar is read only if the dump is of a kernel that is built. */
export function verifySlabinfo(
  text: string,
  file: string,
  sidecarFile: string,
  readSidecar: (path: string) => unknown,
): CaseOutcome {
  const name = `slabinfo/${file.replace(/^.*[\\/]/, '').replace(/\.txt(\.gz)?$/, '')}`;
  const version = slabinfoVersion(text, file);
  if (version.startsWith('2.')) return skippedCase(name, `version ${version} is Linux 2.6, which is not built yet`);

  const slabinfo = parseSlabinfo(text, file);
  const machine = describedBy(sidecarFile, file, readSidecar);
  checkAgreement(slabinfo, machine, file, sidecarFile);
  const runsHere = machine.wordBytes === BYTES_PER_WORD && machine.pageSizeBytes === PAGE_SIZE;
  const recreate = runsHere ? onEmulatedMachine(machine) : byGeometryAlone(machine);
  const comparison = new Comparison(runsHere ? name : `${name} (geometry alone)`, 'rows');
  for (const row of slabinfo.rows) {
    checkSize(row, machine, file);
    const got = recreate(row);
    comparison.compare(() => `line ${row.number}: ${row.text}`, recorded(row), got && seenBy(row, got));
  }
  return comparison.outcome();
}

function describedBy(sidecarFile: string, file: string, readSidecar: (path: string) => unknown): DumpMachine {
  let document: unknown;
  try {
    document = readSidecar(sidecarFile);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      file,
      `the sidecar that describes its machine cannot be used (${error.message})`,
      'beside a dump stands a JSON file of its name, with kernelVersion, smp, likelyL1CacheBytes and the like',
    );
  }
  return parseDumpMachine(document, sidecarFile);
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
function onEmulatedMachine(machine: DumpMachine): Recreate {
  const k = boot(machine);
  const cpu = k.machine.cpus[0];
  const booted = new Map(cacheChain(k).map((cachep) => [peekName(k, cachep), cachep]));
  const taken = new Set(booted.keys());
  const onSlab = new Set(machine.rowsNeedingAFlag.map(({ name }) => name));
  return (row) => {
    const { name, objectSize } = row;
    const existing = booted.get(name);
    booted.delete(name);
    if (existing !== undefined && !(name === 'kmem_cache' && hasOneSlabList(machine))) return shapeOf(k, existing);
    // Of such a kernel kmem_cache_t is two list heads shorter, and a pointer longer.
    if (existing !== undefined) return create(k, cpu, substitute(row), k.kmem_cache_t.sizeof - 12, 0);

    const allowed = name.length < CACHE_NAMELEN - 1 && !taken.has(name) ? name : substitute(row);
    taken.add(allowed);
    const [size, flags] = requestFor(objectSize, onSlab.has(name), machine.configDebugSlab);
    return create(k, cpu, allowed, size, flags);
  };
}

function boot({ smp, cpus, configDebugSlab, likelyL1CacheBytes, ram }: DumpMachine): Linux2422 {
  return bootBuild({
    smp,
    cpus: smp ? (cpus ?? 2) : 1,
    nr_cpus: smp ? 32 : 1,
    l1_cache_bytes: likelyL1CacheBytes,
    debug: configDebugSlab,
    // Of memory a cache's shape knows only whether it is more than 32 MB.
    memory_mb: (ram ?? usualRam) > 32 * MiB ? 64 : 32,
  });
}

const usualRam = 64 * MiB;

/** Up to 2.4.9 a cache had one list of slabs and a pointer to the first that was not full, instead of three lists. */
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
  const onSlab = new Set(machine.rowsNeedingAFlag.map(({ name }) => name));
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
