/**
 * Counting semaphores: include/asm-i386/semaphore.h, arch/i386/kernel/semaphore.c, of 2.4.22 and of 2.6 alike. 2.4.0's __down() takes
 * one lock for all semaphores where these take the queue's: that is not modelled.
 */
import type { Cpu, Program } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import type { Kernel } from './kernel.ts';
import { INIT_LIST_HEAD } from './list.ts';
import { assignUnlocked, spin_lock_irqsave, spin_unlock_irqrestore } from './spinlock.ts';
import {
  add_wait_queue_exclusive_locked,
  remove_wait_queue_locked,
  schedule,
  setTaskState,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  wake_up_locked,
} from './wait.ts';

export function init_MUTEX(k: Kernel, cpu: Cpu, sem: addr_t): void {
  const { semaphore, wait_queue_head_t } = k;
  cpu.store32(sem + semaphore.count, 1);
  cpu.store32(sem + semaphore.sleepers, 0);
  assignUnlocked(k, cpu, sem + semaphore.wait + wait_queue_head_t.lock);
  INIT_LIST_HEAD(cpu, sem + semaphore.wait + wait_queue_head_t.task_list);
}

/** Takes the semaphore; a task that must wait lets other programs run. */
export function* down(k: Kernel, cpu: Cpu, sem: addr_t): Program {
  if (cpu.isAhead) yield;
  if (cpu.lockAdd32(sem + k.semaphore.count, -1) < 0) yield* __down(k, cpu, sem);
}

/** arch/i386/kernel/semaphore.c, __down(). */
function* __down(k: Kernel, cpu: Cpu, sem: addr_t): Program {
  const { semaphore, wait_queue_head_t } = k;
  const queue = sem + semaphore.wait;
  const lock = queue + wait_queue_head_t.lock;

  setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
  let flags = yield* spin_lock_irqsave(k, cpu, lock);
  const wait = add_wait_queue_exclusive_locked(k, cpu, queue);
  cpu.store32(sem + semaphore.sleepers, cpu.load32(sem + semaphore.sleepers) + 1);
  for (;;) {
    // Adds "everybody else" into it: they are not playing, because we own the spinlock.
    const sleepers = cpu.load32(sem + semaphore.sleepers);
    if (cpu.lockAdd32(sem + semaphore.count, sleepers - 1) >= 0) {
      cpu.store32(sem + semaphore.sleepers, 0);
      break;
    }
    cpu.store32(sem + semaphore.sleepers, 1);
    yield* spin_unlock_irqrestore(k, cpu, lock, flags);
    yield* schedule(k, cpu);
    flags = yield* spin_lock_irqsave(k, cpu, lock);
    setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
  }
  remove_wait_queue_locked(cpu, wait);
  wake_up_locked(k, cpu, queue);
  yield* spin_unlock_irqrestore(k, cpu, lock, flags);
  setTaskState(k, cpu, TASK_RUNNING);
}

/** arch/i386/kernel/semaphore.c, __down_trylock(). True if it was free and is now taken. */
export function* down_trylock(k: Kernel, cpu: Cpu, sem: addr_t): Program<boolean> {
  const { semaphore, wait_queue_head_t } = k;
  if (cpu.isAhead) yield;
  if (cpu.lockAdd32(sem + semaphore.count, -1) >= 0) return true;
  const queue = sem + semaphore.wait;
  const flags = yield* spin_lock_irqsave(k, cpu, queue + wait_queue_head_t.lock);
  const sleepers = cpu.load32(sem + semaphore.sleepers) + 1;
  cpu.store32(sem + semaphore.sleepers, 0);
  // Adds "everybody else" and us into it: they aren't playing, because we own the spinlock.
  if (cpu.lockAdd32(sem + semaphore.count, sleepers) >= 0) wake_up_locked(k, cpu, queue);
  yield* spin_unlock_irqrestore(k, cpu, queue + wait_queue_head_t.lock, flags);
  return false;
}

export function* up(k: Kernel, cpu: Cpu, sem: addr_t): Program {
  if (cpu.isAhead) yield;
  if (cpu.lockAdd32(sem + k.semaphore.count, 1) > 0) return;
  const queue = sem + k.semaphore.wait;
  const flags = yield* spin_lock_irqsave(k, cpu, queue + k.wait_queue_head_t.lock);
  wake_up_locked(k, cpu, queue);
  yield* spin_unlock_irqrestore(k, cpu, queue + k.wait_queue_head_t.lock, flags);
}
