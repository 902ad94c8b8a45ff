/** Tasks of 2.4: a task_struct at the foot of its 8 KB kernel stack, found from the stack pointer. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Kernel } from '../kernel.ts';

export const THREAD_SIZE = 8192;

export const PF_MEMALLOC = 0x00000800;

/** include/linux/sched.h, struct task_struct: what all of 2.4 have, though not all in the same places. */
export interface TaskStruct {
  readonly sizeof: number;
  readonly state: number;
  readonly flags: number;
  readonly processor: number;
}

/** include/asm-i386/current.h, get_current(): no access of memory. */
export function get_current(cpu: Cpu): addr_t {
  return (cpu.esp - 1) & -THREAD_SIZE;
}

/** smp_processor_id(): current->processor on SMP, 0 on UP. */
export function smp_processor_id(k: Kernel & { readonly task_struct: TaskStruct }, cpu: Cpu): number {
  return k.config.CONFIG_SMP ? cpu.load32(get_current(cpu) + k.task_struct.processor) : 0;
}
