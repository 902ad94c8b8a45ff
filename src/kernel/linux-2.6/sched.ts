/**
 * kernel/sched.c, as far as it matters here: a task gives up its CPU, and is woken. There is no preemption: a task that is
 * woken runs when the one before it sleeps, ends, or goes back to user mode.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { schedule as giveUp, TASK_RUNNING } from '../wait.ts';
import type { Kthread, Linux26 } from './kernel.ts';
import { rcu_qsctr_inc } from './quiescent.ts';
import { current_thread_info, THREAD_SIZE, TIF_NEED_RESCHED, task_struct, thread_info } from './thread-info.ts';

export const TASK_INTERRUPTIBLE = 1;

/** Gives up the CPU if the task's state is not running. */
export function* schedule(k: Linux26, cpu: Cpu): Program {
  rcu_qsctr_inc(k, cpu);
  yield* giveUp(k, cpu);
}

export function wake_up_process(k: Linux26, cpu: Cpu, task: addr_t): void {
  if (cpu.load32(task + task_struct.state) === TASK_RUNNING) return;
  cpu.store32(task + task_struct.state, TASK_RUNNING);
  const thread = k.kthreads.get(task);
  if (thread !== undefined && !thread.isAwake) {
    startThread(k, cpu, task, thread);
    return;
  }
  const context = k.sleepers.get(task);
  if (context !== undefined) k.machine.scheduler.wake(context, cpu.clock);
}

function startThread(k: Linux26, cpu: Cpu, task: addr_t, thread: Kthread): void {
  const { scheduler } = k.machine;
  const stack = cpu.loadPtr(task + task_struct.thread_info);
  thread.isAwake = true;
  scheduler.spawn(thread.cpu, runThread(k, thread.cpu, task, thread), stack + THREAD_SIZE);
  scheduler.bringHorizonTo(cpu.clock);
  // resched_task(): of the task that all others on that CPU share
  cpu.lockBts(k.symbols.address(`stack[${thread.cpu.id}]`) + thread_info.flags, TIF_NEED_RESCHED);
}

/** Once more if it was woken while it was about to sleep. */
function* runThread(k: Linux26, cpu: Cpu, task: addr_t, thread: Kthread): Program {
  do yield* thread.body(cpu);
  while (cpu.load32(task + task_struct.state) === TASK_RUNNING);
  rcu_qsctr_inc(k, cpu);
  thread.isAwake = false;
}

/**
 * Others that wait for this CPU have it first, from the current task's next `yield` on; whether any do. The way out of the kernel is
 * not modelled, in any version, so that is seen by peek.
 */
function resched(k: Linux26, cpu: Cpu): boolean {
  const flags = current_thread_info(cpu) + thread_info.flags;
  if (((k.machine.memory.peek32(flags) >>> TIF_NEED_RESCHED) & 1) === 0) return false;
  cpu.lockBtr(flags, TIF_NEED_RESCHED);
  rcu_qsctr_inc(k, cpu);
  k.machine.scheduler.giveWay(cpu);
  return true;
}

/** The current task is in user mode from its next `yield` on, unless others have the CPU first; until `leaveUserMode`. */
export function enterUserMode(k: Linux26, cpu: Cpu): void {
  k.inUserMode[cpu.id] = !resched(k, cpu);
}

export function leaveUserMode(k: Linux26, cpu: Cpu): void {
  k.inUserMode[cpu.id] = false;
}
