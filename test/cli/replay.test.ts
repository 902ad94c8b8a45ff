/** `slabscope replay` as a user has it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Results } from '../../src/lab/results/results.ts';
import { slabscope } from './slabscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file of the test; its path. */
function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const lines = ['# malloc trace of true', 'a 0 100', 'a 1 200', 'r 0 5000', 'f 1', 'f 1', 'noise'];

test('a trace gives its summary and the counts under every touch model, and writes no file', async () => {
  const { status, stdout, stderr } = await slabscope('replay', file('true.txt', lines));
  expect([status, stderr]).toEqual([0, '']);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toContain(
    'trace true.txt: malloc, 5 events, 1 thread, 3 allocations, 2 frees, 1 of both by resizing, 1 objects live at the end, 5,200 bytes at most',
  );
  expect(text).toContain('skipped free of an object freed before (1), line of no known form (1)');
  expect(stdout.match(/^touch model .*: counts$/gm)).toEqual(
    ['init-all', 'init-head', 'hot-fields'].map((m) => `touch model ${m}: counts`),
  );
  expect(readdirSync(folder)).toEqual(['true.txt']);
});

test('--json gives the same as results; --seeds and --seed are those asked for', async () => {
  const args = ['replay', file('true.txt', lines), '--json', '--seeds', '2', '--seed', 'mine', '--memory', '16M'];
  const { status, stdout, stderr } = await slabscope(...args);
  expect([status, stderr]).toEqual([0, '']);
  const { schema, name, seed, specification, trace, points } = JSON.parse(stdout) as Results;
  expect([schema, name, seed]).toEqual(['slabscope-results/3', 'true.txt', 'mine']);
  expect(specification).toMatchObject({
    workload: { trace: 'true.txt' },
    machine: { memory: 16 * 2 ** 20 },
    colouring: ['on'],
  });
  expect(trace).toMatchObject({ name: 'true.txt', format: 'malloc', lines: 7, resizes: 1, peakLiveBytes: 5200 });
  expect(points.map(({ point, counts }) => [point.touch, point.seed, counts.operations, counts.failed])).toEqual(
    [0, 1].flatMap((number) => ['init-all', 'init-head', 'hot-fields'].map((touch) => [touch, number, 5, 0])),
  );
});

test('allocations that found no memory are told', async () => {
  const large = Array.from({ length: 20 }, (_, i) => `a ${i} 2000000`);
  const { status, stdout } = await slabscope('replay', file('large.txt', large), '--memory', '16M');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^WARNING: \d+ allocations found no memory, at 3 of 3 points/m);
});

describe('a trace that is asked something', () => {
  const asked = async (...args: string[]) => {
    const out = join(folder, `out-${args.join('').replaceAll(/\W/g, '')}`);
    const outcome = await slabscope('replay', file('asked.txt', lines), ...args, '--out', out, '--workers', '1');
    return { ...outcome, out, results: () => JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as Results };
  };

  test('is a run that compares colouring on and off on those machines, and ends with an answer and a picture', async () => {
    const { status, stdout, stderr, out, results } = await asked(
      '--machine',
      'skylake,zen-2',
      '--touch',
      'init-head',
      '--brief',
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Does slab colouring reduce L1 misses on this workload?\n');
    expect(stdout).toContain(`written: ${join(out, 'results.json')}, ${join(out, 'asked.txt.svg')}\n`);
    const { points, comparisons } = results();
    expect(points).toHaveLength(2 * 2 * 10);
    expect(comparisons.map(({ axis, fixed }) => `${axis} ${fixed['machine.model'] ?? ''}`).slice(0, 2)).toEqual([
      'colouring skylake',
      'colouring zen-2',
    ]);
    expect(readFileSync(join(out, 'asked.txt.svg'), 'utf8')).toContain('skylake');
  });

  test('takes every key that it asks by, and goes on where it stopped', async () => {
    const args = [
      '--cpus',
      '1,2',
      '--kernel',
      '2.4.0',
      '--colouring',
      'on',
      '--alignment',
      'word,64',
      '--touch',
      'init-all',
    ];
    const first = await asked(...args, '--seeds', '1');
    // Mallocs come from general caches, which no alignment changes.
    expect([first.status, first.stderr]).toEqual([
      0,
      'slabscope: 2 of 4 points are laid out as others are: not run again\n',
    ]);
    const values = first.results().points.map(({ point }) => Object.values(point).join(' '));
    expect(values).toEqual([
      ...['1 2.4.0 init-all word on 0', '1 2.4.0 init-all 64 on 0'],
      ...['2 2.4.0 init-all word on 0', '2 2.4.0 init-all 64 on 0'],
    ]);
    const again = await asked(...args, '--seeds', '1');
    expect(again.stderr).toContain('4 of 4 points found');
  });

  test.each([
    [['--machine', 'skylak'], /^slabscope: --machine: .*must be one of pentium, /],
    [['--cpus', '99'], /^slabscope: --cpus: .*must be a whole number from 1 to 32/],
    [['--kernel', '2.2'], /^slabscope: --kernel: .*use 2\.4\.0, /],
    [['--colouring', 'on,blue'], /^slabscope: --colouring: .*must be on, off, or a number of colours/],
    [['--alignment', '3'], /^slabscope: --alignment: .*use word, /],
    [['--seeds', 'some'], /must be a whole number from 1 to 10000/],
  ])('is told what is wrong with %j', async (args, line) => {
    const { status, stderr } = await asked(...args);
    expect([status, stderr.trim().split('\n')]).toEqual([2, [expect.stringMatching(line)]]);
  });
});

describe('bad input gives one line that names the place, and status 2', () => {
  test.each([
    ['a trace that is missing', [], 'nowhere.txt', /nowhere\.txt: no such file; name one that exists$/],
    [
      'a file of another kind',
      [],
      'text.txt',
      /text\.txt: holds no event of a known trace format; line 1 begins "Dear reader,"; give the text /,
    ],
    ['a size that is none', ['--memory', 'much'], 'true.txt', /--memory: machine\.memory: much is no size: write /],
    ['too little memory', ['--memory', '1M'], 'true.txt', /--memory: machine\.memory is 1048576 bytes; it must be /],
    [
      'a trace that needs more memory',
      ['--memory', '8M'],
      'much.txt',
      /a point failed: much\.txt: stopped after \d+ operations, .*; where memory is short, give the machine more; a replay /,
    ],
  ])('%s', async (_what, args, name, line) => {
    file('true.txt', lines);
    file('text.txt', ['Dear reader,']);
    file(
      'much.txt',
      Array.from({ length: 1500 }, (_, i) => `a ${i} 8192`),
    );
    const { status, stdout, stderr } = await slabscope('replay', join(folder, name), ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(line);
  });
});
