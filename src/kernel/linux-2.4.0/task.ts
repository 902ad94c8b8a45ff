/** Tasks of 2.4.0: its task_struct, in which `processor` stands a word later than in 2.4.22. */
import type { KernelConfig } from '../config.ts';
import { spinlockType } from '../lock-types.ts';
import { long, ptr, struct, u32 } from '../struct.ts';

/** A policy: the task lets others run first. */
export const SCHED_YIELD = 0x10;

/** include/linux/sched.h, struct task_struct, as far as the allocators touch it: the first 56 bytes. */
export const task_struct = struct({
  state: long,
  flags: long,
  sigpending: u32,
  addr_limit: long,
  exec_domain: ptr,
  need_resched: long,
  ptrace: long,
  lock_depth: u32,
  counter: long,
  nice: long,
  policy: long,
  mm: ptr,
  has_cpu: u32,
  processor: u32,
});

/** sizeof(struct task_struct) as compiled; what follows the fields above is not modelled. */
export function task_struct_sizeof(config: KernelConfig): number {
  if (config.CONFIG_SMP) return 1664;
  return spinlockType(config).sizeof > 0 ? 1424 : 1408;
}
