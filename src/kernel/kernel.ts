/**
 * What every kernel version shares: its build options, its statics as bytes in memory, its locks, and its log. A version
 * extends this with its tasks and with the structures and statics of its page allocator and its slab allocator; kernel
 * functions take the kernel first, since one process may hold several. What differs by version is a field of it.
 */

import { InputError } from '../base/input-error.ts';
import type { Random } from '../base/random.ts';
import type { Cpu, Program } from '../hw/cpu.ts';
import type { Machine } from '../hw/machine.ts';
import { type addr_t, PAGE_SIZE } from '../hw/memory.ts';
import type { Context } from '../hw/scheduler.ts';
import type { KernelConfig } from './config.ts';
import { type Semaphore, semaphoreType, spinlockType, type WaitQueueHead, waitQueueHead } from './lock-types.ts';
import { Corruption } from './peek-list.ts';
import type { CType } from './struct.ts';
import { linkStatics, type StaticSymbol, type Symbols } from './symbols.ts';

/** PAGE_OFFSET: the kernel's virtual addresses are physical ones plus this, where Linux prints or computes with them. */
export const PAGE_OFFSET = 0xc0000000;

/** Where the kernel finds and puts things at power-on. */
export interface BootLayout {
  /** Bytes of RAM that the kernel manages, from address 0. */
  readonly ram: number;
  /** Pages that are never handed out: inclusive pairs of page frame numbers. */
  readonly reservedPfns: readonly (readonly [number, number])[];
  /** Where the statics begin. */
  readonly staticsAt: addr_t;
  /** Numbers in [0, 1) that draw the placement of statics and task structs; without it they stand in order. */
  readonly random?: Random | undefined;
}

/** A function that the kernel calls through a pointer in memory: a constructor, the target of a cross-CPU call. */
export type KernelFunction = (cpu: Cpu, ...args: number[]) => Program<unknown>;

export abstract class Kernel {
  readonly machine: Machine;
  readonly config: KernelConfig;
  readonly layout: BootLayout;
  readonly symbols: Symbols;
  /** What printk printed, one entry a call, without its level. */
  readonly log: string[] = [];

  readonly spinlock_t: CType;
  readonly wait_queue_head_t: WaitQueueHead;
  readonly semaphore: Semaphore;

  /** struct task_struct, as far as all versions have it. */
  abstract readonly task_struct: { readonly state: number };

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

    for (const [first, last] of layout.reservedPfns) {
      machine.memory.setPresent(first * PAGE_SIZE, (last + 1) * PAGE_SIZE, false);
    }
    this.symbols = linkStatics(statics, layout.staticsAt, layout.random);
    machine.memory.setPresent(layout.staticsAt, this.symbols.end, true);
    machine.describe = (addr) => this.symbols.describe(addr);
  }

  /** current: the task_struct of the task that `cpu` runs. */
  abstract get_current(cpu: Cpu): addr_t;

  /**
   * Whether `cpu`, where it reads `addr`, waits for what the interrupt handlers of other CPUs count there. For those who
   * look on: what the handlers did comes before what follows.
   */
  awaitsHandlers(_cpu: Cpu, _addr: addr_t): boolean {
    return false;
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
    const fn = this.#text[(address - TEXT) / 16];
    if (fn === undefined) throw new Corruption(`a call of 0x${(address >>> 0).toString(16)}, where no function is`);
    return fn;
  }
}

const TEXT = 0x00100000;
