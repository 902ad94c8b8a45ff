import { describe, expect, test } from 'vitest';
import { Bus } from '../../../src/hw/cache/bus.ts';
import { BUS_UPGRADE, type ProtocolName } from '../../../src/hw/cache/coherence.ts';
import { L1 } from '../../../src/hw/cache/l1.ts';
import { NoSecondLevel } from '../../../src/hw/cache/no-second-level.ts';
import { cycles, geometry, machineOf, play, states } from '../tiny-machine.ts';

/**
 * Every cell of every protocol's table, seen from three caches that run it: steps that bring the line of CPU 0 into a state,
 * what happens then, the states of all three after it, and what CPU 0 and the one who asked (`by`) counted meanwhile.
 */
interface Cell {
  readonly state: 'I' | 'S' | 'E' | 'M' | 'O';
  readonly before: string;
  readonly event: string;
  readonly ends: string;
  readonly by?: number;
  readonly counts?: Partial<Record<(typeof counted)[number], number>>;
}

const counted = ['upgrades', 'writeThroughs', 'c2cDirty', 'invalidationsSent'] as const;
const writebacks = ['writebacksIntervRead', 'writebacksIntervWrite', 'writebacksEvict'] as const;
type Writeback = (typeof writebacks)[number];

const loadMisses: Cell[] = [
  { state: 'I', before: '', event: '0r', ends: 'EII' },
  { state: 'I', before: '1r', event: '0r', ends: 'SSI' },
];
const mesiCells: (Cell & { back?: Writeback })[] = [
  ...loadMisses,
  { state: 'I', before: '', event: '0w', ends: 'MII' },
  { state: 'S', before: '0r 1r', event: '0w', ends: 'MII', counts: { upgrades: 1, invalidationsSent: 1 } },
  { state: 'S', before: '0r 1r', event: '2r', ends: 'SSS', by: 2 },
  { state: 'S', before: '0r 1r', event: '2w', ends: 'IIM', by: 2, counts: { invalidationsSent: 2 } },
  { state: 'S', before: '0r 1r', event: '1w', ends: 'IMI', by: 1, counts: { upgrades: 1, invalidationsSent: 1 } },
  { state: 'E', before: '0r', event: '0w', ends: 'MII' },
  { state: 'E', before: '0r', event: '2r', ends: 'SIS', by: 2 },
  { state: 'E', before: '0r', event: '2w', ends: 'IIM', by: 2, counts: { invalidationsSent: 1 } },
];
const dirtyMesiCells: typeof mesiCells = [
  // Line 0x20 is of the same set: the store finds line 0 by the slow path.
  { state: 'M', before: '0w 0r20', event: '0w', ends: 'MII' },
  { state: 'M', before: '0w', event: '2r', ends: 'SIS', by: 2, counts: { c2cDirty: 1 }, back: 'writebacksIntervRead' },
  {
    ...{ state: 'M', before: '0w', event: '2w', ends: 'IIM', by: 2 },
    ...{ counts: { c2cDirty: 1, invalidationsSent: 1 }, back: 'writebacksIntervWrite' },
  },
];
const dirtyMoesiCells: typeof mesiCells = [
  // Line 0x20 is of the same set: the store finds line 0 by the slow path.
  { state: 'M', before: '0w 0r20', event: '0w', ends: 'MII' },
  { state: 'M', before: '0w', event: '2r', ends: 'OIS', by: 2, counts: { c2cDirty: 1 } },
  { state: 'M', before: '0w', event: '2w', ends: 'IIM', by: 2, counts: { c2cDirty: 1, invalidationsSent: 1 } },
  { state: 'O', before: '0w 1r', event: '0w', ends: 'MII', counts: { upgrades: 1, invalidationsSent: 1 } },
  { state: 'O', before: '0w 1r', event: '2r', ends: 'OSS', by: 2, counts: { c2cDirty: 1 } },
  { state: 'O', before: '0w 1r', event: '2w', ends: 'IIM', by: 2, counts: { c2cDirty: 1, invalidationsSent: 2 } },
  { state: 'O', before: '0w 1r', event: '1w', ends: 'IMI', by: 1, counts: { upgrades: 1, invalidationsSent: 1 } },
];
const writeThroughCells: typeof mesiCells = [
  { state: 'I', before: '', event: '0r', ends: 'SII' },
  { state: 'I', before: '1r', event: '0r', ends: 'SSI' },
  { state: 'I', before: '', event: '0w', ends: 'III', counts: { writeThroughs: 1 } },
  { state: 'S', before: '0r 1r', event: '0w', ends: 'SII', counts: { writeThroughs: 1, invalidationsSent: 1 } },
  { state: 'S', before: '0r 1r', event: '2r', ends: 'SSS', by: 2 },
  { state: 'S', before: '0r 1r', event: '1w', ends: 'ISI', by: 1, counts: { writeThroughs: 1, invalidationsSent: 1 } },
  { state: 'S', before: '0r 1r', event: '2w', ends: 'III', by: 2, counts: { writeThroughs: 1, invalidationsSent: 2 } },
];

describe.each([
  ['mesi', [...mesiCells, ...dirtyMesiCells]],
  ['moesi', [...mesiCells, ...dirtyMoesiCells]],
  ['write-through', writeThroughCells],
] as const)('%s, on three caches', (protocol, cells) => {
  test.each(cells)('$state of $before, then $event: $ends', ({ before, event, ends, by = 0, counts = {}, back }) => {
    const machine = machineOf(3, { protocol });
    if (before !== '') play(machine, before);
    const asking = machine.cpus[by]!.counters;
    const owner = machine.cpus[0]!.counters;
    const [askingBefore, ownerBefore] = [{ ...asking }, { ...owner }];
    play(machine, event);
    expect(states(machine)).toBe(ends);
    const asked = Object.fromEntries(counted.map((name) => [name, asking[name] - askingBefore[name]]));
    expect(asked).toEqual({ upgrades: 0, writeThroughs: 0, c2cDirty: 0, invalidationsSent: 0, ...counts });
    const wrote = writebacks.filter((name) => owner[name] !== ownerBefore[name]);
    expect(wrote).toEqual(back === undefined ? [] : [back]);
  });
});

describe('what a protocol rules out is told when it happens all the same: an upgrade elsewhere of a line that is', () => {
  const l1Of = (protocol: ProtocolName) => {
    const bus = new Bus(protocol);
    const options = { geometry: geometry(2, 2, 16), latencies: cycles, classes: 'none', present: null } as const;
    return new L1(bus, new NoSecondLevel(bus), { ...options, random: () => 0 });
  };

  test.each([
    ['Exclusive', 'mesi', 'load'],
    ['Modified', 'mesi', 'store'],
    ['Exclusive', 'moesi', 'load'],
    ['Modified', 'moesi', 'store'],
  ] as const)('%s under %s', (_, protocol, access) => {
    const l1 = l1Of(protocol);
    l1[access](0, 4);
    expect(() => l1.snoop(BUS_UPGRADE, 0, 0)).toThrow('a transition that the protocol rules out');
  });
});

describe('under other protocols, on three caches', () => {
  test.each([
    ['moesi', 'a prefetch for writing by a sharer takes the changes over', '0w 1r 1P', 'IMI'],
    ['moesi', 'an owner that replaces the line leaves it to the sharers', '0w 1r 0r20 0r40', 'ISI'],
    ['moesi', 'a prefetch for writing takes a Modified line with its changes', '0w 1P', 'IMI'],
    ['write-through', 'a prefetch for writing shares, as a load does', '0r 1P', 'SSI'],
  ] as const)('%s: %s', (protocol, _, steps, ends) => {
    const machine = machineOf(3, { protocol });
    play(machine, steps);
    expect(states(machine)).toBe(ends);
  });

  test('under MOESI nothing is written to memory until an owner replaces the line', () => {
    const machine = machineOf(3, { protocol: 'moesi' });
    play(machine, '0w 1r 2r');
    expect(machine.cpus[0]!.counters).toMatchObject({ writebacksIntervRead: 0, writebacksEvict: 0 });
    expect(machine.cpus.map(({ counters }) => counters.c2cDirty)).toEqual([0, 1, 1]);
    play(machine, '0r20 0r40');
    expect(machine.cpus[0]!.counters).toMatchObject({ writebacksEvict: 1 });
  });
});

describe('on three caches', () => {
  test.each([
    ['a read of a line that nobody holds makes it Exclusive', '0r', 'EII'],
    ['a read of an Exclusive line makes all copies Shared', '0r 1r', 'SSI'],
    ['a read of a Modified line makes all copies Shared', '0w 1r', 'SSI'],
    ['a third reader shares', '0r 1r 2r', 'SSS'],
    ['a read hit changes nothing', '0w 0r', 'MII'],
    ['a write to a line that nobody holds makes it Modified', '0w', 'MII'],
    ['a write to an Exclusive line makes it Modified', '0r 0w', 'MII'],
    ['a write to a Shared line invalidates every other copy', '0r 1r 2r 1w', 'IMI'],
    ['a write miss takes an Exclusive line', '0r 1w', 'IMI'],
    ['a write miss takes a Modified line', '0w 1w', 'IMI'],
    ['a write miss takes a line that others share', '0r 1r 2w', 'IIM'],
    ['a locked operation wants the line as a write does', '0r 1r 0x', 'MII'],
    ['a line that was written and replaced is gone', '0w 0r20 0r40', 'III'],
    ['a prefetch of a Modified line makes all copies Shared', '0w 1p', 'SSI'],
    ['a prefetch for writing takes a Modified line, as Exclusive', '0w 1P', 'IEI'],
    ['a prefetch for writing of a line held Shared makes it Exclusive', '0r 1r 0P', 'EII'],
    ['a prefetch of a line that is held changes nothing', '0w 0p 0P', 'MII'],
  ])('%s', (_, steps, ends) => {
    const machine = machineOf(3);
    play(machine, steps);
    expect(states(machine)).toBe(ends);
  });

  const countersAfter = (steps: string) => {
    const machine = machineOf(3);
    play(machine, steps);
    return machine.cpus.map(({ l1 }) => l1.counters);
  };

  test('a write to an Exclusive line is silent', () => {
    expect(countersAfter('0r 0w')[0]).toMatchObject({ upgrades: 0, invalidationsSent: 0, writeMisses: 0 });
  });

  test('a write to a Shared line is an upgrade, not a miss, and its victims count an invalidation each', () => {
    const [reader, writer, third] = countersAfter('0r 1r 2r 1w');
    expect(writer).toMatchObject({ upgrades: 1, writeMisses: 0, invalidationsSent: 2, c2cClean: 1, c2cDirty: 0 });
    expect(reader).toMatchObject({ invalidationsReceived: 1, invalidationsSent: 0 });
    expect(third).toMatchObject({ invalidationsReceived: 1, invalidationsSent: 0 });
  });

  test('a write to a Shared line is an upgrade even when no other copy is left', () => {
    expect(countersAfter('0r 1r 1r20 1r40 0w')[0]).toMatchObject({ upgrades: 1, invalidationsSent: 0 });
  });

  test('a read of a Modified line is handed over by its owner, who writes it back', () => {
    const [owner, reader] = countersAfter('0w 1r');
    expect(owner).toMatchObject({ writebacksIntervRead: 1, writebacksIntervWrite: 0, writebacksEvict: 0 });
    expect(reader).toMatchObject({ c2cDirty: 1, c2cClean: 0 });
  });

  test('a write miss on a Modified line is handed over by its owner, who writes it back and loses it', () => {
    const [owner, writer] = countersAfter('0w 1w');
    expect(owner).toMatchObject({ writebacksIntervWrite: 1, writebacksIntervRead: 0, invalidationsReceived: 1 });
    expect(writer).toMatchObject({ c2cDirty: 1, c2cClean: 0, invalidationsSent: 1 });
  });

  test('a miss on clean copies counts one clean transfer, however many hold it', () => {
    expect(countersAfter('0r 1r 2w')[2]).toMatchObject({ c2cClean: 1, c2cDirty: 0, invalidationsSent: 2 });
  });
});

/** Bit 31 of a mask is its sign. */
describe.each([9, 31, 32])('on %i caches that all hold a line', (cpus) => {
  const shared = () => {
    const machine = machineOf(cpus, { classes: 'sharing' });
    for (const cpu of machine.cpus) cpu.read(0, 4);
    return machine;
  };
  const last = cpus - 1;

  test('the directory has a bit for each', () => {
    const { directory } = shared().caches.bus;
    expect(directory.holders[directory.idOf(0)]! >>> 0).toBe(2 ** cpus - 1);
  });

  test.each([0, last])(
    'a write by cpu%i takes it from all the others, who miss it by sharing when they come back',
    (id) => {
      const machine = shared();
      machine.cpus[id]!.write(0, 4);
      expect(states(machine)).toBe(`${'I'.repeat(id)}M${'I'.repeat(last - id)}`);
      expect(machine.cpus[id]!.counters).toMatchObject({ invalidationsSent: last });
      for (const cpu of machine.cpus) cpu.read(0, 4);
      expect(states(machine)).toBe('S'.repeat(cpus));
      const missed = machine.cpus.map(({ counters }) => counters.trueSharingMisses);
      expect(missed).toEqual(machine.cpus.map((cpu) => (cpu.id === id ? 0 : 1)));
    },
  );

  test('a device that writes it takes it from all', () => {
    const machine = shared();
    machine.caches.bus.dmaWrite(0, 1);
    expect(states(machine)).toBe('I'.repeat(cpus));
    expect(machine.cpus.map(({ counters }) => counters.dmaInvalidations)).toEqual(machine.cpus.map(() => 1));
  });

  test('an inclusive second level that all share takes it back from all', () => {
    const machine = machineOf(cpus, { l2: { ...geometry(4, 1, 16), inclusion: 'inclusive', shared: true } });
    for (const cpu of machine.cpus) cpu.read(0, 4);
    machine.cpus[last]!.read(64, 4);
    expect(states(machine)).toBe('I'.repeat(cpus));
  });
});
