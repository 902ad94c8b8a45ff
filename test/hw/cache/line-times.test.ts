/** A line is in one place at a time: its moves follow each other. Costs are decimal digits: memory 100, transfer 1000. */

import { describe, expect, test } from 'vitest';
import { type ProtocolName, protocols } from '../../../src/hw/cache/coherence.ts';
import type { LineDirectory } from '../../../src/hw/cache/line-directory.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { interpose } from '../../../src/hw/interpose.ts';
import type { Machine } from '../../../src/hw/machine.ts';
import fc from '../../fast-check.ts';
import { cycles, geometry, machineOf, perform, play } from '../tiny-machine.ts';
import { anyGeometry, anySteps, mustEqual, type Step } from './random-runs.ts';

type MachineShape = Parameters<typeof machineOf>[1];

/** Of three CPUs. */
const clocksAfter = (steps: string, options?: MachineShape): number[] => {
  const machine = machineOf(3, options);
  play(machine, steps);
  return machine.cpus.map(({ clock }) => clock);
};

describe('of CPUs that ask at the same time', () => {
  const ofAll = { ...geometry(4, 4, 16), shared: true, inclusion: 'neither' } as const;
  const ofItsOwn = { ...ofAll, shared: false };
  test.each<[string, string, number[], MachineShape?]>([
    ['one after the other has the line', '0r 1r 2r', [100, 200, 300]],
    ['each has a line of its own at once', '0r 1r10 2r20', [100, 100, 100]],
    ['the second waits for the first, and then for the transfer', '0w 1r 1w', [100, 200 + 1001, 0]],
    ['an upgrade waits for who came before', '0r 1r 0w', [1201, 200, 0]],
    ['a locked operation waits too', '0r 1x', [100, 200 + 20, 0]],
    ['a straddling access waits for each of its lines', '0r 1r10 2re', [100, 100, 400]],
    ['a store made below waits, if others have the line', '0r 1w', [100, 1101, 0], { protocol: 'write-through' }],
    ['a second level of all must have the line first itself', '0r 1r 2r', [100, 110, 120], { l2: ofAll }],
    ['a second level of its own has it at once', '0r 0r20 0r40 1r 0r', [310, 200, 0], { l2: ofItsOwn }],
  ])('%s', (_, steps, clocks, options) => {
    expect(clocksAfter(steps, options)).toEqual(clocks);
  });
});

test('a line that is held is used while others wait for it, at no more than a hit costs', () => {
  expect(clocksAfter('0r 1r 2r 0r 0r 0r')).toEqual([103, 200, 300]);
});

test('who comes when the line is at rest waits for nobody', () => {
  const machine = machineOf(2);
  play(machine, '0w');
  machine.cpus[1]!.clock = 100;
  play(machine, '1r');
  expect(machine.cpus[1]!.clock).toBe(200);
  expect(machine.cpus[1]!.counters.lineWaitCycles).toBe(0);
});

test('the wait alone is counted, not the move', () => {
  const machine = machineOf(2);
  play(machine, '0w 1r');
  expect(machine.cpus.map(({ counters }) => counters.lineWaitCycles)).toEqual([0, 100]);
});

test('a CPU alone waits for nothing, not even for itself', () => {
  const machine = machineOf(1);
  play(machine, '0r');
  machine.cpus[0]!.clock = 0; // what no run does
  play(machine, '0r20 0r40 0r');
  expect(machine.cpus[0]!.counters.lineWaitCycles).toBe(0);
});

/** Each CPU increments a word of its own in one line, so often. */
function incrementing(cpus: number, increments: number): Machine {
  const machine = machineOf(cpus, { l1: geometry(2, 2, 32) });
  function* increment(cpu: Cpu): Program {
    const own = 4 * cpu.id;
    for (let i = 0; i < increments; i++) {
      if (cpu.isAhead) yield;
      cpu.store32(own, cpu.load32(own) + 1);
    }
  }
  for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, increment(cpu));
  machine.scheduler.run();
  return machine;
}

describe('CPUs that increment words of one line share its transfers', () => {
  // The first has it from memory, and stores with a hit; each of the others has it from memory, and takes the first's copy away.
  // From then on every increment is two transfers, of which no two are under way together; the last store ends with a hit.
  test.each([2, 3, 4, 8])('%i of them: the time is that of all transfers, one after the other', (cpus) => {
    const n = 50;
    const machine = incrementing(cpus, n);
    const first = cycles.memory + (cpus - 1) * (cycles.memory + cycles.transfer);
    const elapsed = first + cpus * (n - 1) * 2 * cycles.transfer + cycles.l1;
    expect(Math.max(...machine.cpus.map(({ clock }) => clock))).toBe(elapsed);
    expect(machine.cpus.map(({ counters }) => counters.misses)).toEqual(new Array(cpus).fill(n));
  });

  test('one CPU alone pays a miss, then hits', () => {
    expect(incrementing(1, 50).cpus[0]!.clock).toBe(cycles.memory + 99 * cycles.l1);
  });
});

interface Move {
  readonly asked: number;
  readonly begin: number;
  readonly end: number;
}

/** All moves of each line from now on, in the order in which they were asked for. */
function movesOf(directory: LineDirectory): Map<number, Move[]> {
  const moves = new Map<number, Move[]>();
  interpose(directory, {
    moves: (below) => (id, asked, cycles) => {
      const end = below(id, asked, cycles);
      moves.set(id, [...(moves.get(id) ?? []), { asked, begin: end - cycles, end }]);
      return end;
    },
  });
  return moves;
}

const anyRun = fc.record({
  cpus: fc.integer({ min: 2, max: 4 }),
  l1: anyGeometry(['lru', 'tree-plru'], [16, 32]),
  protocol: fc.constantFrom(...(Object.keys(protocols) as ProtocolName[])),
  steps: anySteps(['r', 'w', 'x', 'p', 'P']),
});

function* playing(cpu: Cpu, steps: readonly Step[]): Program {
  for (const { kind, addr, bytes } of steps) {
    if (cpu.isAhead) yield;
    perform(cpu, kind, addr, bytes);
  }
}

test('in any run the moves of a line do not overlap, begin no earlier than asked for, and end before who asked goes on', () => {
  fc.assert(
    fc.property(anyRun, ({ cpus, l1, protocol, steps }) => {
      const machine = machineOf(cpus, { l1, protocol });
      const moves = movesOf(machine.caches.bus.directory);
      for (const cpu of machine.cpus) {
        const own = steps.filter(({ id }) => id % cpus === cpu.id);
        machine.scheduler.spawn(cpu, playing(cpu, own));
      }
      machine.scheduler.run();
      const latest = Math.max(...machine.cpus.map(({ clock }) => clock));
      for (const ofLine of moves.values()) {
        ofLine.forEach(({ asked, begin, end }, i) => {
          if (begin < Math.max(asked, ofLine[i - 1]?.end ?? 0)) throw new Error(`move ${i} begins at ${begin}`);
          if (end > latest) throw new Error(`move ${i} ends at ${end}, the run at ${latest}`);
        });
      }
    }),
    { seed: 6, numRuns: 200 },
  );
});

test('in any run of one order all counts but the waits are those without time', () => {
  fc.assert(
    fc.property(anyRun, ({ cpus, l1, protocol, steps }) => {
      const [timed, timeless] = [true, false].map((isTimed) => {
        const machine = machineOf(cpus, { l1, protocol, classes: 'all' });
        if (!isTimed) for (const cpu of machine.cpus) cpu.l1.clock = null;
        for (const { id, kind, addr, bytes } of steps) perform(machine.cpus[id % cpus]!, kind, addr, bytes);
        return machine.cpus;
      });
      timed!.forEach(({ counters, clock }, id) => {
        const { lineWaitCycles, ...counts } = counters;
        const other = timeless![id]!;
        expect({ ...counts, lineWaitCycles: 0 }).toEqual({ ...other.counters });
        mustEqual(clock - lineWaitCycles, other.clock, `clock of cpu${id} without its waits`);
      });
    }),
    { seed: 7, numRuns: 200 },
  );
});
