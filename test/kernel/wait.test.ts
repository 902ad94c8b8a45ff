import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import {
  init_waitqueue_head,
  schedule,
  setTaskState,
  TASK_UNINTERRUPTIBLE,
  wait_event,
  wake_up,
} from '../../src/kernel/wait.ts';
import { kernelOn, SCRATCH, startTask, work } from './kernels.ts';

const done = SCRATCH;
const queue = SCRATCH + 64;

function kernelWithQueue(cpus: number) {
  const k = kernelOn(cpus);
  init_waitqueue_head(k, k.machine.cpus[0]!, queue);
  return { k, log: [] as string[] };
}

function* sleeper(k: Kernel, cpu: Cpu, log: string[], name: string): Program {
  yield* wait_event(k, cpu, queue, () => cpu.load32(done) !== 0);
  log.push(`${name} goes on`);
}

function* waker(k: Kernel, cpu: Cpu, log: string[]): Program {
  yield* work(cpu, 50_000);
  log.push('woken in vain');
  yield* wake_up(k, cpu, queue);
  yield* work(cpu, 50_000);
  cpu.store32(done, 1);
  log.push('woken');
  yield* wake_up(k, cpu, queue);
}

test.each([1, 2])('on %i CPUs, who waits for an event sleeps until it is true, and all who wait are woken', (cpus) => {
  const { k, log } = kernelWithQueue(cpus);
  const [first, last] = [k.machine.cpus[0]!, k.machine.cpus.at(-1)!];
  startTask(k, first, 0, sleeper(k, first, log, 'one'));
  startTask(k, last, 1, sleeper(k, last, log, 'another'));
  startTask(k, last, 2, waker(k, last, log));
  k.machine.scheduler.run();
  expect(log.slice(0, 2)).toEqual(['woken in vain', 'woken']);
  expect(log.slice(2).sort()).toEqual(['another goes on', 'one goes on']);
});

test('who waits for what is true already does not sleep', () => {
  const { k, log } = kernelWithQueue(1);
  const cpu = k.machine.cpus[0]!;
  k.machine.memory.poke32(done, 1);
  k.machine.run(cpu, sleeper(k, cpu, log, 'it'));
  expect(log).toEqual(['it goes on']);
});

test('the condition reads memory as it is at that time: no store before it is missed, none behind it seen', () => {
  const wrong: string[] = [];
  const readsOfRuns = new Set<number>();
  // The store falls before, behind, and anywhere amid what wait_event does, in steps finer than an access costs.
  for (let time = 0; time < 3000; time += 7) {
    const { k } = kernelWithQueue(2);
    const [waits, stores] = k.machine.cpus as [Cpu, Cpu];
    const start = Math.max(waits.clock, stores.clock);
    const reads: { at: number; seen: boolean }[] = [];
    const isDone = () => {
      const at = waits.clock - start;
      const seen = waits.load32(done) !== 0;
      reads.push({ at, seen });
      return seen;
    };
    function* waiter(): Program {
      waits.clock = start + 500; // so it comes ahead of time
      yield* wait_event(k, waits, queue, isDone);
    }
    function* storer(): Program {
      stores.clock = start + time;
      if (stores.isAhead) yield;
      stores.store32(done, 1);
      yield* wake_up(k, stores, queue);
    }
    startTask(k, waits, 0, waiter());
    startTask(k, stores, 1, storer());
    k.machine.scheduler.run();
    // At the same time either may come first.
    for (const { at, seen } of reads) {
      if (at !== time && seen !== time < at) wrong.push(`read at ${at}: ${seen}, stored at ${time}`);
    }
    readsOfRuns.add(reads.length);
  }
  expect(wrong).toEqual([]);
  expect([...readsOfRuns].sort(), 'true at once; after it has queued; after it has slept').toEqual([1, 2, 3]);
});

test('schedule() lets a task that is running go on, and one that is not sleep until somebody wakes it', () => {
  const { k, log } = kernelWithQueue(1);
  const cpu = k.machine.cpus[0]!;
  function* task(): Program {
    yield* schedule(k, cpu);
    log.push('goes on');
    setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
    yield* schedule(k, cpu);
    log.push('goes on for ever');
  }
  startTask(k, cpu, 0, task());
  expect(() => k.machine.scheduler.run()).toThrow('all contexts sleep, and nothing can wake them: on cpu0');
  expect(log).toEqual(['goes on']);
});

test('the queue is empty again afterwards', () => {
  const { k, log } = kernelWithQueue(1);
  const cpu = k.machine.cpus[0]!;
  startTask(k, cpu, 0, sleeper(k, cpu, log, 'it'));
  startTask(k, cpu, 1, waker(k, cpu, log));
  k.machine.scheduler.run();
  const head = queue + k.wait_queue_head_t.task_list;
  expect(k.machine.memory.peek32(head)).toBe(head);
});
