/**
 * What a 2.6 kernel has beside its allocators: tasks with a thread_info, per-CPU variables, CPU and node masks, jiffies.
 * A version's page allocator extends it, and that its slab allocator.
 */

import { InputError } from '../../base/input-error.ts';
import type { Cpu } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import { type addr_t, PAGE_SHIFT } from '../../hw/memory.ts';
import { type BootLayout, Kernel } from '../kernel.ts';
import { array, bytes, type CType, long, ptr, struct, u32 } from '../struct.ts';
import type { StaticSymbol } from '../symbols.ts';
import type { Config26 } from './config.ts';
import { INITIAL_JIFFIES } from './config.ts';
import { loadMutex, type Mutex, mutexStruct } from './mutex.ts';
import { PER_CPU_SECTION, type PerCpuSection, perCpuArea, perCpuSection, perCpuStatics } from './percpu.ts';
import { get_current, THREAD_SIZE, task_struct, thread_info } from './thread-info.ts';
import { type NodeLayout, nodeCpuMask, oneNode } from './topology.ts';

/** include/asm-i386/processor.h, as far as the slab allocator asks: the line that boot found the hardware to have. */
export const cpuinfo_x86 = struct({ notModelled: bytes(0x7c), x86_cache_alignment: u32 });

export interface BootLayout26 extends BootLayout {
  /** The machine's nodes, ascending in memory; none is one. Known to a kernel with CONFIG_NUMA alone. */
  readonly nodes?: readonly NodeLayout[];
}

/** What a layer of the kernel adds to those below it. */
export interface Contribution {
  readonly statics: readonly StaticSymbol[];
  readonly perCpu: Readonly<Record<string, CType>>;
}

export class Linux26 extends Kernel {
  declare readonly config: Config26;
  declare readonly layout: BootLayout26;
  readonly nodes: readonly NodeLayout[];
  readonly mutex: Mutex;
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

  constructor(machine: Machine, config: Config26, layout: BootLayout26, { statics, perCpu }: Contribution) {
    const cpus = machine.cpus.length;
    const nodes = config.CONFIG_NUMA ? layout.nodes : undefined;
    if (nodes !== undefined && nodes.length > config.MAX_NUMNODES) {
      throw new InputError('kernel', `${nodes.length} nodes`, `MAX_NUMNODES allows ${config.MAX_NUMNODES}`);
    }
    const section = perCpuSection(config, perCpu);
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
      { name: 'boot_cpu_data', type: { ...cpuinfo_x86, align: config.L1_CACHE_BYTES } },
      ...perCpuStatics(config, section, cpus),
      ...machine.cpus.map(({ id }) => ({ name: `task_struct[${id}]`, type: task_struct })),
      ...machine.cpus.map(({ id }) => ({ name: `stack[${id}]`, type: { sizeof: THREAD_SIZE, align: THREAD_SIZE } })),
    ];
    super(machine, config, layout, [...own, ...statics]);
    this.nodes = nodes ?? oneNode(layout.ram >>> PAGE_SHIFT, cpus);
    this.mutex = mutexStruct(config);
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
    this.#load();
  }

  get_current(cpu: Cpu): addr_t {
    return get_current(cpu);
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
    const bootNode = this.nodeOf(0);
    memory.poke32(this.jiffies, INITIAL_JIFFIES);
    memory.poke32(this.cpu_online_map, 1);
    memory.poke32(this.cpu_possible_map, 2 ** cpus.length - 1);
    memory.poke32(this.node_online_map, 2 ** this.nodes.length - 1);
    memory.poke32(this.node_possible_map, 2 ** this.config.MAX_NUMNODES - 1);
    memory.poke32(nodeCpuMask(this, bootNode), 1);
    memory.poke32(this.boot_cpu_data + cpuinfo_x86.x86_cache_alignment, this.config.cache_line_size);
    loadMutex(this, this.cpucontrol);
    for (const cpu of cpus) this.#loadCpu(cpu);
  }

  #loadCpu(cpu: Cpu): void {
    const { id } = cpu;
    const { memory, scheduler } = this.machine;
    const stack = this.symbols.address(`stack[${id}]`);
    const task = this.symbols.address(`task_struct[${id}]`);
    memory.poke32(stack + thread_info.task, task);
    memory.poke32(stack + thread_info.cpu, id);
    memory.poke32(task + task_struct.thread_info, stack);
    scheduler.setIdleStack(cpu, stack + THREAD_SIZE);
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
