import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/base/random.ts';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import type { Machine } from '../../src/hw/machine.ts';
import { observe } from '../../src/hw/observe.ts';
import fc from '../fast-check.ts';
import { cycles, machineOf, messageOf, states } from './tiny-machine.ts';

const [X, Y] = [0x100, 0x200];
const IPI = 0xfb;

/** CPUs with buffers of four stores, which leave as late as they can: nothing drains but what must. */
const buffered = (cpus = 2, depth = 4) => machineOf(cpus, { storeBuffer: { depth, random: () => 0.999 } });
const cpusOf = (machine: Machine) => machine.cpus as readonly [Cpu, Cpu];
const memory = (machine: Machine, ...addrs: number[]) => addrs.map((addr) => machine.memory.peek32(addr));

test('a store waits in the buffer: peek and other CPUs see memory as it was', () => {
  const machine = buffered();
  const [cpu0, cpu1] = cpusOf(machine);
  cpu0.store32(X, 1);
  expect(memory(machine, X)).toEqual([0]);
  expect(cpu1.load32(X)).toBe(0);
  cpu0.drain();
  expect(memory(machine, X)).toEqual([1]);
  expect(cpu1.load32(X)).toBe(1);
});

test('a load of its own CPU takes the newest store', () => {
  const machine = buffered();
  const [cpu0] = cpusOf(machine);
  cpu0.store32(X, 1);
  cpu0.store32(X, 2);
  expect(cpu0.load32(X)).toBe(2);
  expect(memory(machine, X)).toEqual([0]);
});

test('a store costs nothing until it drains; then it meets the L1, as its counters and MESI say', () => {
  const machine = buffered();
  const [cpu0] = cpusOf(machine);
  cpu0.store32(X, 1);
  expect([cpu0.clock, cpu0.counters.stores, states(machine, X)]).toEqual([0, 0, 'II']);
  cpu0.drain();
  expect([cpu0.clock, cpu0.counters.stores, states(machine, X)]).toEqual([cycles.memory, 1, 'MI']);
});

test('a forwarded load takes what a hit takes and leaves the L1 alone', () => {
  const machine = buffered();
  const [cpu0] = cpusOf(machine);
  cpu0.store32(X, 1);
  cpu0.load32(X);
  expect([cpu0.clock, cpu0.counters.loads, cpu0.counters.readMisses, states(machine, X)]).toEqual([1, 1, 0, 'II']);
});

describe('of a store of 0x81838587, a load is forwarded', () => {
  test.each<[what: string, load: (cpu: Cpu) => number, value: number]>([
    ['its first byte, signed', (cpu) => cpu.load8(X), 0x87 - 0x100],
    ['its last byte, signed', (cpu) => cpu.load8(X + 3), 0x81 - 0x100],
    ['its upper half, signed', (cpu) => cpu.load16(X + 2), 0x8183 - 0x10000],
    ['the two bytes in its middle', (cpu) => cpu.load16(X + 1), 0x8385 - 0x10000],
  ])('%s', (_, load, value) => {
    const [cpu0] = cpusOf(buffered());
    cpu0.store32(X, 0x81838587 | 0);
    expect(load(cpu0)).toBe(value);
    expect(cpu0.storesInFlight).toBe(1);
  });
});

test('a load that overlaps a store but in part waits until that store has drained, and no later one', () => {
  const machine = buffered();
  const [cpu0] = cpusOf(machine);
  machine.memory.poke32(X, 0x11223344);
  cpu0.store8(X + 1, 0x55);
  cpu0.store32(Y, 1);
  expect(cpu0.load32(X)).toBe(0x11225544);
  expect([cpu0.storesInFlight, ...memory(machine, Y)]).toEqual([1, 0]);
});

test('stores drain in the order of the program: a full buffer drains its oldest', () => {
  const machine = buffered(1, 2);
  const cpu0 = machine.cpus[0]!;
  cpu0.store32(X, 1);
  cpu0.store32(X, 2);
  cpu0.store32(Y, 3);
  expect(memory(machine, X, Y)).toEqual([1, 0]);
  cpu0.store16(Y, 4);
  expect(memory(machine, X, Y)).toEqual([2, 0]);
});

describe('all stores have drained after', () => {
  test.each<[what: string, action: (machine: Machine, cpu: Cpu) => void]>([
    ['a locked operation', (_, cpu) => cpu.lockAdd32(Y, 1)],
    ['mfence', (_, cpu) => cpu.mfence()],
    ['the sending of an inter-processor interrupt', (machine, cpu) => machine.sendIpiToOthers(cpu, IPI)],
  ])('%s', (_, action) => {
    const machine = buffered();
    const [cpu0] = cpusOf(machine);
    cpu0.store32(X, 1);
    action(machine, cpu0);
    expect(memory(machine, X)).toEqual([1]);
  });
});

test('a fence without stores in flight takes what it takes without a buffer', () => {
  const [cpu0] = cpusOf(buffered());
  cpu0.mfence();
  expect(cpu0.clock).toBe(cycles.locked);
});

test('an interrupt is taken with the stores before it drained, and ends with those of its handler drained', () => {
  const machine = buffered(1);
  const cpu0 = machine.cpus[0]!;
  const seen: number[][] = [];
  machine.idt[IPI] = function* () {
    seen.push(memory(machine, X, Y));
    cpu0.store32(Y, 2);
  };
  function* interrupted(): Program {
    cpu0.store32(X, 1);
    cpu0.apic.post(IPI, cpu0.clock);
    yield;
    yield;
    seen.push(memory(machine, X, Y));
  }
  machine.run(cpu0, interrupted());
  expect(seen).toEqual([
    [1, 0],
    [1, 2],
  ]);
});

test('what a program stores before it sleeps or wakes another, the other finds', () => {
  const machine = buffered();
  const [cpu0, cpu1] = cpusOf(machine);
  function* sleeper(): Program<number> {
    cpu1.store32(Y, 2);
    machine.scheduler.block(cpu1);
    yield;
    return cpu1.load32(X);
  }
  function* waker(): Program<number> {
    cpu0.idleUntil(10);
    yield;
    const found = cpu0.load32(Y);
    cpu0.store32(X, 1);
    machine.scheduler.wake(sleeping, cpu0.clock);
    return found;
  }
  const sleeping = machine.scheduler.spawn(cpu1, sleeper());
  expect(machine.run(cpu0, waker())).toBe(2);
  expect(sleeping.result).toBe(1);
});

test('stores drain in time, with no fence: another CPU that polls comes to see one', () => {
  const machine = buffered();
  const [cpu0, cpu1] = cpusOf(machine);
  function* stores(): Program {
    cpu0.store32(X, 1);
  }
  function* polls(): Program {
    while (cpu1.load32(X) === 0) {
      cpu1.pause(X);
      yield;
    }
  }
  machine.scheduler.spawn(cpu1, polls());
  machine.run(cpu0, stores());
  expect(cpu1.clock).toBeGreaterThan(1000);
});

test.each([
  [0.499, 0],
  [0.5, 750],
  [0.999, 1498],
])('of stores drawn %d the oldest leaves %i cycles after it was made', (drawn, wait) => {
  const machine = machineOf(2, { storeBuffer: { depth: 4, random: () => drawn } });
  const [cpu0, cpu1] = cpusOf(machine);
  let seenAt: number | null = null;
  function* stores(): Program {
    cpu0.store32(X, 1);
  }
  function* watches(): Program {
    for (; seenAt === null; cpu1.clock++) {
      yield;
      if (machine.memory.peek32(X) === 1) seenAt = cpu1.clock;
    }
  }
  machine.scheduler.spawn(cpu0, stores());
  machine.scheduler.spawn(cpu1, watches());
  machine.scheduler.run();
  expect(seenAt).toBe(wait);
});

test('a run ends with every buffer drained', () => {
  const machine = buffered();
  const [cpu0] = cpusOf(machine);
  machine.run(
    cpu0,
    (function* () {
      cpu0.store32(X, 1);
      cpu0.store32(Y, 2);
    })(),
  );
  expect([cpu0.storesInFlight, ...memory(machine, X, Y)]).toEqual([0, 1, 2]);
});

test('stores of programs that are abandoned, as after a crash, have been made all the same', () => {
  const machine = buffered();
  const [cpu0] = cpusOf(machine);
  const crash = (function* (): Program {
    cpu0.store32(X, 1);
    throw new Error('crash');
  })();
  expect(messageOf(() => machine.run(cpu0, crash))).toBe('crash');
  machine.scheduler.abandon();
  expect(memory(machine, X)).toEqual([1]);
});

test('a store to a page that is not present fails when the program makes it', () => {
  const machine = buffered();
  machine.memory.setPresent(0x3000, 0x4000, false);
  expect(messageOf(() => machine.cpus[0]!.store32(0x3000, 1))).toContain('page not present');
  expect(messageOf(() => machine.cpus[0]!.store32(0x2ffe, 1))).toContain('page not present');
  expect(machine.cpus[0]!.storesInFlight).toBe(0);
});

test('an observer is told of accesses in the order of the program, forwarded or not, and once', () => {
  const [cpu0] = cpusOf(buffered());
  const told: string[] = [];
  const stop = observe(cpu0, (_, kind, addr, bytes) => told.push(`${kind} ${addr.toString(16)} ${bytes}`));
  cpu0.store32(X, 1);
  cpu0.load8(X);
  cpu0.load32(Y);
  cpu0.lockAdd32(Y, 1);
  stop();
  cpu0.store32(X, 2);
  expect(told).toEqual(['w 100 4', 'r 100 1', 'r 200 4', 'x 200 4']);
  expect(cpu0.load32(X)).toBe(2);
});

test('a buffer without a depth cannot be built', () => {
  expect(messageOf(() => buffered(1, 0))).toBe(
    'store buffer: a depth of 0; depth must be a whole number from 1 to 256',
  );
});

describe('one CPU cannot tell whether it has a store buffer', () => {
  const access = fc.record({
    op: fc.constantFrom('load', 'store', 'write', 'locked', 'yield'),
    bytes: fc.constantFrom(1, 2, 4),
    addr: fc.integer({ min: X, max: X + 9 }),
    value: fc.integer(),
  });
  type Access = typeof access extends fc.Arbitrary<infer T> ? T : never;

  function loads(machine: Machine, accesses: readonly Access[]): number[] {
    const cpu = machine.cpus[0]!;
    const loaded: number[] = [];
    function* program(): Program {
      for (const { op, bytes, addr, value } of accesses) {
        if (op === 'yield') {
          cpu.idleUntil(cpu.clock + (value & 1023));
          yield;
        } else if (op === 'locked') loaded.push(cpu.lockXchg32(addr, value));
        else if (op === 'write') cpu.write(addr, bytes);
        else if (op === 'load') {
          loaded.push(bytes === 1 ? cpu.load8(addr) : bytes === 2 ? cpu.load16(addr) : cpu.load32(addr));
        } else if (bytes === 1) cpu.store8(addr, value);
        else if (bytes === 2) cpu.store16(addr, value);
        else cpu.store32(addr, value);
      }
    }
    machine.run(cpu, program());
    return [...loaded, ...machine.memory.bytes.subarray(X, X + 16)];
  }

  test('its loads, and memory at the end, are the same', () => {
    fc.assert(
      fc.property(
        fc.array(access, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        (accesses, depth, seed) => {
          const storeBuffer = { depth, random: seeded(seed, 'drains') };
          expect(loads(machineOf(1, { storeBuffer }), accesses)).toEqual(loads(machineOf(1), accesses));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});
