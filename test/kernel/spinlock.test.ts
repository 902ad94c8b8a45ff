import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import {
  spin_lock,
  spin_lock_init,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../../src/kernel/spinlock.ts';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import fc from '../fast-check.ts';
import { kernelOn, overlaps, SCRATCH, type Span, work } from './kernels.ts';

const LOCK = SCRATCH;
const COUNT = SCRATCH + 64;
const VECTOR = 0x41;

function lockedKernel(cpus: number) {
  const k = kernelOn(cpus);
  k.machine.memory.poke32(LOCK, 1);
  return { k, machine: k.machine, scheduler: k.machine.scheduler, cpus: k.machine.cpus as [Cpu, Cpu] };
}

describe('two CPUs that want one lock', () => {
  /** Both work `turns` with the lock held; CPU 1 begins a little later. */
  function contend(...turns: number[]) {
    const { k, scheduler, cpus } = lockedKernel(2);
    const log: string[] = [];
    function* lockTelling(cpu: Cpu): Program {
      const locking = spin_lock(k, cpu, LOCK);
      while (locking.next().done !== true) {
        if (cpu.polling === LOCK && log.at(-1) !== `cpu${cpu.id} spins`) log.push(`cpu${cpu.id} spins`);
        yield;
      }
    }
    function* section(cpu: Cpu): Program {
      cpu.clock += 10 * cpu.id;
      yield* lockTelling(cpu);
      log.push(`cpu${cpu.id} locks`);
      yield* work(cpu, ...turns);
      yield* spin_unlock(k, cpu, LOCK);
      log.push(`cpu${cpu.id} unlocks`);
    }
    for (const cpu of cpus) scheduler.spawn(cpu, section(cpu));
    scheduler.run();
    return { log, cpus, k };
  }

  test('take turns: the second spins until the first unlocks', () => {
    expect(contend(1000, 1000).log).toEqual(['cpu0 locks', 'cpu1 spins', 'cpu0 unlocks', 'cpu1 locks', 'cpu1 unlocks']);
  });

  test('do so even if the section never yields', () => {
    expect(contend(1000).log.slice(0, 4)).toEqual(['cpu0 locks', 'cpu1 spins', 'cpu0 unlocks', 'cpu1 locks']);
  });

  test('pay for it in loads of the lock and in time, not in stores', () => {
    const { cpus } = contend(1000, 1000);
    const { counters } = cpus[1].l1;
    expect([counters.loads > 200, counters.locked]).toEqual([true, 2]);
    expect(counters.spinCycles).toBeGreaterThan(800);
    expect(cpus[0].l1.counters.spinCycles).toBe(0);
  });

  test('meet it held once, however long they spin', () => {
    expect(contend(1000, 1000).cpus.map(({ counters }) => counters.contendedLocks)).toEqual([0, 1]);
  });

  test('leave it free, and held by nobody', () => {
    const { cpus, k } = contend(1000, 1000);
    expect(k.machine.memory.peek8(LOCK)).toBe(1);
    expect(cpus.map(({ locksHeld }) => locksHeld)).toEqual([[], []]);
  });
});

test('the lock goes to whoever asks first in simulated time, whoever asks first in host time', () => {
  const { k, scheduler, cpus } = lockedKernel(2);
  const log: string[] = [];
  function* asksAfter(cpu: Cpu, cycles: number): Program {
    cpu.clock += cycles;
    yield* spin_lock(k, cpu, LOCK);
    log.push(`cpu${cpu.id} locks`);
    yield* spin_unlock(k, cpu, LOCK);
  }
  scheduler.spawn(cpus[0], asksAfter(cpus[0], 1000));
  scheduler.spawn(cpus[1], asksAfter(cpus[1], 500));
  scheduler.run();
  expect(log).toEqual(['cpu1 locks', 'cpu0 locks']);
});

test('critical sections never overlap in simulated time, and lose no increment', () => {
  const anyTurns = fc.array(fc.record({ outside: fc.nat(800), inside: fc.array(fc.nat(400), { maxLength: 3 }) }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.array(anyTurns, { minLength: 2, maxLength: 4 }), (plans) => {
      const { k, machine, scheduler, cpus } = lockedKernel(plans.length);
      const sections: Span[] = [];
      function* contender(cpu: Cpu, plan: (typeof plans)[number]): Program {
        for (const { outside, inside } of plan) {
          cpu.clock += outside;
          yield* spin_lock(k, cpu, LOCK);
          const from = cpu.clock;
          const count = cpu.load32(COUNT);
          yield* work(cpu, ...inside);
          cpu.store32(COUNT, count + 1);
          sections.push({ from, to: cpu.clock });
          yield* spin_unlock(k, cpu, LOCK);
        }
      }
      plans.forEach((plan, id) => {
        scheduler.spawn(cpus[id]!, contender(cpus[id]!, plan));
      });
      scheduler.run();
      expect(overlaps(sections)).toEqual([]);
      expect(machine.memory.peek32(COUNT)).toBe(plans.flat().length);
    }),
    { seed: 5, numRuns: 40 },
  );
});

describe('with interrupts', () => {
  test.each<[string, (k: ReturnType<typeof kernelOn>, cpu: Cpu) => Program]>([
    [
      'spin_lock_irq',
      function* (k, cpu) {
        yield* spin_lock_irq(k, cpu, LOCK);
        yield* work(cpu, 100, 100);
        yield* spin_unlock_irq(k, cpu, LOCK);
      },
    ],
    [
      'spin_lock_irqsave',
      function* (k, cpu) {
        const flags = yield* spin_lock_irqsave(k, cpu, LOCK);
        yield* work(cpu, 100, 100);
        yield* spin_unlock_irqrestore(k, cpu, LOCK, flags);
      },
    ],
  ])('%s keeps them out until the lock is free again', (_, section) => {
    const { k, machine, cpus } = lockedKernel(1);
    const lockSeen: number[] = [];
    machine.idt[VECTOR] = function* () {
      lockSeen.push(machine.memory.peek8(LOCK));
    };
    const [cpu] = cpus;
    cpu.apic.post(VECTOR, cpu.clock + 120);
    machine.run(cpu, section(k, cpu));
    expect(lockSeen).toEqual([1]);
    expect([cpu.interruptsOn, cpu.l1.counters.longestInterruptsOff >= 200]).toEqual([true, true]);
  });

  test('spin_unlock_irqrestore leaves them off if they were', () => {
    const { k, machine, cpus } = lockedKernel(1);
    function* section(cpu: Cpu): Program {
      cpu.cli();
      const flags = yield* spin_lock_irqsave(k, cpu, LOCK);
      yield* spin_unlock_irqrestore(k, cpu, LOCK, flags);
    }
    machine.run(cpus[0], section(cpus[0]));
    expect(cpus[0].interruptsOn).toBe(false);
  });
});

test('a lock that a CPU takes twice is a deadlock that names the lock', () => {
  const { k, machine, cpus } = lockedKernel(2);
  function* twice(cpu: Cpu): Program {
    yield* spin_lock(k, cpu, k.call_lock);
    yield* spin_lock(k, cpu, k.call_lock);
  }
  expect(() => machine.run(cpus[1], twice(cpus[1]))).toThrow(
    'lockup: cpu1 spins on call_lock+0x0, held by cpu1 (nobody can go on)',
  );
});

test('locks may be given back in any order', () => {
  const { k, machine, cpus } = lockedKernel(1);
  machine.memory.poke32(COUNT, 1);
  const held: (readonly number[])[] = [];
  function* crossed(cpu: Cpu): Program {
    yield* spin_lock(k, cpu, LOCK);
    yield* spin_lock(k, cpu, COUNT);
    held.push([...cpu.locksHeld]);
    yield* spin_unlock(k, cpu, LOCK);
    held.push([...cpu.locksHeld]);
    yield* spin_unlock(k, cpu, COUNT);
    held.push([...cpu.locksHeld]);
  }
  machine.run(cpus[0], crossed(cpus[0]));
  expect(held).toEqual([[LOCK, COUNT], [COUNT], []]);
});

test('spin_lock_init makes a free lock', () => {
  const k = kernelOn(1);
  spin_lock_init(k, k.machine.cpus[0]!, LOCK);
  expect(k.machine.memory.peek32(LOCK)).toBe(1);
});

test('on a uniprocessor kernel a lock is nothing: no access, no time', () => {
  const k = kernelOn(1, upConfig);
  const cpu = k.machine.cpus[0]!;
  const before = JSON.stringify([cpu.clock, cpu.l1.counters]);
  function* section(): Program {
    spin_lock_init(k, cpu, LOCK);
    yield* spin_lock(k, cpu, LOCK);
    yield* spin_unlock(k, cpu, LOCK);
  }
  k.machine.run(cpu, section());
  expect(JSON.stringify([cpu.clock, cpu.l1.counters])).toBe(before);
});
