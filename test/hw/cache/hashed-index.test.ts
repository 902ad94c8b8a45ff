import { describe, expect, test } from 'vitest';
import { FullyAssociative } from '../../../src/hw/cache/fully-associative.ts';
import { HashedIndex } from '../../../src/hw/cache/hashed-index.ts';
import type { PolicyName } from '../../../src/hw/cache/replacement.ts';
import fc from '../../fast-check.ts';
import { geometry, machineOf, play } from '../tiny-machine.ts';

const LINES = 24;
const steps = fc.array(fc.record({ id: fc.nat(LINES - 1), removes: fc.boolean(), repeats: fc.nat(2) }), {
  maxLength: 300,
  size: 'max',
});

test('with one set it is the fully associative cache, though lines are removed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, (ways, steps) => {
      const hashed = new HashedIndex(geometry(1, ways, 16));
      const model = new FullyAssociative(ways);
      hashed.reach(LINES);
      model.reach(LINES);
      for (const { id, removes, repeats } of steps) {
        if (removes && repeats === 0) {
          hashed.remove(id);
          model.remove(id);
        } else for (let i = 0; i <= repeats; i++) expect(hashed.use(id)).toBe(model.use(id));
        for (let line = 0; line < LINES; line++) expect(hashed.has(line)).toBe(model.has(line));
      }
    }),
    { seed: 8, numRuns: 100 },
  );
});

test.each<PolicyName>(['lru', 'fifo', 'tree-plru', 'random'])(
  'under %s no set holds more lines than it has ways, and the line used last is there',
  (policy) => {
    const cache = new HashedIndex(geometry(4, 2, 16, policy));
    cache.reach(1000);
    for (let id = 0; id < 1000; id++) {
      expect(cache.use(id)).toBe(false);
      expect(cache.has(id)).toBe(true);
    }
    expect(Array.from({ length: 1000 }, (_, id) => cache.has(id)).filter(Boolean).length).toBe(8);
  },
);

// 128 lines thrown at 128 sets by chance leave 128 / e = 47.1 empty, with a standard deviation of 4.0 (D. E. Knuth, "The Art of
// Computer Programming", 3.3.2); over 50 throws that of the mean is 0.57.
test('lines spread over the sets as chance has it, whatever their numbers have in common', () => {
  const emptyAfter = (numbers: (i: number) => number) => {
    const cache = new HashedIndex(geometry(128, 1, 16));
    const ids = Array.from({ length: 128 }, (_, i) => numbers(i));
    cache.reach(Math.max(...ids) + 1);
    for (const id of ids) cache.use(id);
    return 128 - ids.filter((id) => cache.has(id)).length;
  };
  for (const [stride, apart] of [
    [1, 128],
    [128, 1],
    [1000, 1],
  ] as const) {
    const throws = Array.from({ length: 50 }, (_, first) => emptyAfter((i) => apart * first + stride * i));
    const mean = throws.reduce((sum, empty) => sum + empty, 0) / throws.length;
    expect(Math.abs(mean - 128 / Math.E)).toBeLessThan(3 * 0.57);
  }
});

test('more lines may come into reach, and those held stay', () => {
  const cache = new HashedIndex(geometry(1, 2, 16));
  cache.reach(1);
  cache.use(0);
  cache.reach(100);
  expect([cache.use(99), cache.use(0), cache.has(98)]).toEqual([false, true, false]);
});

describe('beside an L1', () => {
  const missesOf = (steps: string, options: Parameters<typeof machineOf>[1] = {}) => {
    const machine = machineOf(2, { classes: 'bounds', ...options });
    play(machine, steps);
    return machine.cpus[0]!.counters;
  };
  const eightLines = Array.from({ length: 8 }, (_, i) => `0r${(i * 0x400).toString(16)}`).join(' ');

  // 64 sets of 16 bytes: every 0x400 the same set again. Eight lines in 64 sets meet by twos at most, for which there is room.
  test('it hits where lines that want one set had others for the asking', () => {
    const counters = missesOf(`${eightLines} ${eightLines} ${eightLines}`, { l1: geometry(64, 2, 16) });
    expect([counters.misses, counters.conflictReadMisses, counters.hashedIndexMisses]).toEqual([24, 16, 8]);
  });

  test('it loses lines to writes of other CPUs', () => {
    expect(missesOf('0r 1w 0r').hashedIndexMisses).toBe(2);
  });

  test('it is told of prefetches, which are no misses', () => {
    expect(missesOf('0p 0r').hashedIndexMisses).toBe(0);
  });

  test('a store that misses below a cache that writes through fills it no more than that', () => {
    expect(missesOf('0w 0w 0r 0r4 0w', { protocol: 'write-through' }).hashedIndexMisses).toBe(3);
  });

  test('nothing else that is counted knows of it', () => {
    const steps = `${eightLines} 1w 0r 0r4 1w400 0w400 0w800 0x0 ${eightLines}`;
    const { hashedIndexMisses, ...bounds } = { ...missesOf(steps) };
    const { hashedIndexMisses: none, ...all } = { ...missesOf(steps, { classes: 'all' }) };
    expect(bounds).toEqual(all);
    expect([hashedIndexMisses, none]).toEqual([16, 0]);
  });
});
