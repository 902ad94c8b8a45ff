/** What the kernels of the 2.4 series share beside src/kernel: tasks of 8 KB, irq_stat, cross-CPU calls. */
import type { Cpu } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { KernelConfig } from '../config.ts';
import { dmaStatics, loadDmaStatics } from '../dma.ts';
import { type BootLayout, Kernel } from '../kernel.ts';
import { spinlockType } from '../lock-types.ts';
import { array, type CType, ptr, type Struct, struct, u32 } from '../struct.ts';
import type { StaticSymbol } from '../symbols.ts';
import { get_current, type TaskStruct, THREAD_SIZE } from './task.ts';

/** What every CPU has one of, each in cache lines of its own, as the kernel was built to see lines. */
export function cpuLines<F extends Record<string, CType>>(config: KernelConfig, fields: F): Struct<F> {
  const packed = struct(fields);
  const line = Math.max(config.L1_CACHE_BYTES, 4);
  return Object.freeze({ ...packed, sizeof: Math.ceil(packed.sizeof / line) * line, align: line });
}

/** What versions of the series lay out differently, as far as shared code asks for it. */
export interface SeriesLayouts {
  readonly task_struct: TaskStruct;
  readonly irq_cpustat_t: CType & { readonly __local_irq_count: number; readonly __local_bh_count: number };
}

/** The arguments of a cross-CPU call, and who has begun and ended it: on the caller's stack. */
export const call_data_struct = struct({ func: ptr, info: ptr, started: u32, finished: u32, wait: u32 });

export abstract class Linux24 extends Kernel {
  readonly task_struct: TaskStruct;
  readonly irq_cpustat_t: SeriesLayouts['irq_cpustat_t'];

  readonly irq_stat: addr_t;
  readonly smp_num_cpus: addr_t;
  readonly call_lock: addr_t;
  readonly call_data: addr_t;

  constructor(
    machine: Machine,
    config: KernelConfig,
    layout: BootLayout,
    statics: readonly StaticSymbol[],
    { task_struct, irq_cpustat_t }: SeriesLayouts,
  ) {
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
    this.task_struct = task_struct;
    this.irq_cpustat_t = irq_cpustat_t;
    this.irq_stat = this.symbols.address('irq_stat');
    this.smp_num_cpus = this.symbols.address('smp_num_cpus');
    this.call_lock = this.symbols.address('call_lock');
    this.call_data = this.symbols.address('call_data');
    for (const cpu of machine.cpus) this.#startCpu(cpu);
    if (config.CONFIG_ISA) loadDmaStatics(this);
  }

  /** include/linux/list.h: what is taken off a list points to NULL afterwards, or where it did. `next` as in src/kernel/list.ts. */
  abstract list_del(cpu: Cpu, entry: addr_t, next?: addr_t): void;

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
    memory.poke32(task + this.task_struct.processor, cpu.id);
    memory.poke32(this.smp_num_cpus, this.machine.cpus.length);
    memory.poke8(this.call_lock, 1);
    scheduler.setIdleStack(cpu, task + THREAD_SIZE);
  }
}
