import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../../src/base/random.ts';
import { countsSince, totalOf } from '../../../src/lab/caches/cache-counts.ts';
import { CacheSimulator } from '../../../src/lab/caches/cache-simulator.ts';
import { AccessList } from '../../../src/lab/caches/memory-trace.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { recordPoint } from '../../../src/lab/experiment/record.ts';
import { points, seedOf, settingsOf } from '../../../src/lab/specification/settings.ts';
import { cpuModelOf, parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';

/** Allocations on three threads, each object freed by another thread than its own a little later. */
const events = Array.from({ length: 400 }, (_, i) => {
  const ptr = (n: number) => (0xf000_0000 + 256 * n).toString(16);
  const alloc = `t-${1 + (i % 3)} [00${i % 3}] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr(i)} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
  const free = `t-${1 + ((i + 1) % 3)} [00${(i + 1) % 3}] ..... 1.0: kmem_cache_free: call_site=f ptr=${ptr(i - 20)} name=filp`;
  return i < 20 ? [alloc] : [alloc, free];
}).flat();
const trace = readTrace(events, 'trace');

const specificationOf = (cpus: number, policy: string, machine = 'memory: 8M', version = '2.4.22') =>
  parseSpecification(
    `{ name: small, workload: { name: replay, trace: t }, machine: { model: { l1: { size: 4K, ways: 2, line: 32, policy: ${policy} },
       cycles: { l1: 1, l2: 2, memory: 3, transfer: 4 } }, ${machine}, cpus: ${cpus} }, kernel: { version: ${version} },
       history: fresh, placement: trace, touch: [init-head], alignment: [word], colouring: [on], seeds: 1 }`,
    'small.yaml',
  );

/** The counts of the recording's measured part, as a simulator has them that knows nothing else. */
function fromRecording(lines: readonly string[], warmUp: number, specification: ReturnType<typeof specificationOf>) {
  const point = points(specification)[0]!;
  const { machine } = settingsOf(specification, point);
  const simulator = new CacheSimulator({
    geometry: cpuModelOf(machine.model).l1,
    cpus: machine.cpus,
    classes: 'all',
    random: seeded(seedOf(specification, point, 'workload'), 'replacement'),
  });
  let before = simulator.counts();
  AccessList.parse(new TextEncoder().encode(lines.join('')), 'recording').forEach((cpu, kind, address, bytes, i) => {
    if (i === warmUp) before = simulator.startCounting();
    simulator.access(cpu, kind, address, bytes);
  });
  return totalOf(simulator.counts().map((after, cpu) => countsSince(before[cpu]!, after)));
}

describe('a recorded point, put through the cache simulator', () => {
  test.each([
    [1, 'lru', 37],
    [2, 'tree-plru', 35],
    [3, 'lru', 36],
    [2, 'random', 51],
  ])('%i CPUs, %s: counts what the point counted', (cpus, policy, writtenAsReads) => {
    const specification = specificationOf(cpus, policy);
    const point = points(specification)[0]!;
    const lines: string[] = [];
    const { counts, accesses, warmUp, prefetches } = recordPoint(specification, trace, point, (line) =>
      lines.push(line),
    );
    expect(counts).toEqual(runPoint(specification, trace, point).counts);
    expect(lines.length).toBe(accesses);
    expect(prefetches.writtenAsReads).toBe(writtenAsReads);
    expect(prefetches.leftOutThatBroughtLines).toBe(0);
    expect(warmUp).toBeGreaterThan(10_000);

    const total = fromRecording(lines, warmUp, specification);
    expect(counts).toMatchObject({
      accesses: total.accesses,
      lineAccesses: total.lineAccesses,
      hits: total.readHit + total.writeHit,
      misses: total.readMiss + total.writeMiss,
      cold: total.missCold,
      capacity: total.capacity!.read + total.capacity!.write,
      conflict: total.conflict!.read + total.conflict!.write,
      trueSharing: total.trueSharing,
      falseSharing: total.falseSharing,
      duboisTrueAny: total.duboisTrueAny,
      duboisTrueLoad: total.duboisTrueLoad,
      fullyAssociativeMisses: total.fullyAssociativeMisses,
    });
    expect(total.missCoherence > 0).toBe(cpus > 1);
  });

  test('with recorded touches counts them all', () => {
    const packed = readFileSync(new URL('../touches/data/cut-of-k-pipe.gz', import.meta.url));
    const touched = readTrace(gunzipSync(packed).toString().trimEnd().split('\n'), 'cut');
    const specification = { ...specificationOf(2, 'lru'), touch: 'recorded' as const };
    const lines: string[] = [];
    const { counts, warmUp } = recordPoint(specification, touched, points(specification)[0]!, (line) =>
      lines.push(line),
    );
    const total = fromRecording(lines, warmUp, specification);
    const { reads, writes, modifies } = touched.summary.touches!;
    expect(counts.accesses).toBeGreaterThan(reads + writes + modifies);
    expect(counts).toMatchObject({
      accesses: total.accesses,
      misses: total.readMiss + total.writeMiss,
      cold: total.missCold,
      capacity: total.capacity!.read + total.capacity!.write,
      conflict: total.conflict!.read + total.conflict!.write,
      trueSharing: total.trueSharing,
      falseSharing: total.falseSharing,
    });
  });

  test('of a kernel that prefetches what it hands out misses there instead, as is told', () => {
    const specification = specificationOf(4, 'lru', 'memory: 16M, nodes: 2', '2.6.17-g4776874');
    const lines: string[] = [];
    const { counts, warmUp, prefetches } = recordPoint(specification, trace, points(specification)[0]!, (line) =>
      lines.push(line),
    );
    const total = fromRecording(lines, warmUp, specification);
    expect([total.accesses, total.lineAccesses]).toEqual([counts.accesses, counts.lineAccesses]);
    expect([total.readMiss + total.writeMiss - counts.misses, prefetches.leftOutThatBroughtLines]).toEqual([21, 21]);
  });
});
