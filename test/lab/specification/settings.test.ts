import { describe, expect, test } from 'vitest';
import { fieldsOf } from '../../../src/lab/specification/fields.ts';
import { layoutsNamed } from '../../../src/lab/specification/layouts-key.ts';
import { points, settingsOf, traceOf } from '../../../src/lab/specification/settings.ts';
import { parseSpecification, tracesOf } from '../../../src/lab/specification/specification.ts';

const specificationOf = (...lines: string[]) => parseSpecification(lines.join('\n'), 'x.yaml');

const varied = specificationOf(
  'name: x',
  'machine:',
  '  model: [k6, { name: mine, l1: { size: 4K, ways: 2, line: 32 }, cycles: { l1: 1, l2: 2, memory: 3, transfer: 4 } }]',
  '  cpus: [1, 2]',
  'kernel: { l1_cache_bytes: [32] }',
  'workload: { name: churn, objects: [10, 20] }',
  'limit: 8',
  'touch: init-head',
  'alignment: word',
  'colouring: [2, on]',
  'seeds: 3',
);

describe('points', () => {
  test('name every key that holds a list by its dotted path, in the order of the keys, then the seed', () => {
    expect(Object.keys(points(varied)[0]!)).toEqual([
      ...['machine.model', 'machine.cpus', 'kernel.l1_cache_bytes', 'workload.objects', 'colouring', 'seed'],
    ]);
  });

  test('are all combinations under every seed, the last key the fastest, the seed the slowest', () => {
    const all = points(varied);
    expect(all).toHaveLength(2 * 2 * 2 * 2 * 3);
    expect(all.slice(0, 3).map((point) => Object.values(point))).toEqual([
      ['k6', 1, 32, 10, 2, 0],
      ['k6', 1, 32, 10, 'on', 0],
      ['k6', 1, 32, 20, 2, 0],
    ]);
    expect(all.at(-1)).toMatchObject({ 'machine.model': 'mine', colouring: 'on', seed: 2 });
    expect(new Set(all.map((point) => JSON.stringify(point))).size).toBe(all.length);
  });

  test('show workloads by their names, with the defaults of each', () => {
    const several = specificationOf(
      ...['name: x', 'machine: { model: k6 }', 'workload: [churn, { name: cache-thrash, iterations: 7 }]'],
      ...['touch: init-head', 'alignment: word', 'colouring: on', 'seeds: 1'],
    );
    expect(points(several).map(({ workload }) => workload)).toEqual(['churn', 'cache-thrash']);
    expect(points(several).map((point) => settingsOf(several, point).workload)).toEqual([
      { name: 'churn', objects: 1000, operations: 20_000 },
      { name: 'cache-thrash', iterations: 7, repetitions: 200 },
    ]);
  });
});

test('the settings of a point have one value of each key', () => {
  const point = points(varied).at(-1)!;
  expect(settingsOf(varied, point)).toMatchObject({
    machine: { model: { name: 'mine', l1: { size: 4096, ways: 2 } }, cpus: 2 },
    kernel: { l1_cache_bytes: 32 },
    workload: { name: 'churn', objects: 20, operations: 20_000 },
    limit: 8,
    colouring: 'on',
  });
});

describe('traces', () => {
  const several = specificationOf(
    ...['name: x', 'machine: { model: k6 }', 'touch: init-all', 'alignment: word', 'colouring: on', 'seeds: 1'],
    'workload: { name: replay, trace: [../far/k-epoll.gz, b.ftrace.txt.gz], pass_over: [none, task_struct files_cache] }',
  );

  test('are found', () => {
    const replay = specificationOf(
      'name: x',
      'machine: { model: k6 }',
      'workload: [churn, { name: replay, trace: t }]',
    );
    expect(tracesOf(replay)).toEqual(['t']);
    expect(tracesOf(varied)).toEqual([]);
    expect(tracesOf(several)).toEqual(['../far/k-epoll.gz', 'b.ftrace.txt.gz']);
  });

  test('may vary, and are then called by the names of their files', () => {
    const all = points(several);
    expect(all.map((point) => [point['workload.trace'], point['workload.pass_over']])).toEqual([
      ['k-epoll', 'none'],
      ['k-epoll', 'task_struct files_cache'],
      ['b.ftrace', 'none'],
      ['b.ftrace', 'task_struct files_cache'],
    ]);
    expect(all.map((point) => traceOf(several, point))).toEqual([
      ...['../far/k-epoll.gz', '../far/k-epoll.gz', 'b.ftrace.txt.gz', 'b.ftrace.txt.gz'],
    ]);
    expect(traceOf(varied, points(varied)[0]!)).toBe(null);
  });
});

test('named fields are told by cache, without how they are used', () => {
  const named = specificationOf(
    ...['name: x', 'machine: { model: k6 }', 'workload: zipf-lookup'],
    'fields: { looked-up: [{ name: i_count, offset: 8, size: 4, heat: 3 }] }',
  );
  expect(fieldsOf(named)).toEqual(new Map([['looked-up', [{ name: 'i_count', offset: 8, size: 4 }]]]));
  expect(fieldsOf(varied)).toEqual(new Map());
});

test('files of layouts are read in their order, and are no axis', () => {
  const named = specificationOf(
    ...['name: x', 'machine: { model: k6 }', 'workload: zipf-lookup'],
    'layouts: [k.json, { file: k.h, abi: i386, caches: { looked-up: inode } }]',
  );
  expect(layoutsNamed(named.layouts)).toEqual([
    { file: 'k.json', abi: 'x86-64', caches: {} },
    { file: 'k.h', abi: 'i386', caches: { 'looked-up': 'inode' } },
  ]);
  expect(points(named).map((point) => Object.keys(point))[0]).not.toContain('layouts');
});
