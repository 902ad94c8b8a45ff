import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { numa26, smp26, up26 } from '../../../src/kernel/linux-2.6/config.ts';
import { cpu_down, cpu_up } from '../../../src/kernel/linux-2.6/cpu.ts';
import { call_rcu, synchronize_rcu } from '../../../src/kernel/linux-2.6/rcu.ts';
import { on_each_cpu } from '../../../src/kernel/linux-2.6/smp.ts';
import { INIT_WORK, schedule_delayed_work_on } from '../../../src/kernel/linux-2.6/workqueue.ts';
import type { Mm2617 } from '../../../src/mm/linux-2.6.17/mm.ts';
import { kernel26, SCRATCH, ticks, userUntil } from './kernels.ts';

const on = <T>(k: Mm2617, program: (cpu: Cpu) => Program<T>): T => {
  const [cpu] = k.machine.cpus;
  return k.machine.run(cpu, program(cpu));
};
const online = (k: Mm2617) => k.machine.memory.peek32(k.cpu_online_map);
const interrupts = (k: Mm2617) => k.machine.cpus.map(({ counters }) => counters.interrupts);

/** Which CPUs run a cross-CPU call. */
function callAll(k: Mm2617): number[] {
  const ran: number[] = [];
  on(k, (cpu) =>
    on_each_cpu(
      k,
      cpu,
      function* (here: Cpu): Program {
        ran.push(here.id);
      },
      0,
    ),
  );
  return ran;
}

describe('a CPU that is down', () => {
  test('takes no interrupt, and cross-CPU calls do not wait for it', () => {
    const k = kernel26({ cpus: 4 });
    expect(callAll(k)).toEqual([1, 2, 3, 0]);
    expect(on(k, (cpu) => cpu_down(k, cpu, 2))).toBe(0);
    expect(online(k)).toBe(0b1011);
    const before = interrupts(k);
    expect(callAll(k)).toEqual([1, 3, 0]);
    on(k, (cpu) => userUntil(k, cpu, ticks(k) + 5));
    const taken = interrupts(k).map((count, id) => count - before[id]!);
    expect(taken).toEqual([5, 6, 0, 6]);
  });

  test('runs nothing', () => {
    const k = kernel26();
    on(k, (cpu) => cpu_down(k, cpu, 1));
    const [, cpu1] = k.machine.cpus;
    expect(() => k.machine.scheduler.spawn(cpu1, userUntil(k, cpu1, 0))).toThrow('cpu1 is stopped: it runs nothing');
  });

  test('may be the last of as many as a mask has bits, which is its sign', () => {
    const k = kernel26({ cpus: 32, config: { ...smp26, NR_CPUS: 32 } });
    const others = Array.from({ length: 30 }, (_, i) => i + 1);
    expect(callAll(k)).toEqual([...others, 31, 0]);
    expect(on(k, (cpu) => cpu_down(k, cpu, 31))).toBe(0);
    expect(online(k)).toBe(0x7fff_ffff);
    expect(callAll(k)).toEqual([...others, 0]);
    expect(on(k, (cpu) => cpu_up(k, cpu, 31))).toBe(0);
    expect(online(k)).toBe(-1);
    on(k, (cpu) => synchronize_rcu(k, cpu));
  });

  test('comes up again and does all of it', () => {
    const k = kernel26();
    on(k, (cpu) => cpu_down(k, cpu, 1));
    expect(on(k, (cpu) => cpu_up(k, cpu, 1))).toBe(0);
    expect(online(k)).toBe(0b11);
    expect(callAll(k)).toEqual([1, 0]);
  });

  test('leaves the mask of its node', () => {
    const k = kernel26({
      cpus: 4,
      mb: 32,
      config: numa26,
      nodes: [
        [0, 1],
        [2, 3],
      ],
    });
    const masks = () => [0, 1].map((node) => k.machine.memory.peek32(k.node_2_cpu_mask + 4 * node));
    expect(masks()).toEqual([0b0011, 0b1100]);
    on(k, (cpu) => cpu_down(k, cpu, 3));
    expect(masks()).toEqual([0b0011, 0b0100]);
  });

  test('has its timers, its work and its RCU callbacks done elsewhere', () => {
    const k = kernel26();
    const [, cpu1] = k.machine.cpus;
    const start = ticks(k);
    const ran: string[] = [];
    on(k, function* (cpu) {
      INIT_WORK(
        k,
        cpu,
        SCRATCH,
        function* (here: Cpu): Program {
          ran.push(`work on cpu${here.id}`);
        },
        0,
      );
      yield* schedule_delayed_work_on(k, cpu, 1, SCRATCH, 4);
    });
    const queue = call_rcu(k, cpu1, SCRATCH + 256, function* (here: Cpu): Program {
      ran.push(`callback on cpu${here.id}`);
    });
    k.machine.run(cpu1, queue);
    on(k, function* (cpu) {
      yield* cpu_down(k, cpu, 1);
      yield* userUntil(k, cpu, start + 10);
    });
    expect(ran.toSorted()).toEqual(['callback on cpu0', 'work on cpu0']);
  });
});

test.each([
  ['the boot CPU', 0, -16],
  ['one that is down already', 3, -22],
  ['one that there is not', 7, -22],
])('%s cannot be taken down', (_, index, error) => {
  const k = kernel26({ cpus: 4 });
  on(k, (cpu) => cpu_down(k, cpu, 3));
  expect(on(k, (cpu) => cpu_down(k, cpu, index))).toBe(error);
});

test.each([
  ['taken down', cpu_down],
  ['brought up', cpu_up],
])('a CPU may be %s at any moment of a cross-CPU call, which waits for nobody in vain', (_, change) => {
  const answers = new Set<number>();
  for (let start = 0; start < 3000; start += 60) {
    const k = kernel26({ cpus: 4, lockupCycles: 2_000_000 });
    const [caller, other] = k.machine.cpus as [Cpu, Cpu];
    if (change === cpu_up) k.machine.run(caller, cpu_down(k, caller, 2));
    other.clock = caller.clock;
    let ran = 0;
    k.machine.scheduler.spawn(
      caller,
      (function* (): Program {
        caller.clock += start;
        yield;
        yield* on_each_cpu(
          k,
          caller,
          function* () {
            ran++;
          },
          0,
        );
      })(),
    );
    k.machine.scheduler.spawn(
      other,
      (function* (): Program {
        other.clock += 1500;
        yield;
        yield* change(k, other, 2);
      })(),
    );
    k.machine.scheduler.run();
    answers.add(ran);
  }
  expect([...answers].sort()).toEqual([3, 4]);
});

test('a CPU with tasks cannot be taken down', () => {
  const k = kernel26();
  const [, cpu1] = k.machine.cpus;
  k.machine.scheduler.spawn(cpu1, userUntil(k, cpu1, ticks(k) + 10));
  expect(on(k, (cpu) => cpu_down(k, cpu, 1))).toBe(-16);
});

test('the last CPU cannot be taken down', () => {
  const k = kernel26({ cpus: 1, config: up26 });
  expect(on(k, (cpu) => cpu_down(k, cpu, 0))).toBe(-16);
});
