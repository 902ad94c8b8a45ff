/**
 * Simulated time. Each CPU has contexts (stacks of programs: what it runs, and the interrupt handlers on top); the CPU
 * with the smallest clock goes on (ties: the lower number), until its program yields, which it does before it would act
 * on what a CPU behind it may still change. There is no preemption, as in a 2.4 kernel: the next context of a CPU runs
 * when the present one blocks or ends.
 *
 * An idle CPU does not hold up the others: it has no say in the horizon, and wakes when an interrupt arrives.
 *
 * Interface:
 * - `spawn` a context, `run` all until they have ended, `abandon` them as after a crash; `current` is what a CPU runs;
 * - a program lets others run: `block` until `wake`, `giveWay` for a turn, `waitUntil` something;
 * - CPUs that run ahead ask before they yield: `catchUpWith`;
 * - hardware sets its own pace: `at` a time something happens; `bringHorizonTo` has the running CPU stop there;
 * - `watchdog` reports who waits in vain.
 *
 * For a CPU that runs: horizon ≤ the clock of every other CPU that could run, and ≤ the time of the next event or interrupt for it.
 */
import type { Cpu, Program } from './cpu.ts';
import type { addr_t } from './memory.ts';
import { type Polling, Watchdog, type WatchdogOptions } from './watchdog.ts';

interface Frame extends Polling {
  readonly program: Program<unknown>;
  readonly isInterrupt: boolean;
  /** What it does each time it is its turn, while it does nothing but wait: whether the wait is over. Else null. */
  poll: (() => boolean) | null;
}

const frameOf = (program: Program<unknown>, isInterrupt: boolean): Frame => ({
  program,
  isInterrupt,
  pollingSince: Infinity,
  poll: null,
});

/** A flow of control on one CPU with a kernel stack of its own. */
export class Context {
  readonly cpu: Cpu;
  readonly frames: Frame[];
  esp: addr_t;
  blocked = false;
  /** Whether its stack is the one on which the CPU idles. */
  onIdleStack = false;
  /** What its program returned. */
  result: unknown;
  /** When it was made ready: an idle CPU takes it up no earlier. */
  readyAt: number;

  constructor(cpu: Cpu, esp: addr_t, program: Program<unknown> | null, readyAt: number) {
    this.cpu = cpu;
    this.esp = esp;
    this.frames = program === null ? [] : [frameOf(program, false)];
    this.readyAt = readyAt;
  }
}

/** One CPU's contexts: those that are not done, in the order in which they take turns, and the idle one. */
interface Queue {
  readonly cpu: Cpu;
  readonly contexts: Context[];
  readonly idle: Context;
  current: Context;
  /** Whether `current` lets the others go first. */
  givesWay: boolean;
  /** Where contexts begin that have no stack of their own. */
  taskStack: addr_t;
}

interface TimedEvent {
  readonly time: number;
  readonly action: () => void;
}

export interface SchedulerOptions extends WatchdogOptions {
  readonly interruptCycles: number;
}

export class Scheduler {
  readonly watchdog: Watchdog<Queue>;
  readonly #queues: Queue[];
  readonly #interruptCycles: number;
  /** In order of time; among equals, of creation. */
  readonly #events: TimedEvent[] = [];
  #running: Cpu | null = null;

  constructor(cpus: readonly Cpu[], options: SchedulerOptions) {
    this.#interruptCycles = options.interruptCycles;
    this.#queues = cpus.map((cpu) => {
      const idle = new Context(cpu, 0, null, 0);
      return { cpu, contexts: [], idle, current: idle, givesWay: false, taskStack: 0 };
    });
    this.watchdog = new Watchdog(this.#queues, options);
    for (const cpu of cpus) cpu.turns = this;
  }

  /**
   * The stack on which `cpu` takes interrupts when it has nothing else to do, and the one that its contexts share: another
   * where they may sleep while their stack holds something.
   */
  setIdleStack(cpu: Cpu, esp: addr_t, taskStack = esp): void {
    const queue = this.#queues[cpu.id];
    queue.idle.esp = esp;
    queue.taskStack = taskStack;
    if (queue.current === queue.idle) cpu.esp = esp;
  }

  /**
   * A new context of `cpu`, on the stack for tasks unless it has its own. It runs when `run` is called, and begins now: a CPU
   * that was idle meanwhile has come as far in time as the others.
   */
  spawn<T>(cpu: Cpu, program: Program<T>, esp = this.#queues[cpu.id].taskStack): Context {
    if (!cpu.apic.isStarted) throw new Error(`cpu${cpu.id} is stopped: it runs nothing`);
    const queue = this.#queues[cpu.id];
    const context = new Context(cpu, esp, program, this.#now());
    context.onIdleStack = esp === queue.idle.esp;
    queue.contexts.push(context);
    return context;
  }

  /** The clock of the CPU that runs; where none does, the latest. */
  #now(): number {
    return this.#running?.clock ?? Math.max(...this.#queues.map(({ cpu }) => cpu.clock));
  }

  /** Whether `cpu` runs no context, though it may serve an interrupt. */
  isIdle(cpu: Cpu): boolean {
    const { current, idle } = this.#queues[cpu.id];
    return current === idle;
  }

  /** How many contexts `cpu` has, those that sleep included. */
  contextsOn(cpu: Cpu): number {
    return this.#queues[cpu.id].contexts.length;
  }

  /** The context that `cpu` runs at the moment. */
  current(cpu: Cpu): Context {
    return this.#queues[cpu.id].current;
  }

  /**
   * The current context of `cpu` sleeps from its next `yield` on, until `wake`. Here and there stores drain: a kernel takes
   * the lock of its run queue.
   */
  block(cpu: Cpu): void {
    cpu.drain();
    this.current(cpu).blocked = true;
  }

  /** The current context of `cpu` lets the others that can go on have their turns first, from its next `yield` on. */
  giveWay(cpu: Cpu): void {
    this.#queues[cpu.id].givesWay = true;
  }

  /** Waits, as time in which `cpu` does nothing, until `ready`; `polled` is done each time it is not. */
  *waitUntil(cpu: Cpu, ready: () => boolean, polled: () => void): Program {
    const poll = () => {
      if (ready()) return true;
      cpu.idleUntil(cpu.horizon + 1);
      polled();
      return false;
    };
    const frame = this.current(cpu).frames.at(-1)!;
    frame.poll = poll;
    while (!poll()) yield;
    frame.poll = null;
  }

  /**
   * `cpu`, which runs, is ahead of others. As long as these do nothing but wait (`waitUntil`), they poll here and now, just as they
   * would if it yielded: so nobody's program is left and entered again for nothing. Who has more to do, or an interrupt to take, is
   * not passed over: then the horizon stays where it is, and `cpu` yields.
   */
  catchUpWith(cpu: Cpu): void {
    const queue = this.#queues[cpu.id];
    const { current } = queue;
    if (this.#running !== cpu || cpu.apic.pending !== 0 || cpu.polling !== 0) return;
    if (current.blocked || queue.givesWay) return;
    this.watchdog.ran(queue, current.frames.at(-1)!, true);
    for (;;) {
      const next = this.#earliest()!;
      if (this.#events.length > 0 && this.#events[0].time <= this.#readyTime(next)) return;
      if (next === queue) break;
      if (!this.#polls(next)) return;
    }
    cpu.horizon = this.#horizon(queue);
  }

  /** `context` may go on, at `time` at the earliest. */
  wake(context: Context, time: number): void {
    this.#running?.drain();
    context.blocked = false;
    context.readyAt = time;
    this.watchdog.progress();
    this.bringHorizonTo(time);
  }

  /** Something will happen at `time`, which the CPU that runs at the moment may not pass unawares. */
  bringHorizonTo(time: number): void {
    if (this.#running !== null) this.#running.horizon = Math.min(this.#running.horizon, time);
  }

  /** `action` happens once all CPUs have come to `time`. */
  at(time: number, action: () => void): void {
    let i = this.#events.length;
    while (i > 0 && this.#events[i - 1].time > time) i--;
    this.#events.splice(i, 0, { time, action });
    this.bringHorizonTo(time);
  }

  /** Drops every context and handler in flight, as after a crash; each CPU is idle again, interrupts on. */
  abandon(): void {
    for (const queue of this.#queues) {
      const { cpu, idle } = queue;
      for (const { frames } of [...queue.contexts, idle]) {
        for (const { isInterrupt } of frames) if (isInterrupt) cpu.apic.endOfInterrupt();
      }
      queue.contexts.length = 0;
      idle.frames.length = 0;
      queue.current = idle;
      queue.givesWay = false;
      cpu.drain();
      cpu.esp = idle.esp;
      cpu.locksHeld.length = 0;
      cpu.polling = 0;
      cpu.sti();
    }
  }

  /**
   * Runs until every context has ended, every interrupt sent is served and every store buffer is empty. Events still to
   * come are left waiting.
   */
  run(): void {
    this.watchdog.somethingHappened();
    while (this.#hasWork()) {
      const next = this.#earliest();
      const event = this.#events[0];
      if (event !== undefined && (next === null || event.time <= this.#readyTime(next))) {
        this.#events.shift();
        this.watchdog.eventComes(event.time);
        event.action();
        this.watchdog.somethingHappened();
        continue;
      }
      if (next === null) this.watchdog.reportSleepers();
      this.#resume(next);
      if (this.#events.length === 0) this.watchdog.noEventToCome(this.#couldRun);
    }
  }

  #hasWork(): boolean {
    for (const { cpu, contexts, idle } of this.#queues) {
      if (contexts.length > 0 || idle.frames.length > 0 || cpu.storesInFlight > 0) return true;
      if (cpu.interruptsOn && cpu.apic.pending !== 0) return true;
    }
    return false;
  }

  /** Made once: `run` asks at every turn. */
  readonly #couldRun = (queue: Queue): boolean => this.#readyTime(queue) !== Infinity;

  /** When this CPU could go on: its clock, or, if it is idle, the arrival of what wakes it. Infinity: not at all. */
  #readyTime(queue: Queue): number {
    const { cpu, current } = queue;
    if (current !== queue.idle && !current.blocked) return cpu.clock;
    if (queue.idle.frames.length > 0) return cpu.clock;
    let ready = cpu.interruptsOn && cpu.apic.pending !== 0 ? cpu.apic.nextArrival() : Infinity;
    for (const context of queue.contexts) if (!context.blocked) ready = Math.min(ready, context.readyAt);
    return Math.max(cpu.clock, ready);
  }

  #earliest(): Queue | null {
    let earliest: Queue | null = null;
    let earliestTime = Infinity;
    for (const queue of this.#queues) {
      const time = this.#readyTime(queue);
      if (time < earliestTime) {
        earliest = queue;
        earliestTime = time;
      }
    }
    return earliest;
  }

  /** Lets one CPU go on until its next yield. */
  #resume(queue: Queue): void {
    const { cpu } = queue;
    cpu.idleUntil(this.#readyTime(queue));
    this.#switch(queue);
    cpu.horizon = this.#horizon(queue);
    this.#takeInterrupt(queue.current, cpu);
    cpu.polling = 0;
    const { stores } = cpu.counters;
    const { frames } = queue.current;
    const frame = frames.at(-1)!;
    const { done, value } = this.#step(cpu, frame);
    if (done === true) this.#end(queue, frame, value);
    if (queue.current.blocked || queue.givesWay) this.#switch(queue);
    this.watchdog.ran(queue, frame, cpu.counters.stores !== stores);
  }

  /** Whether `queue`'s turn is over with a poll, which is done. */
  #polls(queue: Queue): boolean {
    const { cpu, current } = queue;
    const frame = current.frames.at(-1);
    if (frame === undefined || frame.poll === null || cpu.apic.pending !== 0 || current.blocked) return false;
    cpu.horizon = this.#horizon(queue);
    if (frame.poll()) return false;
    if (queue.givesWay) this.#switch(queue);
    this.watchdog.ran(queue, frame, false);
    return true;
  }

  #step(cpu: Cpu, { program }: Frame): IteratorResult<void, unknown> {
    this.#running = cpu;
    try {
      return program.next();
    } finally {
      this.#running = null;
    }
  }

  #horizon(queue: Queue): number {
    let horizon = this.#events[0]?.time ?? Infinity;
    for (const other of this.#queues) {
      if (other !== queue) horizon = Math.min(horizon, this.#readyTime(other));
    }
    if (queue.cpu.interruptsOn && queue.cpu.apic.pending !== 0)
      horizon = Math.min(horizon, queue.cpu.apic.nextArrival());
    return horizon;
  }

  /** If the current context cannot go on, the next that can takes the CPU; else the idle one. */
  #switch(queue: Queue): void {
    const { cpu, current, contexts, idle } = queue;
    if (current === idle ? idle.frames.length > 0 : !current.blocked && !queue.givesWay) return;
    queue.givesWay = false;
    const from = contexts.indexOf(current) + 1;
    const order = [...contexts.slice(from), ...contexts.slice(0, from)];
    const next = order.find((context) => !context.blocked && context.readyAt <= cpu.clock) ?? idle;
    if (next === current) return;
    current.esp = cpu.esp;
    cpu.esp = next === idle ? this.#idleStack(queue) : next.esp;
    queue.current = next;
  }

  /** Where an idle CPU takes interrupts: below what contexts that sleep on its stack have there. */
  #idleStack({ idle, contexts }: Queue): addr_t {
    return Math.min(idle.esp, ...contexts.filter(({ onIdleStack }) => onIdleStack).map(({ esp }) => esp));
  }

  #takeInterrupt(context: Context, cpu: Cpu): void {
    if (!cpu.interruptsOn || cpu.apic.pending === 0) return;
    const vector = cpu.apic.accept(cpu.clock);
    if (vector < 0) return;
    const handler = cpu.idt[vector];
    if (handler === undefined) throw new Error(`cpu${cpu.id}: no handler for interrupt vector ${vector}`);
    cpu.drain();
    cpu.cli();
    cpu.clock += this.#interruptCycles;
    cpu.counters.interrupts++;
    context.frames.push(frameOf(handler(cpu), true));
  }

  #end(queue: Queue, frame: Frame, value: unknown): void {
    const { cpu, current } = queue;
    current.frames.pop();
    if (frame.isInterrupt) {
      cpu.drain(); // iret serialises
      cpu.apic.endOfInterrupt();
      cpu.sti();
      return;
    }
    current.result = value;
    queue.contexts.splice(queue.contexts.indexOf(current), 1);
    queue.current = queue.idle;
    cpu.esp = this.#idleStack(queue);
  }
}
