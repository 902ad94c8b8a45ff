/** Which node a task's memory is to come from: mm/mempolicy.c, kernel/cpuset.c, as far as the slab allocator asks. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { PF_SPREAD_SLAB } from '../../kernel/linux-2.6/thread-info.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { long, struct, u16, u32 } from '../../kernel/struct.ts';
import type { Mm2617 } from './mm.ts';

export const MPOL_DEFAULT = 0;
export const MPOL_PREFERRED = 1;
export const MPOL_BIND = 2;
export const MPOL_INTERLEAVE = 3;

/** `v` is a zone list, a node or a mask of nodes, by `policy`. */
export const mempolicy = struct({ refcnt: u32, policy: u16, v: long });

/** The node behind `node` in the mask, or its first. */
function nextInMask(mask: number, node: number): number {
  const rest = mask & (-2 << node) || mask;
  return 31 - Math.clz32(rest & -rest);
}

/** The next node in turn for a task that spreads its slabs. Cpusets are not modelled: all online nodes are allowed. */
function cpuset_mem_spread_node(k: Mm2617, cpu: Cpu): number {
  const rotor = k.get_current(cpu) + k.task_struct.cpuset_mem_spread_rotor;
  const node = nextInMask(cpu.loadLong(k.node_online_map), cpu.load32(rotor));
  cpu.store32(rotor, node);
  return node;
}

/** The node that a policy asks slabs from. */
export function slab_node(k: Mm2617, cpu: Cpu, policy: addr_t): number {
  switch (cpu.load16(policy + mempolicy.policy)) {
    case MPOL_INTERLEAVE: {
      const il_next = k.get_current(cpu) + k.task_struct.il_next;
      const nid = cpu.load16(il_next);
      cpu.store16(il_next, nextInMask(cpu.loadLong(policy + mempolicy.v), nid));
      return nid;
    }
    case MPOL_BIND: {
      const zone = cpu.loadPtr(cpu.loadPtr(policy + mempolicy.v) + k.zonelist.zones);
      return cpu.load32(cpu.loadPtr(zone + k.zone_struct.zone_pgdat) + k.pg_data_t.node_id);
    }
    case MPOL_PREFERRED: {
      const preferred_node = cpu.load16(policy + mempolicy.v);
      if (preferred_node >= 0) return preferred_node;
    }
  }
  return numa_node_id(k, cpu);
}

/** cpuset_do_slab_mem_spread(), slab_node(): the node of the current task's next slab object. */
export function slabPolicyNode(k: Mm2617, cpu: Cpu, mayBeSpread: boolean): number {
  const task = k.get_current(cpu);
  const spreads = (cpu.loadLong(task + k.task_struct.flags) & PF_SPREAD_SLAB) !== 0;
  if (spreads && mayBeSpread) return cpuset_mem_spread_node(k, cpu);
  const policy = cpu.loadPtr(task + k.task_struct.mempolicy);
  return policy === 0 ? numa_node_id(k, cpu) : slab_node(k, cpu, policy);
}
