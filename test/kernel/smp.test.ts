import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { observe } from '../../src/hw/observe.ts';
import { local_irq_disable, local_irq_enable } from '../../src/kernel/irq.ts';
import type { KernelFunction } from '../../src/kernel/kernel.ts';
import { call_data_struct } from '../../src/kernel/linux-2.4/kernel.ts';
import { CALL_FUNCTION_VECTOR, smp_call_function } from '../../src/kernel/linux-2.4/smp.ts';
import { kernelOn, SCRATCH, work } from './kernels.ts';

function kernelWithLog(cpus: number) {
  const k = kernelOn(cpus);
  const log: string[] = [];
  const say = (cpu: Cpu, what: string) => log.push(`cpu${cpu.id} ${what}`);
  const func: KernelFunction = function* (cpu, info) {
    say(cpu, `is called with ${info}`);
    yield* work(cpu, 1000 * cpu.id);
    say(cpu, 'is done');
  };
  function* call(cpu: Cpu, info: number): Program {
    say(cpu, 'calls');
    yield* smp_call_function(k, cpu, func, info);
    say(cpu, 'goes on');
  }
  return {
    k,
    machine: k.machine,
    scheduler: k.machine.scheduler,
    cpus: k.machine.cpus as [Cpu, Cpu, Cpu],
    log,
    say,
    call,
  };
}

test('smp_call_function runs on every other CPU, idle ones too, and waits until all are done', () => {
  const { machine, cpus, log, call } = kernelWithLog(3);
  machine.run(cpus[0], call(cpus[0], 7));
  expect(log).toEqual([
    'cpu0 calls',
    'cpu1 is called with 7',
    'cpu2 is called with 7',
    'cpu1 is done',
    'cpu2 is done',
    'cpu0 goes on',
  ]);
  expect(cpus.map(({ l1 }) => l1.counters.interrupts)).toEqual([0, 1, 1]);
});

test('the call is answered by all of 32 CPUs', () => {
  const { machine, cpus, log, call } = kernelWithLog(32);
  machine.run(cpus[0], call(cpus[0], 7));
  expect(log.filter((line) => line.endsWith('is done')).length).toBe(31);
  expect(log.at(-1)).toBe('cpu0 goes on');
});

test('the wait is one of the simulated time', () => {
  const { machine, cpus, call } = kernelWithLog(3);
  const start = cpus[0].clock;
  machine.run(cpus[0], call(cpus[0], 7));
  expect(cpus[0].clock - start).toBeGreaterThan(2000 + machine.model.cycles.ipi);
  expect(cpus[0].l1.counters.spinCycles).toBeGreaterThan(1000);
});

test('nobody is seen to have finished ahead of time, though his function ran on without a stop', () => {
  const { k, machine, cpus } = kernelWithLog(3);
  const ends: number[] = [];
  const func: KernelFunction = function* (cpu) {
    cpu.clock += 50_000 * cpu.id;
    ends.push(cpu.clock);
  };
  machine.run(cpus[0], smp_call_function(k, cpus[0], func, 0));
  expect(ends.length).toBe(2);
  expect(cpus[0].clock).toBeGreaterThan(Math.max(...ends));
});

test('accesses to the call data by several CPUs happen in the order of time, where one of them writes', () => {
  const { k, machine, cpus } = kernelWithLog(3);
  const accesses: { kind: string; clock: number }[] = [];
  const func: KernelFunction = function* (cpu) {
    yield* work(cpu, 700 * cpu.id);
  };
  function* call(): Program {
    const data = cpus[0].esp - call_data_struct.sizeof;
    const isShared = (addr: number) => [call_data_struct.started, call_data_struct.finished].includes(addr - data);
    for (const cpu of cpus) {
      observe(cpu, (at, kind, addr) => {
        if (isShared(addr)) accesses.push({ kind, clock: at.clock });
      });
    }
    yield* smp_call_function(k, cpus[0], func, 0);
  }
  machine.run(cpus[0], call());
  const late = accesses.filter(({ kind, clock }, i) => {
    const before = accesses.slice(0, i);
    return before.some((other) => other.clock > clock && (other.kind !== 'r' || kind !== 'r'));
  });
  expect(accesses.filter(({ kind }) => kind === 'x').length).toBe(4);
  expect(late).toEqual([]);
});

test('a caller that does not wait is not told that its function has ended', () => {
  const { k, machine, cpus, log } = kernelWithLog(2);
  const data = SCRATCH;
  const func: KernelFunction = function* (cpu, info) {
    log.push(`cpu${cpu.id} is called with ${info}`);
  };
  machine.memory.poke32(data + call_data_struct.func, k.addressOf(func));
  machine.memory.poke32(data + call_data_struct.info, 7);
  machine.memory.poke32(k.call_data, data);
  function* sends(): Program {
    machine.sendIpiToOthers(cpus[0], CALL_FUNCTION_VECTOR);
    yield* work(cpus[0], 10_000);
  }
  machine.run(cpus[0], sends());
  const counts = [call_data_struct.started, call_data_struct.finished].map((at) => machine.memory.peek32(data + at));
  expect([log, counts]).toEqual([['cpu1 is called with 7'], [1, 0]]);
});

test('the caller gets its stack back', () => {
  const { machine, cpus, call } = kernelWithLog(2);
  const [cpu] = cpus;
  const pointers: number[] = [];
  function* program(): Program {
    pointers.push(cpu.esp);
    yield* call(cpu, 7);
    pointers.push(cpu.esp);
  }
  machine.run(cpu, program());
  expect(pointers[1]).toBe(pointers[0]);
});

test('a CPU with interrupts off is called when it lets them in, and is waited for', () => {
  const { machine, scheduler, cpus, log, say, call } = kernelWithLog(2);
  function* busy(cpu: Cpu): Program {
    local_irq_disable(cpu);
    yield* work(cpu, 10_000);
    say(cpu, 'lets them in');
    if (local_irq_enable(cpu)) yield;
  }
  scheduler.spawn(cpus[1], busy(cpus[1]));
  machine.run(cpus[0], call(cpus[0], 7));
  expect(log).toEqual(['cpu0 calls', 'cpu1 lets them in', 'cpu1 is called with 7', 'cpu1 is done', 'cpu0 goes on']);
});

test('two CPUs may call at once, since who waits for his turn can be called', () => {
  const { scheduler, cpus, log, call } = kernelWithLog(2);
  for (const cpu of cpus) scheduler.spawn(cpu, call(cpu, 10 + cpu.id));
  scheduler.run();
  expect(log.filter((line) => line.includes('called'))).toEqual(['cpu1 is called with 10', 'cpu0 is called with 11']);
  expect(log.filter((line) => line.includes('goes on')).toSorted()).toEqual(['cpu0 goes on', 'cpu1 goes on']);
});

test('two CPUs that call with interrupts off wait for each other, and are found out', () => {
  const { scheduler, cpus, call } = kernelWithLog(2);
  for (const cpu of cpus) {
    cpu.cli();
    scheduler.spawn(cpu, call(cpu, 7));
  }
  expect(() => scheduler.run()).toThrow(/^lockup: cpu0 spins on .*; cpu1 spins on call_lock\+0x0, held by cpu0/);
});

test('on one CPU there is nobody to call', () => {
  const { machine, cpus, log, call } = kernelWithLog(1);
  machine.run(cpus[0], call(cpus[0], 7));
  expect(log).toEqual(['cpu0 calls', 'cpu0 goes on']);
});
