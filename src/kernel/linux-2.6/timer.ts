/**
 * Time in jiffies, and timers: kernel/timer.c. Each CPU has a wheel: a list for each of the next 256 jiffies, and coarser
 * ones behind them, of which one is dealt out to the finer each time those have come round.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { BUG } from '../bug.ts';
import { enterFrame, leaveFrame } from '../frame.ts';
import { local_irq_disable, local_irq_enable } from '../irq.ts';
import { spin_lock, spin_lock_irqsave, spin_unlock, spin_unlock_irqrestore } from '../spinlock.ts';
import { HZ } from './config.ts';
import type { Linux26 } from './kernel.ts';
import { LEVELS, TVN_BITS, TVR_BITS } from './layouts.ts';
import { INIT_LIST_HEAD, LIST_POISON2, list_add_tail, list_empty, list_head } from './list.ts';
import { __get_cpu_var, per_cpu } from './percpu.ts';
import { rcu_check_callbacks, rcu_pending } from './rcu.ts';
import { raise_softirq_irqoff, request_irq, TIMER_SOFTIRQ } from './softirq.ts';
import { smp_processor_id } from './thread-info.ts';

export const LOCAL_TIMER_VECTOR = 0xef;

/** time_after_eq(): whether a is b or after it, though the counter wraps. */
export const time_after_eq = (a: number, b: number) => ((a - b) | 0) >= 0;
export const time_after = (a: number, b: number) => ((a - b) | 0) > 0;

export function jiffies(k: Linux26, cpu: Cpu): number {
  return cpu.loadLong(k.jiffies);
}

/** Empty wheels, and the handler of the interrupt that turns them. */
export function init_timers(k: Linux26): void {
  request_irq(k, LOCAL_TIMER_VECTOR, (cpu) => timer_interrupt(k, cpu));
  k.softirqs[TIMER_SOFTIRQ] = (cpu) => run_timer_softirq(k, cpu);
  for (const { id } of k.machine.cpus) loadWheel(k, k.perCpuOf(k.per_cpu__tvec_bases, id));
}

/** Sets each CPU's local timer to HZ interrupts a second, while anything runs. The boot CPU's counts jiffies. */
export function startTicks({ machine }: Linux26): void {
  const period = Math.round((machine.model.mhz * 1_000_000) / HZ);
  for (const cpu of machine.cpus) machine.startTimer(cpu, LOCAL_TIMER_VECTOR, cpu.clock + period, period);
}

function loadWheel(k: Linux26, base: addr_t): void {
  const { memory } = k.machine;
  const { lock, timer_jiffies, tv1 } = k.tvec_base;
  if (k.config.CONFIG_SMP) memory.poke32(base + lock, 1);
  memory.poke32(base + timer_jiffies, memory.peek32(k.jiffies));
  const lists = (1 << TVR_BITS) + (LEVELS << TVN_BITS);
  for (let i = 0; i < lists; i++) {
    const head = base + tv1 + i * list_head.sizeof;
    memory.poke32(head + list_head.next, head);
    memory.poke32(head + list_head.prev, head);
  }
}

function* timer_interrupt(k: Linux26, cpu: Cpu): Program {
  if (smp_processor_id(k, cpu) === 0) cpu.storeLong(k.jiffies, (cpu.loadLong(k.jiffies) + 1) | 0);
  raise_softirq_irqoff(k, cpu, TIMER_SOFTIRQ);
  if (rcu_pending(k, cpu)) rcu_check_callbacks(k, cpu);
}

export function init_timer(k: Linux26, cpu: Cpu, timer: addr_t): void {
  cpu.storePtr(timer + k.timer_list.entry + list_head.next, NULL);
  cpu.storePtr(timer + k.timer_list.base, __get_cpu_var(k, cpu, k.per_cpu__tvec_bases));
}

export function timer_pending(k: Linux26, cpu: Cpu, timer: addr_t): boolean {
  return cpu.loadPtr(timer + k.timer_list.entry + list_head.next) !== NULL;
}

/** Starts a timer, its `expires` and `function` set, on CPU `index`. */
export function* add_timer_on(k: Linux26, cpu: Cpu, timer: addr_t, index: number): Program {
  const base = per_cpu(k, cpu, k.per_cpu__tvec_bases, index);
  if (timer_pending(k, cpu, timer) || cpu.loadPtr(timer + k.timer_list.function) === NULL) {
    BUG('timer.c', 'add_timer_on', 'timer_pending(timer) || !timer->function');
  }
  const flags = yield* spin_lock_irqsave(k, cpu, base + k.tvec_base.lock);
  cpu.storePtr(timer + k.timer_list.base, base);
  internal_add_timer(k, cpu, base, timer);
  yield* spin_unlock_irqrestore(k, cpu, base + k.tvec_base.lock, flags);
}

/** Starts a timer on this CPU. */
export function* add_timer(k: Linux26, cpu: Cpu, timer: addr_t): Program {
  yield* add_timer_on(k, cpu, timer, smp_processor_id(k, cpu));
}

/** Stops a timer; true if it was pending. */
export function* del_timer(k: Linux26, cpu: Cpu, timer: addr_t): Program<boolean> {
  if (!timer_pending(k, cpu, timer)) return false;
  const base = cpu.loadPtr(timer + k.timer_list.base);
  const flags = yield* spin_lock_irqsave(k, cpu, base + k.tvec_base.lock);
  const pending = timer_pending(k, cpu, timer);
  if (pending) detach_timer(k, cpu, timer);
  yield* spin_unlock_irqrestore(k, cpu, base + k.tvec_base.lock, flags);
  return pending;
}

/** The list of level `level` above tv1 in which a timer that expires then waits. */
const coarseList = (k: Linux26, base: addr_t, level: number, expires: number) => {
  const slot = (expires >>> (TVR_BITS + level * TVN_BITS)) & ((1 << TVN_BITS) - 1);
  return base + k.tvec_base.coarse + ((level << TVN_BITS) + slot) * list_head.sizeof;
};

/** Caller holds the wheel's lock. */
function internal_add_timer(k: Linux26, cpu: Cpu, base: addr_t, timer: addr_t): void {
  const expires = cpu.loadLong(timer + k.timer_list.expires);
  const now = cpu.loadLong(base + k.tvec_base.timer_jiffies);
  list_add_tail(cpu, timer + k.timer_list.entry, listFor(k, base, expires, now));
}

function listFor(k: Linux26, base: addr_t, expires: number, now: number): addr_t {
  const tv1 = (time: number) => base + k.tvec_base.tv1 + (time & ((1 << TVR_BITS) - 1)) * list_head.sizeof;
  const distance = (expires - now) | 0;
  // Can happen if you add a timer with expires == jiffies, or you set a timer to go off in the past
  if (distance < 0) return tv1(now);
  if (distance < 1 << TVR_BITS) return tv1(expires);
  for (let level = 0; level < LEVELS - 1; level++) {
    if (distance < 1 << (TVR_BITS + (level + 1) * TVN_BITS)) return coarseList(k, base, level, expires);
  }
  return coarseList(k, base, LEVELS - 1, expires);
}

function detach_timer(k: Linux26, cpu: Cpu, timer: addr_t): void {
  const entry = timer + k.timer_list.entry;
  const next = cpu.loadPtr(entry + list_head.next);
  const prev = cpu.loadPtr(entry + list_head.prev);
  cpu.storePtr(next + list_head.prev, prev);
  cpu.storePtr(prev + list_head.next, next);
  cpu.storePtr(entry + list_head.next, NULL);
  cpu.storePtr(entry + list_head.prev, LIST_POISON2);
}

/** Deals out the timers of a coarse list again; whether the level has come round. */
function cascade(k: Linux26, cpu: Cpu, base: addr_t, level: number): boolean {
  const now = cpu.loadLong(base + k.tvec_base.timer_jiffies);
  const head = coarseList(k, base, level, now);
  const timers: addr_t[] = [];
  for (let at = cpu.loadPtr(head); at !== head; at = cpu.loadPtr(at + list_head.next))
    timers.push(at - k.timer_list.entry);
  INIT_LIST_HEAD(cpu, head);
  for (const timer of timers) internal_add_timer(k, cpu, base, timer);
  return ((now >>> (TVR_BITS + level * TVN_BITS)) & ((1 << TVN_BITS) - 1)) === 0;
}

function* run_timer_softirq(k: Linux26, cpu: Cpu): Program {
  const base = __get_cpu_var(k, cpu, k.per_cpu__tvec_bases);
  if (time_after_eq(jiffies(k, cpu), cpu.loadLong(base + k.tvec_base.timer_jiffies))) yield* __run_timers(k, cpu, base);
}

/** Runs all timers whose time has come, with interrupts on and without the lock. */
function* __run_timers(k: Linux26, cpu: Cpu, base: addr_t): Program {
  const { lock, running_timer, timer_jiffies, tv1 } = k.tvec_base;
  const work_list = enterFrame(cpu, list_head);
  local_irq_disable(cpu);
  yield* spin_lock(k, cpu, base + lock);
  for (;;) {
    const time = cpu.loadLong(base + timer_jiffies);
    if (!time_after_eq(jiffies(k, cpu), time)) break;
    const index = time & ((1 << TVR_BITS) - 1);
    for (let level = 0, round = index === 0; round && level < LEVELS; level++) round = cascade(k, cpu, base, level);
    cpu.storeLong(base + timer_jiffies, (time + 1) | 0);
    list_splice_init(cpu, base + tv1 + index * list_head.sizeof, work_list);
    while (!list_empty(cpu, work_list)) {
      const timer = cpu.loadPtr(work_list + list_head.next) - k.timer_list.entry;
      const fn = k.functionAt(cpu.loadPtr(timer + k.timer_list.function));
      const data = cpu.loadLong(timer + k.timer_list.data);
      cpu.storePtr(base + running_timer, timer);
      detach_timer(k, cpu, timer);
      yield* spin_unlock(k, cpu, base + lock);
      if (local_irq_enable(cpu)) yield;
      k.machine.scheduler.watchdog.progress();
      yield* fn(cpu, data);
      local_irq_disable(cpu);
      yield* spin_lock(k, cpu, base + lock);
    }
  }
  cpu.storePtr(base + running_timer, NULL);
  yield* spin_unlock(k, cpu, base + lock);
  if (local_irq_enable(cpu)) yield;
  leaveFrame(cpu, list_head);
}

/** Moves all entries of `list` to the empty `head`. */
function list_splice_init(cpu: Cpu, list: addr_t, head: addr_t): void {
  INIT_LIST_HEAD(cpu, head);
  if (list_empty(cpu, list)) return;
  const first = cpu.loadPtr(list + list_head.next);
  const last = cpu.loadPtr(list + list_head.prev);
  cpu.storePtr(first + list_head.prev, head);
  cpu.storePtr(head + list_head.next, first);
  cpu.storePtr(last + list_head.next, head);
  cpu.storePtr(head + list_head.prev, last);
  INIT_LIST_HEAD(cpu, list);
}

/** What a CPU that went down had started goes on here. */
export function* migrate_timers(k: Linux26, cpu: Cpu, index: number): Program {
  const { lock, tv1 } = k.tvec_base;
  const old_base = per_cpu(k, cpu, k.per_cpu__tvec_bases, index);
  const new_base = __get_cpu_var(k, cpu, k.per_cpu__tvec_bases);
  local_irq_disable(cpu);
  yield* spin_lock(k, cpu, new_base + lock);
  yield* spin_lock(k, cpu, old_base + lock);
  for (let i = 0; i < (1 << TVR_BITS) + (LEVELS << TVN_BITS); i++) {
    const head = old_base + tv1 + i * list_head.sizeof;
    while (!list_empty(cpu, head)) {
      const timer = cpu.loadPtr(head + list_head.next) - k.timer_list.entry;
      detach_timer(k, cpu, timer);
      cpu.storePtr(timer + k.timer_list.base, new_base);
      internal_add_timer(k, cpu, new_base, timer);
    }
  }
  yield* spin_unlock(k, cpu, old_base + lock);
  yield* spin_unlock(k, cpu, new_base + lock);
  if (local_irq_enable(cpu)) yield;
}

/** A CPU comes up: its wheel stands at the present. */
export function init_timers_cpu(k: Linux26, cpu: Cpu, index: number): void {
  const base = per_cpu(k, cpu, k.per_cpu__tvec_bases, index);
  cpu.storeLong(base + k.tvec_base.timer_jiffies, jiffies(k, cpu));
}
