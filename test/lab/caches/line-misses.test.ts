import fc from 'fast-check';
import { expect, test } from 'vitest';
import { totalOf } from '../../../src/lab/caches/cache-counts.ts';
import { CacheSimulator } from '../../../src/lab/caches/cache-simulator.ts';

const geometry = { size: 256, ways: 2, line: 16, policy: 'lru' } as const;

test('misses of all lines together, class by class, are those of all CPUs', () => {
  const access = fc.tuple(
    fc.nat(2),
    fc.constantFrom('r' as const, 'w' as const, 'x' as const),
    fc.nat(600),
    fc.integer({ min: 1, max: 40 }),
  );
  fc.assert(
    fc.property(fc.array(access, { minLength: 1, maxLength: 300, size: 'max' }), fc.nat(100), (trace, from) => {
      const simulator = new CacheSimulator({ geometry, cpus: 3, classes: 'all' });
      for (const each of trace.slice(0, from)) simulator.access(...each);
      const before = totalOf(simulator.startCounting());
      for (const each of trace.slice(from)) simulator.access(...each);
      const total = totalOf(simulator.counts());
      const lines = simulator.lineMisses.worst(Number.POSITIVE_INFINITY, 'misses');
      const sum = (count: 'misses' | 'cold' | 'replacement' | 'coherence' | 'conflict' | 'trueSharing') =>
        lines.reduce((sum, of) => sum + of[count], 0);
      const readsAndWrites = ({ read, write }: { read: number; write: number }) => read + write;
      expect({
        misses: sum('misses'),
        cold: sum('cold'),
        replacement: sum('replacement'),
        coherence: sum('coherence'),
        conflict: sum('conflict'),
        trueSharing: sum('trueSharing'),
      }).toEqual({
        misses: total.readMiss + total.writeMiss - before.readMiss - before.writeMiss,
        cold: total.missCold - before.missCold,
        replacement: total.missReplacement - before.missReplacement,
        coherence: total.missCoherence - before.missCoherence,
        conflict: readsAndWrites(total.conflict!) - readsAndWrites(before.conflict!),
        trueSharing: total.trueSharing! - before.trueSharing!,
      });
    }),
    { seed: 3 },
  );
});

test('lines come by their misses, of as many the lowest first, each with who missed it', () => {
  const simulator = new CacheSimulator({ geometry, cpus: 2, classes: 'none' });
  for (const [cpu, address] of [
    [0, 0x40],
    [0, 0x20],
    [1, 0x20],
    [1, 0x4c],
  ] as const)
    simulator.access(cpu, 'w', address, 8);
  expect(simulator.lineMisses.worst(2, 'misses')).toMatchObject([
    { line: 2, misses: 2, cold: 2, coherence: 0, cpus: 0b11 },
    { line: 4, misses: 2, cold: 2, cpus: 0b11 },
  ]);
  expect(simulator.lineMisses.size).toBe(3);
});
