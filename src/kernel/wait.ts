/**
 * Sleeping and waking (kernel/sched.c, include/linux/wait.h): a task queues an entry on its own stack, blocks, and is
 * made ready by whoever walks the queue.
 */
import type { Cpu, Program } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import type { Kernel } from './kernel.ts';
import { list_add_tail, list_del, list_head } from './list.ts';
import { ptr, struct, u32 } from './struct.ts';
import { enterFrame, get_current, leaveFrame, TASK_RUNNING, task_struct } from './task.ts';

export const wait_queue_t = struct({ flags: u32, task: ptr, task_list: list_head });

/** Queues the current task, exclusively, on `queue`; the entry. Caller holds the queue's lock. */
export function add_wait_queue_exclusive_locked(k: Kernel, cpu: Cpu, queue: addr_t): addr_t {
  const wait = enterFrame(cpu, wait_queue_t);
  cpu.store32(wait + wait_queue_t.flags, 1);
  cpu.storePtr(wait + wait_queue_t.task, get_current(cpu));
  list_add_tail(cpu, wait + wait_queue_t.task_list, queue + k.wait_queue_head_t.task_list);
  return wait;
}

/** Caller holds the queue's lock. */
export function remove_wait_queue_locked(cpu: Cpu, wait: addr_t): void {
  list_del(cpu, wait + wait_queue_t.task_list);
  leaveFrame(cpu, wait_queue_t);
}

/** Wakes the first exclusive waiter. Caller holds the queue's lock. */
export function wake_up_locked(k: Kernel, cpu: Cpu, queue: addr_t): void {
  const head = queue + k.wait_queue_head_t.task_list;
  for (let entry = cpu.loadPtr(head); entry !== head; entry = cpu.loadPtr(entry + list_head.next)) {
    const task = cpu.loadPtr(entry - wait_queue_t.task_list + wait_queue_t.task);
    if (cpu.load32(task + task_struct.state) === TASK_RUNNING) continue;
    cpu.store32(task + task_struct.state, TASK_RUNNING);
    const context = k.sleepers.get(task);
    if (context !== undefined) k.machine.scheduler.wake(context, cpu.clock);
    return;
  }
}

export function setTaskState(cpu: Cpu, state: number): void {
  cpu.store32(get_current(cpu) + task_struct.state, state);
}

/** kernel/sched.c, schedule(), as far as it matters here: gives up the CPU if the task's state is not running. */
export function* schedule(k: Kernel, cpu: Cpu): Program {
  const { scheduler } = k.machine;
  const current = get_current(cpu);
  if (cpu.load32(current + task_struct.state) !== TASK_RUNNING) {
    k.sleepers.set(current, scheduler.current(cpu));
    scheduler.block(cpu);
  }
  yield;
}
