import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import type { addr_t } from '../../../src/hw/memory.ts';
import { add_timer_on, del_timer, init_timer, jiffies } from '../../../src/kernel/linux-2.6/timer.ts';
import { cancel_delayed_work, INIT_WORK, schedule_delayed_work_on } from '../../../src/kernel/linux-2.6/workqueue.ts';
import type { Mm2617 } from '../../../src/mm/linux-2.6.17/mm.ts';
import fc from '../../fast-check.ts';
import { busyUntil, kernel26, SCRATCH, ticks, userUntil } from './kernels.ts';

/** Timer `n`, which tells when it runs and where, set for `delay` jiffies from now. */
function* setTimer(k: Mm2617, cpu: Cpu, n: number, delay: number, on: number, ran: string[]): Program {
  const timer = SCRATCH + n * k.timer_list.sizeof;
  init_timer(k, cpu, timer);
  const tell = function* (at: Cpu): Program {
    ran.push(`timer ${n} on cpu${at.id} at tick ${ticks(k)}`);
  };
  cpu.storePtr(timer + k.timer_list.function, k.addressOf(tell));
  cpu.storeLong(timer + k.timer_list.expires, jiffies(k, cpu) + delay);
  yield* add_timer_on(k, cpu, timer, on);
}

test('a timer runs at its tick, on the CPU that it was started on', () => {
  const k = kernel26();
  const [cpu] = k.machine.cpus;
  const ran: string[] = [];
  const start = ticks(k);
  k.machine.run(
    cpu,
    (function* () {
      yield* setTimer(k, cpu, 0, 3, 1, ran);
      yield* setTimer(k, cpu, 1, 2, 0, ran);
      yield* busyUntil(k, cpu, start + 6);
    })(),
  );
  expect(ran).toEqual([`timer 1 on cpu0 at tick ${start + 2}`, `timer 0 on cpu1 at tick ${start + 3}`]);
});

test('a timer that is stopped does not run', () => {
  const k = kernel26({ cpus: 1 });
  const [cpu] = k.machine.cpus;
  const ran: string[] = [];
  const stopped = k.machine.run(
    cpu,
    (function* () {
      yield* setTimer(k, cpu, 0, 2, 0, ran);
      const first = yield* del_timer(k, cpu, SCRATCH);
      const second = yield* del_timer(k, cpu, SCRATCH);
      yield* busyUntil(k, cpu, ticks(k) + 4);
      return [first, second];
    })(),
  );
  expect({ ran, stopped }).toEqual({ ran: [], stopped: [true, false] });
});

test('timers of all distances run at their tick, across every level of the wheel and the wrap of jiffies', () => {
  const distances = fc.array(fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(100_000)), { minLength: 1, maxLength: 8 });
  const runs = fc.property(distances, (delays) => {
    const k = kernel26({ cpus: 1 });
    const [cpu] = k.machine.cpus;
    const due: number[] = [];
    const ran: number[] = [];
    // No tick but those made here, so that a hundred thousand take no time.
    const tick = k.softirqs[1]!;
    const { memory } = k.machine;
    const program = function* (): Program {
      for (const [n, delay] of delays.entries()) {
        const timer: addr_t = SCRATCH + n * k.timer_list.sizeof;
        init_timer(k, cpu, timer);
        const expires = jiffies(k, cpu) + delay;
        const tell = function* (): Program {
          due.push(expires);
          ran.push(memory.peek32(k.jiffies));
        };
        cpu.storePtr(timer + k.timer_list.function, k.addressOf(tell));
        cpu.storeLong(timer + k.timer_list.expires, expires);
        yield* add_timer_on(k, cpu, timer, 0);
      }
      const last = jiffies(k, cpu) + Math.max(...delays);
      while (jiffies(k, cpu) <= last) {
        yield* tick(cpu);
        memory.poke32(k.jiffies, memory.peek32(k.jiffies) + 1);
      }
    };
    k.machine.run(cpu, program());
    expect(ran.length).toBe(delays.length);
    expect(ran).toEqual(due);
  });
  fc.assert(runs, { numRuns: 5, seed: 2617 });
}, 60_000);

test('delayed work runs in the thread of its CPU when the task there goes back to user mode', () => {
  const k = kernel26();
  const [cpu0, cpu1] = k.machine.cpus;
  const ran: string[] = [];
  const start = ticks(k);
  const func = function* (cpu: Cpu, data: number): Program {
    const thread = k.get_current(cpu) === k.symbols.address(`task_struct[events/${cpu.id}]`);
    ran.push(`work ${data} on cpu${cpu.id} at tick ${ticks(k) - start}${thread ? ' in its thread' : ''}`);
  };
  const program = function* (): Program {
    for (const n of [0, 1]) INIT_WORK(k, cpu0, SCRATCH + n * k.work_struct.sizeof, func, n);
    yield* schedule_delayed_work_on(k, cpu0, 1, SCRATCH, 2);
    const again = yield* schedule_delayed_work_on(k, cpu0, 1, SCRATCH, 5);
    expect(again).toBe(false); // it is pending
    yield* schedule_delayed_work_on(k, cpu0, 0, SCRATCH + k.work_struct.sizeof, 3);
    yield* busyUntil(k, cpu0, start + 4); // not preempted
    yield* userUntil(k, cpu0, start + 8);
  };
  k.machine.scheduler.spawn(cpu1, userUntil(k, cpu1, start + 8));
  k.machine.run(cpu0, program());
  // The tick of cpu1 comes just before cpu0 has counted it.
  expect(ran).toEqual(['work 0 on cpu1 at tick 3 in its thread', 'work 1 on cpu0 at tick 4 in its thread']);
});

test('work that schedules itself comes again and again, and can be cancelled', () => {
  const k = kernel26({ cpus: 1 });
  const [cpu] = k.machine.cpus;
  const start = ticks(k);
  const ran: number[] = [];
  const func = function* (on: Cpu): Program {
    ran.push(ticks(k) - start);
    yield* schedule_delayed_work_on(k, on, 0, SCRATCH, 2);
  };
  const cancelled = k.machine.run(
    cpu,
    (function* () {
      INIT_WORK(k, cpu, SCRATCH, func, 0);
      yield* schedule_delayed_work_on(k, cpu, 0, SCRATCH, 1);
      yield* userUntil(k, cpu, start + 8);
      const was = yield* cancel_delayed_work(k, cpu, SCRATCH);
      yield* userUntil(k, cpu, start + 12);
      return was;
    })(),
  );
  expect({ ran, cancelled }).toEqual({ ran: [1, 3, 5, 7], cancelled: true });
});
