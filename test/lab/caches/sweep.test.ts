/** All caches of a sweep, each against a run of the cache simulator with its geometry. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccessKind } from '../../../src/hw/observe.ts';
import type { SweptCache } from '../../../src/lab/caches/cache-report.ts';
import { CacheSimulator } from '../../../src/lab/caches/cache-simulator.ts';
import { AccessList } from '../../../src/lab/caches/memory-trace.ts';
import { CacheSweep } from '../../../src/lab/caches/sweep.ts';

type Access = readonly [cpu: number, kind: AccessKind, address: number, bytes: number];

function swept(trace: readonly Access[], line: number, from = 0): CacheSweep {
  const sweep = new CacheSweep(line);
  trace.forEach((access, i) => {
    if (i === from) sweep.startCounting();
    sweep.access(...access);
  });
  return sweep;
}

/** Misses of one cache, from access `from` on. */
function simulated(trace: readonly Access[], { size, ways }: SweptCache, line: number, from = 0): number {
  const geometry = { size, ways, line, policy: 'lru' } as const;
  const simulator = new CacheSimulator({ geometry, cpus: 1, classes: 'none' });
  const misses = () => simulator.caches.l1s.reduce((sum, { counters }) => sum + counters.misses, 0);
  let before = 0;
  trace.forEach((access, i) => {
    if (i === from) before = misses();
    simulator.access(...access);
  });
  return misses() - before;
}

/** Few lines, so that sets fill; many, so that they overflow. */
const traces = (cpus: number, kinds: readonly AccessKind[]) =>
  fc.integer({ min: 1, max: 200 }).chain((lines) => {
    const access = fc.tuple(
      fc.nat(cpus - 1),
      fc.constantFrom(...kinds),
      fc.nat(lines * 16 - 1),
      fc.integer({ min: 1, max: 40 }),
    );
    return fc.array(access, { minLength: 1, maxLength: 400, size: 'max' });
  });

/** Up to 128 lines: beyond, these traces miss as often as there. */
const small = ({ size }: SweptCache) => size <= 128 * 16;

describe('each cache of a sweep misses as often as a run of the simulator with its geometry', () => {
  test.each<[what: string, cpus: number, kinds: readonly AccessKind[], runs: number]>([
    ['one CPU', 1, ['r', 'w'], 30],
    ['CPUs that only read', 3, ['r'], 10],
    ['CPUs that take lines from each other', 4, ['r', 'r', 'r', 'w', 'x'], 60],
  ])('%s', (_what, cpus, kinds, numRuns) => {
    fc.assert(
      fc.property(traces(cpus, kinds), fc.nat(100), (trace, warmUp) => {
        const from = Math.min(warmUp, trace.length - 1);
        for (const cache of swept(trace, 16, from).caches().filter(small)) {
          expect({ ...cache, misses: simulated(trace, cache, 16, from) }).toEqual(cache);
        }
      }),
      { seed: 15, numRuns },
    );
  });
});

describe('on a recorded trace', () => {
  const golden = new URL('../../golden/data/', import.meta.url);
  const read = (name: string): Access[] => {
    const list = AccessList.parse(gunzipSync(readFileSync(new URL(name, golden))), name);
    return Array.from({ length: list.length }, (_, i) => [
      list.cpus[i],
      list.kinds[i],
      list.addresses[i],
      list.sizes[i],
    ]);
  };

  test.each<[name: string, line: number, caches: (readonly [sets: number, ways: number])[]]>([
    [
      'real-ls.din.gz',
      64,
      [
        [1, 1],
        [1, 64],
        [1, 4096],
        [2, 16],
        [64, 3],
        [64, 8],
        [256, 1],
        [512, 12],
        [4096, 2],
      ],
    ],
    [
      'mt-fs.mp.gz',
      32,
      [
        [1, 2],
        [1, 512],
        [2, 1],
        [64, 16],
        [128, 4],
        [1024, 5],
      ],
    ],
  ])('%s', (name, line, caches) => {
    const trace = read(name);
    const all = swept(trace, line).caches();
    for (const [sets, ways] of caches) {
      const cache = all.find((of) => of.sets === sets && of.ways === ways)!;
      expect(simulated(trace, cache, line)).toBe(cache.misses);
    }
  });
});
