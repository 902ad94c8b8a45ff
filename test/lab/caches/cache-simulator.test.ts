import { describe, expect, test } from 'vitest';
import { countsSince, totalOf } from '../../../src/lab/caches/cache-counts.ts';
import { CacheSimulator } from '../../../src/lab/caches/cache-simulator.ts';
import { AccessList } from '../../../src/lab/caches/memory-trace.ts';

/** Two sets of two ways of 16 bytes. */
const geometry = { size: 64, ways: 2, line: 16, policy: 'lru' } as const;

function simulated(trace: string, classes: 'all' | 'none' = 'all') {
  const simulator = new CacheSimulator({ geometry, cpus: 1, classes });
  AccessList.parse(new TextEncoder().encode(trace), 't').forEach((...access) => {
    simulator.access(...(access.slice(0, 4) as Parameters<CacheSimulator['access']>));
  });
  return simulator;
}

test('a CPU that the trace names is there from then on', () => {
  const perCpu = simulated('0 w 100 4\n2 r 100 4\n').counts();
  expect(perCpu.map(({ accesses }) => accesses)).toEqual([1, 0, 1]);
  expect(perCpu[2]).toMatchObject({ readMiss: 1, c2cDirty: 1, endS: 1 });
});

test('an access over three lines is one access, two pieces more, one that straddles', () => {
  expect(simulated('0 w 10f 12\n').counts()).toMatchObject([
    { accesses: 1, lineAccesses: 3, straddlingAccesses: 1, writeMiss: 3 },
  ]);
});

test('a locked access is a write', () => {
  expect(simulated('0 x 100 4\n').counts()).toMatchObject([{ atomics: 1, writeMiss: 1, endM: 1, dirtyAtEnd: 1 }]);
});

test('addresses in the upper half of 32 bits are lines of their own', () => {
  const [counts] = simulated('0 r 80000000 4\n0 r 0 4\n0 r fffffff0 10\n0 r 80000000 4\n').counts();
  expect(counts).toMatchObject({ readMiss: 3, readHit: 1 });
});

describe('records of counts', () => {
  test('without classes, what was not counted is not there', () => {
    const [counts] = simulated('0 r 100 4\n', 'none').counts();
    for (const name of ['capacity', 'conflict', 'fullyAssociativeMisses', 'trueSharing', 'falseSharing']) {
      expect(counts).not.toHaveProperty(name);
    }
    expect(counts).toMatchObject({ readMiss: 1, compulsory: { read: 1, write: 0 } });
  });

  test('the total adds up every count', () => {
    const perCpu = simulated('0 w 100 4\n1 w 100 4\n0 r 104 4\n1 x 100 4\n').counts();
    const total = totalOf(perCpu);
    expect(total).toMatchObject({
      accesses: 4,
      readMiss: 1,
      writeMiss: 2,
      writeHit: 1,
      compulsory: { read: 0, write: 2 },
    });
    expect(total).toMatchObject({ invalidationsSent: 2, invalidationsReceived: 2, missCoherence: 1, upgrades: 1 });
  });

  test('counts since a moment leave out what was before, but not the lines there at the end', () => {
    const warm = simulated('0 w 100 4\n');
    const before = warm.counts()[0]!;
    warm.access(0, 'r', 0x100, 4);
    expect(countsSince(before, warm.counts()[0]!)).toMatchObject({ accesses: 1, readHit: 1, writeMiss: 0, endM: 1 });
  });
});
