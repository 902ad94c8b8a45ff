/** Any number look on together, and come and go in any order: each finds what it would find alone. */
import { expect, test } from 'vitest';
import { seeded } from '../../../src/base/random.ts';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, MiB } from '../../../src/hw/memory.ts';
import { type ObservedKind, observe } from '../../../src/hw/observe.ts';
import { Attribution } from '../../../src/lab/watch/attribution.ts';
import { Measurement } from '../../../src/lab/watch/measurement.ts';
import { detectRaces, tellRace } from '../../../src/lab/watch/race-detector.ts';
import { countSets } from '../../../src/lab/watch/set-pressure.ts';
import { Interference } from '../../../src/lab/workloads/interference.ts';
import { GFP_KERNEL } from '../../../src/mm/linux-2.4.22/gfp.ts';
import { booted } from '../../machines.ts';

/** A booted machine, and 400 allocations and frees on both CPUs that are the same each time. */
function work() {
  const { machine, allocator } = booted({ memory: 16 * MiB, classes: 'all' });
  const cachep = machine.run(machine.cpus[0]!, allocator.create(machine.cpus[0]!, { name: 'watched', size: 60 }));
  function* allocateAndFree(cpu: Cpu): Program {
    const random = seeded('work', `cpu${cpu.id}`);
    const held: addr_t[] = [];
    for (let i = 0; i < 400; i++) {
      if (held.length === 0 || random() < 0.6) held.push(yield* allocator.alloc(cpu, cachep, GFP_KERNEL));
      else yield* allocator.free(cpu, cachep, held.pop()!);
      // Straddles two lines of 32 bytes.
      if (held.length > 0) cpu.read(held.at(-1)! + 30, 4);
    }
  }
  const run = () => {
    for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, allocateAndFree(cpu));
    machine.scheduler.run();
  };
  const counts = () => machine.cpus.map(({ clock, counters }) => ({ clock, ...counters }));
  return { machine, allocator, run, counts };
}

type Work = ReturnType<typeof work>;

/** Those who look on: each returns what it has found. */
const watchers = {
  measurement: ({ allocator }: Work) => {
    const measurement = new Measurement(allocator);
    return () => ({ counts: measurement.counts(), sets: measurement.sets() });
  },
  sets: ({ machine }: Work) => {
    const counts = countSets(machine.cpus.map(({ l1 }) => l1));
    return () => counts;
  },
  attribution: ({ allocator }: Work) => {
    const attribution = new Attribution(allocator);
    return () => ({ owners: attribution.owners(), sharing: attribution.sharing() });
  },
  accesses: ({ machine }: Work) => {
    const accesses: string[] = [];
    const note = ({ id, clock }: Cpu, kind: ObservedKind, addr: addr_t, bytes: number) =>
      accesses.push(`${id} ${clock} ${kind} ${addr} ${bytes}`);
    for (const cpu of machine.cpus) observe(cpu, note);
    return () => accesses;
  },
  races: ({ allocator }: Work) => {
    const detector = detectRaces(allocator.kernel, (addr) => allocator.place(addr));
    return () => detector.races.map(tellRace);
  },
};
type Watcher = keyof typeof watchers;
const all = Object.keys(watchers) as Watcher[];

function found(these: readonly Watcher[]) {
  const working = work();
  const results = these.map((name) => [name, watchers[name](working)] as const);
  working.run();
  return { found: Object.fromEntries(results.map(([name, result]) => [name, result()])), counts: working.counts() };
}

const alone = Object.fromEntries(all.map((name) => [name, found([name]).found[name]]));
const unwatched = found([]).counts;

test.each([
  ['first to last', all],
  ['last to first', [...all].reverse()],
  ['attribution after set counting', ['measurement', 'sets', 'attribution'] as const],
  ['set counting after attribution', ['attribution', 'sets', 'measurement'] as const],
])('together they find what each finds alone, and change no count and no clock: %s', (_, these) => {
  const together = found(these);
  for (const name of these) expect([name, together.found[name]]).toEqual([name, alone[name]]);
  expect(together.counts).toEqual(unwatched);
});

test('the work that they look on has misses of many owners, and accesses by the thousand', () => {
  const { owners } = alone.attribution as { owners: readonly unknown[] };
  expect([owners.length, (alone.accesses as string[]).length]).toEqual([47, 9895]);
});

test('of two observers either may go first, and the other is told all the same', () => {
  for (const first of [0, 1]) {
    const { machine } = work();
    const [cpu] = machine.cpus as [Cpu];
    const told: string[] = [];
    const stops = ['a', 'b'].map((name) => observe(cpu, (_, kind) => told.push(name + kind)));
    cpu.read(0x1000, 4);
    stops[first]!();
    cpu.write(0x1000, 4);
    stops[1 - first]!();
    cpu.modify(0x1000, 4);
    const left = first === 0 ? 'b' : 'a';
    expect(told).toEqual(['br', 'ar', `${left}w`]);
  }
});

test('when those who can have stopped, CPUs, caches and scheduler have no methods of their own', () => {
  const { machine, allocator } = work();
  const methods = () =>
    [machine, machine.scheduler, ...machine.cpus.flatMap((cpu) => [cpu, cpu.l1, cpu.apic])].flatMap((object) =>
      Object.entries(object).filter(([name, value]) => typeof value === 'function' && name !== 'describe'),
    );
  const attribution = new Attribution(allocator);
  const stops = machine.cpus.map((cpu) => observe(cpu, () => {}));
  const races = detectRaces(allocator.kernel, (addr) => allocator.place(addr));
  expect(methods().length).toBe(37);
  attribution.stop();
  for (const stop of stops) stop();
  races.stop();
  expect(methods()).toEqual([]);
});

test("what user mode misses around those who watch is nobody's", () => {
  const { machine, allocator, run } = work();
  const [cpu] = machine.cpus as [Cpu];
  const interference = new Interference(allocator, { share: 50 });
  machine.run(cpu, interference.setUp(cpu, 'seed'));
  const attribution = new Attribution(allocator);
  const before = machine.cpus.map(({ counters }) => counters.misses);
  for (let i = 0; i < 3; i++) {
    for (const each of machine.cpus) interference.enter(each);
    run();
  }
  const missed = machine.cpus.reduce((sum, { counters }, id) => sum + counters.misses - before[id]!, 0);
  const owned = attribution.owners().reduce((sum, { misses }) => sum + misses, 0);
  expect(owned).toBe(missed - interference.totals().misses);
});
