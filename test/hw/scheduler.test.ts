import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import type { MachineOptions } from '../../src/hw/machine.ts';
import { type Context, Scheduler } from '../../src/hw/scheduler.ts';
import { Lockup } from '../../src/hw/watchdog.ts';
import fc from '../fast-check.ts';
import { machineOf, messageOf } from './tiny-machine.ts';

const TIMER = 0x31;
const DISK = 0x42;
const IPI = 0xfb;

/** A machine with a log of who did what at which clock. Interrupts cost 50 cycles, the way of an IPI 300. */
function stage(cpus: number, options: Partial<MachineOptions> = {}) {
  const machine = machineOf(cpus, options);
  const log: string[] = [];
  const say = (cpu: Cpu, what: string) => log.push(`${cpu.clock} cpu${cpu.id} ${what}`);
  /** Works in turns of so many cycles and yields after each. */
  function* work(cpu: Cpu, what: string, ...turns: number[]): Program {
    for (const cycles of turns) {
      say(cpu, what);
      cpu.clock += cycles;
      yield;
    }
  }
  const { scheduler, idt } = machine;
  idt[TIMER] = (cpu) => work(cpu, 'tick', 5);
  idt[DISK] = (cpu) => work(cpu, 'disk', 5);
  idt[IPI] = (cpu) => work(cpu, 'ipi', 5);
  return { machine, scheduler, idt, log, say, work, cpus: machine.cpus as [Cpu, Cpu, Cpu] };
}
type Stage = ReturnType<typeof stage>;

describe('the CPU to go on', () => {
  test('is the one with the smallest clock', () => {
    const { scheduler, log, work, cpus } = stage(2);
    scheduler.spawn(cpus[0], work(cpus[0], 'a', 30, 30));
    scheduler.spawn(cpus[1], work(cpus[1], 'b', 20, 20, 20));
    scheduler.run();
    expect(log).toEqual(['0 cpu0 a', '0 cpu1 b', '20 cpu1 b', '30 cpu0 a', '40 cpu1 b']);
  });

  test('is the one with the lower number among equals', () => {
    const { scheduler, log, work, cpus } = stage(3);
    for (const cpu of cpus.toReversed()) scheduler.spawn(cpu, work(cpu, 'works', 10, 10));
    scheduler.run();
    const order = ['cpu0', 'cpu1', 'cpu2', 'cpu0', 'cpu1', 'cpu2'];
    expect(log.map((line) => line.split(' ')[1])).toEqual(order);
  });

  test('runs on between yields, however far it gets', () => {
    const { scheduler, log, work, cpus } = stage(2);
    scheduler.spawn(cpus[0], work(cpus[0], 'a', 1000));
    scheduler.spawn(cpus[1], work(cpus[1], 'b', 10, 10));
    scheduler.run();
    expect(log).toEqual(['0 cpu0 a', '0 cpu1 b', '10 cpu1 b']);
  });

  test('hands back what its program returns', () => {
    const { machine, cpus } = stage(1);
    function* answer(): Program<number> {
      yield;
      return 42;
    }
    expect(machine.run(cpus[0], answer())).toBe(42);
  });
});

describe('the horizon', () => {
  const horizonOf = (prepare: (s: Stage) => void) => {
    const s = stage(3);
    let horizon = 0;
    function* look(cpu: Cpu): Program {
      cpu.clock += 30;
      yield;
      horizon = cpu.horizon;
    }
    s.scheduler.spawn(s.cpus[0], look(s.cpus[0]));
    prepare(s);
    s.scheduler.run();
    return horizon;
  };

  test.each<[string, number, (s: Stage) => void]>([
    ['a CPU alone', Infinity, () => {}],
    [
      'the nearest of the others',
      70,
      ({ scheduler, work, cpus }) => {
        scheduler.spawn(cpus[1], work(cpus[1], 'works', 90));
        scheduler.spawn(cpus[2], work(cpus[2], 'works', 70));
      },
    ],
    [
      'an idle CPU, which has no say',
      Infinity,
      ({ cpus }) => {
        cpus[1].clock = 70;
      },
    ],
    ['an interrupt under way to an idle CPU', 80, ({ cpus }) => cpus[1].apic.post(IPI, 80)],
    ['an interrupt under way to itself', 60, ({ cpus }) => cpus[0].apic.post(IPI, 60)],
    ['an event', 40, ({ scheduler }) => scheduler.at(40, () => {})],
  ])('of %s is %d', (_, expected, prepare) => {
    expect(horizonOf(prepare)).toBe(expected);
  });

  test.each<[string, (s: Stage, sleeper: Context) => void]>([
    ['sends an IPI', ({ machine, cpus }) => machine.sendIpiToOthers(cpus[0], IPI)],
    ['wakes a sleeper', ({ scheduler }, sleeper) => scheduler.wake(sleeper, 400)],
    ['sets off an event', ({ scheduler }) => scheduler.at(400, () => {})],
  ])('comes nearer when the CPU %s', (_, act) => {
    const s = stage(2);
    const { machine, scheduler, work, cpus } = s;
    const sleeper = scheduler.spawn(cpus[1], work(cpus[1], 'sleeper', 1));
    sleeper.blocked = true;
    const horizons: number[] = [];
    function* actor(cpu: Cpu): Program {
      cpu.clock = 100;
      horizons.push(cpu.horizon);
      act(s, sleeper);
      horizons.push(cpu.horizon);
      scheduler.wake(sleeper, 400);
    }
    machine.run(cpus[0], actor(cpus[0]));
    expect(horizons).toEqual([Infinity, 400]);
  });
});

describe('contexts of one CPU', () => {
  test('do not preempt one another', () => {
    const { scheduler, log, work, cpus } = stage(1);
    scheduler.spawn(cpus[0], work(cpus[0], 'first', 10, 10));
    scheduler.spawn(cpus[0], work(cpus[0], 'second', 10));
    scheduler.run();
    expect(log).toEqual(['0 cpu0 first', '10 cpu0 first', '20 cpu0 second']);
  });

  /** CPU 0 sleeps at 10; CPU 1 wakes it at 500. */
  const sleepAndWake = (s: Stage) => {
    const { scheduler, say, work, cpus } = s;
    function* sleeper(cpu: Cpu): Program {
      cpu.clock += 10;
      say(cpu, 'sleeps');
      scheduler.block(cpu);
      yield;
      say(cpu, 'is awake');
    }
    const context = scheduler.spawn(cpus[0], sleeper(cpus[0]));
    function* waker(cpu: Cpu): Program {
      yield* work(cpu, 'works', 500);
      say(cpu, 'wakes it');
      scheduler.wake(context, cpu.clock);
    }
    scheduler.spawn(cpus[1], waker(cpus[1]));
  };

  test('sleep until they are woken, and not a cycle less', () => {
    const s = stage(2);
    sleepAndWake(s);
    s.scheduler.run();
    expect(s.log).toEqual(['10 cpu0 sleeps', '0 cpu1 works', '500 cpu1 wakes it', '500 cpu0 is awake']);
    expect(s.cpus[0].l1.counters.idleCycles).toBe(490);
  });

  test('run while another sleeps', () => {
    const s = stage(2);
    sleepAndWake(s);
    s.scheduler.spawn(s.cpus[0], s.work(s.cpus[0], 'other', 300, 300));
    s.scheduler.run();
    expect(s.log.filter((line) => line.includes('cpu0'))).toEqual([
      '10 cpu0 sleeps',
      '10 cpu0 other',
      '310 cpu0 other',
      '610 cpu0 is awake',
    ]);
  });

  test('leave the CPU to interrupts while they all sleep', () => {
    const s = stage(2);
    sleepAndWake(s);
    s.cpus[0].apic.post(DISK, 200);
    s.scheduler.run();
    expect(s.log).toContain('250 cpu0 disk');
    expect(s.log.at(-1)).toBe('500 cpu0 is awake');
  });

  test('have stack pointers of their own', () => {
    const { scheduler, cpus } = stage(1);
    const stacks: number[] = [];
    function* uses(cpu: Cpu): Program {
      stacks.push(cpu.esp);
      cpu.esp -= 16;
      scheduler.block(cpu);
      yield;
      stacks.push(cpu.esp);
    }
    scheduler.setIdleStack(cpus[0], 0x2000);
    const contexts = [0x4000, 0x6000].map((esp) => scheduler.spawn(cpus[0], uses(cpus[0]), esp));
    scheduler.at(100, () => {
      for (const context of contexts) scheduler.wake(context, 100);
    });
    scheduler.run();
    expect([...stacks, cpus[0].esp]).toEqual([0x4000, 0x6000, 0x3ff0, 0x5ff0, 0x2000]);
  });

  test('share a stack beside the idle one, where the kernel has one for them', () => {
    const { machine, scheduler, cpus } = stage(1);
    scheduler.setIdleStack(cpus[0], 0x2000, 0x4000);
    function* looks(cpu: Cpu): Program<number> {
      yield;
      return cpu.esp;
    }
    expect([machine.run(cpus[0], looks(cpus[0])), cpus[0].esp]).toEqual([0x4000, 0x2000]);
  });

  test('are counted, asleep or not, and while all of them sleep their CPU is idle', () => {
    const { scheduler, cpus } = stage(1);
    const seen: unknown[] = [];
    const context = scheduler.spawn(
      cpus[0],
      (function* () {
        seen.push([scheduler.isIdle(cpus[0]), scheduler.contextsOn(cpus[0])]);
        scheduler.block(cpus[0]);
        yield;
      })(),
    );
    scheduler.at(100, () => {
      seen.push([scheduler.isIdle(cpus[0]), scheduler.contextsOn(cpus[0])]);
      scheduler.wake(context, 100);
    });
    scheduler.run();
    expect([...seen, scheduler.contextsOn(cpus[0])]).toEqual([[false, 1], [true, 1], 0]);
  });
});

describe('a CPU that only waits', () => {
  /** Steps of so many cycles; it yields where it is ahead, and says so. */
  function* runs({ say }: Stage, cpu: Cpu, ...turns: number[]): Program {
    for (const cycles of turns) {
      cpu.clock += cycles;
      if (!cpu.isAhead) continue;
      say(cpu, 'yields');
      yield;
    }
    say(cpu, 'ends');
  }

  test('comes along with the one that runs, which need not yield to it', () => {
    const s = stage(2);
    const [worker, waiter] = s.cpus;
    let over = false;
    s.scheduler.spawn(
      worker,
      (function* () {
        yield* runs(s, worker, 10, 20, 30);
        over = true;
      })(),
    );
    const polled = () => s.say(waiter, 'polls');
    s.scheduler.spawn(
      waiter,
      s.scheduler.waitUntil(waiter, () => over, polled),
    );
    s.scheduler.run();
    // Not before it has begun to wait.
    expect(s.log).toEqual(['10 cpu0 yields', '11 cpu1 polls', '31 cpu1 polls', '61 cpu1 polls', '60 cpu0 ends']);
    expect(waiter.counters.idleCycles).toBe(61);
  });

  test('is given its turn once its wait is over', () => {
    const s = stage(2);
    const [worker, waiter] = s.cpus;
    const wait = s.scheduler.waitUntil(
      waiter,
      () => worker.clock >= 30,
      () => {},
    );
    s.scheduler.spawn(
      waiter,
      (function* () {
        yield* wait;
        s.say(waiter, 'goes on');
      })(),
    );
    s.scheduler.spawn(worker, runs(s, worker, 20, 20, 20));
    s.scheduler.run();
    expect(s.log).toEqual(['20 cpu0 yields', '40 cpu0 yields', '21 cpu1 goes on', '60 cpu0 ends']);
  });

  test('is given its turn for an interrupt', () => {
    const s = stage(2);
    const [worker, waiter] = s.cpus;
    let over = false;
    s.scheduler.spawn(
      waiter,
      s.scheduler.waitUntil(
        waiter,
        () => over,
        () => {},
      ),
    );
    waiter.apic.post(TIMER, 15);
    s.scheduler.spawn(
      worker,
      (function* () {
        yield* runs(s, worker, 10, 10, 10);
        over = true;
      })(),
    );
    s.scheduler.run();
    expect(s.log).toContain('66 cpu1 tick');
  });

  test('is as far in time as if it were asked at every yield', () => {
    const played = (wait: Scheduler['waitUntil'], turns: number[][], shares: number[]) => {
      const s = stage(4);
      const cpus = s.machine.cpus;
      let done = 0;
      for (const [id, mine] of turns.entries()) {
        const work = function* (): Program {
          for (const cycles of mine) {
            cpus[id].clock += cycles;
            if (cpus[id].isAhead) yield;
            s.say(cpus[id], `did ${++done}`);
          }
        };
        s.scheduler.spawn(cpus[id], work());
      }
      const all = turns.flat().length;
      for (const [i, share] of shares.entries()) {
        const cpu = cpus[2 + i];
        const waits = function* (): Program {
          for (const part of [share / 2, share]) {
            yield* wait.call(
              s.scheduler,
              cpu,
              () => done >= part * all,
              () => {},
            );
            s.say(cpu, 'goes on');
            cpu.clock += 7;
          }
        };
        s.scheduler.spawn(cpu, waits());
      }
      s.scheduler.at(25, () => s.log.push('event'));
      cpus[3].apic.post(TIMER, 40);
      s.scheduler.run();
      return { log: s.log, clocks: cpus.map(({ clock, counters }) => [clock, counters.idleCycles]) };
    };
    const someTurns = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(someTurns, someTurns), fc.tuple(share, share), (turns, shares) => {
        expect(played(Scheduler.prototype.waitUntil, turns, shares)).toEqual(played(pollsAtEveryYield, turns, shares));
      }),
    );
  });
});

/** The same wait, of which the scheduler knows nothing. */
function* pollsAtEveryYield(cpu: Cpu, ready: () => boolean): Program {
  while (!ready()) {
    cpu.idleUntil(cpu.horizon + 1);
    yield;
  }
}

describe('an interrupt', () => {
  test('is taken at a yield once it has arrived, on top of what runs', () => {
    const { machine, log, work, cpus } = stage(1);
    cpus[0].apic.post(DISK, 15);
    machine.run(cpus[0], work(cpus[0], 'works', 10, 10, 10));
    expect(log).toEqual(['0 cpu0 works', '10 cpu0 works', '70 cpu0 disk', '75 cpu0 works']);
    expect(cpus[0].l1.counters.interrupts).toBe(1);
  });

  test('waits while interrupts are off', () => {
    const { machine, log, say, work, cpus } = stage(1);
    function* careful(cpu: Cpu): Program {
      cpu.cli();
      yield* work(cpu, 'is careful', 10, 10);
      say(cpu, 'relaxes');
      if (cpu.sti()) yield;
      say(cpu, 'goes on');
    }
    cpus[0].apic.post(DISK, 5);
    machine.run(cpus[0], careful(cpus[0]));
    expect(log).toEqual([
      '0 cpu0 is careful',
      '10 cpu0 is careful',
      '20 cpu0 relaxes',
      '70 cpu0 disk',
      '75 cpu0 goes on',
    ]);
  });

  test('is not disturbed by others, since its handler starts with interrupts off', () => {
    const { machine, log, idt, work, cpus } = stage(1);
    idt[DISK] = function* (cpu) {
      yield* work(cpu, 'disk begins', 5);
      yield* work(cpu, 'disk ends', 5);
    };
    cpus[0].apic.post(DISK, 0);
    cpus[0].apic.post(IPI, 52);
    machine.run(cpus[0], work(cpus[0], 'works', 10));
    expect(log).toEqual(['50 cpu0 disk begins', '55 cpu0 disk ends', '110 cpu0 ipi', '115 cpu0 works']);
    expect(cpus[0].interruptsOn).toBe(true);
  });

  test('of a higher priority runs on top of a handler that lets it, one of a lower waits', () => {
    const { machine, log, idt, work, cpus } = stage(1);
    idt[DISK] = function* (cpu) {
      yield* work(cpu, 'disk begins', 5);
      cpu.sti();
      yield* work(cpu, 'disk lets others in', 5);
      yield* work(cpu, 'disk ends', 5);
    };
    cpus[0].apic.post(DISK, 0);
    cpus[0].apic.post(TIMER, 51);
    cpus[0].apic.post(IPI, 57);
    machine.run(cpus[0], work(cpus[0], 'works', 10));
    expect(log).toEqual([
      '50 cpu0 disk begins',
      '55 cpu0 disk lets others in',
      '110 cpu0 ipi',
      '115 cpu0 disk ends',
      '170 cpu0 tick',
      '175 cpu0 works',
    ]);
  });

  test('wakes an idle CPU when it arrives, and no earlier', () => {
    const { machine, log, work, cpus } = stage(2);
    function* sender(cpu: Cpu): Program {
      yield* work(cpu, 'works', 100);
      machine.sendIpiToOthers(cpu, IPI);
      yield* work(cpu, 'goes on', 10, 1000, 10);
    }
    machine.run(cpus[0], sender(cpus[0]));
    expect(log).toEqual(['0 cpu0 works', '100 cpu0 goes on', '110 cpu0 goes on', '450 cpu1 ipi', '1110 cpu0 goes on']);
    expect(cpus[1].l1.counters.idleCycles).toBe(400);
  });

  test('that nobody handles is an error', () => {
    const { machine, work, cpus } = stage(1);
    cpus[0].apic.post(0x77, 0);
    expect(() => machine.run(cpus[0], work(cpus[0], 'works', 1))).toThrow('cpu0: no handler for interrupt vector 119');
  });

  test('that is sent last of all is still served', () => {
    const { machine, log, cpus } = stage(2);
    function* sender(cpu: Cpu): Program {
      machine.sendIpiToOthers(cpu, IPI);
    }
    machine.run(cpus[0], sender(cpus[0]));
    expect(log).toEqual(['350 cpu1 ipi']);
  });
});

describe('timers and events', () => {
  test('a timer ticks every period while anything runs', () => {
    const { machine, log, work, cpus } = stage(1);
    machine.startTimer(cpus[0], TIMER, 100, 200);
    machine.run(cpus[0], work(cpus[0], 'works', 90, 90, 300, 10));
    expect(log).toEqual([
      '0 cpu0 works',
      '90 cpu0 works',
      '230 cpu0 tick',
      '235 cpu0 works',
      '585 cpu0 tick',
      '590 cpu0 works',
    ]);
  });

  test('a timer ticks on an idle CPU too', () => {
    const { machine, log, work, cpus } = stage(2);
    machine.startTimer(cpus[1], TIMER, 100, 200);
    machine.run(cpus[0], work(cpus[0], 'works', 250, 100));
    expect(log).toEqual(['0 cpu0 works', '150 cpu1 tick', '250 cpu0 works', '350 cpu1 tick']);
  });

  test('events happen once all CPUs have come to their time; among equals, in order of creation', () => {
    const { scheduler, log, work, cpus } = stage(2);
    for (const [time, what] of [
      [30, 'late'],
      [20, 'early'],
      [20, 'early too'],
    ] as const) {
      scheduler.at(time, () => log.push(`event: ${what}`));
    }
    scheduler.spawn(cpus[0], work(cpus[0], 'a', 25, 25));
    scheduler.spawn(cpus[1], work(cpus[1], 'b', 10, 10, 10));
    scheduler.run();
    expect(log).toEqual([
      '0 cpu0 a',
      '0 cpu1 b',
      '10 cpu1 b',
      'event: early',
      'event: early too',
      '20 cpu1 b',
      '25 cpu0 a',
      'event: late',
    ]);
  });

  test('an event whose time never comes is left waiting', () => {
    const { machine, scheduler, log, work, cpus } = stage(1);
    scheduler.at(1000, () => log.push('event'));
    machine.run(cpus[0], work(cpus[0], 'works', 10));
    expect(log).toEqual(['0 cpu0 works']);
  });
});

describe('a lockup', () => {
  const LOCKS = [0x1000, 0x2000];

  /** Takes a lock that nobody gives back, then spins for the other one. */
  function* embrace(cpu: Cpu, mine: number, other: number): Program {
    cpu.locksHeld.push(mine);
    yield;
    while (cpu.load32(other) === 0) {
      cpu.pause(other);
      yield;
    }
  }

  test('of two CPUs that wait for each other is reported at once, by lock, holder and waiter', () => {
    const { machine, scheduler, cpus } = stage(2);
    machine.describe = (addr) => ['A', 'B'][LOCKS.indexOf(addr)]!;
    scheduler.spawn(cpus[0], embrace(cpus[0], LOCKS[0]!, LOCKS[1]!));
    scheduler.spawn(cpus[1], embrace(cpus[1], LOCKS[1]!, LOCKS[0]!));
    expect(messageOf(() => scheduler.run())).toBe(
      'lockup: cpu0 spins on B, held by cpu1; cpu1 spins on A, held by cpu0 (nobody can go on)',
    );
    expect(cpus[0].clock).toBeLessThan(1000);
  });

  test('on a lock that no CPU holds says so', () => {
    const { machine, cpus } = stage(2);
    expect(() => machine.run(cpus[1], embrace(cpus[1], LOCKS[0]!, LOCKS[1]!))).toThrow(
      new Lockup('cpu1 spins on 0x00002000, which no CPU holds (nobody can go on)', [1]),
    );
  });

  test('of a holder that sleeps is reported too', () => {
    const { scheduler, cpus } = stage(2);
    function* sleepsWithLock(cpu: Cpu): Program {
      cpu.locksHeld.push(LOCKS[1]!);
      scheduler.block(cpu);
      yield;
    }
    scheduler.spawn(cpus[0], sleepsWithLock(cpus[0]));
    scheduler.spawn(cpus[1], embrace(cpus[1], LOCKS[0]!, LOCKS[1]!));
    expect(() => scheduler.run()).toThrow('cpu1 spins on 0x00002000, held by cpu0 (nobody can go on)');
  });

  test('of sleepers that nobody can wake names their CPUs', () => {
    const { machine, scheduler, cpus } = stage(2);
    function* sleeps(cpu: Cpu): Program {
      scheduler.block(cpu);
      yield;
    }
    expect(() => machine.run(cpus[1], sleeps(cpus[1]))).toThrow(
      expect.objectContaining({
        name: 'Lockup',
        message: 'lockup: all contexts sleep, and nothing can wake them: on cpu1',
        waiters: [1],
        asleep: true,
      }),
    );
  });

  test('is none when an interrupt will still come and end the spin', () => {
    const { machine, idt, log, say, cpus } = stage(1);
    idt[DISK] = function* (cpu) {
      cpu.store32(LOCKS[1]!, 1);
    };
    function* waits(cpu: Cpu): Program {
      yield* embrace(cpu, LOCKS[0]!, LOCKS[1]!);
      say(cpu, 'has it');
    }
    cpus[0].apic.post(DISK, 5000);
    machine.run(cpus[0], waits(cpus[0]));
    expect(log).toHaveLength(1);
  });

  test('is none when a CPU far ahead will find what it waits for', () => {
    const { scheduler, log, say, work, cpus } = stage(2);
    const [request, reply] = LOCKS as [number, number];
    function* spinUntilSet(cpu: Cpu, addr: number): Program {
      while (cpu.load32(addr) === 0) {
        cpu.pause(addr);
        yield;
      }
    }
    function* asks(cpu: Cpu): Program {
      yield* work(cpu, 'works', 10);
      cpu.store32(request, 1);
      yield* spinUntilSet(cpu, reply);
      say(cpu, 'has its reply');
    }
    function* replies(cpu: Cpu): Program {
      cpu.clock += 5000;
      yield* spinUntilSet(cpu, request);
      cpu.store32(reply, 1);
    }
    scheduler.spawn(cpus[0], asks(cpus[0]));
    scheduler.spawn(cpus[1], replies(cpus[1]));
    scheduler.run();
    // Stored at 6100, when the line of the reply, which CPU 0 polled until then, had come.
    expect(log.at(-1)).toBe('7300 cpu0 has its reply');
  });

  test('is none when the last event frees one of two that spin', () => {
    const { machine, scheduler, log, say, cpus } = stage(2);
    function* waits(cpu: Cpu, from: number, to: number): Program {
      yield* embrace(cpu, from, to);
      cpu.store32(from, 1);
      say(cpu, 'has it');
    }
    scheduler.spawn(cpus[0], waits(cpus[0], LOCKS[0]!, LOCKS[1]!));
    scheduler.spawn(cpus[1], waits(cpus[1], LOCKS[1]!, LOCKS[0]!));
    scheduler.at(5000, () => machine.memory.poke32(LOCKS[0]!, 1));
    scheduler.run();
    expect(log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['cpu1 has it', 'cpu0 has it']);
  });

  test.each([
    ['another CPU', 1],
    ['the CPU that spins', 0],
  ])('is noticed after lockupCycles while timers of %s still fire', (_, ticking) => {
    const { machine, idt, cpus } = stage(2, { lockupCycles: 10_000 });
    let ticks = 0;
    idt[TIMER] = function* () {
      if (++ticks > 100) throw new Error('nobody noticed');
    };
    machine.startTimer(cpus[ticking]!, TIMER, 500, 500);
    expect(() => machine.run(cpus[0], embrace(cpus[0], LOCKS[0]!, LOCKS[1]!))).toThrow(
      'cpu0 spins on 0x00002000, which no CPU holds (since 10000 cycles)',
    );
    expect(cpus[0].clock).toBeLessThan(11_000);
  });

  test('of sleepers is noticed after lockupCycles while timers still fire', () => {
    const { machine, scheduler, idt, cpus } = stage(1, { lockupCycles: 10_000 });
    let ticks = 0;
    idt[TIMER] = function* () {
      if (++ticks > 100) throw new Error('nobody noticed');
    };
    machine.startTimer(cpus[0], TIMER, 500, 500);
    function* sleeps(cpu: Cpu): Program {
      scheduler.block(cpu);
      yield;
    }
    expect(() => machine.run(cpus[0], sleeps(cpus[0]))).toThrow('lockup: all contexts sleep');
    // The first tick, at 500, finds all asleep; that at 10,500 is no later than lockupCycles; that at 11,000 is.
    expect(ticks).toBe(21);
  });

  test('is none where a timer wakes the sleeper again and again', () => {
    const { machine, scheduler, idt, log, say, cpus } = stage(1, { lockupCycles: 2000 });
    function* naps(cpu: Cpu): Program {
      for (let nap = 0; nap < 20; nap++) {
        scheduler.block(cpu);
        yield;
      }
      say(cpu, 'is rested');
    }
    const sleeper = scheduler.spawn(cpus[0], naps(cpus[0]));
    idt[TIMER] = function* (cpu) {
      scheduler.wake(sleeper, cpu.clock);
    };
    machine.startTimer(cpus[0], TIMER, 500, 500);
    scheduler.run();
    expect(log).toHaveLength(1);
  });

  test('is none where a spin is long but ends in time', () => {
    const { machine, scheduler, log, say, cpus } = stage(1, { lockupCycles: 10_000 });
    function* waits(cpu: Cpu): Program {
      for (let round = 0; round < 5; round++) {
        machine.memory.poke32(LOCKS[1]!, 0);
        scheduler.at(cpu.clock + 9000, () => machine.memory.poke32(LOCKS[1]!, 1));
        yield* embrace(cpu, LOCKS[0]!, LOCKS[1]!);
      }
      say(cpu, 'is through');
    }
    machine.run(cpus[0], waits(cpus[0]));
    expect(log).toHaveLength(1);
  });
});

describe('after a crash', () => {
  test('abandon leaves idle CPUs that run, and take interrupts, as ever', () => {
    const { machine, scheduler, idt, log, work, cpus } = stage(2);
    idt[DISK] = function* (cpu) {
      yield* work(cpu, 'disk', 5);
      throw new Error('crash in the handler');
    };
    scheduler.spawn(cpus[1], work(cpus[1], 'is never finished', 10, 10_000, 10));
    cpus[0].apic.post(DISK, 0);
    expect(() => machine.run(cpus[0], work(cpus[0], 'works', 10))).toThrow('crash in the handler');
    scheduler.abandon();
    log.length = 0;
    cpus[0].apic.post(TIMER, 0);
    machine.run(cpus[0], work(cpus[0], 'runs again', 10));
    expect(log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['cpu0 tick', 'cpu0 runs again']);
  });
});
