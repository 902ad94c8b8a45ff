/**
 * Sleeping and waking (kernel/sched.c, include/linux/wait.h): a task queues an entry on its own stack, blocks, and is
 * made ready by whoever walks the queue.
 */
import type { Cpu, Program } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import { enterFrame, leaveFrame } from './frame.ts';
import type { Kernel } from './kernel.ts';
import { INIT_LIST_HEAD, list_add, list_add_tail, list_del, list_empty, list_head } from './list.ts';
import { assignUnlocked, spin_lock_irqsave, spin_unlock_irqrestore } from './spinlock.ts';
import { ptr, struct, u32 } from './struct.ts';

export const wait_queue_t = struct({ flags: u32, task: ptr, task_list: list_head });

export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_UNINTERRUPTIBLE = 2;

const WQ_FLAG_EXCLUSIVE = 1;

/** Queues the current task, exclusively, on `queue`; the entry. Caller holds the queue's lock. */
export function add_wait_queue_exclusive_locked(k: Kernel, cpu: Cpu, queue: addr_t): addr_t {
  const wait = enterFrame(cpu, wait_queue_t);
  cpu.store32(wait + wait_queue_t.flags, WQ_FLAG_EXCLUSIVE);
  cpu.storePtr(wait + wait_queue_t.task, k.get_current(cpu));
  list_add_tail(cpu, wait + wait_queue_t.task_list, queue + k.wait_queue_head_t.task_list);
  return wait;
}

/** Caller holds the queue's lock. */
export function remove_wait_queue_locked(cpu: Cpu, wait: addr_t): void {
  list_del(cpu, wait + wait_queue_t.task_list);
  leaveFrame(cpu, wait_queue_t);
}

/** Wakes the waiters up to the first exclusive one. Caller holds the queue's lock. */
export function wake_up_locked(k: Kernel, cpu: Cpu, queue: addr_t): void {
  const head = queue + k.wait_queue_head_t.task_list;
  for (let entry = cpu.loadPtr(head); entry !== head; entry = cpu.loadPtr(entry + list_head.next)) {
    const wait = entry - wait_queue_t.task_list;
    const task = cpu.loadPtr(wait + wait_queue_t.task);
    if (cpu.load32(task + k.task_struct.state) === TASK_RUNNING) continue;
    cpu.store32(task + k.task_struct.state, TASK_RUNNING);
    const flags = cpu.load32(wait + wait_queue_t.flags);
    const context = k.sleepers.get(task);
    if (context !== undefined) k.machine.scheduler.wake(context, cpu.clock);
    if ((flags & WQ_FLAG_EXCLUSIVE) !== 0) return;
  }
}

export function setTaskState(k: Kernel, cpu: Cpu, state: number): void {
  cpu.store32(k.get_current(cpu) + k.task_struct.state, state);
}

/** kernel/sched.c, schedule(), as far as it matters here: gives up the CPU if the task's state is not running. */
export function* schedule(k: Kernel, cpu: Cpu): Program {
  const { scheduler } = k.machine;
  const current = k.get_current(cpu);
  if (cpu.load32(current + k.task_struct.state) !== TASK_RUNNING) {
    k.sleepers.set(current, scheduler.current(cpu));
    scheduler.block(cpu);
  }
  yield;
}

export function init_waitqueue_head(k: Kernel, cpu: Cpu, queue: addr_t): void {
  assignUnlocked(k, cpu, queue + k.wait_queue_head_t.lock);
  INIT_LIST_HEAD(cpu, queue + k.wait_queue_head_t.task_list);
}

/** Queues the current task on `queue`; the entry. */
export function* add_wait_queue(k: Kernel, cpu: Cpu, queue: addr_t): Program<addr_t> {
  const lock = queue + k.wait_queue_head_t.lock;
  const flags = yield* spin_lock_irqsave(k, cpu, lock);
  const wait = enterFrame(cpu, wait_queue_t);
  cpu.store32(wait + wait_queue_t.flags, 0);
  cpu.storePtr(wait + wait_queue_t.task, k.get_current(cpu));
  list_add(cpu, wait + wait_queue_t.task_list, queue + k.wait_queue_head_t.task_list);
  yield* spin_unlock_irqrestore(k, cpu, lock, flags);
  return wait;
}

export function* remove_wait_queue(k: Kernel, cpu: Cpu, queue: addr_t, wait: addr_t): Program {
  const lock = queue + k.wait_queue_head_t.lock;
  const flags = yield* spin_lock_irqsave(k, cpu, lock);
  remove_wait_queue_locked(cpu, wait);
  yield* spin_unlock_irqrestore(k, cpu, lock, flags);
}

/** Whether anybody sleeps on `queue`, without its lock. */
export function waitqueue_active(k: Kernel, cpu: Cpu, queue: addr_t): boolean {
  return !list_empty(cpu, queue + k.wait_queue_head_t.task_list);
}

/** Sleeps on `queue` until `condition`, which reads memory through `cpu`, is true when somebody calls wake_up. */
export function* wait_event(k: Kernel, cpu: Cpu, queue: addr_t, condition: () => boolean): Program {
  if (cpu.isAhead) yield;
  if (condition()) return;
  const wait = yield* add_wait_queue(k, cpu, queue);
  for (;;) {
    setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
    if (cpu.isAhead) yield;
    if (condition()) break;
    yield* schedule(k, cpu);
  }
  setTaskState(k, cpu, TASK_RUNNING);
  yield* remove_wait_queue(k, cpu, queue, wait);
}

/** Wakes those who sleep on `queue`, up to the first exclusive one. */
export function* wake_up(k: Kernel, cpu: Cpu, queue: addr_t): Program {
  const lock = queue + k.wait_queue_head_t.lock;
  const flags = yield* spin_lock_irqsave(k, cpu, lock);
  wake_up_locked(k, cpu, queue);
  yield* spin_unlock_irqrestore(k, cpu, lock, flags);
}
