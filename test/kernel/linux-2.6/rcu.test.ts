import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { call_rcu, synchronize_rcu } from '../../../src/kernel/linux-2.6/rcu.ts';
import type { Mm2617 } from '../../../src/mm/linux-2.6.17/mm.ts';
import fc from '../../fast-check.ts';
import { busyUntil, kernel26, SCRATCH, TICK, throughUserMode, ticks, userUntil } from './kernels.ts';

/** Queues callback `n`, which tells of itself. */
function* queue(k: Mm2617, cpu: Cpu, n: number, ran: string[]): Program {
  const { rcu_head } = k.config.abi;
  const start = ticks(k);
  yield* call_rcu(k, cpu, SCRATCH + n * rcu_head.sizeof, function* (on: Cpu): Program {
    ran.push(`callback ${n} on cpu${on.id} ${ticks(k) - start} ticks later`);
  });
}

describe('a grace period', () => {
  test('ends when all other CPUs idle and the one that waits has been in user mode', () => {
    const k = kernel26({ cpus: 4 });
    const [cpu] = k.machine.cpus;
    const ran: string[] = [];
    k.machine.run(
      cpu,
      (function* () {
        yield* queue(k, cpu, 0, ran);
        yield* userUntil(k, cpu, ticks(k) + 10);
      })(),
    );
    expect(ran).toEqual(['callback 0 on cpu0 4 ticks later']);
  });

  test('does not end while a CPU is in the kernel, however many ticks interrupt it', () => {
    const k = kernel26();
    const [cpu0, cpu1] = k.machine.cpus;
    const start = ticks(k);
    const ran: string[] = [];
    k.machine.scheduler.spawn(
      cpu1,
      (function* () {
        yield* busyUntil(k, cpu1, start + 20);
        ran.push('cpu1 leaves the kernel');
        yield* userUntil(k, cpu1, start + 30);
      })(),
    );
    k.machine.run(
      cpu0,
      (function* () {
        yield* queue(k, cpu0, 0, ran);
        yield* userUntil(k, cpu0, start + 30);
      })(),
    );
    expect(ran).toEqual(['cpu1 leaves the kernel', 'callback 0 on cpu0 22 ticks later']);
  });

  test('is one for all callbacks queued before it began, and they run in order', () => {
    const k = kernel26({ cpus: 1 });
    const [cpu] = k.machine.cpus;
    const ran: string[] = [];
    k.machine.run(
      cpu,
      (function* () {
        for (let n = 0; n < 25; n++) yield* queue(k, cpu, n, ran);
        yield* userUntil(k, cpu, ticks(k) + 10);
      })(),
    );
    // Ten at a time; what is left goes on in the same softirq.
    expect(ran).toEqual(Array.from({ length: 25 }, (_, n) => `callback ${n} on cpu0 3 ticks later`));
  });
});

test('synchronize_rcu sleeps until every CPU has been through a quiescent state', () => {
  const k = kernel26();
  const [cpu0, cpu1] = k.machine.cpus;
  const start = ticks(k);
  const log: string[] = [];
  k.machine.scheduler.spawn(
    cpu1,
    (function* () {
      yield* busyUntil(k, cpu1, start + 5);
      log.push('cpu1 leaves the kernel');
      yield* userUntil(k, cpu1, start + 15);
    })(),
  );
  k.machine.run(
    cpu0,
    (function* () {
      yield* synchronize_rcu(k, cpu0);
      log.push(`cpu0 goes on at tick ${ticks(k) - start}`);
    })(),
  );
  expect(log).toEqual(['cpu1 leaves the kernel', 'cpu0 goes on at tick 7']);
});

test('no callback runs before all readers that may have seen its object have left the kernel', () => {
  const section = fc.record({ user: fc.nat(3 * TICK), kernel: fc.integer({ min: 1, max: 5 * TICK }) });
  const readers = fc.array(fc.array(section, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 });
  const runs = fc.property(readers, fc.array(fc.nat(4 * TICK), { minLength: 1, maxLength: 6 }), (sections, pauses) => {
    const k = kernel26({ cpus: sections.length + 1 });
    const [writer, ...others] = k.machine.cpus;
    const reading = new Map<number, object>();
    let unfinished = sections.length;
    let freed = 0;

    function* reader(cpu: Cpu, turns: readonly { user: number; kernel: number }[]): Program {
      for (const { user, kernel } of turns) {
        const until = cpu.clock + user;
        do {
          yield* throughUserMode(k, cpu);
          cpu.clock += 100;
          yield;
        } while (cpu.clock < until);
        reading.set(cpu.id, {});
        const leaves = cpu.clock + kernel;
        while (cpu.clock < leaves) {
          cpu.clock += 100;
          yield;
        }
        reading.delete(cpu.id);
      }
      unfinished--;
    }

    function* updates(): Program {
      for (const [n, pause] of pauses.entries()) {
        const before = new Map(reading);
        yield* call_rcu(k, writer, SCRATCH + n * k.config.abi.rcu_head.sizeof, function* (): Program {
          for (const [id, stay] of before) if (reading.get(id) === stay) throw new Error(`cpu${id} still reads`);
          freed++;
        });
        const until = writer.clock + pause;
        while (writer.clock < until) {
          writer.clock += 100;
          yield* throughUserMode(k, writer);
          yield;
        }
      }
      while (unfinished > 0 || freed < pauses.length) {
        writer.clock += 100;
        yield* throughUserMode(k, writer);
        yield;
      }
    }

    for (const [i, cpu] of others.entries()) k.machine.scheduler.spawn(cpu, reader(cpu, sections[i]!));
    k.machine.run(writer, updates());
    expect(freed).toBe(pauses.length);
  });
  fc.assert(runs, { numRuns: 15, seed: 2617 });
}, 60_000);
