import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { down, down_trylock, init_MUTEX, up } from '../../src/kernel/semaphore.ts';
import fc from '../fast-check.ts';
import { kernelOn, overlaps, SCRATCH, type Span, startTask, work } from './kernels.ts';

const SEM = SCRATCH;

function kernelWithMutex(cpus: number) {
  const k = kernelOn(cpus);
  const { machine } = k;
  init_MUTEX(k, machine.cpus[0]!, SEM);
  const { memory } = machine;
  const list = SEM + k.semaphore.wait + k.wait_queue_head_t.task_list;
  /** Its count, its sleepers, and whether nobody is queued. */
  const state = () => ({
    count: memory.peek32(SEM + k.semaphore.count),
    sleepers: memory.peek32(SEM + k.semaphore.sleepers),
    empty: memory.peek32(list) === list,
  });
  return { k, machine, scheduler: machine.scheduler, cpus: machine.cpus as [Cpu, Cpu], state };
}

const free = { count: 1, sleepers: 0, empty: true };

test('a free semaphore is taken and given back with one locked operation each', () => {
  const { k, machine, cpus, state } = kernelWithMutex(1);
  const [cpu] = cpus;
  const before = cpu.l1.counters.locked;
  machine.run(cpu, down(k, cpu, SEM));
  expect(state()).toEqual({ ...free, count: 0 });
  machine.run(cpu, up(k, cpu, SEM));
  expect(state()).toEqual(free);
  expect(cpu.l1.counters.locked - before).toBe(2);
});

describe('a down that must wait', () => {
  function story() {
    const { k, scheduler, cpus, state } = kernelWithMutex(2);
    const log: string[] = [];
    const start = cpus[0].clock;
    const waiting: ReturnType<typeof state>[] = [];
    function* holder(cpu: Cpu): Program {
      yield* down(k, cpu, SEM);
      log.push('the holder has it');
      yield* work(cpu, 2000, 2000);
      waiting.push(state());
      log.push('the holder gives it back');
      yield* up(k, cpu, SEM);
    }
    function* waiter(cpu: Cpu): Program {
      yield* work(cpu, 500);
      log.push('the waiter wants it');
      yield* down(k, cpu, SEM);
      log.push('the waiter has it');
      yield* up(k, cpu, SEM);
    }
    function* other(cpu: Cpu): Program {
      log.push('another context runs');
      yield* work(cpu, 500);
    }
    startTask(k, cpus[1], 0, holder(cpus[1]));
    const waited = startTask(k, cpus[0], 1, waiter(cpus[0]));
    startTask(k, cpus[0], 2, other(cpus[0]));
    scheduler.run();
    return { log, cpus, state, start, waiting, waited };
  }

  test('lets another context of its CPU run, and is woken by up', () => {
    expect(story().log).toEqual([
      'the holder has it',
      'the waiter wants it',
      'another context runs',
      'the holder gives it back',
      'the waiter has it',
    ]);
  });

  test('sleeps rather than spins, and goes on no earlier than the up', () => {
    const { cpus, start } = story();
    expect(cpus[0].l1.counters.spinCycles).toBe(0);
    expect(cpus[0].l1.counters.idleCycles).toBeGreaterThan(2000);
    expect(cpus[0].clock).toBeGreaterThan(start + 4000);
  });

  test('is queued meanwhile, and leaves the semaphore and its stack as they were', () => {
    const { waiting, state } = story();
    expect(waiting).toEqual([{ count: -1, sleepers: 1, empty: false }]);
    expect(state()).toEqual(free);
  });
});

test('the semaphore goes to whoever asks first in simulated time', () => {
  const { k, scheduler, cpus } = kernelWithMutex(2);
  const log: string[] = [];
  function* asksAfter(cpu: Cpu, cycles: number): Program {
    cpu.clock += cycles;
    yield* down(k, cpu, SEM);
    log.push(`cpu${cpu.id} has it`);
    yield* up(k, cpu, SEM);
  }
  startTask(k, cpus[0], 0, asksAfter(cpus[0], 1000));
  startTask(k, cpus[1], 1, asksAfter(cpus[1], 500));
  scheduler.run();
  expect(log).toEqual(['cpu1 has it', 'cpu0 has it']);
});

describe('down_trylock', () => {
  const tryIt = function* (k: ReturnType<typeof kernelOn>, cpu: Cpu, results: boolean[]): Program {
    results.push(yield* down_trylock(k, cpu, SEM));
  };

  test('takes a semaphore that is free', () => {
    const { k, machine, cpus, state } = kernelWithMutex(1);
    expect(machine.run(cpus[0], down_trylock(k, cpus[0], SEM))).toBe(true);
    expect(state()).toEqual({ ...free, count: 0 });
  });

  test('leaves one that is taken as it was, and does not wait', () => {
    const { k, machine, cpus, state } = kernelWithMutex(1);
    machine.run(cpus[0], down(k, cpus[0], SEM));
    expect(machine.run(cpus[0], down_trylock(k, cpus[0], SEM))).toBe(false);
    expect(state()).toEqual({ ...free, count: 0 });
  });

  test('takes no turn of one who sleeps', () => {
    const { k, scheduler, cpus, state } = kernelWithMutex(2);
    const results: boolean[] = [];
    function* holder(cpu: Cpu): Program {
      yield* down(k, cpu, SEM);
      yield* work(cpu, 2000);
      yield* tryIt(k, cpu, results);
      yield* up(k, cpu, SEM);
    }
    function* waiter(cpu: Cpu): Program {
      yield* work(cpu, 500);
      yield* down(k, cpu, SEM);
      yield* tryIt(k, cpu, results);
      yield* up(k, cpu, SEM);
    }
    startTask(k, cpus[0], 0, holder(cpus[0]));
    startTask(k, cpus[1], 1, waiter(cpus[1]));
    scheduler.run();
    expect([results, state()]).toEqual([[false, false], free]);
  });
});

test('of many tasks one has it at a time, each gets it, and at last it is free', () => {
  const anyTask = fc.record({
    outside: fc.nat(2000),
    inside: fc.array(fc.nat(800), { maxLength: 3 }),
    atLast: fc.nat(800),
  });
  const anyPlan = fc.record({ cpus: fc.integer({ min: 1, max: 3 }), tasks: fc.array(anyTask, { maxLength: 7 }) });
  fc.assert(
    fc.property(anyPlan, ({ cpus: count, tasks }) => {
      const { k, scheduler, cpus, state } = kernelWithMutex(count);
      const sections: Span[] = [];
      function* user(cpu: Cpu, { outside, inside, atLast }: (typeof tasks)[number]): Program {
        yield* work(cpu, outside);
        yield* down(k, cpu, SEM);
        const from = cpu.clock;
        yield* work(cpu, ...inside);
        cpu.clock += atLast;
        sections.push({ from, to: cpu.clock });
        yield* up(k, cpu, SEM);
      }
      tasks.forEach((task, n) => {
        const cpu = cpus[n % count]!;
        startTask(k, cpu, n, user(cpu, task));
      });
      scheduler.run();
      expect(sections).toHaveLength(tasks.length);
      expect(overlaps(sections)).toEqual([]);
      expect(state()).toEqual(free);
    }),
    { seed: 6, numRuns: 40 },
  );
});
