/** What each workload is there to show, shown in counts. */
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { cpuModels } from '../../../src/hw/cpu-models.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import type { Counts } from '../../../src/lab/results/counts.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { workloads } from '../../../src/lab/workloads/all.ts';

/** A specification in fragments of YAML: the workload's name and its parameters, then any keys; the rest is as here. */
function parse(workload: string, ...keys: string[]) {
  const given = parseYaml(`{ workload: { name: ${workload} }, ${keys.join(', ')} }`);
  const touches = workloads.get(given.workload.name)?.uses.includes('touch') ?? true;
  const otherwise = {
    name: 'x',
    machine: { model: 'pentium-iii', memory: '16M' },
    ...(touches ? { touch: 'init-head' } : {}),
    alignment: 'line-fraction',
    colouring: 'on',
    seeds: 2,
  };
  return parseSpecification(JSON.stringify({ ...otherwise, ...given }), 'x.yaml');
}

/** The counts of the first point. */
function countsOf(workload: string, ...keys: string[]): Counts {
  const specification = parse(workload, ...keys);
  return runPoint(specification, null, points(specification)[0]!).counts;
}

const oneCpu = 'machine: { model: pentium-iii, cpus: 1, memory: 16M }';
const coherence = ({ trueSharing, falseSharing }: Counts) => trueSharing + falseSharing;

describe('hot-field-walk, objects of 480 bytes and a way of a page', () => {
  const walk = 'hot-field-walk, objects: 160, passes: 20';

  test('without colours the field of all objects falls into so few sets that nearly every visit misses', () => {
    const { accesses, misses } = countsOf(walk, oneCpu, 'colouring: off');
    expect(accesses).toBe(160 * 20);
    expect(misses / accesses).toBeGreaterThan(0.95);
  });

  test('with colours it fits the cache: no visit misses after the first', () => {
    const { misses, conflict } = countsOf(walk, oneCpu, 'colouring: on');
    expect(conflict).toBe(0);
    expect(misses).toBeLessThanOrEqual(160);
  });

  test('so many objects that every set is full leave colours nothing to save', () => {
    const [off, on] = ['off', 'on'].map((colouring) =>
      countsOf('hot-field-walk, objects: 1000, passes: 5', oneCpu, `colouring: ${colouring}`),
    );
    expect(on!.misses / off!.misses).toBeGreaterThan(0.95);
  });
});

describe('churn', () => {
  const missesAnOperation = (objects: number) => {
    const { misses, operations } = countsOf(`churn, objects: ${objects}, operations: 5000`, oneCpu, 'touch: init-all');
    return misses / operations;
  };

  test('of few objects stays in the cache, of many it does not', () => {
    expect(missesAnOperation(40)).toBeLessThan(0.2);
    expect(missesAnOperation(2000)).toBeGreaterThan(1.5);
  });

  test('stays around its number of live objects: the pages at the end are about those that they fill', () => {
    const { operations, pages } = countsOf('churn, objects: 1000, operations: 20000');
    expect(operations).toBe(20_000);
    const filled = (1000 * 128) / 4096;
    expect(Math.abs(pages - filled)).toBeLessThan(0.2 * filled);
  });

  test('tells of allocations that found no memory', () => {
    const small = 'machine: { model: pentium-iii, cpus: 1, memory: 8M }';
    expect(() => countsOf('churn, objects: 100000', small, 'object_size: 4096')).toThrow(
      /^workload: stopped after 0 operations, with \d+ pages free: .+ give the machine more$/,
    );
  });
});

test('zipf-lookup: the more look-ups go to a few objects, the fewer miss', () => {
  const misses = [0, 0.8, 1.6].map(
    (exponent) => countsOf(`zipf-lookup, operations: 5000, exponent: ${exponent}`).misses,
  );
  expect(misses[1]! / misses[0]!).toBeLessThan(0.9);
  expect(misses[2]! / misses[1]!).toBeLessThan(0.6);
});

test('zipf-lookup: a replacement frees one object and allocates another, and without any nothing is allocated', () => {
  const [none, some] = [0, 0.2].map((replaced) =>
    countsOf(`zipf-lookup, operations: 5000, replaced: ${replaced}`, oneCpu),
  );
  // A look-up reads the first 32 bytes; a replacement reads and writes them, and runs the allocator.
  expect(none!.accesses).toBe(5000 * 8);
  expect(some!.accesses).toBeGreaterThan(5000 * 8 * 1.2);
});

describe('producer-consumer', () => {
  test('every object goes from cache to cache, which those of churn hardly do', () => {
    const { operations, ...handedOver } = countsOf('producer-consumer, objects: 2000');
    expect(operations).toBe(2 * 2000);
    expect(coherence({ operations, ...handedOver })).toBeGreaterThan(2 * 2000);
    expect(coherence(countsOf('churn, operations: 4000'))).toBeLessThan(0.1 * 4000);
  });

  test('per-CPU arrays save most of the way to the slabs, and the longer the more', () => {
    const [none, short, long] = [0, 8, 60].map((limit) =>
      countsOf('producer-consumer, objects: 2000', `limit: ${limit}`),
    );
    expect(short!.cycles / none!.cycles).toBeLessThan(0.8);
    expect(long!.cycles / short!.cycles).toBeLessThan(0.9);
  });
});

describe('per-cpu-counters of 8 bytes', () => {
  const counters = (alignment: string) =>
    countsOf('per-cpu-counters, increments: 2000', 'object_size: 8', `alignment: ${alignment}`);

  test.each(['word', 'line-fraction', '16'])('%s: every increment loses the line to a neighbour', (alignment) => {
    expect(counters(alignment).falseSharing).toBeGreaterThan(0.95 * 2 * 2000);
  });

  test.each(['whole-line', '32', '64'])('%s: none does', (alignment) => {
    expect(coherence(counters(alignment))).toBe(0);
  });
});

describe('time that CPUs take for what they do in one line', () => {
  const { transfer, l1 } = cpuModels['pentium-iii'].cycles;
  const on = (cpus: number) => `machine: { model: pentium-iii, cpus: ${cpus}, memory: 16M }`;

  // The first increment hits, as the first CPU wrote the counters before; each of the others waits for two transfers of the line,
  // to read it and to take it; the last store ends with a hit.
  test.each([2, 3, 4])('on %i CPUs increments follow each other, two transfers each, to the cycle', (cpus) => {
    const { elapsedCycles } = countsOf(
      'per-cpu-counters, counters: 1, increments: 1000',
      'object_size: 4',
      'alignment: word',
      on(cpus),
    );
    expect(elapsedCycles).toBe(2 * transfer * (1000 * cpus - 1) + l1);
  });

  test('in lines of their own they take as long as one CPU alone, but for the two transfers of the first', () => {
    const timeOn = (cpus: number) =>
      countsOf('per-cpu-counters, counters: 1, increments: 1000', 'alignment: whole-line', on(cpus)).elapsedCycles;
    const alone = 2000 * l1;
    const beside = 2 * transfer + 1999 * l1;
    expect([1, 2, 4].map(timeOn)).toEqual([alone, beside, beside]);
  });

  test('cache-thrash: work that CPUs share is done no sooner by more of them without per-CPU arrays, and with them is', () => {
    const timeOn = (cpus: number, limit: number) =>
      countsOf('cache-thrash, iterations: 3, repetitions: 1600', 'alignment: word', `limit: ${limit}`, on(cpus))
        .elapsedCycles;
    const speedUps = [0, 60].map((limit) => [2, 4].map((cpus) => (timeOn(1, limit) / timeOn(cpus, limit)).toFixed(2)));
    expect(speedUps).toEqual([
      ['0.08', '0.08'],
      ['1.86', '3.00'],
    ]);
  });
});

describe('packet-receive', () => {
  test('what an interrupt handler wrote on one CPU another reads and frees: memory that goes round misses by coherence', () => {
    const counts = countsOf('packet-receive, packets: 2000');
    expect(counts.operations).toBe(2 * 2000);
    expect(coherence(counts)).toBeGreaterThan(0.5 * 2000);
  });

  test('on one CPU there is none, as the handler runs on top of the reader', () => {
    const counts = countsOf('packet-receive, packets: 500', oneCpu);
    expect([counts.operations, coherence(counts)]).toEqual([2 * 500, 0]);
  });

  test('a backlog that is full drops packets', () => {
    const { operations } = countsOf('packet-receive, packets: 500, period: 1000, backlog: 2');
    expect(operations).toBeLessThan(2 * 500);
  });
});

describe("Hoard's tests, objects of 8 bytes", () => {
  const writes = 2 * 20 * 50 * 8;

  test('cache-thrash: per-CPU arrays give each CPU lines of its own, so there is hardly any active false sharing', () => {
    expect(countsOf('cache-thrash, iterations: 20, repetitions: 100').falseSharing).toBeLessThan(0.01 * writes);
  });

  test('cache-scratch: each CPU gets the piece of the shared line again that it freed: passive false sharing', () => {
    const { falseSharing } = countsOf('cache-scratch, iterations: 20, repetitions: 100');
    expect(falseSharing).toBeGreaterThan(0.5 * writes);
  });

  test('cache-scratch: with a line for each object there is none', () => {
    const counts = countsOf('cache-scratch, iterations: 20, repetitions: 100', 'alignment: whole-line');
    expect(counts.falseSharing).toBeLessThan(0.01 * writes);
  });
});

const synthetic = [
  'hot-field-walk, passes: 5',
  'churn, operations: 500',
  'zipf-lookup, operations: 500',
  'producer-consumer, objects: 300',
  'per-cpu-counters, increments: 300',
  'packet-receive, packets: 100',
  'cache-thrash, iterations: 5',
  'cache-scratch, iterations: 5',
];

describe.each(synthetic)('%s', (workload) => {
  const everything = ['interference: 25', 'interrupts: 20000', 'limit: 16', 'batchcount: 4', 'kernel: { debug: on }'];

  test.each([
    ['alone', []],
    ['with interference, interrupts, other arrays and a debugging kernel', everything],
  ])('%s, counts the same again, and its counts add up', (_what, keys) => {
    const [first, second] = [countsOf(workload, ...keys), countsOf(workload, ...keys)];
    expect(second).toEqual(first);
    const { hits, misses, lineAccesses, cold, capacity, conflict, failed } = first;
    expect(hits + misses).toBe(lineAccesses);
    expect(cold + capacity + conflict + coherence(first)).toBe(misses);
    expect(failed).toBe(0);
  });

  test('another seed gives other counts', () => {
    const specification = parse(workload, ...everything);
    const [first, second] = points(specification).map((point) => runPoint(specification, null, point).counts);
    expect(second).not.toEqual(first);
  });
});

test('all but replay are here', () => {
  expect(synthetic.map((workload) => workload.split(',')[0]).sort()).toEqual(
    [...workloads.keys()].filter((name) => name !== 'replay').sort(),
  );
});

describe('interference', () => {
  const counters = 'per-cpu-counters, increments: 500, counters: 1';
  const [none, some, all] = [0, 25, 100].map((percent) => countsOf(counters, oneCpu, `interference: ${percent}`));

  test('is counted apart: accesses are those of the workload alone', () => {
    expect([some!.accesses, all!.accesses]).toEqual([none!.accesses, none!.accesses]);
    // 16 KB in lines of 32 bytes are 512.
    expect([none!.userLoads, some!.userLoads, all!.userLoads]).toEqual([0, 500 * 128, 500 * 512]);
  });

  test('of 100 % leaves nothing of what the last operation used; of 25 % leaves what is used all the time', () => {
    expect(none!.misses).toBeLessThanOrEqual(1);
    expect(some!.misses).toBeLessThanOrEqual(5);
    expect(all!.misses).toBeGreaterThanOrEqual(499);
  });

  test('takes no time of the workload but that of its misses', () => {
    expect(all!.cycles).toBeGreaterThan(none!.cycles);
    expect(all!.cycles).toBeLessThan(none!.cycles + 501 * 200);
  });
});

test('interference with a footprint beyond the second level presses on it too; one of twice the L1 does not', () => {
  // Between two increments of a counter 64 x 512 lines go by, twice as many as the 256 KB of the second level hold; the pages
  // that they stand in fall into its sets almost evenly.
  const workload = 'per-cpu-counters, counters: 64, increments: 640';
  const [none, small, large] = ['0', '{ share: 100 }', '{ share: 100, footprint: 512K }'].map((interference) =>
    countsOf(workload, oneCpu, 'alignment: whole-line', `interference: ${interference}`),
  );
  expect([none!.misses, small!.misses, large!.misses]).toEqual([0, 640, 640]);
  expect([none!.l2Misses, small!.l2Misses, large!.l2Misses]).toEqual([0, 0, 620]);
});

describe('think time', () => {
  const onOneCpu = synthetic.filter((workload) => !workload.startsWith('producer-consumer'));
  const machine = 'machine: { model: pentium-iii, cpus: 3, memory: 16M }';
  const missesOf = (...keys: string[]) => {
    const specification = parse('per-cpu-counters, increments: 2000', 'alignment: word', machine, ...keys);
    return points(specification).map((point) => runPoint(specification, null, point).counts.misses);
  };

  test('off, CPUs that do the same fall into step, under every seed into the same', () => {
    expect(missesOf('seeds: 3')).toEqual([5498, 5498, 5498]);
    expect(missesOf('seeds: 3', 'think: 0')).toEqual([5498, 5498, 5498]);
  });

  test('on, the seed draws who meets whom', () => {
    expect(missesOf('seeds: 3', 'think: 200')).toEqual([5115, 5145, 5099]);
  });

  test.each(onOneCpu)('of %s is no work: on one CPU all counts are those without it', (workload) => {
    const { elapsedCycles, ...thinking } = countsOf(workload, oneCpu, 'think: 300');
    const { elapsedCycles: atOnce, ...counts } = countsOf(workload, oneCpu);
    expect(thinking).toEqual(counts);
    expect(elapsedCycles).toBeGreaterThan(atOnce);
  });
});

test('interrupts: the handler works on each CPU, the more often the shorter the period', () => {
  const [none, few, many] = ['off', 40_000, 10_000].map((period) =>
    countsOf('churn, operations: 40000', `interrupts: ${period}`),
  );
  expect(few!.accesses).toBeGreaterThan(none!.accesses);
  expect(many!.accesses - none!.accesses).toBeGreaterThan(2 * (few!.accesses - none!.accesses));
});

describe('fields', () => {
  const named = (cache: string, size = 4) =>
    `fields: { ${cache}: [{ name: i_count, offset: 0, size: 4, write: 1 }, { name: i_data, offset: 476, size: ${size} }] }`;

  test('are what the touch model `fields` touches', () => {
    // Two fields in two lines of an object, where init-head has one line.
    const counts = countsOf('zipf-lookup, operations: 500, replaced: 0', oneCpu, 'touch: fields', named('looked-up'));
    expect(counts.accesses).toBe(3 * 500);
  });

  test.each([
    [named('inode'), 'fields.inode: no cache of the workload has this name; name one of looked-up'],
    [named('looked-up', 8), 'fields.looked-up: i_data ends at byte 484; an object of looked-up has 480 bytes'],
  ])('%s is refused', (fields, problem) => {
    expect(() => countsOf('zipf-lookup', fields)).toThrow(problem);
  });
});
