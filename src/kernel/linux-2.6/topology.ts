/**
 * CPUs and nodes: which there are, and which belongs to which (include/linux/cpumask.h, nodemask.h, asm-i386/topology.h).
 * Masks are read as the kernel reads them, through the CPU; without CONFIG_NUMA there is node 0, known when compiled.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Linux26 } from './kernel.ts';
import { smp_processor_id } from './thread-info.ts';

/** for_each_cpu_mask(), for_each_node_mask(): the mask is read again at each step. */
function* members(cpu: Cpu, mask: addr_t): Generator<number> {
  for (let from = 0; from < 32; ) {
    const rest = cpu.loadLong(mask) & (-1 << from);
    if (rest === 0) return;
    const member = 31 - Math.clz32(rest & -rest);
    yield member;
    from = member + 1;
  }
}

/** A uniprocessor build reads no mask: there is CPU 0. */
export function for_each_online_cpu(k: Linux26, cpu: Cpu): Iterable<number> {
  return k.config.CONFIG_SMP ? members(cpu, k.cpu_online_map) : [0];
}

export function for_each_possible_cpu(k: Linux26, cpu: Cpu): Iterable<number> {
  return k.config.CONFIG_SMP ? members(cpu, k.cpu_possible_map) : [0];
}

/** Without CONFIG_NUMA the mask is asked once, whether it is empty. */
export function for_each_online_node(k: Linux26, cpu: Cpu): Iterable<number> {
  if (k.config.CONFIG_NUMA) return members(cpu, k.node_online_map);
  return cpu.loadLong(k.node_online_map) === 0 ? [] : [0];
}

export function for_each_node(k: Linux26, cpu: Cpu): Iterable<number> {
  return k.config.CONFIG_NUMA ? members(cpu, k.node_possible_map) : [0];
}

export function node_online(k: Linux26, cpu: Cpu, node: number): boolean {
  return !k.config.CONFIG_NUMA || ((cpu.loadLong(k.node_online_map) >>> node) & 1) !== 0;
}

/** How many bits of a word are set: hweight32(). */
export function hweight32(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

export function num_online_cpus(k: Linux26, cpu: Cpu): number {
  return k.config.CONFIG_SMP ? hweight32(cpu.loadLong(k.cpu_online_map)) : 1;
}

export function cpu_online(k: Linux26, cpu: Cpu, index: number): boolean {
  return !k.config.CONFIG_SMP || ((cpu.loadLong(k.cpu_online_map) >>> index) & 1) !== 0;
}

export function cpu_to_node(k: Linux26, cpu: Cpu, index: number): number {
  return k.config.CONFIG_NUMA ? cpu.load32(k.cpu_2_node + 4 * index) : 0;
}

export function numa_node_id(k: Linux26, cpu: Cpu): number {
  return k.config.CONFIG_NUMA ? cpu_to_node(k, cpu, smp_processor_id(k, cpu)) : 0;
}

/** The online CPUs of a node. */
export function node_to_cpumask(k: Linux26, cpu: Cpu, node: number): number {
  return cpu.loadLong(k.config.CONFIG_NUMA ? nodeCpuMask(k, node) : k.cpu_online_map);
}

export function nodeCpuMask(k: Linux26, node: number): addr_t {
  return k.node_2_cpu_mask + node * k.config.abi.long.sizeof;
}

/** How many online CPUs a node has. */
export function nr_cpus_node(k: Linux26, cpu: Cpu, node: number): number {
  return hweight32(node_to_cpumask(k, cpu, node));
}
