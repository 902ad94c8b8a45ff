import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { keyOf, type PointResult } from '../../../src/lab/results/points.ts';
import type { Identity } from '../../../src/lab/results/results.ts';
import { readStore, type StoreReading, storeLine, wholeLines } from '../../../src/lab/results/store.ts';
import { point } from '../../report/results.ts';

const identity: Identity = { slabscope: '0.1.0', specificationHash: 'ab12' };
const results = [0, 1, 2].map((seed) => point('init-all word on', seed, { misses: 100 + seed }));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const lineOf = (result: PointResult, of = identity) => storeLine(of, result, sha256);
const lines = results.map((result) => lineOf(result));
const whole = lines.join('');

const read = (...files: [file: string, text: string][]): StoreReading => readStore(files, sha256);
const pointsOf = (text: string): PointResult[] => read(['p.jsonl', text]).points.map(({ result }) => result);

test('what was stored is read back, to the last member', () => {
  const rich = { ...results[0]!, sets: { accesses: [1, 2.5], misses: [] } };
  expect(pointsOf(lineOf(rich))).toEqual([rich]);
  expect(read(['p.jsonl', whole])).toEqual({
    points: results.map((result, i) => ({ ...identity, result, place: `p.jsonl:${i + 1}` })),
    unusable: [],
  });
});

test('a last line torn off at any byte costs that point and no other, and is told', () => {
  const before = lines[0]! + lines[1]!;
  const last = Buffer.from(lines[2]!);
  for (let kept = 0; kept < last.length; kept++) {
    const torn = Buffer.concat([Buffer.from(before), last.subarray(0, kept)]);
    const { points, unusable } = read(['p.jsonl', torn.toString()]);
    expect(points.map(({ result }) => result)).toEqual(results.slice(0, 2));
    expect(unusable).toEqual(kept === 0 ? [] : ['p.jsonl:3 is not a whole line']);
    expect(wholeLines(torn)).toBe(Buffer.byteLength(before));
  }
});

test('a file torn at any byte, with another behind it, costs the torn point and the line glued to it', () => {
  const head = lines[0]!;
  const torn = lines[1]!;
  for (let kept = 1; kept < torn.length; kept++) {
    const { points, unusable } = read(['all.jsonl', head + torn.slice(0, kept) + lines[1] + lines[2]]);
    expect(points.map(({ result }) => result)).toEqual([results[0], results[2]]);
    expect(unusable).toEqual(['all.jsonl:2 was changed: it does not fit its checksum']);
  }
});

test('files that share points are one after the other, or read apart, the same', () => {
  const [a, b] = [lines[0]! + lines[1]!, lines[1]! + lines[2]!];
  expect(pointsOf(a + b)).toEqual(results);
  const apart = read(['a.jsonl', a], ['b.jsonl', b]);
  expect(apart.points.map(({ result }) => result)).toEqual(results);
});

test('a point told in two ways is an error that names both lines', () => {
  const other = lineOf(point('init-all word on', 1, { misses: 7 }));
  const both = () => read(['a.jsonl', whole], ['b.jsonl', lines[0]! + other]);
  expect(both).toThrow(InputError);
  expect(both).toThrow(/^b\.jsonl:2: tells point \{.*"seed":1\} in another way than a\.jsonl:2; /);
});

test('the same point of another specification or version is another point', () => {
  const changed = point('init-all word on', 1, { misses: 7 });
  const others = [
    { ...identity, specificationHash: 'cd34' },
    { ...identity, slabscope: '0.2.0' },
  ].map((of) => lineOf(changed, of));
  expect(pointsOf(whole + others.join(''))).toEqual([...results, changed, changed]);
});

test('a key does not depend on the order of the axes', () => {
  expect(keyOf({ seed: 1, touch: 'a', alignment: 'b', colouring: 'on' })).toBe(
    keyOf({ colouring: 'on', alignment: 'b', touch: 'a', seed: 1 }),
  );
});

describe('a line that was changed is told, and its point not taken as computed', () => {
  const [line] = lines as [string];
  const told = (changed: string) => read(['p.jsonl', changed + lines[1]]);

  test('wherever a character was, and whatever it became', () => {
    for (let at = 0; at < line.length; at++) {
      for (const other of ['0', '7', 'e', ' ', '"', '}', '\n', '\r', '']) {
        if (line[at] === other) continue;
        const { points, unusable } = told(line.slice(0, at) + other + line.slice(at + 1));
        // Without its end it takes the next line with it.
        const left = at === line.length - 1 ? [] : [results[1]];
        expect([points.map(({ result }) => result), unusable.length > 0]).toEqual([left, true]);
      }
    }
  });

  test('where two characters changed places', () => {
    for (let at = 0; at + 1 < line.length - 1; at++) {
      if (line[at] === line[at + 1]) continue;
      const { points, unusable } = told(line.slice(0, at) + line[at + 1] + line[at] + line.slice(at + 2));
      expect([points.map(({ result }) => result), unusable.length]).toEqual([[results[1]], 1]);
    }
  });

  test('where a count was taken out', () => {
    expect(told(line.replace('"misses":100,', ''))).toMatchObject({
      points: [{ result: results[1] }],
      unusable: ['p.jsonl:1 was changed: it does not fit its checksum'],
    });
  });
});

test('lines without a checksum, as an older version wrote them, are told together and not taken', () => {
  const old = lines.map((line) =>
    line.replace(/,"sha256":"\w+"/, '').replace('slabscope-point/3', 'slabscope-point/1'),
  );
  expect(read(['p.jsonl', lines[0] + old[1]! + old[2]])).toMatchObject({
    points: [{ result: results[0] }],
    unusable: ['p.jsonl: 2 lines from line 2 on have no checksum'],
  });
});

test('an end of line as on Windows changes nothing', () => {
  expect(pointsOf(whole.replaceAll('\n', '\r\n'))).toEqual(results);
});

describe('a whole line that is no stored point is an error that names it', () => {
  const hashed = (text: string) => `${text.slice(0, -1)},"sha256":"${sha256(text.slice(0, -1))}"}\n`;
  const plain = JSON.stringify({ schema: 'slabscope-point/3', ...identity, ...results[1] });
  test.each([
    ['another schema', plain.replace('point/3', 'point/9'), 'schema is not as it must be'],
    ['no counts', plain.replace('"counts"', '"count"'), 'counts is not as it must be'],
    ['a count that is missing', plain.replace('"misses":101,', ''), 'counts.misses is not as it must be'],
    ['a count that is text', plain.replace('"misses":101', '"misses":"101"'), 'counts.misses is not as it must be'],
    ['no seed', plain.replace('"seed":1', '"sead":1'), 'point.seed is not as it must be'],
  ])('%s', (_what, text, problem) => {
    expect(() => read(['p.jsonl', lines[0] + hashed(text)])).toThrow(
      `p.jsonl:2: no stored point: ${problem}; a line of slabscope-point/3 is needed`,
    );
  });
});
