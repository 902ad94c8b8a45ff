/** What the kernels of the 2.4 series share beside src/kernel: tasks of 8 KB, irq_stat, cross-CPU calls. */
import type { Cpu } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { KernelConfig } from '../config.ts';
import { dmaStatics, loadDmaStatics } from '../dma.ts';
import { type BootLayout, Kernel } from '../kernel.ts';
import { list_head } from '../list.ts';
import { spinlockType } from '../lock-types.ts';
import { array, ptr, struct, u32 } from '../struct.ts';
import type { StaticSymbol } from '../symbols.ts';
import { get_current, THREAD_SIZE, task_struct } from './task.ts';

/** include/asm-i386/hardirq.h, irq_cpustat_t: one cache line a CPU, as the kernel was built to see lines. */
export function irqCpustat(config: KernelConfig) {
  const fields = {
    __softirq_pending: u32,
    __local_irq_count: u32,
    __local_bh_count: u32,
    __syscall_count: u32,
    __ksoftirqd_task: ptr,
    __nmi_count: u32,
  };
  const packed = struct(fields);
  const line = Math.max(config.L1_CACHE_BYTES, 4);
  return Object.freeze({ ...packed, sizeof: Math.ceil(packed.sizeof / line) * line, align: line });
}

/** The arguments of a cross-CPU call, and who has begun and ended it: on the caller's stack. */
export const call_data_struct = struct({ func: ptr, info: ptr, started: u32, finished: u32, wait: u32 });

export class Linux24 extends Kernel {
  readonly task_struct = task_struct;
  readonly irq_cpustat_t: ReturnType<typeof irqCpustat>;

  readonly irq_stat: addr_t;
  readonly smp_num_cpus: addr_t;
  readonly call_lock: addr_t;
  readonly call_data: addr_t;

  constructor(machine: Machine, config: KernelConfig, layout: BootLayout, statics: readonly StaticSymbol[]) {
    const irq_cpustat_t = irqCpustat(config);
    const spinlock_t = spinlockType(config);
    const own: StaticSymbol[] = [
      { name: 'irq_stat', type: array(irq_cpustat_t, config.NR_CPUS) },
      { name: 'smp_num_cpus', type: u32 },
      { name: 'call_lock', type: spinlock_t },
      { name: 'call_data', type: ptr },
      ...(config.CONFIG_ISA ? dmaStatics(spinlock_t) : []),
      ...machine.cpus.map(({ id }) => ({ name: `task[${id}]`, type: { sizeof: THREAD_SIZE, align: THREAD_SIZE } })),
    ];
    super(machine, config, layout, [...own, ...statics]);
    this.irq_cpustat_t = irq_cpustat_t;
    this.irq_stat = this.symbols.address('irq_stat');
    this.smp_num_cpus = this.symbols.address('smp_num_cpus');
    this.call_lock = this.symbols.address('call_lock');
    this.call_data = this.symbols.address('call_data');
    for (const cpu of machine.cpus) this.#startCpu(cpu);
    if (config.CONFIG_ISA) loadDmaStatics(this);
  }

  get_current(cpu: Cpu): addr_t {
    return get_current(cpu);
  }

  /** smp_call_function() holds call_lock and waits for `started` and `finished`. */
  override awaitsHandlers(cpu: Cpu, addr: addr_t): boolean {
    if (!cpu.locksHeld.includes(this.call_lock)) return false;
    const inCallData = addr - this.machine.memory.peek32(this.call_data);
    return inCallData === call_data_struct.started || inCallData === call_data_struct.finished;
  }

  /** What the boot loader and head.S leave: each CPU on its task's stack, the counts set. */
  #startCpu(cpu: Cpu): void {
    const task = this.symbols.address(`task[${cpu.id}]`);
    const { memory, scheduler } = this.machine;
    memory.poke32(task + task_struct.processor, cpu.id);
    memory.poke32(task + task_struct.local_pages, task + task_struct.local_pages);
    memory.poke32(task + task_struct.local_pages + list_head.prev, task + task_struct.local_pages);
    memory.poke32(this.smp_num_cpus, this.machine.cpus.length);
    memory.poke8(this.call_lock, 1);
    scheduler.setIdleStack(cpu, task + THREAD_SIZE);
  }
}
