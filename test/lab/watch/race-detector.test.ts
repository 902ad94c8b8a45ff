import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, PAGE_SIZE } from '../../../src/hw/memory.ts';
import { enterFrame, leaveFrame } from '../../../src/kernel/frame.ts';
import { local_irq_restore, local_irq_save } from '../../../src/kernel/irq.ts';
import type { KernelFunction } from '../../../src/kernel/kernel.ts';
import { request_irq } from '../../../src/kernel/linux-2.4/hardirq.ts';
import type { Linux24 } from '../../../src/kernel/linux-2.4/kernel.ts';
import { smp_call_function } from '../../../src/kernel/linux-2.4/smp.ts';
import { down, init_MUTEX, up } from '../../../src/kernel/semaphore.ts';
import {
  spin_lock,
  spin_lock_init,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../../../src/kernel/spinlock.ts';
import { detectRaces, type RaceDetector, tellRace } from '../../../src/lab/watch/race-detector.ts';
import { kernelOn, SCRATCH, startTask, work } from '../../kernel/kernels.ts';

const LOCK = SCRATCH;
const WORD = SCRATCH + 0x40;
const OTHER = SCRATCH + 0x80;
const SEM = SCRATCH + 0xc0;
const VECTOR = 0x41;
const names = new Map([
  [LOCK, 'lock'],
  [WORD, 'word'],
  [OTHER, 'other'],
]);
/** A page of stack. */
const STACK = SCRATCH + 0x1000;
const isStack = (addr: addr_t) => addr >= STACK && addr < STACK + PAGE_SIZE;
const place = (addr: addr_t) => ({ field: names.get(addr) ?? (isStack(addr) ? 'stack' : 'elsewhere'), owner: '' });

interface Story {
  readonly k: Linux24;
  readonly cpus: readonly Cpu[];
  readonly races: RaceDetector;
  /** Has `program` run on `cpu`, from a start of its own so many cycles from now. */
  readonly start: (cpu: number, delay: number, program: (cpu: Cpu) => Program) => void;
  /** Posts an interrupt to `cpu`, so many cycles from now. */
  readonly interrupt: (cpu: number, delay: number, handler: (cpu: Cpu) => Program) => void;
  /** Each race in short: CPU, h in a handler, what it did; and the same of the other side. */
  readonly run: () => string[];
}

function story(cpus: number): Story {
  const k = kernelOn(cpus);
  const { machine } = k;
  const [boss] = machine.cpus as [Cpu];
  spin_lock_init(k, boss, LOCK);
  init_MUTEX(k, boss, SEM);
  for (const cpu of machine.cpus) cpu.idleUntil(Math.max(...machine.cpus.map(({ clock }) => clock)));
  const races = detectRaces(k, place);
  let tasks = 0;
  return {
    k,
    cpus: machine.cpus,
    races,
    start: (id, delay, program) => {
      const cpu = machine.cpus[id]!;
      function* delayed(): Program {
        yield* work(cpu, delay);
        yield* program(cpu);
      }
      startTask(k, cpu, tasks++, delayed());
    },
    interrupt: (id, delay, handler) => {
      request_irq(k, VECTOR, handler);
      machine.cpus[id]!.apic.post(VECTOR, machine.cpus[id]!.clock + delay);
    },
    run: () => {
      machine.scheduler.run();
      races.stop();
      const side = ({ cpu, context, kind, field }: (typeof races.races)[number]['first']) =>
        `${cpu}${context === 'interrupt' ? 'h' : ''}${kind} ${field}`;
      const inOrder = [...races.races].filter(({ first }) => first.field !== 'elsewhere');
      return inOrder.map(({ first, second, count }) => {
        const pair = `${side(first)}, ${side(second)}`;
        return count === 1 ? pair : `${pair}, ${count} times`;
      });
    },
  };
}

function* store(cpu: Cpu): Program {
  cpu.store32(WORD, 1);
}

function* load(cpu: Cpu): Program {
  cpu.load32(WORD);
}

describe('two CPUs', () => {
  test('that write one word without a lock race, however far apart in time', () => {
    const { start, run } = story(2);
    start(0, 0, store);
    start(1, 1_000_000, store);
    expect(run()).toEqual(['0w word, 1w word']);
  });

  test('of which one reads race too', () => {
    const { start, run } = story(2);
    start(0, 0, load);
    start(1, 1000, store);
    expect(run()).toEqual(['0r word, 1w word']);
  });

  test('that only read do not', () => {
    const { start, run } = story(2);
    start(0, 0, load);
    start(1, 1000, load);
    expect(run()).toEqual([]);
  });

  test('that read race with a third that writes, each of them', () => {
    const { start, run } = story(3);
    start(0, 0, load);
    start(1, 1000, load);
    start(2, 2000, store);
    expect(run()).toEqual(['0r word, 2w word, 2 times']);
  });

  test('do not race in a run that began when the other had ended', () => {
    const { k, start, run, cpus } = story(2);
    k.machine.run(cpus[0]!, store(cpus[0]!));
    start(1, 0, store);
    expect(run()).toEqual([]);
  });
});

describe('a spinlock', () => {
  test('protects what both touch while they hold it', () => {
    const { k, start, run } = story(2);
    function* section(cpu: Cpu): Program {
      yield* spin_lock(k, cpu, LOCK);
      cpu.store32(WORD, cpu.load32(WORD) + 1);
      yield* work(cpu, 500);
      yield* spin_unlock(k, cpu, LOCK);
    }
    start(0, 0, section);
    start(1, 100, section);
    expect(run()).toEqual([]);
  });

  test('publishes what was written before its release', () => {
    const { k, start, run } = story(2);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      yield* spin_lock(k, cpu, LOCK);
      yield* spin_unlock(k, cpu, LOCK);
    });
    start(1, 5000, function* (cpu) {
      yield* spin_lock(k, cpu, LOCK);
      yield* spin_unlock(k, cpu, LOCK);
      yield* load(cpu);
    });
    expect(run()).toEqual([]);
  });

  test('that only one of them takes protects nothing', () => {
    const { k, start, run } = story(2);
    start(0, 0, function* (cpu) {
      yield* spin_lock(k, cpu, LOCK);
      yield* store(cpu);
      yield* spin_unlock(k, cpu, LOCK);
    });
    start(1, 5000, store);
    expect(run()).toEqual(['0w word, 1w word']);
  });

  test('orders nothing by a failed attempt: whoever spins has told the next holder nothing', () => {
    const { start, run } = story(2);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      cpu.lockDecb(LOCK);
    });
    start(1, 5000, function* (cpu) {
      cpu.lockDecb(LOCK);
      yield* load(cpu);
    });
    expect(run()).toEqual(['0w word, 1r word']);
  });
});

describe('locked operations', () => {
  test('on one word are no race among themselves, and order what is around them', () => {
    const { start, run } = story(2);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      cpu.lockAdd32(OTHER, 1);
    });
    start(1, 5000, function* (cpu) {
      cpu.lockAdd32(OTHER, 1);
      yield* load(cpu);
    });
    expect(run()).toEqual([]);
  });

  test('race with plain accesses of their word', () => {
    const { start, run } = story(2);
    start(0, 0, function* (cpu) {
      cpu.lockAdd32(WORD, 1);
    });
    start(1, 5000, load);
    expect(run()).toEqual(['0x word, 1r word']);
  });
});

describe('a semaphore', () => {
  test('orders its sections, those who sleep for it included', () => {
    const { k, start, run } = story(2);
    function* section(cpu: Cpu): Program {
      yield* down(k, cpu, SEM);
      cpu.store32(WORD, cpu.load32(WORD) + 1);
      yield* work(cpu, 5000);
      yield* up(k, cpu, SEM);
    }
    start(0, 0, section);
    start(1, 100, section);
    start(1, 100, section);
    expect(run()).toEqual([]);
  });

  test('does not order what comes after the up with what comes after the next down', () => {
    const { k, start, run } = story(2);
    start(0, 0, function* (cpu) {
      yield* down(k, cpu, SEM);
      yield* up(k, cpu, SEM);
      yield* store(cpu);
    });
    start(1, 50_000, function* (cpu) {
      yield* down(k, cpu, SEM);
      yield* load(cpu);
      yield* up(k, cpu, SEM);
    });
    expect(run()).toEqual(['0w word, 1r word']);
  });
});

describe('a cross-CPU call', () => {
  const called = (body: (cpu: Cpu) => Program): KernelFunction =>
    function* (cpu) {
      yield* work(cpu, 3000);
      yield* body(cpu);
    };

  test('comes after what the caller did, and before what he does next', () => {
    const { k, start, run } = story(3);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      yield* smp_call_function(k, cpu, called(load), 0);
      yield* store(cpu);
    });
    expect(run()).toEqual([]);
  });

  test('is not ordered with what the called CPU does outside, or with the other called ones', () => {
    const { k, start, run } = story(3);
    start(0, 0, (cpu) => smp_call_function(k, cpu, called(store), 0));
    start(1, 100_000, load);
    expect(run()).toEqual(['2hw word, 1hw word', '1hw word, 1r word']);
  });
});

describe('an interrupt and the program that it strikes', () => {
  test('race on what the program touches with interrupts on', () => {
    const { start, interrupt, run } = story(1);
    start(0, 0, store);
    interrupt(0, 20_000, load);
    start(0, 50_000, load);
    expect(run()).toEqual(['0w word, 0hr word']);
  });

  describe('on a stack of their own', () => {
    const local = { sizeof: 4 };
    /** Has a local variable as long as `meanwhile` lasts. */
    function* frame(cpu: Cpu, meanwhile?: Program): Program {
      cpu.store32(enterFrame(cpu, local), 1);
      if (meanwhile !== undefined) yield* meanwhile;
      leaveFrame(cpu, local);
    }
    const onStack = (program: (cpu: Cpu) => Program) =>
      function* (cpu: Cpu): Program {
        cpu.esp = STACK + PAGE_SIZE;
        yield* program(cpu);
      };

    test('do not race where the frame of one lies at the address of what was the frame of the other', () => {
      const { start, interrupt, run } = story(1);
      interrupt(0, 20_000, frame);
      start(
        0,
        0,
        onStack(function* (cpu) {
          yield* frame(cpu);
          yield* work(cpu, 50_000, 0);
          yield* frame(cpu);
        }),
      );
      expect(run()).toEqual([]);
    });

    test('race in a frame that the program still has', () => {
      const { start, interrupt, run } = story(1);
      interrupt(0, 20_000, function* (cpu) {
        cpu.store32(cpu.esp, 2);
      });
      start(
        0,
        0,
        onStack((cpu) => frame(cpu, work(cpu, 50_000, 0))),
      );
      expect(run()).toEqual(['0w stack, 0hw stack']);
    });
  });

  test('do not where the program has them off', () => {
    const { start, interrupt, run } = story(1);
    function* masked(cpu: Cpu): Program {
      const flags = local_irq_save(cpu);
      cpu.store32(WORD, cpu.load32(WORD) + 1);
      if (local_irq_restore(cpu, flags)) yield;
    }
    start(0, 0, masked);
    interrupt(0, 20_000, masked);
    start(0, 50_000, masked);
    expect(run()).toEqual([]);
  });

  test('race though the handler came only after a section with interrupts off that had nothing to do with it', () => {
    const { start, interrupt, run } = story(1);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      const flags = local_irq_save(cpu);
      cpu.store32(OTHER, 1);
      if (local_irq_restore(cpu, flags)) yield;
    });
    interrupt(0, 20_000, store);
    start(0, 50_000, load);
    expect(run()).toEqual(['0w word, 0hw word', '0hw word, 0r word']);
  });

  test('do not race on what a masked section has published', () => {
    const { start, interrupt, run } = story(1);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      const flags = local_irq_save(cpu);
      cpu.store32(OTHER, WORD);
      if (local_irq_restore(cpu, flags)) yield;
    });
    interrupt(0, 20_000, function* (cpu) {
      cpu.load32(cpu.load32(OTHER));
    });
    start(0, 50_000, function* (cpu) {
      yield* work(cpu, 10);
    });
    expect(run()).toEqual([]);
  });

  test('of another CPU race even with interrupts off', () => {
    const { start, interrupt, run } = story(2);
    start(0, 0, function* (cpu) {
      const flags = local_irq_save(cpu);
      yield* store(cpu);
      if (local_irq_restore(cpu, flags)) yield;
    });
    interrupt(1, 20_000, load);
    expect(run()).toEqual(['0w word, 1hr word']);
  });

  test('of another CPU do not race if both take the lock', () => {
    const { k, start, interrupt, run } = story(2);
    function* section(cpu: Cpu): Program {
      const flags = yield* spin_lock_irqsave(k, cpu, LOCK);
      cpu.store32(WORD, cpu.load32(WORD) + 1);
      yield* spin_unlock_irqrestore(k, cpu, LOCK, flags);
    }
    start(0, 0, section);
    interrupt(1, 20_000, section);
    expect(run()).toEqual([]);
  });
});

describe('host code that hands something over', () => {
  const handOver = (told: boolean) => {
    const { start, run, races } = story(2);
    start(0, 0, function* (cpu) {
      yield* store(cpu);
      if (told) races.publish(cpu, 'token');
    });
    start(1, 5000, function* (cpu) {
      races.receive(cpu, 'token');
      yield* load(cpu);
    });
    return run();
  };

  test('orders if it tells of it', () => {
    expect(handOver(true)).toEqual([]);
    expect(handOver(false)).toEqual(['0w word, 1r word']);
  });
});

test('a race is told with both accesses: CPU, context, field, address, function, locks, clock', () => {
  const { k, races, start, interrupt, run } = story(2);
  start(0, 0, function* lockedWriter(cpu) {
    yield* spin_lock(k, cpu, LOCK);
    cpu.store32(WORD, 1);
    yield* spin_unlock(k, cpu, LOCK);
  });
  interrupt(1, 20_000, function* handler(cpu) {
    cpu.load16(WORD);
  });
  run();
  const [race] = races.races;
  expect(race).toMatchObject({
    first: {
      cpu: 0,
      context: 'process',
      interruptsOn: true,
      kind: 'w',
      address: WORD,
      bytes: 4,
      field: 'word',
      locks: ['lock'],
    },
    second: {
      cpu: 1,
      context: 'interrupt',
      interruptsOn: false,
      kind: 'r',
      address: WORD,
      bytes: 2,
      field: 'word',
      locks: [],
    },
    count: 1,
  });
  expect(
    tellRace(race!)
      .replaceAll(/at \d+(?!x)/g, 'at T')
      .split('\n'),
  ).toEqual([
    'cpu0 at T writes word (4 bytes at 0x00400040) in lockedWriter, holding lock',
    'cpu1 at T, in an interrupt reads word (2 bytes at 0x00400040) in handler, holding no lock',
    '1 times',
  ]);
});

test('once stopped it looks no further, and leaves the machine as it was', () => {
  const { k, cpus, races, start } = story(2);
  races.stop();
  start(0, 0, store);
  start(1, 0, store);
  k.machine.scheduler.run();
  expect(races.races).toEqual([]);
  expect(Object.hasOwn(cpus[0]!, 'cli') || Object.hasOwn(k.machine.scheduler, 'run')).toBe(false);
});
