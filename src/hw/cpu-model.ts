/**
 * CPUs as data. Each value is read at the source named (`v`) or taken from memory and unverified (`m`), as
 * ../shared/hardware.md says; both go with the value into every listing. Cycles make estimates, not predictions.
 */
import type { ProtocolName } from './coherence.ts';
import type { Latencies } from './l1.ts';
import { KiB } from './memory.ts';
import type { SecondLevelGeometry } from './second-level.ts';
import type { CacheGeometry } from './tag-array.ts';

export interface Cycles extends Latencies {
  /** What a locked read-modify-write takes beyond its access. */
  readonly locked: number;
  /** One turn of a spin loop beyond its load. */
  readonly pause: number;
  /** From the sending of an inter-processor interrupt to its arrival. */
  readonly ipi: number;
  /** From the acceptance of an interrupt to its handler's first instruction, and back. */
  readonly interrupt: number;
}

export interface CpuModel {
  readonly name: string;
  readonly mhz: number;
  readonly l1: CacheGeometry;
  readonly protocol: ProtocolName;
  /** Null: none, or none that is modelled. */
  readonly l2: SecondLevelGeometry | null;
  readonly cycles: Cycles;
  /** One line a fact: what, where from, `v` or `m`. */
  readonly sources: readonly string[];
}

export const cpuModels = {
  'pentium-pro': {
    name: 'Pentium Pro',
    mhz: 200,
    l1: { size: 8 * KiB, ways: 2, line: 32, policy: 'tree-plru' },
    protocol: 'mesi',
    l2: null,
    cycles: { l1: 3, l2: 6, memory: 60, transfer: 60, locked: 20, pause: 4, ipi: 200, interrupt: 100 },
    sources: [
      'size, ways, line: v, Intel 243190-02',
      'pseudo-LRU, write-back; L1 3, L2 ~6 cycles: m',
      'memory, transfer, locked, pause, IPI, interrupt: m, order of magnitude',
    ],
  },
  'pentium-iii': {
    name: 'Pentium III (Coppermine)',
    mhz: 700,
    l1: { size: 16 * KiB, ways: 4, line: 32, policy: 'tree-plru' },
    protocol: 'mesi',
    l2: null,
    cycles: { l1: 3, l2: 9, memory: 113, transfer: 79, locked: 38, pause: 4, ipi: 300, interrupt: 150 },
    sources: [
      'size, ways, line, pseudo-LRU, write-back: m (as Katmai)',
      'L1 3 cycles: v, anandtech 399 (Katmai)',
      'L2 hit 12.9 ns, memory 162 ns, cache-to-cache 113 ns, atomic increment 58 ns at 700 MHz: m, McKenney',
      'pause, IPI, interrupt: m, order of magnitude',
    ],
  },
  'core-2': {
    name: 'Core 2',
    mhz: 2400,
    l1: { size: 32 * KiB, ways: 8, line: 64, policy: 'tree-plru' },
    protocol: 'mesi',
    l2: null,
    cycles: { l1: 3, l2: 14, memory: 240, transfer: 100, locked: 20, pause: 10, ipi: 700, interrupt: 300 },
    sources: [
      'size, ways, line, tree-PLRU: m',
      'L1 3 cycles: v, Drepper 2007; L2 14: m; memory 240: v, Drepper 2007 (for the Pentium M)',
      'transfer, locked, pause, IPI, interrupt: m, order of magnitude',
    ],
  },
  skylake: {
    name: 'Skylake',
    mhz: 4000,
    l1: { size: 32 * KiB, ways: 8, line: 64, policy: 'tree-plru' },
    protocol: 'mesi',
    l2: null,
    cycles: { l1: 4, l2: 12, memory: 246, transfer: 75, locked: 15, pause: 140, ipi: 1200, interrupt: 500 },
    sources: [
      'size, ways, line: m; tree-PLRU: v, nanoBench',
      'L1 4, L2 12, L3 42 cycles, memory +51 ns: m',
      'transfer 75: v, Intel (Nehalem, modified in another core); locked 15: v, McKenney (Xeon 8176, same CPU)',
      'pause, IPI, interrupt: m, order of magnitude',
    ],
  },
} as const satisfies Record<string, CpuModel>;

export type CpuModelName = keyof typeof cpuModels;
