/** kernel/sched.c, as far as it matters here: a task gives up its CPU, and is woken. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { TASK_RUNNING } from '../task.ts';
import type { Kernel26 } from './kernel.ts';
import { get_current, task_struct } from './thread-info.ts';

export function set_current_state(cpu: Cpu, state: number): void {
  cpu.store32(get_current(cpu) + task_struct.state, state);
}

/** Gives up the CPU if the task's state is not running. */
export function* schedule(k: Kernel26, cpu: Cpu): Program {
  const { scheduler } = k.machine;
  const task = get_current(cpu);
  if (cpu.load32(task + task_struct.state) !== TASK_RUNNING) {
    k.sleepers.set(task, scheduler.current(cpu));
    scheduler.block(cpu);
  }
  yield;
}

export function wake_up_process(k: Kernel26, cpu: Cpu, task: addr_t): void {
  if (cpu.load32(task + task_struct.state) === TASK_RUNNING) return;
  cpu.store32(task + task_struct.state, TASK_RUNNING);
  const context = k.sleepers.get(task);
  if (context !== undefined) k.machine.scheduler.wake(context, cpu.clock);
}
