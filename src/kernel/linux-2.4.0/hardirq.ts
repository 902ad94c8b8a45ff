/** Interrupt counts of 2.4.0: include/asm-i386/hardirq.h, irq_cpustat_t. Softirqs still have a mask. */
import type { KernelConfig } from '../config.ts';
import { cpuLines } from '../linux-2.4/kernel.ts';
import { u32 } from '../struct.ts';

export const irqCpustat = (config: KernelConfig) =>
  cpuLines(config, {
    __softirq_active: u32,
    __softirq_mask: u32,
    __local_irq_count: u32,
    __local_bh_count: u32,
    __syscall_count: u32,
    __nmi_count: u32,
  });
