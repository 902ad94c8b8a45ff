/** Interrupt counts of 2.4.22: include/asm-i386/hardirq.h, irq_cpustat_t. */
import type { KernelConfig } from '../config.ts';
import { cpuLines } from '../linux-2.4/kernel.ts';
import { ptr, u32 } from '../struct.ts';

export const irqCpustat = (config: KernelConfig) =>
  cpuLines(config, {
    __softirq_pending: u32,
    __local_irq_count: u32,
    __local_bh_count: u32,
    __syscall_count: u32,
    __ksoftirqd_task: ptr,
    __nmi_count: u32,
  });
