import { describe, expect, test } from 'vitest';
import { likeOthers } from '../../../src/lab/experiment/alike.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { specificationFrom } from '../../../src/lab/specification/specification.ts';

const specification = (keys: Record<string, unknown>) =>
  specificationFrom(
    {
      name: 'x',
      workload: { name: 'churn', objects: 60, operations: 200 },
      ...{ machine: { model: 'pentium-iii', memory: '8M' }, touch: ['init-head'], seeds: 2 },
      ...{ alignment: 'word', colouring: 'on', ...keys },
    },
    (path) => path.join('.'),
  );

/** `other as one` of each seed that need not run. */
function found(keys: Record<string, unknown>, key: string): string[] {
  const of = specification(keys);
  return [...likeOthers(of, () => null, points(of))].map(([point, other]) => {
    expect(point.seed).toBe(other.seed);
    return `${point[key]} as ${other[key]}`;
  });
}

describe('points that others are like', () => {
  test.each<[string, Record<string, unknown>, string, string[]]>([
    [
      'any alignment of an object of whole lines',
      { object_size: 128, alignment: ['word', 'line-fraction', 'whole-line', 32] },
      'alignment',
      ['line-fraction as word', 'whole-line as word', '32 as word'],
    ],
    ['whole lines as the kernel aligns to them', { object_size: 100 }, 'alignment', []],
    [
      'no two alignments of a small object but those',
      { object_size: 100, alignment: ['word', 'line-fraction', 'whole-line'] },
      'alignment',
      ['whole-line as line-fraction'],
    ],
    ['no colours and some', { object_size: 100, colouring: ['off', 'on', 2] }, 'colouring', []],
    [
      'more colours than a slab has room for',
      { colouring: ['on', 999, 1000] },
      'colouring',
      ['999 as on', '1000 as on'],
    ],
    [
      'a kernel that knows nodes on a machine of one',
      {
        kernel: { version: '2.6.17-g4776874', numa: ['on', 'off'] },
        machine: { model: 'pentium-iii', nodes: [1, 2], memory: '16M' },
      },
      'kernel.numa',
      ['off as on'],
    ],
    ['nothing where no such key varies', { machine: { model: ['pentium-iii', 'athlon'], memory: '8M' } }, 'seed', []],
  ])('are %s', (_, keys, key, alike) => {
    expect(found(keys, key).sort()).toEqual(alike.flatMap((pair) => [pair, pair]).sort());
  });

  test('count the same to the last one', () => {
    const of = specification({ object_size: 128, alignment: ['word', 'line-fraction', 'whole-line'] });
    const pairs = [...likeOthers(of, () => null, points(of))];
    expect(pairs).toHaveLength(4);
    for (const [point, other] of pairs) {
      expect(runPoint(of, null, point)).toEqual({ ...runPoint(of, null, other), point });
    }
  });

  test('a point that cannot run is like none, and tells of it itself', () => {
    const fields = { nosuch: [{ name: 'x', offset: 0, size: 4 }] };
    expect(found({ object_size: 128, alignment: ['word', 'whole-line'], fields }, 'alignment')).toEqual([]);
  });
});
