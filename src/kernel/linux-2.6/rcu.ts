/**
 * Read-copy-update: kernel/rcupdate.c of 2.6.17. A callback runs when every CPU has passed a quiescent state since it was
 * queued: a context switch, user mode, or idleness, which the CPU's own timer interrupt sees. Readers do nothing at all,
 * for kernel code is not preempted.
 *
 * Each CPU collects callbacks in nxtlist; as a batch they move to curlist and wait for the grace period of their number,
 * then to donelist, and run. rcu_ctrlblk knows which grace period is under way and which CPUs it still waits for.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { enterFrame, leaveFrame } from '../frame.ts';
import { local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save } from '../irq.ts';
import type { KernelFunction } from '../kernel.ts';
import { spin_lock, spin_unlock } from '../spinlock.ts';
import { memset } from '../string.ts';
import { struct } from '../struct.ts';
import { complete, init_completion, wait_for_completion } from './completion.ts';
import type { Linux26 } from './kernel.ts';
import { __get_cpu_var, per_cpu } from './percpu.ts';
import { rcu_qsctr_inc } from './quiescent.ts';
import { raise_softirq_irqoff, TASKLET_SOFTIRQ } from './softirq.ts';
import { HARDIRQ_SHIFT, hardirq_count, in_softirq } from './thread-info.ts';

/** Callbacks that one round of the tasklet runs at most. */
const BLIMIT = 10;
const FIRST_BATCH = -300;

const rcu_batch_before = (a: number, b: number) => ((a - b) | 0) < 0;

const thisCpu = (k: Linux26, cpu: Cpu) => __get_cpu_var(k, cpu, k.per_cpu__rcu_data);

export function rcu_init(k: Linux26): void {
  const { memory, cpus } = k.machine;
  memory.poke32(k.rcu_ctrlblk + k.rcu_ctrlblk_t.cur, FIRST_BATCH);
  memory.poke32(k.rcu_ctrlblk + k.rcu_ctrlblk_t.completed, FIRST_BATCH);
  if (k.config.CONFIG_SMP) memory.poke32(k.rcu_ctrlblk + k.rcu_ctrlblk_t.lock, 1);
  k.softirqs[TASKLET_SOFTIRQ] = (cpu) => rcu_process_callbacks(k, cpu);
  rcu_init_percpu_data(k, cpus[0], 0);
}

/** What a CPU has when it comes up. */
export function rcu_init_percpu_data(k: Linux26, cpu: Cpu, index: number): void {
  const { rcu_data } = k;
  const rdp = per_cpu(k, cpu, k.per_cpu__rcu_data, index);
  memset(cpu, rdp, 0, rcu_data.sizeof);
  cpu.storePtr(rdp + rcu_data.curtail, rdp + rcu_data.curlist);
  cpu.storePtr(rdp + rcu_data.nxttail, rdp + rcu_data.nxtlist);
  cpu.storePtr(rdp + rcu_data.donetail, rdp + rcu_data.donelist);
  cpu.storeLong(rdp + rcu_data.quiescbatch, cpu.loadLong(k.rcu_ctrlblk + k.rcu_ctrlblk_t.completed));
  cpu.store32(rdp + rcu_data.cpu, index);
  cpu.storeLong(rdp + rcu_data.blimit, BLIMIT);
}

/** Has `func(head)` called after a grace period. */
export function* call_rcu(k: Linux26, cpu: Cpu, head: addr_t, func: KernelFunction): Program {
  const { rcu_data } = k;
  const { rcu_head } = k.config.abi;
  cpu.storePtr(head + rcu_head.func, k.addressOf(func));
  cpu.storePtr(head + rcu_head.next, NULL);
  const flags = local_irq_save(cpu);
  const rdp = thisCpu(k, cpu);
  cpu.storePtr(cpu.loadPtr(rdp + rcu_data.nxttail), head);
  cpu.storePtr(rdp + rcu_data.nxttail, head + rcu_head.next);
  cpu.storeLong(rdp + rcu_data.qlen, cpu.loadLong(rdp + rcu_data.qlen) + 1);
  if (local_irq_restore(cpu, flags)) yield;
}

/** Sleeps until a grace period has passed: every CPU has been through a quiescent state since. */
export function* synchronize_rcu(k: Linux26, cpu: Cpu): Program {
  const { rcu_head } = k.config.abi;
  const rcu_synchronize = struct({ head: rcu_head, completion: k.completion });
  const rcu = enterFrame(cpu, rcu_synchronize);
  init_completion(k, cpu, rcu + rcu_synchronize.completion);
  // Will wake me after RCU finished
  yield* call_rcu(k, cpu, rcu + rcu_synchronize.head, k.wakeme_after_rcu);
  yield* wait_for_completion(k, cpu, rcu + rcu_synchronize.completion);
  leaveFrame(cpu, rcu_synchronize);
}

/** The callback of synchronize_rcu(): the completion stands behind the head. */
export function wakeme_after_rcu(k: Linux26, cpu: Cpu, head: addr_t): Program {
  return complete(k, cpu, head + k.config.abi.rcu_head.sizeof);
}

/** Whether CPU `index`, this one, has anything to do for RCU: asked at each tick. */
export function rcu_pending(k: Linux26, cpu: Cpu): boolean {
  const { rcu_data, rcu_ctrlblk_t } = k;
  const rdp = thisCpu(k, cpu);
  const curlist = cpu.loadPtr(rdp + rcu_data.curlist);
  if (curlist !== NULL) {
    // This cpu has pending rcu entries and the grace period for them has completed.
    const completed = cpu.loadLong(k.rcu_ctrlblk + rcu_ctrlblk_t.completed);
    if (!rcu_batch_before(completed, cpu.loadLong(rdp + rcu_data.batch))) return true;
  } else if (cpu.loadPtr(rdp + rcu_data.nxtlist) !== NULL) {
    return true; // This cpu has no pending entries, but there are new entries
  }
  // This cpu has finished callbacks to invoke
  if (cpu.loadPtr(rdp + rcu_data.donelist) !== NULL) return true;
  // The rcu core waits for a quiescent state from the cpu
  if (cpu.loadLong(rdp + rcu_data.quiescbatch) !== cpu.loadLong(k.rcu_ctrlblk + rcu_ctrlblk_t.cur)) return true;
  return cpu.load32(rdp + rcu_data.qs_pending) !== 0;
}

/** At a tick: what it interrupted may be a quiescent state. */
export function rcu_check_callbacks(k: Linux26, cpu: Cpu): void {
  const interrupted = hardirq_count(cpu) <= 1 << HARDIRQ_SHIFT && !in_softirq(cpu);
  if (interrupted && (k.inUserMode[cpu.id] || k.machine.scheduler.isIdle(cpu))) rcu_qsctr_inc(k, cpu);
  raise_softirq_irqoff(k, cpu, TASKLET_SOFTIRQ);
}

/** The tasklet: moves batches along, and runs those whose grace period is over. */
function* rcu_process_callbacks(k: Linux26, cpu: Cpu): Program {
  const { rcu_data, rcu_ctrlblk, rcu_ctrlblk_t } = k;
  const rdp = thisCpu(k, cpu);
  if (cpu.isAhead) yield;
  const completed = () => cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.completed);
  if (
    cpu.loadPtr(rdp + rcu_data.curlist) !== NULL &&
    !rcu_batch_before(completed(), cpu.loadLong(rdp + rcu_data.batch))
  ) {
    cpu.storePtr(cpu.loadPtr(rdp + rcu_data.donetail), cpu.loadPtr(rdp + rcu_data.curlist));
    cpu.storePtr(rdp + rcu_data.donetail, cpu.loadPtr(rdp + rcu_data.curtail));
    cpu.storePtr(rdp + rcu_data.curlist, NULL);
    cpu.storePtr(rdp + rcu_data.curtail, rdp + rcu_data.curlist);
  }
  if (cpu.loadPtr(rdp + rcu_data.nxtlist) !== NULL && cpu.loadPtr(rdp + rcu_data.curlist) === NULL) {
    local_irq_disable(cpu);
    cpu.storePtr(rdp + rcu_data.curlist, cpu.loadPtr(rdp + rcu_data.nxtlist));
    cpu.storePtr(rdp + rcu_data.curtail, cpu.loadPtr(rdp + rcu_data.nxttail));
    cpu.storePtr(rdp + rcu_data.nxtlist, NULL);
    cpu.storePtr(rdp + rcu_data.nxttail, rdp + rcu_data.nxtlist);
    if (local_irq_enable(cpu)) yield;

    // start the next batch of callbacks: the one under way may have begun before these were queued
    cpu.storeLong(rdp + rcu_data.batch, (cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cur) + 1) | 0);
    if (cpu.load32(rcu_ctrlblk + rcu_ctrlblk_t.next_pending) === 0) {
      // and start it/schedule start if it's a new batch
      yield* spin_lock(k, cpu, rcu_ctrlblk + rcu_ctrlblk_t.lock);
      cpu.store32(rcu_ctrlblk + rcu_ctrlblk_t.next_pending, 1);
      rcu_start_batch(k, cpu);
      yield* spin_unlock(k, cpu, rcu_ctrlblk + rcu_ctrlblk_t.lock);
    }
  }
  yield* rcu_check_quiescent_state(k, cpu, rdp);
  if (cpu.loadPtr(rdp + rcu_data.donelist) !== NULL) yield* rcu_do_batch(k, cpu, rdp);
}

/** Begins the next grace period if one is wanted and none is under way. Caller holds rcu_ctrlblk.lock. */
function rcu_start_batch(k: Linux26, cpu: Cpu): void {
  const { rcu_ctrlblk, rcu_ctrlblk_t } = k;
  if (cpu.load32(rcu_ctrlblk + rcu_ctrlblk_t.next_pending) === 0) return;
  const cur = cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cur);
  if (cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.completed) !== cur) return;
  cpu.store32(rcu_ctrlblk + rcu_ctrlblk_t.next_pending, 0);
  cpu.storeLong(rcu_ctrlblk + rcu_ctrlblk_t.cur, (cur + 1) | 0);
  cpu.mfence();
  cpu.storeLong(rcu_ctrlblk + rcu_ctrlblk_t.cpumask, k.config.CONFIG_SMP ? cpu.loadLong(k.cpu_online_map) : 1);
}

/** CPU `index` has passed its quiescent state; if it was the last, the grace period is over. Caller holds the lock. */
function cpu_quiet(k: Linux26, cpu: Cpu, index: number): void {
  const { rcu_ctrlblk, rcu_ctrlblk_t } = k;
  const mask = cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cpumask) & ~(1 << index);
  cpu.storeLong(rcu_ctrlblk + rcu_ctrlblk_t.cpumask, mask);
  k.machine.scheduler.watchdog.progress();
  if (mask !== 0) return;
  // batch completed !
  cpu.storeLong(rcu_ctrlblk + rcu_ctrlblk_t.completed, cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cur));
  rcu_start_batch(k, cpu);
}

/** Learns of a new grace period, or tells that this CPU has passed a quiescent state since it began. */
function* rcu_check_quiescent_state(k: Linux26, cpu: Cpu, rdp: addr_t): Program {
  const { rcu_data, rcu_ctrlblk, rcu_ctrlblk_t } = k;
  const cur = cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cur);
  if (cpu.loadLong(rdp + rcu_data.quiescbatch) !== cur) {
    // start new grace period:
    cpu.store32(rdp + rcu_data.qs_pending, 1);
    cpu.store32(rdp + rcu_data.passed_quiesc, 0);
    cpu.storeLong(rdp + rcu_data.quiescbatch, cur);
    return;
  }
  if (cpu.load32(rdp + rcu_data.qs_pending) === 0) return;
  // Was there a quiescent state since the beginning of the grace period? If no, then exit and wait for the next call.
  if (cpu.load32(rdp + rcu_data.passed_quiesc) === 0) return;
  cpu.store32(rdp + rcu_data.qs_pending, 0);

  yield* spin_lock(k, cpu, rcu_ctrlblk + rcu_ctrlblk_t.lock);
  // rdp->quiescbatch/rcp->cur and the cpu bitmap can come out of sync during cpu startup. Ignore the quiescent state.
  if (cpu.loadLong(rdp + rcu_data.quiescbatch) === cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cur)) {
    cpu_quiet(k, cpu, cpu.load32(rdp + rcu_data.cpu));
  }
  yield* spin_unlock(k, cpu, rcu_ctrlblk + rcu_ctrlblk_t.lock);
}

/** Runs callbacks whose grace period is over, BLIMIT at a time. */
function* rcu_do_batch(k: Linux26, cpu: Cpu, rdp: addr_t): Program {
  const { rcu_data } = k;
  const { rcu_head } = k.config.abi;
  let list = cpu.loadPtr(rdp + rcu_data.donelist);
  const limit = cpu.loadLong(rdp + rcu_data.blimit);
  for (let count = 0; list !== NULL && count < limit; count++) {
    const next = cpu.loadPtr(list + rcu_head.next);
    cpu.storePtr(rdp + rcu_data.donelist, next);
    yield* k.functionAt(cpu.loadPtr(list + rcu_head.func))(cpu, list);
    list = next;
    const flags = local_irq_save(cpu);
    cpu.storeLong(rdp + rcu_data.qlen, cpu.loadLong(rdp + rcu_data.qlen) - 1);
    if (local_irq_restore(cpu, flags)) yield;
  }
  if (list === NULL) {
    cpu.storePtr(rdp + rcu_data.donetail, rdp + rcu_data.donelist);
    return;
  }
  const flags = local_irq_save(cpu);
  raise_softirq_irqoff(k, cpu, TASKLET_SOFTIRQ);
  if (local_irq_restore(cpu, flags)) yield;
}

/** A CPU that went down holds up no grace period, and its callbacks go on here. */
export function* rcu_offline_cpu(k: Linux26, cpu: Cpu, index: number): Program {
  const { rcu_data, rcu_ctrlblk, rcu_ctrlblk_t } = k;
  const rdp = per_cpu(k, cpu, k.per_cpu__rcu_data, index);
  const flags = local_irq_save(cpu);
  yield* spin_lock(k, cpu, rcu_ctrlblk + rcu_ctrlblk_t.lock);
  const cur = cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.cur);
  if (cur !== cpu.loadLong(rcu_ctrlblk + rcu_ctrlblk_t.completed)) cpu_quiet(k, cpu, index);
  yield* spin_unlock(k, cpu, rcu_ctrlblk + rcu_ctrlblk_t.lock);
  const here = thisCpu(k, cpu);
  for (const [list, tail] of [
    [rcu_data.donelist, rcu_data.donetail],
    [rcu_data.curlist, rcu_data.curtail],
    [rcu_data.nxtlist, rcu_data.nxttail],
  ]) {
    const first = cpu.loadPtr(rdp + list);
    if (first === NULL) continue;
    cpu.storePtr(cpu.loadPtr(here + rcu_data.nxttail), first);
    cpu.storePtr(here + rcu_data.nxttail, cpu.loadPtr(rdp + tail));
  }
  if (local_irq_restore(cpu, flags)) yield;
}
