/**
 * Work for a kernel thread, now or after a delay: kernel/workqueue.c, as far as keventd. Each CPU has a thread, events/N,
 * which takes work in the order in which it was queued there.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { BUG } from '../bug.ts';
import type { KernelFunction } from '../kernel.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../spinlock.ts';
import type { Linux26 } from './kernel.ts';
import { INIT_LIST_HEAD, list_add_tail, list_del_init, list_empty, list_head } from './list.ts';
import { __get_cpu_var, per_cpu } from './percpu.ts';
import { TASK_INTERRUPTIBLE, wake_up_process } from './sched.ts';
import { smp_processor_id, task_struct } from './thread-info.ts';
import { add_timer_on, del_timer, init_timer, jiffies } from './timer.ts';

/** Whether the threads are there: late in boot. */
export function keventd_up(k: Linux26, cpu: Cpu): boolean {
  return cpu.load32(k.keventd_wq) !== 0;
}

/** init_workqueues(): the threads of the CPUs that are online. */
export function init_workqueues(k: Linux26, cpu: Cpu): void {
  for (const { id } of k.machine.cpus) initCpuWorkqueue(k, cpu, id);
  cpu.store32(k.keventd_wq, 1);
}

function initCpuWorkqueue(k: Linux26, cpu: Cpu, index: number): void {
  const { cpu_workqueue } = k;
  const cwq = per_cpu(k, cpu, k.per_cpu__keventd, index);
  const thread = k.symbols.address(`task_struct[events/${index}]`);
  if (k.config.CONFIG_SMP) cpu.store32(cwq + cpu_workqueue.lock, 1);
  INIT_LIST_HEAD(cpu, cwq + cpu_workqueue.worklist);
  cpu.storePtr(cwq + cpu_workqueue.thread, thread);
  cpu.store32(thread + task_struct.state, TASK_INTERRUPTIBLE);
  k.kthreads.set(thread, { cpu: k.machine.cpus[index], body: (on) => worker_thread(k, on, cwq), isAwake: false });
}

export function INIT_WORK(k: Linux26, cpu: Cpu, work: addr_t, func: KernelFunction, data: addr_t): void {
  const { work_struct } = k;
  INIT_LIST_HEAD(cpu, work + work_struct.entry);
  cpu.storeLong(work + work_struct.pending, 0);
  cpu.storePtr(work + work_struct.func, k.addressOf(func));
  cpu.storePtr(work + work_struct.data, data);
  init_timer(k, cpu, work + work_struct.timer);
}

/** Queues work on CPU `index` after `delay` jiffies, unless it is queued already; whether it was not. */
export function* schedule_delayed_work_on(
  k: Linux26,
  cpu: Cpu,
  index: number,
  work: addr_t,
  delay: number,
): Program<boolean> {
  const { work_struct, timer_list } = k;
  if (cpu.isAhead) yield;
  if (cpu.lockBts(work + work_struct.pending, 0)) return false;
  const timer = work + work_struct.timer;
  if (!list_empty(cpu, work + work_struct.entry))
    BUG('workqueue.c', 'schedule_delayed_work_on', '!list_empty(&work->entry)');
  cpu.storePtr(work + work_struct.wq_data, k.keventd_wq); // This stores keventd_wq for the moment, for the timer_fn
  cpu.storeLong(timer + timer_list.expires, (jiffies(k, cpu) + delay) | 0);
  cpu.storeLong(timer + timer_list.data, work);
  cpu.storePtr(timer + timer_list.function, k.addressOf(k.delayed_work_timer_fn));
  yield* add_timer_on(k, cpu, timer, index);
  return true;
}

export function* schedule_delayed_work(k: Linux26, cpu: Cpu, work: addr_t, delay: number): Program<boolean> {
  return yield* schedule_delayed_work_on(k, cpu, smp_processor_id(k, cpu), work, delay);
}

/** Stops work that still waits for its time; whether it did. */
export function* cancel_delayed_work(k: Linux26, cpu: Cpu, work: addr_t): Program<boolean> {
  const waited = yield* del_timer(k, cpu, work + k.work_struct.timer);
  if (waited) cpu.lockBtr(work + k.work_struct.pending, 0);
  return waited;
}

/** The delay is over, here: where the timer was, unless that CPU is down. */
export function* delayed_work_timer_fn(k: Linux26, cpu: Cpu, work: addr_t): Program {
  yield* __queue_work(k, cpu, __get_cpu_var(k, cpu, k.per_cpu__keventd), work);
}

function* __queue_work(k: Linux26, cpu: Cpu, cwq: addr_t, work: addr_t): Program {
  const { work_struct, cpu_workqueue } = k;
  const flags = yield* spin_lock_irqsave(k, cpu, cwq + cpu_workqueue.lock);
  cpu.storePtr(work + work_struct.wq_data, cwq);
  list_add_tail(cpu, work + work_struct.entry, cwq + cpu_workqueue.worklist);
  cpu.storeLong(cwq + cpu_workqueue.insert_sequence, cpu.loadLong(cwq + cpu_workqueue.insert_sequence) + 1);
  wake_up_process(k, cpu, cpu.loadPtr(cwq + cpu_workqueue.thread));
  yield* spin_unlock_irqrestore(k, cpu, cwq + cpu_workqueue.lock, flags);
}

/** events/N: runs all work that there is, then sleeps. */
function* worker_thread(k: Linux26, cpu: Cpu, cwq: addr_t): Program {
  const { work_struct, cpu_workqueue } = k;
  const lock = cwq + cpu_workqueue.lock;
  let flags = yield* spin_lock_irqsave(k, cpu, lock);
  while (!list_empty(cpu, cwq + cpu_workqueue.worklist)) {
    const entry = cpu.loadPtr(cwq + cpu_workqueue.worklist + list_head.next);
    const work = entry - work_struct.entry;
    const func = k.functionAt(cpu.loadPtr(work + work_struct.func));
    const data = cpu.loadPtr(work + work_struct.data);
    list_del_init(cpu, entry);
    yield* spin_unlock_irqrestore(k, cpu, lock, flags);
    cpu.lockBtr(work + work_struct.pending, 0);
    yield* func(cpu, data);
    flags = yield* spin_lock_irqsave(k, cpu, lock);
    cpu.storeLong(cwq + cpu_workqueue.remove_sequence, cpu.loadLong(cwq + cpu_workqueue.remove_sequence) + 1);
  }
  cpu.store32(k.get_current(cpu) + task_struct.state, TASK_INTERRUPTIBLE);
  yield* spin_unlock_irqrestore(k, cpu, lock, flags);
}

/** Work queued on a CPU that went down goes on here. */
export function* take_over_work(k: Linux26, cpu: Cpu, index: number): Program {
  const { work_struct, cpu_workqueue } = k;
  const there = per_cpu(k, cpu, k.per_cpu__keventd, index);
  const list = there + cpu_workqueue.worklist;
  const flags = yield* spin_lock_irqsave(k, cpu, there + cpu_workqueue.lock);
  while (!list_empty(cpu, list)) {
    const work = cpu.loadPtr(list + list_head.next) - work_struct.entry;
    list_del_init(cpu, work + work_struct.entry);
    yield* __queue_work(k, cpu, __get_cpu_var(k, cpu, k.per_cpu__keventd), work);
  }
  yield* spin_unlock_irqrestore(k, cpu, there + cpu_workqueue.lock, flags);
}
