import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { Exclusive, Invalid, Modified, Shared } from '../../../src/hw/cache/coherence.ts';
import type { Inclusion, SecondLevelGeometry } from '../../../src/hw/cpu-model.ts';
import { geometry, machineOf, play, states } from '../tiny-machine.ts';

/** Lines of 16 bytes: an L1 of one line, and a second level of two sets of two ways. */
const l1 = geometry(1, 1, 16);
const l2Of = (shared: boolean, inclusion: Inclusion): SecondLevelGeometry => ({
  ...geometry(2, 2, 16),
  shared,
  inclusion,
});
const machineWith = (cpus: number, shared: boolean, inclusion: Inclusion) =>
  machineOf(cpus, { l1, l2: l2Of(shared, inclusion) });
type Played = ReturnType<typeof machineWith>;

function played(steps: string, shared: boolean, inclusion: Inclusion, cpus = 2): Played {
  const machine = machineWith(cpus, shared, inclusion);
  play(machine, steps);
  return machine;
}

/** All lines are where they went. */
const LONG_AFTER = 100_000;

describe('what CPU 0 pays for the last step', () => {
  // l1 1, l2 10, memory 100, transfer 1000
  test.each([
    ['what no cache holds comes from memory', '', '0r', false, 'neither', 100],
    ['what its L1 gave up comes from its second level', '0r 0r20', '0r', false, 'neither', 10],
    ['the same from a shared one', '0r 0r20', '0r', true, 'neither', 10],
    ['the same from an exclusive one', '0r 0r20', '0r', false, 'exclusive', 10],
    ['what both levels gave up comes from memory', '0r 0r20 0r40', '0r', false, 'neither', 100],
    ['what another CPU changed comes from there', '1w', '0r', false, 'neither', 1000],
    [
      'what another CPU changed, and keeps in its second level alone, comes from there',
      '1w 1r20',
      '0r',
      false,
      'neither',
      1000,
    ],
    ['what another CPU holds unchanged comes from memory', '1r', '0r', false, 'neither', 100],
    ['what another CPU holds unchanged comes from a shared second level', '1r', '0r', true, 'neither', 10],
    ['a store to a line that others share too waits for them', '0r 1r 0r20', '0w', false, 'neither', 1000],
    ['a store to a line of its own in its second level pays that alone', '0r 0r20', '0w', false, 'neither', 10],
  ] as const)('%s', (_, before, last, shared, inclusion, cycles) => {
    const machine = machineWith(2, shared, inclusion);
    if (before !== '') play(machine, before);
    machine.cpus[0]!.clock = LONG_AFTER;
    play(machine, last);
    expect(machine.cpus[0]!.clock - LONG_AFTER).toBe(cycles);
  });
});

test.each([
  ['to a line that nobody else holds is posted', '0r', 1],
  ['to a line that another CPU holds too waits for it', '0r 1r', 1001],
  ['that misses is posted too', '', 1],
  ['that misses what another CPU holds waits for it', '1r', 1001],
])('without a second level a store written through %s', (_, before, cycles) => {
  const machine = machineOf(2, { l1, protocol: 'write-through' });
  if (before !== '') play(machine, before);
  machine.cpus[0]!.clock = LONG_AFTER;
  play(machine, '0w');
  expect(machine.cpus[0]!.clock - LONG_AFTER).toBe(cycles);
});

describe('a prefetch for a store brings a line', () => {
  test.each([
    ['Modified, if another CPU hands its changes over and memory stays as it was', 'moesi', '1w', 'MI'],
    ['Exclusive, if that wrote them to memory', 'mesi', '1w', 'EI'],
    ['Exclusive, if it had none', 'moesi', '1r', 'EI'],
  ] as const)('%s', (_, protocol, before, after) => {
    for (const l2 of [null, l2Of(false, 'neither'), l2Of(false, 'exclusive')]) {
      const machine = machineOf(2, { l1, protocol, l2 });
      play(machine, `${before} 0P`);
      expect(states(machine, 0)).toBe(after);
    }
  });
});

describe('upgrades that CPU 0 has counted', () => {
  test.each([
    ['a store to what its second level alone shares with others is one', '0r 1r 0r20 0w', 'mesi', 1],
    ['to what its second level alone holds, and nobody else, is none', '0r 0r20 0w', 'mesi', 0],
    ['to what both its levels share with others is one, not two', '0r 1r 0w', 'mesi', 1],
    ['a store written through to a line that others share is one', '0r 1r 0w', 'write-through', 1],
    ['written through to a line of its own it is none', '0r 0w', 'write-through', 0],
  ] as const)('%s', (_, steps, protocol, upgrades) => {
    const machine = machineOf(2, { l1, protocol, l2: l2Of(false, 'neither') });
    play(machine, steps);
    expect(machine.cpus.map(({ counters }) => counters.upgrades)).toEqual([upgrades, 0]);
  });
});

describe('the second level', () => {
  test('counts hits and misses of what the L1 asks, not what it answers itself', () => {
    const machine = played('0r 0r 0r20 0r', false, 'neither', 1);
    expect(machine.cpus[0]!.counters).toMatchObject({ l2Hits: 1, l2Misses: 2 });
  });

  test('if inclusive, takes a line from the L1 that it gives up itself', () => {
    // Two CPUs bring four lines of one set past CPU 0's L1, whose line is the oldest of the shared level.
    const machine = played('0r 1r20 1r40', true, 'inclusive');
    expect(states(machine, 0)).toBe('II');
    expect(machine.cpus[0]!.counters.backInvalidations).toBe(1);
  });

  test('if neither, leaves the L1 its line', () => {
    const machine = played('0r 1r20 1r40', true, 'neither');
    expect(states(machine, 0)).toBe('EI');
    expect(machine.cpus[0]!.counters.backInvalidations).toBe(0);
  });

  test('writes a changed line that it takes from the L1 to memory, for the CPU that needs the room', () => {
    const machine = played('0w 1r20 1r40', true, 'inclusive');
    expect(machine.cpus[1]!.counters).toMatchObject({ l2Evictions: 1, l2Writebacks: 1 });
  });

  test('if exclusive, holds what the L1 gave up, and gives it back for good', () => {
    const machine = machineWith(1, false, 'exclusive');
    const [l2] = machine.caches.l2s;
    play(machine, '0w');
    expect(l2!.stateOf(0)).toBe(Invalid);
    play(machine, '0r20');
    expect(l2!.stateOf(0)).toBe(Modified);
    play(machine, '0r');
    expect([l2!.stateOf(0), states(machine, 0)]).toEqual([Invalid, 'M']);
  });

  test('if exclusive and shared, holds no line that an L1 has stored to, whether it missed or moved up', () => {
    const machine = machineWith(2, true, 'exclusive');
    const [l2] = machine.caches.l2s;
    play(machine, '0w');
    expect([l2!.stateOf(0), states(machine, 0)]).toEqual([Invalid, 'MI']);
    play(machine, '0r20');
    expect([l2!.stateOf(0), states(machine, 0)]).toEqual([Modified, 'II']);
    play(machine, '0w');
    expect([l2!.stateOf(0), states(machine, 0)]).toEqual([Invalid, 'MI']);
  });

  test('of one CPU loses its copy to a write of another', () => {
    const machine = played('0r 0r20 1w', false, 'neither');
    expect(machine.caches.l2s[0]!.stateOf(0)).toBe(Invalid);
    expect(machine.cpus[0]!.counters.invalidationsReceived).toBe(1);
  });

  test('of one CPU shares a line that another reads', () => {
    const machine = played('0r 0r20 1r', false, 'neither');
    expect([machine.caches.l2s[0]!.stateOf(0), states(machine, 0)]).toEqual([Shared, 'IS']);
  });

  test('takes the stores of a write-through L1, and answers for them', () => {
    const machine = machineOf(2, { l1, protocol: 'write-through', l2: l2Of(false, 'inclusive') });
    play(machine, '0r 0w');
    expect([states(machine, 0), machine.caches.l2s[0]!.stateOf(0)]).toEqual(['SI', Modified]);
    play(machine, '1r');
    expect(machine.cpus[1]!.counters.c2cDirty).toBe(1);
    expect(machine.caches.l2s.map((l2) => l2.stateOf(0))).toEqual([Shared, Shared]);
  });

  test('below a write-through L1 is filled by a store that misses both, and the L1 is not', () => {
    const machine = machineOf(1, { l1, protocol: 'write-through', l2: l2Of(false, 'neither') });
    play(machine, '0w');
    expect([states(machine, 0), machine.caches.l2s[0]!.stateOf(0)]).toEqual(['I', Modified]);
  });

  test('below a write-back L1 knows a line that it alone holds as Exclusive', () => {
    const machine = played('0w', false, 'inclusive', 1);
    expect(machine.caches.l2s[0]!.stateOf(0)).toBe(Exclusive);
  });

  test('cannot be exclusive below an L1 that writes through', () => {
    const build = () => machineOf(1, { l1, protocol: 'write-through', l2: l2Of(false, 'exclusive') });
    expect(build).toThrow(InputError);
    expect(build).toThrow('inclusive or neither');
  });

  test('says which of its parts cannot be built', () => {
    const l2 = { ...l2Of(false, 'neither'), ways: 3 };
    expect(() => machineOf(1, { l1, l2 })).toThrow('L2: 64 bytes in 3 ways');
  });
});
