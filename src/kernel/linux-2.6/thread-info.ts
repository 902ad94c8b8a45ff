/**
 * Tasks of 2.6: a thread_info at the foot of the 8 KB kernel stack, found from the stack pointer; the task_struct stands
 * elsewhere (include/asm-i386/thread_info.h, current.h; include/linux/sched.h).
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Kernel } from '../kernel.ts';
import { bytes, long, ptr, struct, u16, u32 } from '../struct.ts';

export const THREAD_SIZE = 8192;

export const thread_info = struct({
  task: ptr,
  exec_domain: ptr,
  flags: long,
  status: long,
  cpu: u32,
  preempt_count: u32,
  addr_limit: long,
});

/** A bit of thread_info.flags: another task wants the CPU. */
export const TIF_NEED_RESCHED = 3;

export const PF_MEMALLOC = 0x00000800;
export const PF_SPREAD_PAGE = 0x01000000;
export const PF_SPREAD_SLAB = 0x02000000;
export const PF_MEMPOLICY = 0x10000000;

/** task_struct.prio: of realtime tasks below 100, of others 120 and their niceness. */
const MAX_RT_PRIO = 100;
export const NORMAL_PRIO = 120;

/** What the allocators touch of it, where the compiled kernel has it; mempolicy and what follows stand where there is room. */
export const task_struct = struct({
  state: long,
  thread_info: ptr,
  usage: u32,
  flags: long,
  ptrace: long,
  lock_depth: u32,
  load_weight: u32,
  prio: u32,
  notModelled: bytes(0x47c),
  reclaim_state: ptr,
  mempolicy: ptr,
  il_next: u16,
  cpuset_mem_spread_rotor: u32,
});

export const PREEMPT_BITS = 8;
export const SOFTIRQ_SHIFT = 8;
export const HARDIRQ_SHIFT = 16;
export const SOFTIRQ_OFFSET = 1 << SOFTIRQ_SHIFT;
export const HARDIRQ_OFFSET = 1 << HARDIRQ_SHIFT;
const SOFTIRQ_MASK = 0xff << SOFTIRQ_SHIFT;
const HARDIRQ_MASK = 0xfff << HARDIRQ_SHIFT;

/** No access of memory. */
export function current_thread_info(cpu: Cpu): addr_t {
  return (cpu.esp - 1) & -THREAD_SIZE;
}

/** current. */
export function get_current(cpu: Cpu): addr_t {
  return cpu.loadPtr(current_thread_info(cpu) + thread_info.task);
}

/** smp_processor_id(): current_thread_info()->cpu on SMP, 0 on UP. */
export function smp_processor_id(k: Kernel, cpu: Cpu): number {
  return k.config.CONFIG_SMP ? cpu.load32(current_thread_info(cpu) + thread_info.cpu) : 0;
}

export function preempt_count(cpu: Cpu): number {
  return cpu.load32(current_thread_info(cpu) + thread_info.preempt_count);
}

export function addPreemptCount(cpu: Cpu, addend: number): void {
  const count = current_thread_info(cpu) + thread_info.preempt_count;
  cpu.store32(count, cpu.load32(count) + addend);
}

/** How deep in hardware interrupts this CPU is, in units of HARDIRQ_OFFSET. */
export function hardirq_count(cpu: Cpu): number {
  return preempt_count(cpu) & HARDIRQ_MASK;
}

export function in_softirq(cpu: Cpu): boolean {
  return (preempt_count(cpu) & SOFTIRQ_MASK) !== 0;
}

/** Whether this CPU serves a hardware or software interrupt: include/linux/hardirq.h. */
export function in_interrupt(cpu: Cpu): boolean {
  return (preempt_count(cpu) & (HARDIRQ_MASK | SOFTIRQ_MASK)) !== 0;
}

/** Whether the current task has a realtime scheduling policy. */
export function rt_task(cpu: Cpu): boolean {
  return cpu.load32(get_current(cpu) + task_struct.prio) < MAX_RT_PRIO;
}
