import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { Bus } from '../../../src/hw/cache/bus.ts';
import { Modified } from '../../../src/hw/cache/coherence.ts';
import { L1 } from '../../../src/hw/cache/l1.ts';
import { NoSecondLevel } from '../../../src/hw/cache/no-second-level.ts';
import { checkGeometry } from '../../../src/hw/cache/tag-array.ts';
import type { CacheGeometry } from '../../../src/hw/cpu-model.ts';
import { KiB, PAGE_SIZE, PageFault } from '../../../src/hw/memory.ts';
import fc from '../../fast-check.ts';
import { cycles, geometry, machineOf, messageOf, perform, play, states } from '../tiny-machine.ts';

function l1Of(geometry: CacheGeometry): L1 {
  const bus = new Bus('mesi');
  const options = { geometry, latencies: cycles, classes: 'none', random: () => 0, present: null } as const;
  return new L1(bus, new NoSecondLevel(bus), options);
}

const countersAfter = (steps: string) => {
  const machine = machineOf(1);
  play(machine, steps);
  return machine.cpus[0]!.l1.counters;
};

describe('geometry', () => {
  test.each([
    ['Pentium III', 16 * KiB, 4, 32, 128],
    ['Core 2', 32 * KiB, 8, 64, 64],
    ['Ice Lake', 48 * KiB, 12, 64, 64],
    ['one line', 64, 1, 64, 1],
    ['fully associative', 2 * KiB, 64, 32, 1],
  ])('%s: %i bytes, %i ways, lines of %i make %i sets', (_, size, ways, line, sets) => {
    const l1 = l1Of({ size, ways, line, policy: 'lru' });
    expect([l1.setMask + 1, 1 << l1.shift]).toEqual([sets, line]);
  });

  test.each([
    [{ line: 48 }, 'a line of 48 bytes cannot be built; line must be a power of two from 4 to 4096'],
    [{ line: 2 }, 'a line of 2 bytes cannot be built'],
    [{ line: 8192 }, 'a line of 8192 bytes cannot be built'],
    [{ line: Number.NaN }, 'a line of NaN bytes cannot be built'],
    [{ ways: 0 }, '0 ways; ways must be a whole number from 1'],
    [{ ways: 1.5 }, '1.5 ways'],
    [{ ways: 3 }, '16384 bytes in 3 ways of 32-byte lines make'],
    [{ size: 0 }, '0 bytes in 4 ways of 32-byte lines make 0 sets; size must be ways x line x a power of two'],
    [{ size: 12 * KiB }, '12288 bytes in 4 ways of 32-byte lines make 96 sets'],
  ])('%j is refused', (part, message) => {
    const check = () => checkGeometry({ size: 16 * KiB, ways: 4, line: 32, policy: 'lru', ...part }, 'l1');
    expect(check).toThrow(InputError);
    expect(check).toThrow(`l1: ${message}`);
  });
});

describe('an access', () => {
  test.each([
    ['misses on a line never held', '0r', { readMisses: 1, readHits: 0 }],
    ['hits on every other byte of that line', '0r 0rc', { readMisses: 1, readHits: 1 }],
    ['misses on the next line', '0r 0r10', { readMisses: 2, readHits: 0 }],
    ['that writes allocates', '0w 0r', { writeMisses: 1, readMisses: 0, readHits: 1 }],
    ['that writes hits what a read brought in', '0r 0w', { writeMisses: 0, writeHits: 1, readMisses: 1 }],
    ['evicts nothing while its set has room', '0r 0r20 0r10 0r30', { evictions: 0, misses: 4 }],
    ['evicts when its set is full', '0r 0r20 0r40', { evictions: 1, writebacksEvict: 0 }],
    ['writes back what it evicts if that was written', '0w 0r20 0r40', { evictions: 1, writebacksEvict: 1 }],
    ['does not write back twice', '0w 0r20 0r40 0r 0r20 0r40', { writebacksEvict: 1 }],
    ['that is locked is one store and one locked operation', '0x', { stores: 1, loads: 0, locked: 1, writeMisses: 1 }],
  ])('%s', (_, steps, expected) => {
    expect(countersAfter(steps)).toMatchObject(expected);
  });

  test('that straddles touches both lines, each with a hit or miss of its own', () => {
    const machine = machineOf(1);
    play(machine, '0r10 0re');
    const { l1 } = machine.cpus[0]!;
    expect(l1.counters).toMatchObject({ accesses: 2, lineAccesses: 3, straddledLoads: 1, readMisses: 2, readHits: 1 });
    expect([states(machine, 0x0), states(machine, 0x10)]).toEqual(['E', 'E']);
  });

  test('that straddles and writes makes both lines Modified', () => {
    const machine = machineOf(1);
    play(machine, '0we');
    expect(machine.cpus[0]!.l1.counters).toMatchObject({
      stores: 1,
      straddledStores: 1,
      writeMisses: 2,
      lineAccesses: 2,
    });
    expect([states(machine, 0x0), states(machine, 0x10)]).toEqual(['M', 'M']);
  });

  test('of 33 bytes may touch four lines', () => {
    const machine = machineOf(1);
    machine.cpus[0]!.read(0xf, 34);
    expect(machine.cpus[0]!.l1.counters).toMatchObject({ loads: 1, straddledLoads: 3, lineAccesses: 4, readMisses: 4 });
  });
});

test('lines are counted by state', () => {
  const machine = machineOf(2);
  play(machine, '0w 0w10 0r20 1r20 1r30');
  expect(machine.cpus.map(({ l1 }) => l1.countInState(Modified))).toEqual([2, 0]);
});

test('addresses above 2^31, as in traces, are addresses like others', () => {
  const l1 = l1Of(geometry(2, 2, 16));
  const top = 0xffff_fff0;
  expect([l1.load(top, 4), l1.load(top + 12, 4), l1.load(0x8000_0000, 4), l1.store(top + 8, 4)]).toEqual([
    100, 1, 100, 1,
  ]);
  expect([l1.stateOf(top), l1.stateOf(0x8000_0000)]).toEqual([3, 2]);
  expect(l1.load(0x7fff_fffe, 4)).toBe(101);
});

describe('a page that is not present', () => {
  const machine = () => {
    const machine = machineOf(1);
    machine.memory.setPresent(PAGE_SIZE, 2 * PAGE_SIZE, false);
    return machine;
  };

  test.each([
    ['read', '0r1000', 0x1000],
    ['written', '0w1ffc', 0x1ffc],
    ['reached by an access that begins in front of it', '0rffe', 0x1000],
    ['beyond the end of memory', '0r10000', 0x10000],
  ])('faults when %s', (_, steps, address) => {
    const fault = () => play(machine(), steps);
    expect(fault).toThrow(PageFault);
    expect(messageOf(fault)).toBe(
      `cpu0: unable to handle access at physical address 0x${address.toString(16)}: page not present`,
    );
  });

  test('leaves what was cached as it was', () => {
    const faulting = machine();
    play(faulting, '0w 0w20');
    expect(() => play(faulting, '0r1000')).toThrow(PageFault);
    expect([states(faulting, 0x0), states(faulting, 0x20), states(faulting, 0x1000)]).toEqual(['M', 'M', 'I']);
    expect(faulting.cpus[0]!.l1.counters).toMatchObject({ evictions: 0, readMisses: 0 });
  });

  test('is not looked at by an access that hits', () => {
    const later = machineOf(1);
    play(later, '0r1000');
    later.memory.setPresent(PAGE_SIZE, 2 * PAGE_SIZE, false);
    play(later, '0r1004 0w1008');
    expect(states(later, 0x1000)).toBe('M');
  });

  test.each(['0p1000', '0P1000', '0p10000', '0P10000'])('is ignored by a prefetch: %s', (step) => {
    const prefetching = machine();
    play(prefetching, step);
    expect(prefetching.cpus[0]!.l1.counters).toMatchObject({ prefetches: 1, prefetchFills: 0 });
    expect(states(prefetching, Number.parseInt(step.slice(2), 16))).toBe('I');
  });
});

describe('a prefetch', () => {
  test('fills the line, takes no time, and is no access', () => {
    const machine = machineOf(1);
    play(machine, '0p 0p 0P10');
    const [cpu] = machine.cpus;
    expect(cpu!.clock).toBe(0);
    expect(cpu!.l1.counters).toMatchObject({ prefetches: 3, prefetchFills: 2, accesses: 0, misses: 0 });
    play(machine, '0r 0w10');
    expect(cpu!.l1.counters).toMatchObject({ readMisses: 0, writeMisses: 0 });
  });

  test('of a line that is there is no use of it', () => {
    expect(countersAfter('0r 0r20 0p 0r40 0r').readMisses).toBe(4);
  });

  test('evicts and writes back like a miss', () => {
    expect(countersAfter('0w 0r20 0p40')).toMatchObject({ evictions: 1, writebacksEvict: 1 });
  });

  test('is not a cold miss later, when the line was evicted in between', () => {
    expect(countersAfter('0p 0r20 0r40 0r')).toMatchObject({ coldMisses: 2, replacementMisses: 1 });
  });
});

test('peek and poke disturb neither cache nor clock', () => {
  const machine = machineOf(2);
  play(machine, '0w 1r 0r20');
  const seen = () => JSON.stringify(machine.cpus.map(({ clock, l1 }) => [clock, l1.counters, states(machine, 0x40)]));
  const before = seen();
  machine.memory.poke32(0x40, -559038737);
  expect([machine.memory.peek32(0x40), machine.memory.peek16(0x40), machine.memory.peek8(0x43)]).toEqual([
    -559038737, -16657, -34,
  ]);
  expect(seen()).toBe(before);
});

describe('the fast table hides nothing: a random run counts the same', () => {
  const anyStep = fc.record({
    id: fc.nat(1),
    kind: fc.constantFrom('r' as const, 'w' as const, 'p' as const, 'P' as const),
    addr: fc.nat(0x9f),
    bytes: fc.integer({ min: 1, max: 20 }),
  });
  const anyRun = fc.record({
    steps: fc.array(anyStep, { maxLength: 200 }),
    policy: fc.constantFrom('lru' as const, 'fifo' as const, 'tree-plru' as const),
  });
  /** Everything but the split that classes add. */
  const outcome = ({ cpus }: ReturnType<typeof machineOf>) =>
    cpus.map(({ clock, l1 }) => {
      const { capacityReadMisses, capacityWriteMisses, conflictReadMisses, conflictWriteMisses, ...rest } = l1.counters;
      const { fullyAssociativeMisses, trueSharingMisses, falseSharingMisses, ...others } = rest;
      const { duboisTrueAnyMisses, duboisTrueLoadMisses, ...counters } = others;
      return { clock, ...counters };
    });
  const settings = { seed: 2, numRuns: 200 };

  test('with classes as without', () => {
    fc.assert(
      fc.property(anyRun, ({ steps, policy }) => {
        const [plain, classed] = (['none', 'all'] as const).map((classes) =>
          machineOf(2, { l1: geometry(2, 2, 16, policy), classes }),
        );
        for (const machine of [plain!, classed!]) {
          for (const { id, kind, addr, bytes } of steps) perform(machine.cpus[id]!, kind, addr, bytes);
        }
        expect(outcome(classed!)).toEqual(outcome(plain!));
      }),
      settings,
    );
  });

  test('as when every access goes through the cache', () => {
    fc.assert(
      fc.property(anyRun, ({ steps, policy }) => {
        const [fast, slow] = [1, 2].map(() => machineOf(2, { l1: geometry(2, 2, 16, policy) }));
        for (const { id, kind, addr, bytes } of steps) {
          perform(fast!.cpus[id]!, kind, addr, bytes);
          const cpu = slow!.cpus[id]!;
          cpu.l1.readable.fill(-1);
          cpu.l1.writable.fill(-1);
          perform(cpu, kind, addr, bytes);
        }
        expect(outcome(fast!)).toEqual(outcome(slow!));
      }),
      settings,
    );
  });
});

test('an access whose last byte is past 32 bits ends with the last line', () => {
  const l1 = l1Of(geometry(2, 2, 16));
  l1.load(0xffff_fffc, 8);
  expect(l1.counters.misses).toBe(1);
});
