/** Random runs on random machines of every protocol, with and without a second level: what must hold after every step. */

import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import {
  Exclusive,
  Invalid,
  isDirty,
  Modified,
  Owned,
  type ProtocolName,
  protocols,
} from '../../../src/hw/cache/coherence.ts';
import type { ClassDetail } from '../../../src/hw/cache/miss-classes.ts';
import { policyNames } from '../../../src/hw/cache/replacement.ts';
import { NO_LINE } from '../../../src/hw/cache/tag-array.ts';
import { type CacheGeometry, inclusions, type SecondLevelGeometry } from '../../../src/hw/cpu-model.ts';
import type { Machine } from '../../../src/hw/machine.ts';
import fc from '../../fast-check.ts';
import { machineOf, perform } from '../tiny-machine.ts';
import { anyGeometry, anySteps, BYTES, linesOf, mustEqual } from './random-runs.ts';

const LINE = 16;
const anyL2: fc.Arbitrary<SecondLevelGeometry> = fc
  .record({
    geometry: anyGeometry(policyNames, [LINE]),
    shared: fc.boolean(),
    inclusion: fc.constantFrom(...inclusions),
  })
  .map(({ geometry, shared, inclusion }) => ({ ...geometry, shared, inclusion }));

const anyMachine = fc
  .record({
    cpus: fc.integer({ min: 1, max: 4 }),
    l1: anyGeometry(policyNames, [LINE]),
    protocol: fc.constantFrom(...(Object.keys(protocols) as ProtocolName[])),
    l2: fc.option(anyL2),
  })
  .filter(({ protocol, l2 }) => protocol !== 'write-through' || l2?.inclusion !== 'exclusive');
type AnyMachine = ReturnType<typeof anyMachine.generate>['value'];

const machineFrom = ({ cpus, l1, protocol, l2 }: AnyMachine, classes: ClassDetail = 'all'): Machine =>
  machineOf(cpus, { l1, protocol, l2, classes, random: seedrandom('ways') });

const addresses = Array.from({ length: Math.ceil((BYTES + 40) / LINE) }, (_, i) => i * LINE);

/** The states of the line at `addr`: of each CPU, what its L1 and a second level of its own say; of a shared one. */
function statesOf({ cpus, caches }: Machine, l2: SecondLevelGeometry | null, addr: number) {
  const perCpu = cpus.map(({ id, l1 }) => ({
    l1: l1.stateOf(addr),
    l2: l2 === null || l2.shared ? Invalid : caches.l2s[id]!.stateOf(addr),
  }));
  return { perCpu, shared: l2?.shared === true ? caches.l2s[0]!.stateOf(addr) : Invalid };
}

const isAlone = (state: number) => state === Modified || state === Exclusive;

/** Whoever holds a line alone shares it with nobody; one answers for changes; the directory knows; inclusion holds. */
function checkLines(machine: Machine, l2: SecondLevelGeometry | null): void {
  for (const addr of addresses) {
    const { perCpu, shared } = statesOf(machine, l2, addr);
    const where = `line 0x${addr.toString(16)}, ${JSON.stringify({ perCpu, shared })}`;
    const holders = perCpu.filter((cpu) => cpu.l1 !== Invalid || cpu.l2 !== Invalid);
    if (perCpu.some((cpu) => isAlone(cpu.l1) || isAlone(cpu.l2))) mustEqual(holders.length, 1, where);
    for (const cpu of perCpu) {
      if (isAlone(cpu.l1) && cpu.l2 !== Invalid && !isAlone(cpu.l2))
        throw new Error(`${where}: L2 thinks it is shared`);
    }
    const owners = perCpu.filter((cpu) => cpu.l1 === Owned || cpu.l2 === Owned);
    if (owners.length > 1) throw new Error(`${where}: two owners`);
    const { directory } = machine.caches.bus;
    const bits = perCpu.reduce((sum, cpu, id) => (holders.includes(cpu) ? sum | (1 << id) : sum), 0);
    const id = directory.idOf(addr / LINE);
    const [everHeld, invalidated] = [directory.everHeld[id]!, directory.invalidated[id]!];
    mustEqual(directory.holders[id], bits, `${where}: holders that the directory knows`);
    mustEqual(invalidated & ~everHeld, 0, `${where}: who lost it to a write has never held it`);
    perCpu.forEach(({ l1 }, cpu) => {
      if (l1 === Invalid) return;
      mustEqual((everHeld >> cpu) & 1, 1, `${where}: cpu${cpu} holds it, and has held it`);
      mustEqual((invalidated >> cpu) & 1, 0, `${where}: cpu${cpu} holds it, and has lost it to a write`);
    });
    if (l2?.inclusion === 'inclusive') {
      const below = (cpu: (typeof perCpu)[number]) => (l2.shared ? shared : cpu.l2);
      for (const cpu of perCpu)
        if (cpu.l1 !== Invalid && below(cpu) === Invalid) throw new Error(`${where}: not in L2`);
    }
    if (l2?.inclusion === 'exclusive' && !l2.shared) {
      for (const cpu of perCpu) if (cpu.l1 !== Invalid && cpu.l2 !== Invalid) throw new Error(`${where}: twice`);
    }
  }
}

/** What the fast table answers is so: a line that may be read is there, one that may be written is Modified. */
function checkFastTable({ cpus }: Machine): void {
  for (const { id, l1 } of cpus) {
    for (const line of l1.readable) {
      if (line !== NO_LINE) mustEqual(l1.holds(line), true, `cpu${id}: line ${line} is read without a look, and held`);
    }
    for (const line of l1.writable) {
      if (line !== NO_LINE)
        mustEqual(l1.stateOf(line * LINE), Modified, `cpu${id}: the state of line ${line}, written so`);
    }
  }
}

function checkCounts({ cpus }: Machine, { protocol, l2 }: AnyMachine, lineAccesses: readonly number[]): void {
  const sum = { sent: 0, received: 0 };
  for (const { id, l1 } of cpus) {
    const { counters: c } = l1;
    mustEqual(c.readHits + c.writeHits + c.misses, lineAccesses[id], 'hits and misses');
    const classes = c.coldMisses + c.capacityMisses + c.conflictMisses + c.trueSharingMisses + c.falseSharingMisses;
    mustEqual(classes, c.misses, 'misses of all classes');
    const stores = protocol === 'write-through' ? c.writeThroughs : c.writeMisses;
    const requests = l2 === null ? 0 : c.readMisses + stores + c.prefetchFills;
    mustEqual(c.l2Hits + c.l2Misses, requests, 'requests to the second level');
    sum.sent += c.invalidationsSent;
    sum.received += c.invalidationsReceived;
  }
  mustEqual(sum.sent, sum.received, 'invalidations');
}

/** Lines that some cache holds changed. */
function dirtyLines(machine: Machine, l2: SecondLevelGeometry | null): Set<number> {
  return new Set(
    addresses.filter((addr) => {
      const { perCpu, shared } = statesOf(machine, l2, addr);
      return isDirty(shared) || perCpu.some((cpu) => isDirty(cpu.l1) || isDirty(cpu.l2));
    }),
  );
}

/** Lines written to memory: what an L1 gives up goes no further than its second level, nor past a shared one what others take. */
function writeBacks({ cpus }: Machine, l2: SecondLevelGeometry | null): number {
  let sum = 0;
  for (const { counters: c } of cpus) {
    sum += c.l2Writebacks;
    if (l2 === null) sum += c.writebacksEvict;
    if (l2?.shared !== true) sum += c.writebacksIntervRead + c.writebacksIntervWrite;
  }
  return sum;
}

const settings = (seed: number) => ({ seed, numRuns: 400 });

test('a line has one owner or none, levels hold what they should, and all counts add up', () => {
  fc.assert(
    fc.property(anyMachine, anySteps(['r', 'w', 'x', 'p', 'P']), (options, steps) => {
      const machine = machineFrom(options);
      const lineAccesses = machine.cpus.map(() => 0);
      for (const step of steps) {
        const id = step.id % options.cpus;
        perform(machine.cpus[id]!, step.kind, step.addr, step.bytes);
        if (!/p/i.test(step.kind)) lineAccesses[id]! += linesOf(options.l1, step).length;
        checkLines(machine, options.l2);
        checkCounts(machine, options, lineAccesses);
      }
    }),
    settings(5),
  );
});

test('what an L1 answers without a look it holds, and what it stores to so it holds Modified', () => {
  const run = fc.tuple(anyMachine, fc.constantFrom('none', 'sharing', 'all'), anySteps(['r', 'w', 'x', 'p', 'P']));
  fc.assert(
    fc.property(run, ([options, classes, steps]) => {
      const machine = machineFrom(options, classes);
      for (const step of steps) {
        perform(machine.cpus[step.id % options.cpus]!, step.kind, step.addr, step.bytes);
        checkFastTable(machine);
      }
    }),
    settings(7),
  );
});

test('no change is lost: a store leaves its line changed or memory written, and changed lines become clean by write-backs', () => {
  fc.assert(
    fc.property(anyMachine, anySteps(['r', 'w', 'x', 'p', 'P']), (options, steps) => {
      const machine = machineFrom(options);
      const reachesMemory = options.protocol === 'write-through' && options.l2 === null;
      for (const step of steps) {
        const before = { dirty: dirtyLines(machine, options.l2), writeBacks: writeBacks(machine, options.l2) };
        perform(machine.cpus[step.id % options.cpus]!, step.kind, step.addr, step.bytes);
        const dirty = dirtyLines(machine, options.l2);
        const cleaned = [...before.dirty].filter((addr) => !dirty.has(addr)).length;
        const written = writeBacks(machine, options.l2) - before.writeBacks;
        if (cleaned > written) throw new Error(`${cleaned} lines became clean with ${written} write-backs`);
        if (step.kind !== 'w' && step.kind !== 'x') continue;
        const last = linesOf(options.l1, step).at(-1)!;
        mustEqual(dirty.has(last.line * LINE), !reachesMemory, 'the line stored to last is changed in a cache');
      }
    }),
    settings(6),
  );
});

test('a device that writes a line takes it from every cache of every level', () => {
  fc.assert(
    fc.property(anyMachine, anySteps(['r', 'w', 'x']), fc.nat(BYTES - 1), (options, steps, addr) => {
      const machine = machineFrom(options);
      for (const step of steps) perform(machine.cpus[step.id % options.cpus]!, step.kind, step.addr, step.bytes);
      machine.caches.bus.dmaWrite(Math.floor(addr / LINE), 1);
      const { perCpu, shared } = statesOf(machine, options.l2, addr);
      for (const state of [shared, ...perCpu.flatMap(({ l1, l2 }) => [l1, l2])]) mustEqual(state, Invalid, 'state');
      checkLines(machine, options.l2);
    }),
    settings(10),
  );
});

test('a load returns what the last store in coherence order left', () => {
  const anyAccess = fc.record({ id: fc.nat(3), addr: fc.nat(BYTES - 4), value: fc.option(fc.integer()) });
  fc.assert(
    fc.property(anyMachine, fc.array(anyAccess, { maxLength: 150, size: 'max' }), (options, accesses) => {
      const machine = machineFrom(options);
      const reference = new DataView(new ArrayBuffer(BYTES));
      for (const { id, addr, value } of accesses) {
        const cpu = machine.cpus[id % options.cpus]!;
        if (value === null) mustEqual(cpu.load32(addr), reference.getInt32(addr, true), `load at ${addr}`);
        else {
          cpu.store32(addr, value);
          reference.setInt32(addr, value, true);
        }
      }
    }),
    settings(7),
  );
});

test('MOESI hits, misses and classes are those of MESI; a write-through cache has no changed line', () => {
  const l1Only: CacheGeometry = { size: 128, ways: 2, line: LINE, policy: 'lru' };
  fc.assert(
    fc.property(anySteps(['r', 'w', 'x']), (steps) => {
      const [mesi, moesi, through] = (['mesi', 'moesi', 'write-through'] as const).map((protocol) => {
        const machine = machineFrom({ cpus: 4, l1: l1Only, protocol, l2: null });
        for (const { id, kind, addr, bytes } of steps) perform(machine.cpus[id]!, kind, addr, bytes);
        return machine;
      });
      for (const { id, counters } of mesi!.cpus) {
        const { writebacksEvict, writebacksIntervRead, writebacksIntervWrite, c2cDirty, c2cClean, ...same } = counters;
        expect(moesi!.cpus[id]!.counters).toMatchObject(same);
      }
      expect(dirtyLines(through!, null).size).toBe(0);
    }),
    settings(8),
  );
});

test('second levels under write-through caches miss and upgrade as write-back caches of their size do', () => {
  // All lines fit: what an L1 answers itself its second level does not see, so the two would replace differently.
  const large: CacheGeometry = { size: 1024, ways: 64, line: LINE, policy: 'lru' };
  const small: CacheGeometry = { size: 64, ways: 2, line: LINE, policy: 'lru' };
  fc.assert(
    fc.property(anySteps(['r', 'w', 'x']), (steps) => {
      const through = machineFrom({
        ...{ cpus: 4, l1: small, protocol: 'write-through' },
        l2: { ...large, shared: false, inclusion: 'inclusive' },
      });
      const back = machineFrom({ cpus: 4, l1: large, protocol: 'mesi', l2: null });
      for (const machine of [through, back]) {
        for (const { id, kind, addr, bytes } of steps) perform(machine.cpus[id]!, kind, addr, bytes);
      }
      for (const { id, counters } of through.cpus) {
        const { misses, upgrades, c2cDirty, invalidationsReceived } = back.cpus[id]!.counters;
        expect(counters).toMatchObject({ l2Misses: misses, upgrades, c2cDirty, invalidationsReceived });
      }
    }),
    settings(9),
  );
});
