/**
 * Compares a /proc/slabinfo dump of a real 2.6 kernel with what kmem_cache_create() of 2.6.17 computes: objects per slab, pages per
 * slab, limit, batchcount and shared factor. By its geometry alone: the kernels whose dumps there are came before 2.6.17, have
 * other descriptors, and some of them words of 8 bytes; what they compute is the same.
 *
 * The dump does not say what a cache was asked for. Its printed size is aligned already, so the alignment is taken to be the
 * largest that the size allows, up to a line, and the sidecar names the caches to which that does not do justice. What the dump
 * tells of its kernel's build is inferred from it, and said in the case's name.
 */
import { InputError } from '../../../base/input-error.ts';
import { MiB, PAGE_SIZE } from '../../../hw/memory.ts';
import { type Abi, i386, x86_64 } from '../../../kernel/linux-2.6/abi.ts';
import { smp26, up26 } from '../../../kernel/linux-2.6/config.ts';
import { roundUp, struct, u16, u32 } from '../../../kernel/struct.ts';
import { isLargeEnough, type Management, type SlabSize, slabSizes } from '../../../slab/linux-2.6.17/estimate.ts';
import { SLAB_RECLAIM_ACCOUNT } from '../../../slab/linux-2.6.17/flags.ts';
import {
  BREAK_GFP_ORDER_HI,
  BREAK_GFP_ORDER_LO,
  CFLGS_OFF_SLAB,
  MAX_OBJ_ORDER,
} from '../../../slab/linux-2.6.17/layouts.ts';
import { tunablesFor } from '../../../slab/linux-2.6.17/tune.ts';
import { type CaseOutcome, Comparison, skippedCase } from '../outcome.ts';
import { cachesNeeding, type DumpMachine, RAW_SIZE_BELOW_AN_EIGHTH, RECLAIMABLE } from '../slabinfo-machine.ts';
import { dumpName } from '../slabinfo-text.ts';
import { descriptorType } from './slabinfo-descriptors.ts';
import { parseSlabinfo, type Slabinfo, type SlabinfoRow } from './slabinfo-text.ts';

/** What a row tells of its cache and the computation must repeat. */
type CacheShape = Pick<
  SlabinfoRow,
  'objectSize' | 'objectsPerSlab' | 'pagesPerSlab' | 'limit' | 'batchcount' | 'shared'
>;

/** `file` and `machineFile` are for messages. */
export function verifyDump(text: string, file: string, machine: DumpMachine, machineFile: string): CaseOutcome {
  const slabinfo = parseSlabinfo(text, file);
  checkAgreement(slabinfo, machine, file, machineFile);
  const name = dumpName(file);
  if (machine.pageSizeBytes !== PAGE_SIZE) return skippedCase(name, `pages of ${machine.pageSizeBytes} bytes`);
  for (const row of slabinfo.rows) checkSize(row, machine, file);
  const build = buildOf(slabinfo, machine);
  const comparison = new Comparison(`${name} (geometry alone: ${told(build)})`, 'rows');
  for (const row of slabinfo.rows) {
    const { objectSize, objectsPerSlab, pagesPerSlab, limit, batchcount, shared } = row;
    const recorded: CacheShape = { objectSize, objectsPerSlab, pagesPerSlab, limit, batchcount, shared };
    comparison.compare(() => `line ${row.number}: ${row.text}`, recorded, shapeOf(row, build, machine));
  }
  return comparison.outcome();
}

function checkAgreement({ statistics, rows }: Slabinfo, machine: DumpMachine, file: string, sidecarFile: string): void {
  // Only SMP has arrays for all CPUs.
  const smp = rows.some(({ shared }) => shared > 0);
  const told = [
    ['shared arrays in the rows', smp, 'smp', machine.smp],
    ['(statistics) in the header', statistics, 'configDebugSlab', machine.configDebugSlab],
  ] as const;
  for (const [mark, inDump, key, inSidecar] of told) {
    if (inDump === inSidecar) continue;
    const problem = `${inDump ? '' : 'no '}${mark}, but "${key}": ${inSidecar} in ${sidecarFile}`;
    throw new InputError(file, problem, 'a dump and its sidecar describe one kernel');
  }
}

/** What would be a BUG() in kmem_cache_create(). */
function checkSize({ number, objectSize }: SlabinfoRow, { wordBytes }: DumpMachine, file: string): void {
  const largest = PAGE_SIZE << MAX_OBJ_ORDER;
  if (objectSize >= wordBytes && objectSize <= largest) return;
  const right = `this kernel has ${wordBytes} to ${largest}`;
  throw new InputError(`${file}:${number}`, `objects of ${objectSize} bytes`, right);
}

/** The kernel that printed the dump, as far as the rows tell. */
interface DumpBuild {
  readonly management: Management;
  /** slab_break_gfp_order. */
  readonly breakOrder: number;
  /** Bytes of kmem_cache's objects, and the least and greatest NR_CPUS that comes to so many; null where none does. */
  readonly descriptor: { readonly bytes: number; readonly NR_CPUS: readonly [number, number] | null };
  readonly hasNodes: boolean;
}

function told({ management, breakOrder, descriptor, hasNodes }: DumpBuild): string {
  const [least, most] = descriptor.NR_CPUS ?? [];
  return [
    `bufctls of ${management.bufctl} bytes`,
    `slabs to order ${breakOrder}`,
    least === undefined ? 'NR_CPUS unknown' : `NR_CPUS ${least === most ? least : `${least} to ${most}`}`,
    ...(hasNodes ? ['CONFIG_NUMA'] : []),
  ].join(', ');
}

/** struct slab and bufctls, by generation: the newest, then those before a slab knew its node, when bufctls were short. */
function managements({ ptr, long, list_head }: Abi): Management[] {
  const older = { list: list_head, colouroff: long, s_mem: ptr, inuse: u32 };
  return [
    { slab: struct({ ...older, free: u32, nodeid: u16 }).sizeof, bufctl: u32.sizeof },
    { slab: struct({ ...older, free: u16 }).sizeof, bufctl: u16.sizeof },
  ];
}

const abiOf = ({ wordBytes }: DumpMachine) => (wordBytes === 4 ? i386 : x86_64);

/** The build that explains most rows; of several the first. */
function buildOf({ rows }: Slabinfo, machine: DumpMachine): DumpBuild {
  const descriptor = descriptorOf(rows, machine);
  // mm/mempolicy.c makes that cache.
  const hasNodes = rows.some(({ name }) => name === 'numa_policy');
  const breakOrders = machine.ram === null ? [BREAK_GFP_ORDER_HI, BREAK_GFP_ORDER_LO] : [breakOrderOf(machine.ram)];
  const builds = managements(abiOf(machine)).flatMap((management) =>
    breakOrders.map((breakOrder): DumpBuild => ({ management, breakOrder, descriptor, hasNodes })),
  );
  const explained = builds.map((build) => rows.filter((row) => isExplained(row, build, machine)).length);
  return builds[explained.indexOf(Math.max(...explained))];
}

/** Bigger page orders only on machines with more than 32 MB. */
const breakOrderOf = (ram: number) => (ram > 32 * MiB ? BREAK_GFP_ORDER_HI : BREAK_GFP_ORDER_LO);

function isExplained(row: SlabinfoRow, build: DumpBuild, machine: DumpMachine): boolean {
  const { objectsPerSlab, pagesPerSlab } = shapeOf(row, build, machine);
  return objectsPerSlab === row.objectsPerSlab && pagesPerSlab === row.pagesPerSlab;
}

function shapeOf(
  row: SlabinfoRow,
  { management, breakOrder, descriptor }: DumpBuild,
  machine: DumpMachine,
): CacheShape {
  const { wordBytes, likelyL1CacheBytes, smp, configDebugSlab } = machine;
  const isOfCaches = row.name === 'kmem_cache';
  const objectSize = isOfCaches ? descriptor.bytes : roundUp(row.objectSize, wordBytes);
  // Red zones and the last user want words.
  const align = configDebugSlab ? wordBytes : alignmentOf(objectSize, wordBytes, likelyL1CacheBytes);
  const needs = (flag: string) => cachesNeeding(machine, flag).has(row.name);
  const isOffSlab = objectSize >= PAGE_SIZE >> 3 && !isOfCaches && !needs(RAW_SIZE_BELOW_AN_EIGHTH);
  const flags = (isOffSlab ? CFLGS_OFF_SLAB : 0) | (needs(RECLAIMABLE) ? SLAB_RECLAIM_ACCOUNT : 0);
  // kmem_cache_init() takes the first slab that holds a descriptor.
  const { num, gfporder } = slabFor(management, objectSize, align, flags, isOfCaches ? 0 : breakOrder);
  const tunables = tunablesFor(objectSize, { CONFIG_SMP: smp, CONFIG_DEBUG_SLAB: configDebugSlab });
  return { objectSize, objectsPerSlab: num, pagesPerSlab: 1 << gfporder, ...tunables };
}

/** calculate_slab_order(). */
function slabFor(management: Management, size: number, align: number, flags: number, breakOrder: number): SlabSize {
  let found: SlabSize = { gfporder: 0, num: 0, left_over: 0 };
  for (const slab of slabSizes(management, size, align, flags)) {
    found = slab;
    if (isLargeEnough(slab, flags, () => breakOrder)) break;
  }
  return found;
}

function alignmentOf(size: number, wordBytes: number, line: number): number {
  let align = line;
  while (align > wordBytes && size % align !== 0) align /= 2;
  return align;
}

const MOST_CPUS = 255;

/** What kmem_cache's row tells: its printed size is that of a descriptor, up to whole lines. */
function descriptorOf(rows: readonly SlabinfoRow[], machine: DumpMachine): DumpBuild['descriptor'] {
  const { smp, cpus, kernelVersion, configDebugSlab, likelyL1CacheBytes } = machine;
  const patchLevel = /^2\.6\.(\d+)/.exec(kernelVersion)?.[1];
  const sizeof = descriptorType(patchLevel === undefined ? null : Number(patchLevel));
  const sizeWith = (NR_CPUS: number) => {
    const build = { ...(smp ? smp26 : up26), abi: abiOf(machine), NR_CPUS, CONFIG_DEBUG_SLAB: configDebugSlab };
    return roundUp(sizeof(build).sizeof, likelyL1CacheBytes);
  };
  const printed = rows.find(({ name }) => name === 'kmem_cache')?.objectSize;
  const fewest = smp ? (cpus ?? 2) : 1;
  const most = smp ? MOST_CPUS : 1;
  const allowed = Array.from({ length: most - fewest + 1 }, (_, i) => fewest + i);
  const fitting = allowed.filter((NR_CPUS) => sizeWith(NR_CPUS) === printed);
  const NR_CPUS = fitting.length === 0 ? null : ([fitting[0], fitting[fitting.length - 1]] as const);
  return { bytes: sizeWith(fitting[0] ?? fewest), NR_CPUS };
}
