/** Tasks of 2.4.22: its task_struct, and the flags of a task that reclaims memory for itself. */
import { array, long, ptr, struct, u32 } from '../struct.ts';

export const PF_MEMDIE = 0x00001000;
export const PF_FREE_PAGES = 0x00002000;
export const PF_NOIO = 0x00004000;

/** include/linux/sched.h, struct task_struct, as far as the allocators touch it: the first 100 bytes. */
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
  processor: u32,
  cpus_runnable: long,
  cpus_allowed: long,
  run_list: array(ptr, 2),
  sleep_time: long,
  next_task: ptr,
  prev_task: ptr,
  active_mm: ptr,
  local_pages: array(ptr, 2),
  allocation_order: u32,
  nr_local_pages: u32,
});

/** sizeof(struct task_struct) as compiled; what follows the fields above is not modelled. */
export const task_struct_sizeof = (smp: boolean) => (smp ? 1696 : 1440);
