/**
 * Per-CPU variables: include/asm-generic/percpu.h, setup_per_cpu_areas(). All of them stand in one section, of which each
 * possible CPU gets a copy at boot; __per_cpu_offset says how far its copy is from the original. On a uniprocessor the
 * original is the variable.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Linux26 } from './kernel.ts';
import { smp_processor_id } from './thread-info.ts';

/** Where CPU `index` has `variable`, one of the kernel's per_cpu__ addresses. */
export function per_cpu(k: Linux26, cpu: Cpu, variable: addr_t, index: number): addr_t {
  if (!k.config.CONFIG_SMP) return variable;
  return variable + cpu.loadLong(k.__per_cpu_offset + index * k.config.abi.long.sizeof);
}

/** Where this CPU has `variable`. */
export function __get_cpu_var(k: Linux26, cpu: Cpu, variable: addr_t): addr_t {
  return k.config.CONFIG_SMP ? per_cpu(k, cpu, variable, smp_processor_id(k, cpu)) : variable;
}
