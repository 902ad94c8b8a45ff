import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save } from '../../src/kernel/irq.ts';
import { in_interrupt, request_irq } from '../../src/kernel/linux-2.4/hardirq.ts';
import { kernelOn, work } from './kernels.ts';

const VECTOR = 0x41;

function kernelWithDevice(cpus = 1) {
  const k = kernelOn(cpus);
  const log: string[] = [];
  request_irq(k, VECTOR, function* () {
    log.push('handler');
  });
  const raise = (cpu: Cpu, delay = 0) => cpu.apic.post(VECTOR, cpu.clock + delay);
  return { k, log, raise, machine: k.machine, cpu: k.machine.cpus[0]! };
}

test('saved flags are restored, nested as they may be', () => {
  const { cpu } = kernelWithDevice();
  const outer = local_irq_save(cpu);
  const inner = local_irq_save(cpu);
  local_irq_restore(cpu, inner);
  expect(cpu.interruptsOn).toBe(false);
  local_irq_restore(cpu, outer);
  expect(cpu.interruptsOn).toBe(true);
});

test('flags that were on are restored as on even if they were off in between', () => {
  const { cpu } = kernelWithDevice();
  const flags = local_irq_save(cpu);
  local_irq_enable(cpu);
  local_irq_disable(cpu);
  local_irq_restore(cpu, flags);
  expect(cpu.interruptsOn).toBe(true);
});

test('flags that were off are restored as off', () => {
  const { cpu } = kernelWithDevice();
  local_irq_disable(cpu);
  const flags = local_irq_save(cpu);
  local_irq_enable(cpu);
  expect(local_irq_restore(cpu, flags)).toBe(false);
  expect(cpu.interruptsOn).toBe(false);
});

describe('an interrupt that comes in a section with interrupts off', () => {
  const run = (close: (cpu: Cpu, flags: number) => boolean) => {
    const { machine, cpu, log, raise } = kernelWithDevice();
    function* section(): Program {
      const flags = local_irq_save(cpu);
      raise(cpu, 10);
      yield* work(cpu, 100, 100);
      log.push('section ends');
      if (close(cpu, flags)) yield;
      log.push('goes on');
    }
    machine.run(cpu, section());
    return log;
  };

  test.each([
    ['local_irq_restore', local_irq_restore],
    ['local_irq_enable', local_irq_enable],
  ])('runs at the yield behind %s', (_, close) => {
    expect(run(close)).toEqual(['section ends', 'handler', 'goes on']);
  });

  test('leaves nothing due if it was not to be let in', () => {
    expect(run((cpu) => local_irq_restore(cpu, 0))).toEqual(['section ends', 'goes on']);
  });
});

describe('in_interrupt', () => {
  test('is true while the handler of request_irq runs, and only then', () => {
    const { k, machine, cpu, raise } = kernelWithDevice();
    const seen: boolean[] = [];
    request_irq(k, VECTOR, function* (cpu) {
      seen.push(in_interrupt(k, cpu));
      yield;
      seen.push(in_interrupt(k, cpu));
    });
    function* program(): Program {
      seen.push(in_interrupt(k, cpu));
      raise(cpu);
      yield;
      seen.push(in_interrupt(k, cpu));
    }
    machine.run(cpu, program());
    expect(seen).toEqual([false, true, true, false]);
  });

  test('is a matter of each CPU', () => {
    const { k, machine } = kernelWithDevice(2);
    const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
    const seen: string[] = [];
    const look = (cpu: Cpu) => seen.push(`cpu${cpu.id} ${in_interrupt(k, cpu)}`);
    request_irq(k, VECTOR, function* (cpu) {
      yield* work(cpu, 10_000);
      look(cpu);
    });
    function* program(cpu: Cpu): Program {
      yield* work(cpu, 5000);
      look(cpu);
    }
    cpu1.apic.post(VECTOR, cpu0.clock);
    machine.scheduler.spawn(cpu0, program(cpu0));
    machine.scheduler.run();
    expect(seen).toEqual(['cpu0 false', 'cpu1 true']);
  });

  test('counts nested handlers', () => {
    const { k, machine, cpu, raise } = kernelWithDevice();
    const counts: number[] = [];
    const count = () => counts.push(machine.memory.peek32(k.irq_stat + k.irq_cpustat_t.__local_irq_count));
    request_irq(k, 0x61, function* () {
      count();
    });
    request_irq(k, VECTOR, function* (cpu) {
      cpu.apic.post(0x61, cpu.clock);
      cpu.sti();
      yield;
      count();
    });
    raise(cpu);
    machine.run(cpu, work(cpu, 1));
    count();
    expect(counts).toEqual([2, 1, 0]);
  });
});
