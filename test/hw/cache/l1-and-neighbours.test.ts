/** An L1 alone, with a mock below it that tells what it was asked, and answers what the test wants. */
import { expect, test } from 'vitest';
import { Bus } from '../../../src/hw/cache/bus.ts';
import {
  BUS_READ,
  Exclusive,
  Modified,
  type ProtocolName,
  Shared,
  stateLetters,
} from '../../../src/hw/cache/coherence.ts';
import {
  type Below,
  FROM_ELSEWHERE,
  FROM_L2,
  FROM_MEMORY,
  POSTED,
  type SnoopedLevel,
  type Source,
} from '../../../src/hw/cache/contracts.ts';
import { L1 } from '../../../src/hw/cache/l1.ts';
import { cycles, geometry } from '../tiny-machine.ts';

interface Answers {
  readonly supply?: number;
  readonly answersForChanges?: boolean;
  readonly write?: Source;
  readonly snooped?: SnoopedLevel;
}

/** One set of two 16-byte lines above a mock; `asked` is the log of requests, lines in hex. */
function l1Above(
  { supply = Exclusive, answersForChanges = false, write = POSTED, snooped }: Answers,
  protocol: ProtocolName = 'mesi',
) {
  const asked: string[] = [];
  const told = <T>(what: string, line: number, answer: T): T => {
    asked.push(`${what} ${line.toString(16)}`);
    return answer;
  };
  const below: Below = {
    snooped: snooped ?? null,
    read: (_, line) => told('read', line, supply),
    readExclusive: (_, line) => told('readExclusive', line, supply),
    upgrade: (_, line) => told('upgrade', line, answersForChanges),
    write: (_, line) => told('write', line, write),
    replaced: (_, line, __, state) => told(`replaced ${stateLetters[state]}`, line, undefined),
  };
  const options = { geometry: geometry(1, 2, 16), latencies: cycles, classes: 'none', present: null } as const;
  return { l1: new L1(new Bus(protocol), below, { ...options, random: () => 0 }), asked };
}

test.each([
  ['the second level', FROM_L2, cycles.l2],
  ['another CPU', FROM_ELSEWHERE, cycles.transfer],
  ['memory', FROM_MEMORY, cycles.memory],
] as const)('a miss pays what a line from %s costs', (_, source, cost) => {
  const { l1 } = l1Above({ supply: Shared | source });
  expect([l1.load(0, 4), l1.load(4, 4)]).toEqual([cost, cycles.l1]);
});

test.each([
  ['nothing, if it met nothing', POSTED, 0],
  ['for other copies', FROM_ELSEWHERE, cycles.transfer],
  ['for memory', FROM_MEMORY, cycles.memory],
] as const)('a store written through waits %s', (_, write, wait) => {
  const { l1, asked } = l1Above({ supply: Shared | FROM_L2, write }, 'write-through');
  expect(l1.store(0x10, 4)).toBe(cycles.l1 + wait);
  l1.load(0x10, 4);
  expect(l1.store(0x10, 4)).toBe(cycles.l1 + wait);
  expect(asked).toEqual(['write 1', 'read 1', 'write 1']);
});

test("the state that comes from below is the line's, but a store makes it Modified", () => {
  for (const [access, supply, state] of [
    ['load', Shared, Shared],
    ['load', Exclusive, Exclusive],
    ['load', Modified | FROM_L2, Modified],
    ['store', Exclusive, Modified],
  ] as const) {
    const { l1 } = l1Above({ supply });
    l1[access](0, 4);
    expect([access, l1.stateOf(0)]).toEqual([access, state]);
  }
});

test('a hit asks nothing below; a store to a Shared line asks once', () => {
  const { l1, asked } = l1Above({ supply: Shared });
  l1.load(0, 4);
  l1.load(8, 4);
  l1.store(0, 4);
  l1.store(4, 4);
  expect(asked).toEqual(['read 0', 'upgrade 0']);
});

test.each([
  [false, Exclusive],
  [true, Modified],
])(
  'a prefetch for writing of a Shared line is Modified only if it must answer for changes: %s',
  (answersForChanges, ends) => {
    const { l1, asked } = l1Above({ supply: Shared, answersForChanges });
    l1.load(0, 4);
    l1.prefetch(0, true);
    expect([l1.stateOf(0), asked]).toEqual([ends, ['read 0', 'upgrade 0']]);
  },
);

test('what is replaced is handed down in its state, when the new line has been fetched', () => {
  const { l1, asked } = l1Above({});
  for (const line of [0, 1, 2]) l1.store(16 * line, 4);
  l1.load(0x30, 4);
  l1.load(0x40, 4);
  l1.load(0x50, 4);
  expect(asked.slice(2)).toEqual([
    ...['readExclusive 2', 'replaced M 0', 'read 3', 'replaced M 1'],
    ...['read 4', 'replaced M 2', 'read 5', 'replaced E 3'],
  ]);
});

test('a level of its own answers beside the L1, and writes back what both have but once', () => {
  const dirty: SnoopedLevel = { snoop: () => true };
  for (const snooped of [undefined, dirty]) {
    const { l1 } = l1Above(snooped === undefined ? {} : { snooped });
    l1.store(0, 4);
    expect(l1.snoop(BUS_READ, 0, 0)).toBe(true);
    expect([l1.stateOf(0), l1.counters.writebacksIntervRead]).toEqual([Shared, snooped === undefined ? 1 : 0]);
  }
});

test('a level above that gives a line up says whether it differed from memory', () => {
  const { l1 } = l1Above({});
  l1.load(0, 4);
  l1.store(0x10, 4);
  expect([l1.holds(0), l1.backInvalidate(0), l1.backInvalidate(1), l1.backInvalidate(1), l1.holds(0)]).toEqual([
    ...[true, false, true, false, false],
  ]);
  expect(l1.counters.backInvalidations).toBe(2);
});
