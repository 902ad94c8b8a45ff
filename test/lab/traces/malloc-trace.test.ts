import { describe, expect, test } from 'vitest';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { story } from './traces.ts';

const header = '# malloc trace of true 1.0; a ID SIZE / f ID / r ID SIZE';
const trace = (...lines: string[]) => readTrace([header, ...lines], 'trace.txt');

test.each([
  ['an allocation and its free', ['a 0 48', 'f 0'], ['48 bytes 0', 'kfree 0']],
  ['an allocation of nothing', ['a 0 0'], ['0 bytes 0']],
  ['the largest that kmalloc takes', ['a 0 131072'], ['131072 bytes 0']],
  ['more than kmalloc takes', ['a 0 131073', 'f 0'], ['131073 bytes 0', 'kfree 0']],
  ['the largest block of pages', ['a 0 2097152'], ['2097152 bytes 0']],
  ['a resize and a free', ['a 0 40', 'r 0 56', 'f 0'], ['40 bytes 0', '56 bytes 1', '1 = 0', 'kfree 0', 'kfree 1']],
  [
    'a resize out of kmalloc and back',
    ['a 0 8', 'r 0 131073', 'r 0 8'],
    ['8 bytes 0', '131073 bytes 1', '1 = 0', 'kfree 0', '8 bytes 2', '2 = 1', 'kfree 1'],
  ],
  ['a number used again without a free', ['a 0 8', 'a 0 16', 'f 0'], ['8 bytes 0', 'kfree 0', '16 bytes 1', 'kfree 1']],
  ['lines as on Windows, and blank ones', ['a 0 8\r', '\r', '', 'f 0\r'], ['8 bytes 0', 'kfree 0']],
])('%s', (_what, lines, operations) => {
  expect(story(trace(...lines))).toEqual(operations);
});

test.each([
  ['free of an object not allocated in the trace', ['a 0 8', 'f 7']],
  ['free of an object freed before', ['a 0 8', 'f 0', 'f 0']],
  ['free of an object whose allocation was skipped', ['a 0 8', 'a 1 2097153', 'f 1']],
  ['allocation above 2097152 bytes', ['a 0 8', 'a 1 4294967296']],
  ['allocation above 2097152 bytes', ['a 0 8', 'r 0 2097153']],
  ['resize of an object that is not live in the trace', ['a 0 8', 'r 7 16']],
  ['resize of an object that is not live in the trace', ['a 0 8', 'f 0', 'r 0 16']],
  ['resize of an object that is not live in the trace', ['a 0 8', 'a 1 2097153', 'r 1 16']],
] as const)('skipped and counted: %s, in %j', (reason, lines) => {
  expect(trace(...lines).summary.skipped[reason]).toBe(1);
});

test('what does not fit stays as it is, so that its free is no surprise', () => {
  const result = trace('a 0 8', 'r 0 2097153', 'f 0');
  expect(story(result)).toEqual(['8 bytes 0', 'kfree 0']);
});

test('all is done by one thread, named by the header', () => {
  const { threads, cpus, summary } = trace('a 0 8', 'f 0');
  expect([threads, cpus]).toEqual([['malloc trace of true 1.0; a ID SIZE / f ID / r ID SIZE'], 1]);
  expect(summary).toMatchObject({ format: 'malloc', threads: 1, cpus: 1, caches: 0 });
});

test('the summary counts a resize as an allocation and a free, and its bytes once', () => {
  const { summary } = trace('a 0 100', 'a 1 30', 'r 0 120', 'f 1', 'r 0 10', 'Segmentation fault');
  expect(summary).toMatchObject({ events: 5, allocations: 4, frees: 3, resizes: 2, liveAtEnd: 1, otherLines: 1 });
  expect(summary.peakLiveBytes).toBe(150);
});

describe('what is wrong is told with file and line', () => {
  test.each([
    ['an allocation without a size, as where the file is cut', 'a 12', /^trace\.txt:3: "a 12" is no event; write "a /],
    ['a free with a size', 'f 0 8', /^trace\.txt:3: "f 0 8" is no event; write /],
    ['a negative size', 'r 0 -8', /^trace\.txt:3: "r 0 -8" is no event; write /],
    ['a number beyond measure', 'a 100000000 8', /^trace\.txt:3: object number 100000000; they count up from 0, /],
    ['a number that leaves a gap', 'a 2 8', /^trace\.txt:3: object number 2; they count up from 0, and the next is 1$/],
  ])('%s', (_what, line, message) => {
    expect(() => trace('a 0 8', line)).toThrow(message);
  });

  test.each(['a 0 -48', 'a 0 NaN', 'a 12', 'r 0 many'])('a first event that is malformed: %s', (line) => {
    expect(() => readTrace([line, 'a 0 8'], 'trace.txt')).toThrow(
      `trace.txt:1: "${line}" is no event; write "a NUMBER `,
    );
  });

  test.each([
    [
      ['f 0', 'r 1 8'],
      '2 events: free of an object not allocated in the trace (1), resize of an object that is not live',
    ],
    [
      ['a 0 99999999999999999999'],
      '1 events: allocation above 2097152 bytes (1); allocations that can be replayed ("a N',
    ],
  ])('a trace without an allocation that can be replayed: %s', (lines, message) => {
    expect(() => trace(...lines)).toThrow(`trace.txt: has no allocation to replay among its ${message}`);
  });
});
