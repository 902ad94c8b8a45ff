/** Traces with every touch of their objects: what they tell, and that nothing wrong with one passes. */
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import type { AllocationTrace } from '../../../src/lab/traces/allocation-trace.ts';
import { eachOperation, operationAt } from '../../../src/lab/traces/operations.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { touchKinds } from '../../../src/lab/traces/touches.ts';
import { linux2422 } from '../../../src/slab/linux-2.4.22/index.ts';
import { faultsOf, story } from './traces.ts';

const head = ['# touch trace 1', '# program: none'];
const read = (...lines: string[]) => readTrace([...head, ...lines], 'touch.txt', linux2422.limits);

/** A kernel's: object 0 was there before; CPU 1 allocates object 1, and CPU 0 frees it. */
const kernel = [
  'c 3 16 kmalloc-16',
  'c 7 192 dentry',
  'n 1 d_alloc',
  'n 2 dput',
  'b 0 7 192',
  't 5 1',
  'a 1 7 192 z 1',
  's w 0 8 24 1',
  '0',
  's r 40 4 1 1',
  '1 0',
  't 0 0',
  's m 88 4 1 2',
  '2 1',
  '1',
  'f 1 2',
  '1 0',
];

/** `thread-5 cpu1: write 24 x 8 at 0 of 1 by d_alloc`, run by run. */
function touchesOf({ touches, threads }: AllocationTrace): string[][] {
  const { runs, site, object, sites, functions } = touches!;
  return Array.from({ length: runs.length }, (_, run) => [
    `${threads[runs.thread[run]!]} on ${runs.cpu[run]} behind ${runs.operation[run]}`,
    ...Array.from({ length: runs.begin[run + 1]! - runs.begin[run]! }, (_, i) => {
      const s = site[runs.begin[run]! + i]!;
      const what = `${touchKinds[sites.kind[s]!]} ${sites.count[s]} x ${sites.bytes[s]} at ${sites.offset[s]}`;
      return `${what} of ${object[runs.begin[run]! + i]} by ${functions[sites.fn[s]!]}`;
    }),
  ]);
}

describe('a kernel\u2019s', () => {
  const trace = read(...kernel);

  test('gives operations, and before them the objects that were there', () => {
    expect([...eachOperation(trace.born)].map(({ object }) => object)).toEqual([0]);
    expect(story(trace)).toEqual(['dentry 1', 'kmem_cache_free 1']);
    expect(faultsOf(trace)).toEqual([]);
  });

  test('gives the touches, in runs between operations and threads', () => {
    expect(touchesOf(trace)).toEqual([
      ['thread-5 on 1 behind 1', 'write 24 x 8 at 0 of 1 by d_alloc', 'read 1 x 4 at 40 of 0 by d_alloc'],
      ['swapper/0-0 on 0 behind 1', 'modify 1 x 4 at 88 of 1 by dput', 'read 1 x 4 at 40 of 1 by d_alloc'],
      ['swapper/0-0 on 0 behind 2', 'read 1 x 4 at 40 of 0 by d_alloc'],
    ]);
  });

  test('is summed up', () => {
    expect(trace.summary).toMatchObject({
      ...{ format: 'touch trace', events: 2, bornBefore: 1, allocations: 1, frees: 1, liveAtEnd: 1 },
      ...{ peakLiveBytes: 384, threads: 2, cpus: 2, caches: 1, lines: 19 },
      touches: { reads: 3, writes: 24, modifies: 1, skipped: 0, inBornBefore: 2, sites: 3, functions: 2 },
    });
  });

  test('tells how much there is of each cache', () => {
    expect(trace.caches).toEqual([{ recordedName: 'dentry', name: 'dentry', size: 192, objects: 2, touches: 28 }]);
  });

  test('tells who allocated an object', () => {
    const { allocatedBy, functions } = trace.touches!;
    expect([...allocatedBy].map((fn) => functions[fn])).toEqual(['', 'd_alloc']);
  });

  test('asks kmalloc for what was asked for, not for the class that served it', () => {
    const { operations } = read('c 3 16 kmalloc-16', 'c 4 0 kmalloc-large', 'a 0 3 10 n', 'a 1 4 100000 -');
    expect([operationAt(operations, 0), operationAt(operations, 1)]).toMatchObject([
      { kind: 'kmalloc', size: 10, atomic: true },
      { kind: 'kmalloc', size: 100_000, atomic: false },
    ]);
  });

  test('may have several caches of one name, and names that a kernel refuses', () => {
    const long = 'skbuff_fclone_cache';
    const { caches } = read('c 1 8 x', 'c 2 20 x', `c 3 472 ${long}`, 'a 0 1 8 -', 'a 1 2 20 -', 'a 2 3 472 -');
    expect(caches).toEqual([
      { recordedName: 'x', name: 'x', size: 8, objects: 1, touches: 0 },
      // An access may reach to the next multiple of 8.
      { recordedName: 'x', name: 'x~', size: 24, objects: 1, touches: 0 },
      { recordedName: long, name: 'skbuff_fclone_cac~', size: 472, objects: 1, touches: 0 },
    ]);
  });

  test('may name a function behind its first use', () => {
    expect(read('a 0 0 8 - 1', 'n 1 late').touches!.functions).toEqual(['', 'late']);
  });
});

describe('a program\u2019s', () => {
  test('has no caches, no functions, and a thread 0 that is one of its own', () => {
    const trace = read('t 0 0', 'a 0 0 37 -', 's w 32 8 1', '0', 'f 0');
    expect(story(trace)).toEqual(['37 bytes 0', 'kfree 0']);
    expect(touchesOf(trace)).toEqual([['thread-0 on 0 behind 1', 'write 1 x 8 at 32 of 0 by ']]);
  });

  test('may free what nobody saw freed', () => {
    const trace = read('a 0 0 8 -', 'f 0 u', 'a 1 0 8 -');
    expect(trace.summary).toMatchObject({ frees: 0, unseenFrees: 1, liveAtEnd: 1 });
    expect(faultsOf(trace)).toEqual([]);
  });
});

test('what a kernel refuses is left out with its touches, and counted', () => {
  const lines = ['a 0 0 8 -', 'a 1 0 3000000 -', 's r 0 4 2', '0', '0 0', 'f 1', '0 0'];
  const { summary, touches } = read(...lines);
  expect(summary.skipped['allocation above 2097152 bytes']).toBe(1);
  expect(summary.skipped['free of an object whose allocation was skipped']).toBe(1);
  expect(summary.touches).toMatchObject({ reads: 6, skipped: 2 });
  expect(touches!.length).toBe(2);
});

test('lines may end as on Windows', () => {
  const windows = readTrace(
    [...head, ...kernel].map((line) => `${line}\r`),
    'touch.txt',
    linux2422.limits,
  );
  expect(windows).toEqual(read(...kernel));
});

describe('an error names file and line, where', () => {
  const counted =
    '# 1 objects born before, 1 allocations, 1 frees (0 unseen), 3 reads, 24 writes, 1 modifies, 0 of the';

  test.each([
    [
      'an access lies outside its object',
      [...kernel, 's r 188 8 1', '3 0'],
      /:21: an access to bytes 188 to 195 of object 0; .* byte 191/,
    ],
    ['an access of many does', [...kernel, 's w 0 8 25', '3 0'], /:21: an access to bytes 0 to 199 of object 0/],
    ['an object is freed', [...kernel, '2 1'], /:20: an access to object 1, which is freed/],
    ['an object was not allocated', [...kernel, '2 2'], /:20: object 2, which was not allocated/],
    ['there is no object yet', ['s r 0 8 1', '0'], /:4: an access without an object/],
    ['a site is unknown', [...kernel, '3 0'], /:20: site 3; .* so far 3/],
    ['an ID is used twice', [...kernel, 'a 1 7 192 - 1'], /:20: object 1 a second time/],
    ['an ID is left out', [...kernel, 'a 3 7 192 - 1'], /:20: object 3; they count up .* next is 2/],
    ['an object is freed twice', [...kernel, 'f 1 2'], /:20: a free of object 1, which is freed already/],
    ['a free is of no object', [...kernel, 'f 9 2'], /:20: object 9, which was not allocated/],
    ['a cache is unknown', ['a 0 7 192 -'], /:3: cache 7; a cache has its line/],
    ['a cache is told twice', ['c 7 8 x', 'c 7 8 y'], /:4: cache 7 a second time/],
    ['a function is never named', ['a 0 0 8 - 2', 'n 1 one'], /:3: function 2; every function has a line/],
    ['functions do not count up', ['n 2 two'], /:3: function 2; they count up, and the next is 1/],
    [
      'an object born before stands behind an allocation',
      ['a 0 0 8 -', 'b 1 0 8'],
      /:4: an object born before, behind/,
    ],
    ['one stands behind a touch', ['b 0 0 8', 's r 0 8 1', '0', 'b 1 0 8'], /:6: an object born before, behind/],
    [
      'a line is cut',
      [...kernel, 'a 2 7'],
      /:20: "a 2 7" is no line of a touch trace; write a ID CACHE BYTES FLAGS FN/,
    ],
    ['a visit has a field more', [...kernel, '2 0 0'], /:20: "2 0 0" is no line/],
    ['a visit ends in no number', [...kernel, '2 x'], /:20: "2 x" is no line/],
    ['there are two blanks', [...kernel, '2  0'], /:20: "2 {2}0" is no line/],
    ['a number is none', [...kernel, 'f -1 2'], /:20: "f -1 2" is no line/],
    ['a number is larger than any', [...kernel, 'f 9999999999 2'], /:20: "f 9999999999 2" is no line/],
    ['a flag is unknown', ['a 0 0 8 q'], /:3: "a 0 0 8 q" is no line .* of z, n, r, l/],
    ['a kind is unknown', ['s x 0 8 1'], /:3: "s x 0 8 1" is no line .*; write s KIND/],
    ['a kind is missing', ['s'], /:3: "s" is no line/],
    ['accesses are too wide', ['s r 0 16 1'], /:3: a site of 1 accesses of 16 bytes/],
    ['a site has none', ['s r 0 8 0'], /:3: a site of 0 accesses/],
    ['a CPU has no number', ['t 0 70000'], /:3: CPU 70000/],
    ['a line is of another kind', ['x 1'], /:3: "x 1" is no line of a touch trace/],
    [
      'less is there than the header counts',
      [counted, ...kernel.slice(0, -1)],
      /:19: the trace ends with 2 reads, and its header counts 3/,
    ],
    [
      'an allocation is missing',
      [counted.replace('1 alloc', '2 alloc'), ...kernel],
      /:20: the trace ends with 1 allocations, and/,
    ],
  ])('%s', (_, lines, message) => {
    expect(() => read(...lines)).toThrow(message);
    expect(() => read(...lines)).toThrow(InputError);
    expect(() => read(...lines)).toThrow(/^touch\.txt:\d+: [^\n]+$/);
  });

  test('the version is another', () => {
    expect(() => readTrace(['# touch trace 2', 'a 0 0 8 -'], 'touch.txt')).toThrow(
      'touch.txt:1: a touch trace of version 2; version 1 is read here',
    );
  });

  test('and where nothing is missing, there is none', () => {
    expect(() => read(counted, ...kernel)).not.toThrow();
  });
});
