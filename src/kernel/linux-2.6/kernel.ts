/**
 * What a 2.6 kernel has beside its allocators: tasks with a thread_info, per-CPU variables, CPU and node masks, jiffies.
 * A version's page allocator extends it, and that its slab allocator.
 */

import { InputError } from '../../base/input-error.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import { type BootLayout, Kernel, type KernelFunction } from '../kernel.ts';
import { spinlockType } from '../lock-types.ts';
import { array, type CType, long, ptr, u32 } from '../struct.ts';
import type { StaticSymbol } from '../symbols.ts';
import type { Config26 } from './config.ts';
import { INITIAL_JIFFIES } from './config.ts';
import {
  type Completion,
  type CpuWorkqueue,
  call_data_struct,
  completionStruct,
  cpuinfo_x86,
  cpuWorkqueue,
  type IrqCpustat,
  irqCpustat,
  type Mutex,
  mutexStruct,
  type RcuCtrlblk,
  type RcuData,
  rcuCtrlblk,
  rcuData,
  type TimerList,
  type TvecBase,
  timerList,
  tvecBase,
  type WorkStruct,
  workStruct,
} from './layouts.ts';
import { type NodeLayout, nodesKnown } from './nodes.ts';
import { PER_CPU_SECTION, type PerCpuSection, perCpuArea, perCpuSection, perCpuStatics } from './percpu-areas.ts';
import { get_current, NORMAL_PRIO, THREAD_SIZE, task_struct, thread_info } from './thread-info.ts';

export interface BootLayout26 extends BootLayout {
  /** Nodes, ascending in memory, where they are not the machine's. Known to a kernel with CONFIG_NUMA alone. */
  readonly nodes?: readonly NodeLayout[] | undefined;
}

/** A kernel thread. While it sleeps it has no context; what it does each time it is woken is its `body`. */
export interface Kthread {
  readonly cpu: Cpu;
  readonly body: (cpu: Cpu) => Program;
  isAwake: boolean;
}

/** What a layer of the kernel adds to those below it. */
export interface Contribution {
  readonly statics: readonly StaticSymbol[];
  readonly perCpu: Readonly<Record<string, CType>>;
}

const beforeBoot: KernelFunction = () => {
  throw new Error('called before boot');
};

export class Linux26 extends Kernel {
  declare readonly config: Config26;
  declare readonly layout: BootLayout26;
  readonly nodes: readonly NodeLayout[];
  readonly mutex: Mutex;
  readonly completion: Completion;
  readonly timer_list: TimerList;
  readonly tvec_base: TvecBase;
  readonly work_struct: WorkStruct;
  readonly cpu_workqueue: CpuWorkqueue;
  readonly rcu_ctrlblk_t: RcuCtrlblk;
  readonly rcu_data: RcuData;
  readonly irq_cpustat_t: IrqCpustat;
  readonly task_struct = task_struct;
  readonly #section: PerCpuSection;

  readonly __per_cpu_offset: addr_t;
  readonly jiffies: addr_t;
  readonly cpu_online_map: addr_t;
  readonly cpu_possible_map: addr_t;
  readonly node_online_map: addr_t;
  readonly node_possible_map: addr_t;
  readonly node_2_cpu_mask: addr_t;
  readonly cpu_2_node: addr_t;
  readonly boot_cpu_data: addr_t;
  readonly cpu_chain: addr_t;
  readonly cpucontrol: addr_t;
  readonly call_lock: addr_t;
  readonly call_data: addr_t;
  readonly irq_stat: addr_t;
  readonly keventd_wq: addr_t;
  readonly rcu_ctrlblk: addr_t;
  readonly per_cpu__tvec_bases: addr_t;
  readonly per_cpu__keventd: addr_t;
  readonly per_cpu__rcu_data: addr_t;

  /** What runs for each softirq, by number. */
  readonly softirqs: (((cpu: Cpu) => Program) | undefined)[] = [];
  /** Kernel threads by task_struct. */
  readonly kthreads = new Map<addr_t, Kthread>();
  /** Whether a CPU's interrupts come while it is in user mode. */
  readonly inUserMode: boolean[];
  /** Functions whose address is stored; boot sets them. */
  wakeme_after_rcu: KernelFunction = beforeBoot;
  delayed_work_timer_fn: KernelFunction = beforeBoot;

  constructor(machine: Machine, config: Config26, layout: BootLayout26, { statics, perCpu }: Contribution) {
    const cpus = machine.cpus.length;
    const nodes = nodesKnown(machine, config, layout);
    if (nodes.length > config.MAX_NUMNODES) {
      throw new InputError('kernel', `${nodes.length} nodes`, `MAX_NUMNODES allows ${config.MAX_NUMNODES}`);
    }
    const section = perCpuSection(config, {
      tvec_bases: tvecBase(config),
      keventd: cpuWorkqueue(config),
      rcu_data: rcuData(config),
      ...perCpu,
    });
    const threads = machine.cpus.flatMap(({ id }) => [`swapper/${id}`, `${id}`, `events/${id}`]);
    const own: StaticSymbol[] = [
      { name: 'jiffies', type: long },
      { name: 'cpu_online_map', type: long },
      { name: 'cpu_possible_map', type: long },
      { name: 'node_online_map', type: long },
      { name: 'node_possible_map', type: long },
      { name: 'node_2_cpu_mask', type: array(long, config.MAX_NUMNODES) },
      { name: 'cpu_2_node', type: array(u32, config.NR_CPUS) },
      { name: 'cpu_chain', type: ptr },
      { name: 'cpucontrol', type: mutexStruct(config) },
      { name: 'call_lock', type: spinlockType(config) },
      { name: 'call_data', type: ptr },
      { name: 'irq_stat', type: array(irqCpustat(config), config.NR_CPUS) },
      { name: 'keventd_wq', type: u32 },
      { name: 'rcu_ctrlblk', type: rcuCtrlblk(config) },
      { name: 'boot_cpu_data', type: { ...cpuinfo_x86, align: config.L1_CACHE_BYTES } },
      ...perCpuStatics(config, section, cpus),
      ...threads.map((name) => ({ name: `task_struct[${name}]`, type: task_struct })),
      ...threads.map((name) => ({ name: `stack[${name}]`, type: { sizeof: THREAD_SIZE, align: THREAD_SIZE } })),
    ];
    super(machine, config, layout, [...own, ...statics]);
    this.nodes = nodes;
    this.inUserMode = machine.cpus.map(() => false);
    this.mutex = mutexStruct(config);
    this.completion = completionStruct(config);
    this.timer_list = timerList(config);
    this.tvec_base = tvecBase(config);
    this.work_struct = workStruct(config);
    this.cpu_workqueue = cpuWorkqueue(config);
    this.rcu_ctrlblk_t = rcuCtrlblk(config);
    this.rcu_data = rcuData(config);
    this.irq_cpustat_t = irqCpustat(config);
    this.#section = section;
    this.__per_cpu_offset = config.CONFIG_SMP ? this.symbols.address('__per_cpu_offset') : 0;
    this.jiffies = this.symbols.address('jiffies');
    this.cpu_online_map = this.symbols.address('cpu_online_map');
    this.cpu_possible_map = this.symbols.address('cpu_possible_map');
    this.node_online_map = this.symbols.address('node_online_map');
    this.node_possible_map = this.symbols.address('node_possible_map');
    this.node_2_cpu_mask = this.symbols.address('node_2_cpu_mask');
    this.cpu_2_node = this.symbols.address('cpu_2_node');
    this.boot_cpu_data = this.symbols.address('boot_cpu_data');
    this.cpu_chain = this.symbols.address('cpu_chain');
    this.cpucontrol = this.symbols.address('cpucontrol');
    this.call_lock = this.symbols.address('call_lock');
    this.call_data = this.symbols.address('call_data');
    this.irq_stat = this.symbols.address('irq_stat');
    this.keventd_wq = this.symbols.address('keventd_wq');
    this.rcu_ctrlblk = this.symbols.address('rcu_ctrlblk');
    this.per_cpu__tvec_bases = this.perCpuVariable('tvec_bases');
    this.per_cpu__keventd = this.perCpuVariable('keventd');
    this.per_cpu__rcu_data = this.perCpuVariable('rcu_data');
    this.#load();
  }

  get_current(cpu: Cpu): addr_t {
    return get_current(cpu);
  }

  /** The counts on the stack of whoever holds call_lock. */
  override awaitsHandlers(cpu: Cpu, addr: addr_t): boolean {
    if (!cpu.locksHeld.includes(this.call_lock)) return false;
    const inCallData = addr - this.machine.memory.peek32(this.call_data);
    return inCallData === call_data_struct.started || inCallData === call_data_struct.finished;
  }

  /** The address by which per_cpu() and __get_cpu_var() know a per-CPU variable. */
  perCpuVariable(name: string): addr_t {
    return this.symbols.address(PER_CPU_SECTION) + this.#section[name];
  }

  /** Where CPU `index` has `variable`, by peek. */
  perCpuOf(variable: addr_t, index: number): addr_t {
    if (!this.config.CONFIG_SMP) return variable;
    return variable - this.symbols.address(PER_CPU_SECTION) + this.symbols.address(perCpuArea(index));
  }

  /** Code here leaves no frames on its stack: a mark stands for the call trace. */
  dump_stack(): void {
    this.printk('[dump_stack]');
  }

  /** What the image and the firmware leave: the boot CPU alone is online, and in the mask of its node. */
  #load(): void {
    const { memory, cpus } = this.machine;
    memory.poke32(this.jiffies, INITIAL_JIFFIES);
    memory.poke32(this.cpu_online_map, 1);
    memory.poke32(this.cpu_possible_map, 2 ** cpus.length - 1);
    memory.poke32(this.node_online_map, 2 ** this.nodes.length - 1);
    memory.poke32(this.node_possible_map, 2 ** this.config.MAX_NUMNODES - 1);
    memory.poke32(this.node_2_cpu_mask + 4 * this.nodeOf(0), 1);
    memory.poke32(this.boot_cpu_data + cpuinfo_x86.x86_cache_alignment, this.config.cache_line_size);
    memory.poke8(this.call_lock, this.config.CONFIG_SMP ? 1 : 0);
    for (const cpu of cpus) this.#loadCpu(cpu);
  }

  #loadThread(name: string, cpu: number): addr_t {
    const { memory } = this.machine;
    const stack = this.symbols.address(`stack[${name}]`);
    const task = this.symbols.address(`task_struct[${name}]`);
    memory.poke32(stack + thread_info.task, task);
    memory.poke32(stack + thread_info.cpu, cpu);
    memory.poke32(task + task_struct.thread_info, stack);
    memory.poke32(task + task_struct.prio, NORMAL_PRIO);
    return stack;
  }

  #loadCpu(cpu: Cpu): void {
    const { id } = cpu;
    const { memory, scheduler } = this.machine;
    const idle = this.#loadThread(`swapper/${id}`, id);
    scheduler.setIdleStack(cpu, idle + THREAD_SIZE, this.#loadThread(`${id}`, id) + THREAD_SIZE);
    this.#loadThread(`events/${id}`, id);
    memory.poke32(this.cpu_2_node + 4 * id, this.nodeOf(id));
    if (this.config.CONFIG_SMP) {
      const offset = this.symbols.address(perCpuArea(id)) - this.symbols.address(PER_CPU_SECTION);
      memory.poke32(this.__per_cpu_offset + 4 * id, offset);
    }
  }

  /** The node of a CPU, as the firmware says. */
  nodeOf(cpu: number): number {
    return this.nodes.findIndex(({ cpus }) => cpus.includes(cpu));
  }
}
