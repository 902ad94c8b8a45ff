import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import type { PointResult } from '../../../src/lab/results/results.ts';
import { type Identity, pointKey, readStore, storeLine, wholeLines } from '../../../src/lab/results/store.ts';
import { point } from '../../report/results.ts';

const identity: Identity = { slabscope: '0.1.0', specificationHash: 'ab12' };
const results = [0, 1, 2].map((seed) => point('init-all word on', seed, { misses: 100 + seed }));
const lines = results.map((result) => storeLine(identity, result));
const whole = lines.join('');

const pointsOf = (text: string): PointResult[] => readStore([['p.jsonl', text]]).points.map(({ result }) => result);

test('what was stored is read back, to the last member', () => {
  const rich = { ...results[0]!, sets: { accesses: [1, 2.5], misses: [] } };
  expect(pointsOf(storeLine(identity, rich))).toEqual([rich]);
  expect(readStore([['p.jsonl', whole]])).toEqual({
    points: results.map((result, i) => ({ ...identity, result, place: `p.jsonl:${i + 1}` })),
    broken: [],
  });
});

test('a last line torn off at any byte costs that point and no other, and is told', () => {
  const before = lines[0]! + lines[1]!;
  const last = Buffer.from(lines[2]!);
  for (let kept = 0; kept < last.length; kept++) {
    const torn = Buffer.concat([Buffer.from(before), last.subarray(0, kept)]);
    const { points, broken } = readStore([['p.jsonl', torn.toString()]]);
    expect(points.map(({ result }) => result)).toEqual(results.slice(0, 2));
    expect(broken).toEqual(kept === 0 ? [] : ['p.jsonl:3']);
    expect(wholeLines(torn)).toBe(Buffer.byteLength(before));
  }
});

test('a file torn at any byte, with another behind it, costs the torn point and the line glued to it', () => {
  const head = lines[0]!;
  const torn = lines[1]!;
  for (let kept = 1; kept < torn.length; kept++) {
    const { points, broken } = readStore([['all.jsonl', head + torn.slice(0, kept) + lines[1] + lines[2]]]);
    expect(points.map(({ result }) => result)).toEqual([results[0], results[2]]);
    expect(broken).toEqual(['all.jsonl:2']);
  }
});

test('files that share points are one after the other, or read apart, the same', () => {
  const [a, b] = [lines[0]! + lines[1]!, lines[1]! + lines[2]!];
  expect(pointsOf(a + b)).toEqual(results);
  const apart = readStore([
    ['a.jsonl', a],
    ['b.jsonl', b],
  ]);
  expect(apart.points.map(({ result }) => result)).toEqual(results);
});

test('a point told in two ways is an error that names both lines', () => {
  const other = storeLine(identity, point('init-all word on', 1, { misses: 7 }));
  const read = () =>
    readStore([
      ['a.jsonl', whole],
      ['b.jsonl', lines[0]! + other],
    ]);
  expect(read).toThrow(InputError);
  expect(read).toThrow(/^b\.jsonl:2: tells point \{.*"seed":1\} in another way than a\.jsonl:2; /);
});

test('the same point of another specification or version is another point', () => {
  const changed = point('init-all word on', 1, { misses: 7 });
  const others = [
    { ...identity, specificationHash: 'cd34' },
    { ...identity, slabscope: '0.2.0' },
  ].map((of) => storeLine(of, changed));
  expect(pointsOf(whole + others.join(''))).toEqual([...results, changed, changed]);
});

test('a key does not depend on the order of the axes', () => {
  expect(pointKey({ seed: 1, touch: 'a', alignment: 'b', colouring: 'on' })).toBe(
    pointKey({ colouring: 'on', alignment: 'b', touch: 'a', seed: 1 }),
  );
});

describe('JSON that is no stored point is an error that names its line', () => {
  test.each([
    ['a number', '42', 'it is not of the form'],
    ['another schema', '{"schema":"slabscope-point/9"}', 'schema is not as it must be'],
    ['no counts', lines[1]!.replace('"counts"', '"count"'), 'counts is not as it must be'],
    ['a count that is text', lines[1]!.replace('"misses":101', '"misses":"101"'), 'counts.misses is not as it must be'],
    ['no seed', lines[1]!.replace('"seed":1', '"sead":1'), 'point.seed is not as it must be'],
  ])('%s', (_what, line, problem) => {
    expect(() => readStore([['p.jsonl', `${lines[0]}${line.trimEnd()}\n`]])).toThrow(
      `p.jsonl:2: no stored point: ${problem}; a line of slabscope-point/1 is needed`,
    );
  });
});
