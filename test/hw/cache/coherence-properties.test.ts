/**
 * Random runs on random machines. What must hold after every step is checked on any policy; with LRU and FIFO every
 * count is compared with a model made of maps, written from the definitions in golden/cache alone.
 */

import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import { type ProtocolName, protocols } from '../../../src/hw/cache/coherence.ts';
import { type PolicyName, policyNames } from '../../../src/hw/cache/replacement.ts';
import type { CacheGeometry } from '../../../src/hw/cpu-model.ts';
import type { Machine } from '../../../src/hw/machine.ts';
import fc from '../../fast-check.ts';
import { geometry, type Kind, machineOf, perform, states } from '../tiny-machine.ts';
import { anyGeometry, anySteps, BYTES, linesOf, mustEqual, type Step } from './random-runs.ts';

const anyRun = (policies: readonly PolicyName[], kinds: readonly Kind[]) =>
  fc.record({
    cpus: fc.constantFrom(1, 2, 3, 4, 32),
    l1: anyGeometry(policies, [4, 16, 32, 128]),
    steps: anySteps(kinds),
  });

/** Counted from the last CPU, whose bit is the sign of a mask where there are 32. */
const cpuOf = ({ id }: Step, cpus: number) => cpus - 1 - (id % cpus);

/** At most one owner and then no other copy; the directory knows the holders; the classes add up. */
function checkInvariants(machine: Machine, lineAccesses: readonly number[], line: number): void {
  for (let addr = 0; addr < BYTES + 40; addr += line) {
    const held = states(machine, addr);
    if (!/^(I*[ME]?I*|[IS]*)$/.test(held)) throw new Error(`line 0x${addr.toString(16)} is ${held}`);
    const holders = Array.from(held).reduce((bits, state, id) => (state === 'I' ? bits : bits | (1 << id)), 0);
    const { directory } = machine.caches.bus;
    mustEqual(directory.holders[directory.idOf(addr / line)], holders, 'holders that the directory knows');
  }
  for (const { id, l1 } of machine.cpus) {
    const { counters: c } = l1;
    mustEqual(c.readHits + c.writeHits + c.misses, lineAccesses[id], 'hits and misses');
    const classes = c.coldMisses + c.capacityMisses + c.conflictMisses + c.trueSharingMisses + c.falseSharingMisses;
    mustEqual(classes, c.misses, 'misses of all classes');
  }
}

test('after every step of any run a line has one owner or none, and all counts add up', () => {
  fc.assert(
    fc.property(anyRun(policyNames, ['r', 'w', 'x', 'p', 'P']), ({ cpus, l1, steps }) => {
      const machine = machineOf(cpus, { l1, classes: 'all', random: seedrandom('ways') });
      const lineAccesses = new Array<number>(cpus).fill(0);
      for (const step of steps) {
        const id = cpuOf(step, cpus);
        perform(machine.cpus[id]!, step.kind, step.addr, step.bytes);
        if (!/p/i.test(step.kind)) lineAccesses[id]! += linesOf(l1, step).length;
        checkInvariants(machine, lineAccesses, l1.line);
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});

type State = 'M' | 'E' | 'S';

/** Maps keep the order of insertion, so the first key is what LRU, or FIFO, gives up. */
class Reference {
  readonly sets: Map<number, State>[];
  /** How the CPU lost a line: to replacement, or to a write; then the words that others have written since. */
  readonly lost = new Map<number, 'replaced' | Set<number>>();
  readonly shadow = new Set<number>();
  readonly counts = {
    readMisses: 0,
    writeMisses: 0,
    coldMisses: 0,
    replacementMisses: 0,
    capacityMisses: 0,
    conflictMisses: 0,
    trueSharingMisses: 0,
    falseSharingMisses: 0,
    upgrades: 0,
    invalidationsSent: 0,
    invalidationsReceived: 0,
    c2cDirty: 0,
    c2cClean: 0,
    evictions: 0,
    writebacksEvict: 0,
    writebacksIntervRead: 0,
    writebacksIntervWrite: 0,
  };
  readonly #l1: CacheGeometry;

  constructor(l1: CacheGeometry) {
    this.#l1 = l1;
    this.sets = Array.from({ length: l1.size / l1.ways / l1.line }, () => new Map());
  }

  setOf(line: number): Map<number, State> {
    return this.sets[line % this.sets.length]!;
  }

  access(line: number, words: readonly number[], write: boolean, others: readonly Reference[]): void {
    const set = this.setOf(line);
    const state = set.get(line);
    const holders = others.filter((other) => other.setOf(line).has(line));
    const owner = holders.find((other) => other.setOf(line).get(line) === 'M');
    if (state === undefined) {
      this.#classify(line, words);
      this.counts[write ? 'writeMisses' : 'readMisses']++;
      if (holders.length > 0) this.counts[owner ? 'c2cDirty' : 'c2cClean']++;
      if (owner) owner.counts[write ? 'writebacksIntervWrite' : 'writebacksIntervRead']++;
      if (!write) for (const holder of holders) holder.setOf(line).set(line, 'S');
    }
    if (write) {
      if (state === 'S') this.counts.upgrades++;
      this.counts.invalidationsSent += holders.length;
      for (const holder of holders) holder.#loses(line);
      for (const { lost, shadow } of others) {
        shadow.delete(line);
        const written = lost.get(line);
        if (written instanceof Set) for (const word of words) written.add(word);
      }
    }
    this.#shadowUses(line);
    if (state === undefined && set.size === this.#l1.ways) this.#evict(set);
    if (this.#l1.policy === 'lru') set.delete(line);
    set.set(line, write ? 'M' : (state ?? (holders.length > 0 ? 'S' : 'E')));
  }

  #classify(line: number, words: readonly number[]): void {
    const { counts, lost, shadow } = this;
    const how = lost.get(line);
    if (how === undefined) counts.coldMisses++;
    else if (how === 'replaced') {
      counts.replacementMisses++;
      counts[shadow.has(line) ? 'conflictMisses' : 'capacityMisses']++;
    } else counts[words.some((word) => how.has(word)) ? 'trueSharingMisses' : 'falseSharingMisses']++;
  }

  #shadowUses(line: number): void {
    const { shadow } = this;
    shadow.delete(line);
    shadow.add(line);
    if (shadow.size > this.#l1.size / this.#l1.line) shadow.delete(shadow.keys().next().value!);
  }

  #loses(line: number): void {
    this.setOf(line).delete(line);
    this.lost.set(line, new Set());
    this.counts.invalidationsReceived++;
  }

  #evict(set: Map<number, State>): void {
    const [line, state] = set.entries().next().value!;
    set.delete(line);
    this.lost.set(line, 'replaced');
    this.counts.evictions++;
    if (state === 'M') this.counts.writebacksEvict++;
  }
}

test('a model made of maps counts the same misses, classes, transfers and write-backs', () => {
  fc.assert(
    fc.property(anyRun(['lru', 'fifo'], ['r', 'w', 'x']), ({ cpus, l1, steps }) => {
      const machine = machineOf(cpus, { l1, classes: 'all' });
      const references = machine.cpus.map(() => new Reference(l1));
      for (const step of steps) {
        const id = cpuOf(step, cpus);
        perform(machine.cpus[id]!, step.kind, step.addr, step.bytes);
        for (const { line, words } of linesOf(l1, step)) {
          references[id]!.access(line, words, step.kind !== 'r', references.toSpliced(id, 1));
        }
        for (const { line } of linesOf(l1, step)) {
          const expected = references.map((reference) => reference.setOf(line).get(line) ?? 'I').join('');
          mustEqual(states(machine, line * l1.line), expected, `states of line ${line}`);
        }
      }
      references.forEach(({ counts }, id) => {
        expect(machine.cpus[id]!.l1.counters).toMatchObject(counts);
      });
    }),
    { seed: 4, numRuns: 300 },
  );
});

/** Eight lines in 1, 2, 4 and 8 ways, the last of which is the fully associative cache itself. */
const eightLines = [1, 2, 4, 8].map((ways) => geometry(8 / ways, ways, 16));

test('one stream has one count of fully associative misses, whatever the ways: that of a fully associative L1', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(protocols) as ProtocolName[])),
      fc.integer({ min: 1, max: 4 }),
      anySteps(['r', 'w', 'x', 'p', 'P']),
      (protocol, cpus, steps) => {
        const machines = eightLines.map((l1) => machineOf(cpus, { l1, protocol, classes: 'bounds' }));
        for (const machine of machines) {
          for (const { id, kind, addr, bytes } of steps) perform(machine.cpus[id % cpus]!, kind, addr, bytes);
        }
        const told = machines.map((machine) => machine.cpus.map(({ counters }) => counters.fullyAssociativeMisses));
        const itself = machines.at(-1)!.cpus.map(({ counters }) => counters.misses);
        expect(told).toEqual([itself, itself, itself, itself]);
        // Of one set, the cache with hashed index is the same.
        expect(machines.at(-1)!.cpus.map(({ counters }) => counters.hashedIndexMisses)).toEqual(itself);
      },
    ),
    { seed: 5, numRuns: 300 },
  );
});
