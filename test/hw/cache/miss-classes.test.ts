import { describe, expect, test } from 'vitest';
import type { Counters } from '../../../src/hw/cache/counters.ts';
import { geometry, machineOf, play } from '../tiny-machine.ts';

const directMapped = geometry(2, 1, 16);
const fullyAssociative = geometry(1, 2, 16);

const classesOf = (counters: Counters) => ({
  cold: counters.coldMisses,
  capacity: counters.capacityMisses,
  conflict: counters.conflictMisses,
  true: counters.trueSharingMisses,
  false: counters.falseSharingMisses,
});
type Classes = ReturnType<typeof classesOf>;

/** The class of the miss in the last step, and checks that the classes of all steps make up the misses. */
function classOfLastMiss(steps: string, l1 = geometry(2, 2, 16)): string {
  const machine = machineOf(3, { l1, classes: 'all' });
  const last = steps.lastIndexOf(' ');
  const { counters } = machine.cpus[Number(steps[last + 1])]!.l1;
  if (last > 0) play(machine, steps.slice(0, last));
  const before = classesOf(counters);
  play(machine, steps.slice(last + 1));
  const after = classesOf(counters);
  expect(after.cold + after.capacity + after.conflict + after.true + after.false).toBe(counters.misses);
  return Object.keys(after)
    .filter((name) => after[name as keyof Classes] > before[name as keyof Classes])
    .join();
}

describe('lines are 16 bytes; CPU 0', () => {
  test.each([
    ['never held the line', '0r', 'cold'],
    ['never held the line, which another CPU has written', '1w 0r', 'cold'],
    ['hits, which is no miss', '0r 0r', ''],
    ['lost the line only because two lines want one set', '0r 0r20 0r', 'conflict', directMapped],
    ['writes what it lost only because two lines want one set', '0w 0r20 0w', 'conflict', directMapped],
    ['cycles through more lines than a cache of this size holds', '0r 0r10 0r20 0r', 'capacity', fullyAssociative],
    ['writes what no cache of this size could have kept', '0r 0w10 0w20 0w', 'capacity', fullyAssociative],
    ['wants a line that the fully associative cache has lost too', '0r 0r10 0r20 0r', 'capacity', directMapped],
    ['uses a line often, so that a fully associative cache keeps it', '0r 0r20 0r 0r40 0r', 'conflict', directMapped],
  ])('%s', (_, steps, expected, l1 = directMapped) => {
    expect(classOfLastMiss(steps, l1)).toBe(expected);
  });
});

describe('after a write of CPU 1 took its copy, CPU 0', () => {
  test.each([
    ['reads the word that was written', '0r 1w 0r', 'true'],
    ['reads another word of the line', '0r 1w4 0r', 'false'],
    ['writes the word that was written', '0r 1w 0w', 'true'],
    ['writes another word of the line', '0r 1w4 0w', 'false'],
    ['reads a word that was written later, while the line stayed with CPU 1', '0r 1w4 1w 0r', 'true'],
    ['reads a word that was written later, and replaced since', '0r 1w4 1w 1r20 1r40 0r', 'true'],
    ['reads a word that a third CPU wrote later', '0r 1w4 2w 0r', 'true'],
    ['reads a word whose writer lost the line to a third CPU', '0r 1w 2w4 0r', 'true'],
    ['reads a word that was written before CPU 0 last held the line', '1w 0r 1w4 0r', 'false'],
    ['reads a word that it wrote itself', '0w 1w4 0r', 'false'],
    ['reads two words, one of them written', '0r 1w4 0r2', 'true'],
    ['reads a word of which other bytes were written', '0r 1w1 0r4', 'true'],
    ['reads the word that a locked operation changed', '0r 1x 0r', 'true'],
    ['reads a word that CPU 1 asked for and did not write', '0r 1P 0r', 'false'],
    ['reads a word that CPU 1 asked for first and wrote then', '0r 1P 1w 0r', 'true'],
  ])('%s', (_, steps, expected) => {
    expect(classOfLastMiss(steps)).toBe(expected);
  });
});

test('each line of a straddling read is classed by its own words', () => {
  const machine = machineOf(2, { classes: 'all' });
  play(machine, '0r 0r10 1wc 1w1c 0re');
  expect(classesOf(machine.cpus[0]!.l1.counters)).toEqual({ cold: 2, capacity: 0, conflict: 0, true: 1, false: 1 });
});

test('a line lost to a write is gone from the fully associative cache too', () => {
  const machine = machineOf(2, { l1: directMapped, classes: 'all' });
  play(machine, '0r 1w 0r');
  expect(machine.cpus[0]!.l1.counters.fullyAssociativeMisses).toBe(2);
});

describe('the fully associative cache of CPU 0 loses a line', () => {
  test.each([
    ['that another CPU writes after the L1 replaced it', '0r 0r20 1w 0r', 3],
    ['that another CPU, which alone holds it, writes', '0r 0r20 1r 1w 0r', 3],
    ['that another CPU fetches to write it', '0r 0r20 1P 0r', 3],
    ['that another CPU, which alone holds it, prefetches to write it', '0r 0r20 1r 1P 0r', 3],
    ['to a locked operation', '0r 0r20 1x 0r', 3],
    ['but not to a read', '0r 0r20 1r 0r', 2],
  ])('%s', (_, steps, misses) => {
    const machine = machineOf(2, { l1: directMapped, classes: 'all' });
    play(machine, steps);
    expect(machine.cpus[0]!.l1.counters.fullyAssociativeMisses).toBe(misses);
  });

  test('that a device writes after the L1 replaced it', () => {
    const machine = machineOf(2, { l1: directMapped, classes: 'all' });
    play(machine, '0r 0r20');
    machine.caches.bus.dmaWrite(0, 0b1);
    play(machine, '0r');
    expect(machine.cpus[0]!.l1.counters).toMatchObject({ fullyAssociativeMisses: 3, capacityReadMisses: 1 });
  });
});

describe('below an L1 that writes through, the fully associative cache', () => {
  test.each([
    ['is not filled by a store that misses', '0w 0r', 2, fullyAssociative],
    ['is not filled by a store that hits the L1 alone', '0r 0r10 0r50 0r90 0rd0 0w 0r', 7, geometry(4, 1, 16)],
    ['keeps a line that is stored to, though the L1 has replaced it', '0r 0r20 0w 0r40 0r', 3, directMapped],
  ])('%s', (_, steps, misses, l1) => {
    const machine = machineOf(1, { l1, protocol: 'write-through', classes: 'all' });
    play(machine, steps);
    expect(machine.cpus[0]!.l1.counters.fullyAssociativeMisses).toBe(misses);
  });
});

test('the fully associative cache misses where capacity does, cold misses included', () => {
  const machine = machineOf(1, { l1: directMapped, classes: 'all' });
  play(machine, '0r 0r20 0r 0r40 0r20');
  const { counters } = machine.cpus[0]!.l1;
  expect(classesOf(counters)).toMatchObject({ cold: 3, conflict: 1, capacity: 1 });
  expect(counters.fullyAssociativeMisses).toBe(4);
});

test('the fully associative cache is told of prefetches', () => {
  const machine = machineOf(1, { l1: directMapped, classes: 'all' });
  play(machine, '0p 0p20 0r');
  expect(classesOf(machine.cpus[0]!.l1.counters)).toMatchObject({ cold: 0, conflict: 1, capacity: 0 });
});

test('lines over 128 bytes have too many words for classes', () => {
  expect(() => machineOf(1, { l1: geometry(2, 2, 256), classes: 'all' })).toThrow(
    'L1: miss classes on lines of 256 bytes; classes take lines of 128 bytes at most',
  );
});

describe('over its stay, a coherence miss of CPU 0 is true sharing by any access, by loads', () => {
  test.each([
    ['if it reads a word that another wrote', '0r 1w 0r', 1, 1],
    ['if it reads one later, before it loses the line again', '0r 1w4 0r 0r4', 1, 1],
    ['not if it reads other words only', '0r 1w4 0r 0r8', 0, 0],
    ['if it reads one in a stay after one that was useless', '0r 1w4 0r 1w8 0r4', 1, 1],
    ['not if it had seen that word in a stay that counted', '0r 1w4 0r4 1w8 0r4', 1, 1],
    ['by any access alone, if it writes the word', '0r 1w4 0w4', 1, 0],
    ['by any access alone, if it reads the word after it wrote it', '0r 1w4 0w4 0r4', 1, 0],
    ['if a locked operation uses the word', '0r 1w4 0x4', 1, 1],
    ['not if the line was replaced meanwhile: such a miss sees all', '0r 1w4 0r 0r20 0r40 0r4', 0, 0],
  ])('%s', (_, steps, any, load) => {
    const machine = machineOf(2, { classes: 'all' });
    play(machine, steps);
    const { counters } = machine.cpus[0]!;
    expect([counters.duboisTrueAnyMisses, counters.duboisTrueLoadMisses]).toEqual([any, load]);
    expect(counters.duboisFalseAnyMisses).toBe(counters.coherenceMisses - any);
  });
});

describe("below a cache that writes through, a store that misses fills nothing, and is the CPU's own all the same", () => {
  test.each([
    ['read back later, its words are no communication', '0r 1w4 0w4 0r4', 0],
    ['but the other words that were written are', '0r 1w4 1w8 0w4 0r8', 1],
    ['so is a word that another CPU writes after it', '0r 1w4 0w4 1w4 0r4', 1],
  ])('%s', (_, steps, load) => {
    const machine = machineOf(2, { classes: 'all', protocol: 'write-through' });
    play(machine, steps);
    expect(machine.cpus[0]!.counters.duboisTrueLoadMisses).toBe(load);
  });
});

test('with sharing alone, 3C and the lifetime are left out, and sharing at the miss is the same', () => {
  const [sharing, all] = (['sharing', 'all'] as const).map((classes) => {
    const machine = machineOf(2, { classes });
    play(machine, '0r 1w4 0r 1w 0r 0r20 0r40 0r');
    return machine.cpus[0]!.counters;
  });
  expect(sharing).toMatchObject({ trueSharingMisses: 1, falseSharingMisses: 1, conflictReadMisses: 0 });
  expect(all).toMatchObject({ trueSharingMisses: 1, falseSharingMisses: 1, conflictReadMisses: 1 });
});

test('of a miss from before counting began, what comes later tells nothing; of the next miss it does', () => {
  const machine = machineOf(2, { l1: geometry(2, 2, 16), classes: 'all' });
  const [cpu] = machine.cpus;
  const { counters, classes } = cpu!.l1;
  const told = () => [counters.coherenceMisses, counters.duboisTrueAnyMisses, counters.duboisTrueLoadMisses];
  play(machine, '0r 1w4 0r');
  classes!.startCounting();
  play(machine, '0r4');
  expect(told()).toEqual([1, 0, 0]);
  play(machine, '1w4 0r 0r4');
  expect(told()).toEqual([2, 1, 1]);
});
