/**
 * Per-CPU variables: include/asm-generic/percpu.h, setup_per_cpu_areas(). All of them stand in one section, of which each
 * possible CPU gets a copy at boot; __per_cpu_offset says how far its copy is from the original. On a uniprocessor the
 * original is the variable.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { type CType, roundUp, type Struct, struct } from '../struct.ts';
import type { StaticSymbol } from '../symbols.ts';
import type { Config26 } from './config.ts';
import type { Linux26 } from './kernel.ts';
import { smp_processor_id } from './thread-info.ts';

/** The section's layout: an offset for each variable. */
export type PerCpuSection = Struct<Record<string, CType>>;

export function perCpuSection({ L1_CACHE_BYTES }: Config26, variables: Record<string, CType>): PerCpuSection {
  const section = struct(variables);
  return Object.freeze({ ...section, sizeof: roundUp(section.sizeof, L1_CACHE_BYTES), align: L1_CACHE_BYTES });
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

/** Where CPU `index` has `variable`, one of the kernel's per_cpu__ addresses. */
export function per_cpu(k: Linux26, cpu: Cpu, variable: addr_t, index: number): addr_t {
  if (!k.config.CONFIG_SMP) return variable;
  return variable + cpu.loadLong(k.__per_cpu_offset + index * k.config.abi.long.sizeof);
}

/** Where this CPU has `variable`. */
export function __get_cpu_var(k: Linux26, cpu: Cpu, variable: addr_t): addr_t {
  return k.config.CONFIG_SMP ? per_cpu(k, cpu, variable, smp_processor_id(k, cpu)) : variable;
}
