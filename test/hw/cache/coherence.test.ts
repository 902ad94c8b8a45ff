import { describe, expect, test } from 'vitest';
import {
  type LineState,
  mesi,
  moesi,
  type Protocol,
  type StateTransitions,
  stateLetters,
  writeThrough,
} from '../../../src/hw/cache/coherence.ts';
import { machineOf, play, states } from '../tiny-machine.ts';

const transitionsOf = (letter: string, protocol: Protocol = mesi): StateTransitions =>
  protocol[stateLetters.indexOf(letter as 'I')]!;
const lettersOf = (...next: LineState[]) => next.map((state) => stateLetters[state]).join('/');

describe('the table: a local', () => {
  test.each([
    ['I', 'localRead', 'read', 'E/S'],
    ['I', 'localWrite', 'readExclusive', 'M/M'],
    ['S', 'localRead', null, 'S/S'],
    ['S', 'localWrite', 'upgrade', 'M/M'],
    ['E', 'localRead', null, 'E/E'],
    ['E', 'localWrite', null, 'M/M'],
    ['M', 'localRead', null, 'M/M'],
    ['M', 'localWrite', null, 'M/M'],
  ] as const)('%s, %s asks the bus for %s and ends in %s (no other copy/other copies)', (state, event, bus, ends) => {
    const { next, nextIfShared, ...transition } = transitionsOf(state)[event];
    expect([transition.bus, lettersOf(next, nextIfShared)]).toEqual([bus, ends]);
  });
});

describe('the table: what comes from outside', () => {
  test.each([
    ['I', 'busRead', 'I', 'silently'],
    ['I', 'busReadExclusive', 'I', 'silently'],
    ['I', 'busUpgrade', 'I', 'silently'],
    ['S', 'busRead', 'S', 'silently'],
    ['S', 'busReadExclusive', 'I', 'silently'],
    ['S', 'busUpgrade', 'I', 'silently'],
    ['S', 'replacement', 'I', 'silently'],
    ['E', 'busRead', 'S', 'silently'],
    ['E', 'busReadExclusive', 'I', 'silently'],
    ['E', 'replacement', 'I', 'silently'],
    ['M', 'busRead', 'S', 'with a write-back'],
    ['M', 'busReadExclusive', 'I', 'with a write-back'],
    ['M', 'replacement', 'I', 'with a write-back'],
  ] as const)('%s, %s ends in %s %s', (state, event, ends, how) => {
    const { next, writesBack } = transitionsOf(state)[event];
    expect([lettersOf(next), writesBack]).toEqual([ends, how === 'with a write-back']);
  });

  test.each([
    ['I', 'replacement'],
    ['E', 'busUpgrade'],
    ['M', 'busUpgrade'],
  ] as const)('%s, %s cannot happen', (state, event) => {
    expect(() => transitionsOf(state)[event].next).toThrow('the protocol rules out');
  });
});

type Local = readonly [state: string, event: 'localRead' | 'localWrite', bus: string | null, ends: string];
type Remote = readonly [
  state: string,
  event: 'busRead' | 'busReadExclusive' | 'busUpgrade' | 'replacement',
  ends: string,
  how: 'silently' | 'supplying' | 'with a write-back',
];

const sameInMesi = (protocol: Protocol, letters: string) =>
  Array.from(letters, (letter) => expect(transitionsOf(letter, protocol)).toEqual(transitionsOf(letter)));

function expectRows(protocol: Protocol, local: readonly Local[], remote: readonly Remote[]): void {
  for (const [state, event, bus, ends] of local) {
    const { next, nextIfShared, bus: asked } = transitionsOf(state, protocol)[event];
    expect([state, event, asked, lettersOf(next, nextIfShared)]).toEqual([state, event, bus, ends]);
  }
  for (const [state, event, ends, how] of remote) {
    const { next, supplies, writesBack } = transitionsOf(state, protocol)[event];
    const found = writesBack ? 'with a write-back' : supplies ? 'supplying' : 'silently';
    expect([state, event, lettersOf(next), found]).toEqual([state, event, ends, how]);
  }
}

test('MOESI is MESI but for changed lines, which stay with an owner when others read them', () => {
  sameInMesi(moesi, 'ISE');
  expectRows(
    moesi,
    [
      ['M', 'localRead', null, 'M/M'],
      ['M', 'localWrite', null, 'M/M'],
      ['O', 'localRead', null, 'O/O'],
      ['O', 'localWrite', 'upgrade', 'M/M'],
    ],
    [
      ['M', 'busRead', 'O', 'supplying'],
      ['M', 'busReadExclusive', 'I', 'supplying'],
      ['M', 'replacement', 'I', 'with a write-back'],
      ['O', 'busRead', 'O', 'supplying'],
      ['O', 'busReadExclusive', 'I', 'supplying'],
      ['O', 'busUpgrade', 'I', 'silently'],
      ['O', 'replacement', 'I', 'with a write-back'],
    ],
  );
  expect(() => transitionsOf('M', moesi).busUpgrade.next).toThrow('the protocol rules out');
});

test('a write-through cache knows Invalid and Shared; every store goes below, and one that misses does not fill', () => {
  expect(writeThrough.map((row) => row !== null)).toEqual([true, true, false, false, false]);
  expectRows(
    writeThrough,
    [
      ['I', 'localRead', 'read', 'S/S'],
      ['I', 'localWrite', 'writeThrough', 'I/I'],
      ['S', 'localRead', null, 'S/S'],
      ['S', 'localWrite', 'writeThrough', 'S/S'],
    ],
    [
      ['I', 'busRead', 'I', 'silently'],
      ['I', 'busReadExclusive', 'I', 'silently'],
      ['I', 'busUpgrade', 'I', 'silently'],
      ['S', 'busRead', 'S', 'silently'],
      ['S', 'busReadExclusive', 'I', 'silently'],
      ['S', 'busUpgrade', 'I', 'silently'],
      ['S', 'replacement', 'I', 'silently'],
    ],
  );
  expect(() => transitionsOf('I', writeThrough).replacement.next).toThrow('the protocol rules out');
});

describe('under other protocols, on three caches', () => {
  test.each([
    ['moesi', 'a read of a Modified line leaves it with its owner', '0w 1r', 'OSI'],
    ['moesi', 'an owner that writes takes all other copies', '0w 1r 2r 0w', 'MII'],
    ['moesi', 'a sharer that writes takes the line over from its owner', '0w 1r 1w', 'IMI'],
    ['moesi', 'an owner hands the line on to a writer', '0w 1r 2w', 'IIM'],
    ['moesi', 'a prefetch for writing by a sharer takes the changes over', '0w 1r 1P', 'IMI'],
    ['moesi', 'an owner that replaces the line leaves it to the sharers', '0w 1r 0r20 0r40', 'ISI'],
    ['write-through', 'a store that misses does not fill', '0w', 'III'],
    ['write-through', 'a store that hits keeps the line, and takes all other copies', '0r 1r 2r 1w', 'ISI'],
    ['write-through', 'a store that misses takes all other copies', '0r 1r 2w', 'III'],
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
