/**
 * kernel/mutex.c: 1 is free, 0 taken, a negative count taken with others waiting. Waiters queue first come, first served,
 * each with an entry on its own stack.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { BUG } from '../bug.ts';
import { enterFrame, leaveFrame } from '../frame.ts';
import { spin_lock, spin_unlock } from '../spinlock.ts';
import { ptr, struct } from '../struct.ts';
import { setTaskState, TASK_UNINTERRUPTIBLE } from '../wait.ts';
import type { Linux26 } from './kernel.ts';
import { list_add_tail, list_del, list_empty, list_head } from './list.ts';
import { schedule, wake_up_process } from './sched.ts';
import { get_current, in_interrupt } from './thread-info.ts';

const mutex_waiter = struct({ list: list_head, task: ptr });

/** DEFINE_MUTEX(): what the kernel image holds. */
export function loadMutex(k: Linux26, lock: addr_t): void {
  const { memory } = k.machine;
  const list = lock + k.mutex.wait_list;
  memory.poke32(lock + k.mutex.count, 1);
  if (k.config.CONFIG_SMP) memory.poke32(lock + k.mutex.wait_lock, 1);
  memory.poke32(list + list_head.next, list);
  memory.poke32(list + list_head.prev, list);
}

export function* mutex_lock(k: Linux26, cpu: Cpu, lock: addr_t): Program {
  if (cpu.isAhead) yield;
  if (cpu.lockAdd32(lock + k.mutex.count, -1) < 0) yield* __mutex_lock_slowpath(k, cpu, lock);
}

function* __mutex_lock_slowpath(k: Linux26, cpu: Cpu, lock: addr_t): Program {
  const { count, wait_lock, wait_list } = k.mutex;
  if (in_interrupt(cpu)) BUG('mutex.c', '__mutex_lock_common', 'in_interrupt()');
  const task = get_current(cpu);
  const waiter = enterFrame(cpu, mutex_waiter);
  yield* spin_lock(k, cpu, lock + wait_lock);
  list_add_tail(cpu, waiter + mutex_waiter.list, lock + wait_list);
  cpu.storePtr(waiter + mutex_waiter.task, task);
  // Lets's try to take the lock again - this is needed even if we get here for the first time
  while (cpu.lockXchg32(lock + count, -1) !== 1) {
    setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
    yield* spin_unlock(k, cpu, lock + wait_lock);
    yield* schedule(k, cpu);
    yield* spin_lock(k, cpu, lock + wait_lock);
  }
  list_del(cpu, waiter + mutex_waiter.list);
  // set it to 0 if there are no waiters left:
  if (list_empty(cpu, lock + wait_list)) cpu.store32(lock + count, 0);
  yield* spin_unlock(k, cpu, lock + wait_lock);
  leaveFrame(cpu, mutex_waiter);
}

/** True if it was free and is now taken. */
export function* mutex_trylock(k: Linux26, cpu: Cpu, lock: addr_t): Program<boolean> {
  if (cpu.isAhead) yield;
  return cpu.lockCmpxchg32(lock + k.mutex.count, 1, 0) === 1;
}

export function* mutex_unlock(k: Linux26, cpu: Cpu, lock: addr_t): Program {
  const { count, wait_lock, wait_list } = k.mutex;
  if (cpu.isAhead) yield;
  if (cpu.lockAdd32(lock + count, 1) > 0) return;
  yield* spin_lock(k, cpu, lock + wait_lock);
  // some architectures leave the lock unlocked in the fastpath failure case, others need to leave it locked
  cpu.store32(lock + count, 1);
  if (!list_empty(cpu, lock + wait_list)) {
    const waiter = cpu.loadPtr(lock + wait_list + list_head.next) - mutex_waiter.list;
    wake_up_process(k, cpu, cpu.loadPtr(waiter + mutex_waiter.task));
  }
  yield* spin_unlock(k, cpu, lock + wait_lock);
}
