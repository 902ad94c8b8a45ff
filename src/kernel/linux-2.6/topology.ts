/**
 * CPUs and nodes: which there are, and which belongs to which (include/linux/cpumask.h, nodemask.h, asm-i386/topology.h).
 * Masks are read as the kernel reads them, through the CPU; without CONFIG_NUMA there is node 0, known when compiled.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Kernel26 } from './kernel.ts';
import { smp_processor_id } from './thread-info.ts';

/** A node of the machine: whole pages of memory, which begin where the last node's end, and its CPUs. */
export interface NodeLayout {
  readonly startPfn: number;
  readonly endPfn: number;
  readonly cpus: readonly number[];
}

/** A kernel that knows no nodes, or a machine that has none. */
export const oneNode = (pages: number, cpus: number): readonly NodeLayout[] => [
  { startPfn: 0, endPfn: pages, cpus: Array.from({ length: cpus }, (_, cpu) => cpu) },
];

/** The members of a mask of at most 32, ascending: for_each_cpu_mask(), for_each_node_mask(). */
export function bitsOf(mask: number): number[] {
  const members: number[] = [];
  for (let rest = mask; rest !== 0; rest &= rest - 1) members.push(31 - Math.clz32(rest & -rest));
  return members;
}

export function cpu_online_map(k: Kernel26, cpu: Cpu): number {
  return k.config.CONFIG_SMP ? cpu.loadLong(k.cpu_online_map) : 1;
}

export function cpu_possible_map(k: Kernel26, cpu: Cpu): number {
  return k.config.CONFIG_SMP ? cpu.loadLong(k.cpu_possible_map) : 1;
}

export function num_online_cpus(k: Kernel26, cpu: Cpu): number {
  return bitsOf(cpu_online_map(k, cpu)).length;
}

export function cpu_online(k: Kernel26, cpu: Cpu, index: number): boolean {
  return ((cpu_online_map(k, cpu) >>> index) & 1) !== 0;
}

export function node_online_map(k: Kernel26, cpu: Cpu): number {
  return k.config.CONFIG_NUMA ? cpu.loadLong(k.node_online_map) : 1;
}

export function cpu_to_node(k: Kernel26, cpu: Cpu, index: number): number {
  return k.config.CONFIG_NUMA ? cpu.load32(k.cpu_2_node + 4 * index) : 0;
}

export function numa_node_id(k: Kernel26, cpu: Cpu): number {
  return k.config.CONFIG_NUMA ? cpu_to_node(k, cpu, smp_processor_id(k, cpu)) : 0;
}

export function node_to_cpumask(k: Kernel26, cpu: Cpu, node: number): number {
  return k.config.CONFIG_NUMA ? cpu.loadLong(nodeCpuMask(k, node)) : cpu_online_map(k, cpu);
}

export function nodeCpuMask(k: Kernel26, node: number): addr_t {
  return k.node_2_cpu_mask + node * k.config.abi.long.sizeof;
}
