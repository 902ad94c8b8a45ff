/** Completions (include/linux/completion.h): one waits until another says that it is done. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { local_irq_disable, local_irq_enable } from '../irq.ts';
import { spin_lock, spin_lock_irqsave, spin_unlock, spin_unlock_irqrestore } from '../spinlock.ts';
import {
  add_wait_queue_exclusive_locked,
  init_waitqueue_head,
  remove_wait_queue_locked,
  setTaskState,
  TASK_UNINTERRUPTIBLE,
  wake_up_locked,
} from '../wait.ts';
import type { Linux26 } from './kernel.ts';
import { schedule } from './sched.ts';

export function init_completion(k: Linux26, cpu: Cpu, x: addr_t): void {
  cpu.store32(x + k.completion.done, 0);
  init_waitqueue_head(k, cpu, x + k.completion.wait);
}

export function* wait_for_completion(k: Linux26, cpu: Cpu, x: addr_t): Program {
  const { done, wait } = k.completion;
  const lock = x + wait + k.wait_queue_head_t.lock;
  local_irq_disable(cpu);
  yield* spin_lock(k, cpu, lock);
  if (cpu.load32(x + done) === 0) {
    const entry = add_wait_queue_exclusive_locked(k, cpu, x + wait);
    do {
      setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
      yield* spin_unlock(k, cpu, lock);
      if (local_irq_enable(cpu)) yield;
      yield* schedule(k, cpu);
      local_irq_disable(cpu);
      yield* spin_lock(k, cpu, lock);
    } while (cpu.load32(x + done) === 0);
    remove_wait_queue_locked(cpu, entry);
  }
  cpu.store32(x + done, cpu.load32(x + done) - 1);
  yield* spin_unlock(k, cpu, lock);
  if (local_irq_enable(cpu)) yield;
}

export function* complete(k: Linux26, cpu: Cpu, x: addr_t): Program {
  const { done, wait } = k.completion;
  const lock = x + wait + k.wait_queue_head_t.lock;
  const flags = yield* spin_lock_irqsave(k, cpu, lock);
  cpu.store32(x + done, cpu.load32(x + done) + 1);
  wake_up_locked(k, cpu, x + wait);
  yield* spin_unlock_irqrestore(k, cpu, lock, flags);
}
