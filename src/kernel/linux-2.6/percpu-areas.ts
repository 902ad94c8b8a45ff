/** Where per-CPU variables stand: an original section, and for each possible CPU of an SMP build a copy. */
import { type CType, roundUp, type Struct, struct } from '../struct.ts';
import type { StaticSymbol } from '../symbols.ts';
import type { Config26 } from './config.ts';

/** The section's layout: an offset for each variable. */
export type PerCpuSection = Struct<Record<string, CType>>;

export function perCpuSection({ L1_CACHE_BYTES }: Config26, variables: Record<string, CType>): PerCpuSection {
  const section = struct(variables);
  const align = Math.max(section.align, L1_CACHE_BYTES);
  return Object.freeze({ ...section, sizeof: roundUp(section.sizeof, align), align });
}

export const PER_CPU_SECTION = '.data.percpu';
export const perCpuArea = (cpu: number) => `per_cpu_area[${cpu}]`;

export function perCpuStatics({ CONFIG_SMP, NR_CPUS, abi }: Config26, section: CType, cpus: number): StaticSymbol[] {
  const original = { name: PER_CPU_SECTION, type: section };
  if (!CONFIG_SMP) return [original];
  const offsets = { sizeof: NR_CPUS * abi.long.sizeof, align: abi.long.align };
  const areas = Array.from({ length: cpus }, (_, cpu) => ({ name: perCpuArea(cpu), type: section }));
  return [original, { name: '__per_cpu_offset', type: offsets }, ...areas];
}
