/** What identifies an experiment, and what its results say of it. */
import { describe, expect, test } from 'vitest';
import { identityOf, type Origin, resultsOf, type TracedFile } from '../../../src/lab/results/assemble.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { point } from '../../report/results.ts';

/** Shows what was hashed. */
const sha256 = (text: string) => `hash of ${text}`;

const specificationOf = (...lines: string[]) =>
  parseSpecification(['name: x', 'machine: { model: k6 }', ...lines].join('\n'), 'x.yaml');
const traced: TracedFile = { name: 't.txt', sha256: 'ab12', trace: readTrace(['a 0 48', 'f 0'], 't.txt') };
const replay: Origin = {
  specification: specificationOf('workload: { name: replay, trace: ../some/where/t.txt }', 'seed: s'),
  ...{
    machine: 'K6',
    clocks: { 'pentium-iii': 700 },
    traces: new Map([['../some/where/t.txt', traced]]),
    slabscope: '1.2.3',
  },
};
const churn: Origin = { ...replay, specification: specificationOf('workload: churn'), traces: new Map() };
const hashOf = (origin: Origin) => identityOf(origin, sha256).specificationHash;
const changed = (origin: Origin, ...lines: string[]): Origin => ({
  ...origin,
  specification: specificationOf('workload: churn', ...lines),
});

describe('the hash of an experiment', () => {
  test('is of the schema and the specification, with the hash of the trace in place of its path', () => {
    const { seeds: _, ...rest } = replay.specification;
    const workload = { name: 'replay', trace: 'ab12' };
    expect(hashOf(replay)).toBe(sha256(JSON.stringify({ schema: 'slabscope-results/3', ...rest, workload })));
  });

  test('is another for another trace, and the same wherever it lies', () => {
    const elsewhere = specificationOf('workload: { name: replay, trace: /tmp/t.txt }', 'seed: s');
    expect(hashOf({ ...replay, specification: elsewhere, traces: new Map([['/tmp/t.txt', traced]]) })).toBe(
      hashOf(replay),
    );
    expect(hashOf({ ...replay, traces: new Map([['../some/where/t.txt', { ...traced, sha256: 'cd34' }]]) })).not.toBe(
      hashOf(replay),
    );
  });

  test('does not tell how many seeds there are, but all else', () => {
    expect(hashOf(changed(churn, 'seeds: 99'))).toBe(hashOf(churn));
    expect(hashOf(changed(churn, 'seed: other'))).not.toBe(hashOf(churn));
    expect(hashOf(changed(churn, 'interference: 1'))).not.toBe(hashOf(churn));
  });
});

describe('results', () => {
  test('tell several traces apart by their files, and have none that is the one', () => {
    const traces = ['a/t.txt', 'b/u.txt'];
    const specification = specificationOf(`workload: { name: replay, trace: [${traces.join(', ')}] }`);
    const other = { ...traced, name: 'u.txt' };
    const several = resultsOf(
      {
        ...replay,
        specification,
        traces: new Map([
          [traces[0]!, traced],
          [traces[1]!, other],
        ]),
      },
      [],
      sha256,
    );
    expect(several.trace).toBe(null);
    expect(several.traces?.map(({ name }) => name)).toEqual(['t.txt', 'u.txt']);
    expect(several.specification).toMatchObject({ workload: { name: 'replay', trace: ['t.txt', 'u.txt'] } });
  });

  test('name the trace by its file, without the folder, and tell what it holds', () => {
    const { specification, trace } = resultsOf(replay, [], sha256);
    expect(specification).toEqual({ ...replay.specification, workload: { name: 'replay', trace: 't.txt' } });
    expect(trace).toMatchObject({ name: 't.txt', sha256: 'ab12', format: 'malloc', allocations: 1, frees: 1 });
    expect(trace).not.toHaveProperty('file');
  });

  test('of a list of workloads name the trace of the one that replays', () => {
    const both = specificationOf('workload: [churn, { name: replay, trace: a/t.txt }]');
    const traces = new Map([['a/t.txt', traced]]);
    const { specification } = resultsOf({ ...replay, specification: both, traces }, [], sha256);
    const [other] = both.workload as readonly unknown[];
    expect(specification).toMatchObject({ workload: [other, { name: 'replay', trace: 't.txt' }] });
  });

  test('have the points as handed in, a measure for each combination, and what was compared', () => {
    const points = [0, 1].flatMap((seed) => [point('init-all word on', seed), point('init-all word off', seed)]);
    const results = resultsOf(churn, points, sha256);
    expect(results.points).toBe(points);
    expect(results.measures.map(({ combination }) => combination.colouring)).toEqual(['on', 'off']);
    expect(results.comparisons.map(({ axis, variant, seeds }) => [axis, variant, seeds])).toEqual([
      ['colouring', 'on', 2],
    ]);
    expect(results).toMatchObject({ ...identityOf(churn, sha256), name: 'x', machine: 'K6', trace: null });
  });
});
