/** kernel/sched.c, as far as it matters here: a task gives up its CPU, and is woken. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { schedule as giveUp, TASK_RUNNING } from '../wait.ts';
import type { Linux26 } from './kernel.ts';
import { task_struct } from './thread-info.ts';

/** Gives up the CPU if the task's state is not running. */
export function* schedule(k: Linux26, cpu: Cpu): Program {
  yield* giveUp(k, cpu);
}

export function wake_up_process(k: Linux26, cpu: Cpu, task: addr_t): void {
  if (cpu.load32(task + task_struct.state) === TASK_RUNNING) return;
  cpu.store32(task + task_struct.state, TASK_RUNNING);
  const context = k.sleepers.get(task);
  if (context !== undefined) k.machine.scheduler.wake(context, cpu.clock);
}
