/**
 * What every kernel version shares: its build options, its statics as bytes in memory, one task a CPU, and its log.
 * A kernel version extends this with the structures and statics of its page allocator and its slab allocator; kernel
 * functions take the kernel first, since one process may hold several.
 */

import { InputError } from '../base/input-error.ts';
import type { Cpu, Program } from '../hw/cpu.ts';
import type { Machine } from '../hw/machine.ts';
import { type addr_t, PAGE_SIZE } from '../hw/memory.ts';
import type { Context } from '../hw/scheduler.ts';
import { dmaStatics, loadDmaStatics } from './dma.ts';
import { list_head } from './list.ts';
import { array, type CType, ptr, type Struct, struct, u32 } from './struct.ts';
import { linkStatics, type StaticSymbol, type Symbols } from './symbols.ts';
import { THREAD_SIZE, task_struct } from './task.ts';

/** PAGE_OFFSET: the kernel's virtual addresses are physical ones plus this, where Linux prints or computes with them. */
export const PAGE_OFFSET = 0xc0000000;

/** How a kernel was built. */
export interface KernelConfig {
  readonly CONFIG_SMP: boolean;
  /** DEBUG, STATS and FORCED_DEBUG of slab.c. */
  readonly CONFIG_DEBUG_SLAB: boolean;
  readonly NR_CPUS: number;
  /** What the kernel was built for; the hardware's line is the CPU model's. */
  readonly L1_CACHE_BYTES: number;
  /** spinlock_t of a uniprocessor build: nothing with gcc 3 and later, 4 bytes with gcc 2.95. */
  readonly spinlockBytes: 0 | 4;
  /** With the ISA DMA channels (kernel/dma.c); their statics take room that the recorded builds do not have. */
  readonly CONFIG_ISA?: boolean;
  /** False stores 0 in cachep->colour at creation, a number at most that; from power-on, and nothing else differs. */
  readonly colouring: boolean | number;
}

export const smpConfig: KernelConfig = {
  CONFIG_SMP: true,
  CONFIG_DEBUG_SLAB: false,
  NR_CPUS: 32,
  L1_CACHE_BYTES: 32,
  spinlockBytes: 4,
  colouring: true,
};

export const upConfig: KernelConfig = { ...smpConfig, CONFIG_SMP: false, NR_CPUS: 1, spinlockBytes: 0 };

/** Where the kernel finds and puts things at power-on. */
export interface BootLayout {
  /** Bytes of RAM that the kernel manages, from address 0. */
  readonly ram: number;
  /** Pages that are never handed out: inclusive pairs of page frame numbers. */
  readonly reservedPfns: readonly (readonly [number, number])[];
  /** Where the statics begin. */
  readonly staticsAt: addr_t;
  /** Numbers in [0, 1) that draw the placement of statics and task structs; without it they stand in order. */
  readonly random?: (() => number) | undefined;
}

/** A function that the kernel calls through a pointer in memory: a constructor, the target of a cross-CPU call. */
export type KernelFunction = (cpu: Cpu, ...args: number[]) => Program<unknown>;

export class Kernel {
  readonly machine: Machine;
  readonly config: KernelConfig;
  readonly layout: BootLayout;
  readonly symbols: Symbols;
  /** What printk printed, one entry a call, without its level. */
  readonly log: string[] = [];

  readonly spinlock_t: CType;
  readonly wait_queue_head_t: WaitQueueHead;
  readonly semaphore: Semaphore;
  readonly irq_cpustat_t: Struct<Record<'__softirq_pending' | '__local_irq_count' | '__local_bh_count', CType>>;

  readonly irq_stat: addr_t;
  readonly smp_num_cpus: addr_t;
  readonly call_lock: addr_t;
  readonly call_data: addr_t;

  /** The scheduler's context of each sleeping task, by its task_struct: what a real one keeps in thread_struct. */
  readonly sleepers = new Map<addr_t, Context>();

  /** Code has no bytes here: a function pointer in memory is a number that stands for the function. */
  readonly #text: KernelFunction[] = [];

  constructor(machine: Machine, config: KernelConfig, layout: BootLayout, statics: readonly StaticSymbol[]) {
    if (!config.CONFIG_SMP && machine.cpus.length > 1) {
      throw new InputError(
        'kernel',
        `a uniprocessor kernel on ${machine.cpus.length} CPUs`,
        'build it with CONFIG_SMP',
      );
    }
    if (machine.cpus.length > config.NR_CPUS) {
      throw new InputError('kernel', `${machine.cpus.length} CPUs`, `NR_CPUS allows ${config.NR_CPUS}`);
    }
    this.machine = machine;
    this.config = config;
    this.layout = layout;
    this.spinlock_t = spinlockType(config);
    this.wait_queue_head_t = waitQueueHead(config);
    this.semaphore = semaphoreType(config);
    this.irq_cpustat_t = irqCpustat(config);

    for (const [first, last] of layout.reservedPfns) {
      machine.memory.setPresent(first * PAGE_SIZE, (last + 1) * PAGE_SIZE, false);
    }
    const own: StaticSymbol[] = [
      { name: 'irq_stat', type: array(this.irq_cpustat_t, config.NR_CPUS) },
      { name: 'smp_num_cpus', type: u32 },
      { name: 'call_lock', type: this.spinlock_t },
      { name: 'call_data', type: ptr },
      ...(config.CONFIG_ISA ? dmaStatics(this.spinlock_t) : []),
      ...machine.cpus.map(({ id }) => ({ name: `task[${id}]`, type: { sizeof: THREAD_SIZE, align: THREAD_SIZE } })),
    ];
    this.symbols = linkStatics([...own, ...statics], layout.staticsAt, layout.random);
    machine.memory.setPresent(layout.staticsAt, this.symbols.end, true);
    machine.describe = (addr) => this.symbols.describe(addr);

    this.irq_stat = this.symbols.address('irq_stat');
    this.smp_num_cpus = this.symbols.address('smp_num_cpus');
    this.call_lock = this.symbols.address('call_lock');
    this.call_data = this.symbols.address('call_data');
    for (const cpu of machine.cpus) this.#startCpu(cpu);
    if (config.CONFIG_ISA) loadDmaStatics(this);
  }

  printk(message: string): void {
    this.log.push(message);
  }

  /** The number that stands for `fn` where the kernel stores a function pointer. */
  addressOf(fn: KernelFunction): addr_t {
    const known = this.#text.indexOf(fn);
    return TEXT + 16 * (known >= 0 ? known : this.#text.push(fn) - 1);
  }

  functionAt(address: addr_t): KernelFunction {
    return this.#text[(address - TEXT) / 16];
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

const TEXT = 0x00100000;

export function spinlockType(config: KernelConfig): CType {
  const sizeof = config.CONFIG_SMP ? 4 : config.spinlockBytes;
  return { sizeof, align: Math.max(1, sizeof) };
}

type WaitQueueHead = Struct<{ lock: CType; task_list: CType }>;
export const waitQueueHead = (config: KernelConfig): WaitQueueHead =>
  struct({ lock: spinlockType(config), task_list: list_head });

type Semaphore = Struct<{ count: CType; sleepers: CType; wait: CType }>;
export const semaphoreType = (config: KernelConfig): Semaphore =>
  struct({ count: u32, sleepers: u32, wait: waitQueueHead(config) });

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
