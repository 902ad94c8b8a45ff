/** Every workload on every build of 2.6.17: what it counts adds up and repeats, every miss has its owner, no race is new. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { addr_t } from '../../../src/hw/memory.ts';
import { attributePoint } from '../../../src/lab/experiment/attribute.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { watchHandovers } from '../../../src/lab/watch/handovers.ts';
import { unintended } from '../../../src/lab/watch/intended-races.ts';
import { detectRaces, type Race, tellRace } from '../../../src/lab/watch/race-detector.ts';
import { workloads } from '../../../src/lab/workloads/all.ts';
import type { Role } from '../../../src/slab/allocator.ts';
import { limitsOfAll } from '../../../src/slab/kernel-facts.ts';
import { linux2422 } from '../../../src/slab/linux-2.4.22/index.ts';
import { linux2617 } from '../../../src/slab/linux-2.6.17/index.ts';

const builds = {
  SMP: { machine: {}, kernel: {} },
  UP: { machine: { cpus: 1 }, kernel: { smp: 'off' } },
  NUMA: { machine: { cpus: 4, nodes: 2 }, kernel: {} },
  'without NUMA on two nodes': { machine: { nodes: 2 }, kernel: { numa: 'off' } },
  DEBUG: { machine: {}, kernel: { debug: 'on' } },
  'NUMA and DEBUG': { machine: { nodes: 2 }, kernel: { debug: 'on' } },
};
type Build = keyof typeof builds;

const synthetic = {
  'hot-field-walk, passes: 3': 3,
  'churn, objects: 300, operations: 400': null,
  'zipf-lookup, objects: 300, operations: 300': null,
  'producer-consumer, objects: 200, pairs: across': 200,
  'per-cpu-counters, increments: 100': 100,
  'packet-receive, packets: 60': null,
  'cache-thrash, iterations: 3, repetitions: 40': 3,
  'cache-scratch, iterations: 3, repetitions: 40': 3,
};

function specificationOf(workload: string, build: Build, ...keys: string[]) {
  const given = parseYaml(`{ workload: { name: ${workload} }, ${keys.join(', ')} }`);
  const { machine, kernel } = builds[build];
  const touches = workloads.get(given.workload.name)!.uses.includes('touch');
  const otherwise = {
    ...{ name: 'x', alignment: 'line-fraction', colouring: 'on', seeds: 1 },
    ...(touches ? { touch: 'init-head' } : {}),
    machine: { model: 'pentium-iii', memory: '16M', ...machine },
    kernel: { version: linux2617.name, ...kernel },
  };
  return parseSpecification(JSON.stringify({ ...otherwise, ...given }), 'x.yaml');
}

const runnable = Object.keys(builds).flatMap((build) =>
  Object.keys(synthetic)
    .filter((workload) => build !== 'UP' || !workload.startsWith('producer-consumer'))
    .map((workload) => [build as Build, workload as keyof typeof synthetic] as const),
);

test('no workload but replay is left out', () => {
  const names = Object.keys(synthetic).map((workload) => workload.split(',')[0]);
  expect([...names, 'replay'].sort()).toEqual([...workloads.keys()].sort());
});

const classes = ['cold', 'capacity', 'conflict', 'trueSharing', 'falseSharing'] as const;

test.each(runnable)(
  '%s, %s: does all its operations, counts add up, and each miss has one owner',
  (build, workload) => {
    const specification = specificationOf(workload, build);
    const { counts, owners } = attributePoint(specification, null, points(specification)[0]!);
    const owned = (count: 'misses' | (typeof classes)[number]) => owners.reduce((sum, owner) => sum + owner[count], 0);
    expect(counts.hits + counts.misses).toBe(counts.lineAccesses);
    expect(classes.reduce((sum, each) => sum + counts[each], 0)).toBe(counts.misses);
    expect(classes.map(owned)).toEqual(classes.map((each) => counts[each]));
    expect([owned('misses'), counts.failed]).toEqual([counts.misses, 0]);
    const each = synthetic[workload];
    if (each !== null) expect(counts.operations).toBe(each * Number(specification.machine.cpus));
    expect(counts.remoteMisses === undefined).toBe(specification.machine.nodes === undefined);
  },
);

const everything = [
  ...['interference: 25', 'interrupts: 5000', 'limit: 16', 'batchcount: 4', 'shared: 2'],
  ...['alignment: 64', 'colouring: 2', 'ageing: 0.3'],
];
test.each(Object.keys(synthetic))(
  '%s: with all keys at once counts the same again, on nodes and with checks',
  (workload) => {
    const specification = specificationOf(workload, 'NUMA and DEBUG', ...everything);
    const [first, second] = [1, 2].map(() => runPoint(specification, null, points(specification)[0]!));
    expect(second).toEqual(first);
    expect(first!.counts.interrupts).toBeGreaterThan(5);
  },
);

/** What the workloads themselves share: rings, counters. They hand objects over as host code has it. */
const OF_WORKLOADS = new Set(['object', 'page contents']);

test.each(Object.keys(synthetic))(
  '%s: on nodes, with interrupts, the kernel has no race but those intended',
  (workload) => {
    const specification = specificationOf(workload, 'NUMA', 'interrupts: 3000');
    let found: () => readonly Race[] = () => [];
    runPoint(specification, null, points(specification)[0]!, {
      poweredOn: () => {},
      measured: (allocator) => {
        const place = (addr: addr_t) => allocator.place(addr);
        const detector = detectRaces(allocator.kernel, place, { functions: false });
        watchHandovers(allocator, detector);
        found = () => detector.races.filter(({ first }) => !OF_WORKLOADS.has(place(first.address).kind));
      },
    });
    expect(unintended(found(), linux2617.intendedRaces).map(tellRace)).toEqual([]);
  },
);

const limits = limitsOfAll([linux2422, linux2617]);

/** Real recordings in their first lines: of ftrace, perf script and malloc. */
const heads = readdirSync(new URL('../traces/data/', import.meta.url)).filter((name) => name.endsWith('.txt.gz'));

test.each(heads)('replay of %s: does the same operations as on 2.4.22, and repeats', (name) => {
  const text = gunzipSync(readFileSync(new URL(`../traces/data/${name}`, import.meta.url))).toString();
  const countsUnder = (kernel: string) => {
    const specification = parseSpecification(
      `{ name: x, workload: { name: replay, trace: t }, machine: { model: pentium-iii, memory: 16M, cpus: 4, nodes: 2 },
         kernel: { ${kernel} }, touch: hot-fields, alignment: word, colouring: on, seeds: 1 }`,
      'x.yaml',
    );
    const trace = readTrace(text.split('\n'), name, limits);
    return runPoint(specification, trace, points(specification)[0]!).counts;
  };
  const [of24, ...of26] = ['version: 2.4.22, numa: off', ...Array(2).fill(`version: ${linux2617.name}`)].map(
    countsUnder,
  );
  expect([of26[0]!.operations, of26[0]!.failed]).toEqual([of24!.operations, 0]);
  expect(of26[1]).toEqual(of26[0]);
});

test('where objects go from node to node, owners are of every kind that there is between them', () => {
  const specification = specificationOf('producer-consumer, objects: 600, pairs: across', 'NUMA');
  const { owners, sharing } = attributePoint(specification, null, points(specification)[0]!);
  const kinds = new Set(owners.map(({ kind }) => kind));
  const expected: Role[] = ['object', 'per-CPU array', 'shared array', 'alien array', 'slab lists', 'lock'];
  expect(expected.filter((kind) => !kinds.has(kind))).toEqual([]);
  expect(owners.filter(({ name }) => name === '')).toEqual([]);
  const shared = sharing.hottest.flatMap(({ accesses }) => accesses.map(({ owner }) => owner.kind));
  expect(shared).toContain('alien array');
});
