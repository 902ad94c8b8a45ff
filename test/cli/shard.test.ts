import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Environment, type Shard, shardFrom, storeFileOf } from '../../src/cli/shard.ts';
import { shareOf } from '../../src/lab/results/run-record.ts';

const slurm = (id: number, first: number, last: number, step = 1): Environment => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(first),
  SLURM_ARRAY_TASK_MAX: String(last),
  SLURM_ARRAY_TASK_STEP: String(step),
  SLURM_ARRAY_TASK_COUNT: String(Math.floor((last - first) / step) + 1),
});

test('shares are disjoint and together all points', () => {
  fc.assert(
    fc.property(fc.nat({ max: 50 }), fc.integer({ min: 1, max: 9 }), (points, of) => {
      const all = Array.from({ length: points }, (_, i) => i);
      const shares = Array.from({ length: of }, (_, i) => shareOf(all, { index: i + 1, of }));
      expect(shares.flat().sort((a, b) => a - b)).toEqual(all);
    }),
    { seed: 1 },
  );
});

test('each share stores in a file of its own', () => {
  expect(storeFileOf(null)).toBe('points.jsonl');
  expect(storeFileOf({ index: 2, of: 8 })).toBe('points.2-of-8.jsonl');
});

test.each<[what: string, text: string | undefined, environment: Environment, shard: Shard | null]>([
  ['nothing said: all points', undefined, {}, null],
  ['2/8', '2/8', {}, { index: 2, of: 8, source: '--shard' }],
  ['1/1: all points', '1/1', slurm(3, 0, 7), null],
  ['what is said goes before the environment', '2/8', slurm(3, 0, 3), { index: 2, of: 8, source: '--shard' }],
  ['Slurm, --array=0-3', undefined, slurm(3, 0, 3), { index: 4, of: 4, source: 'SLURM_ARRAY_TASK_ID' }],
  ['Slurm, --array=1-4', undefined, slurm(3, 1, 4), { index: 3, of: 4, source: 'SLURM_ARRAY_TASK_ID' }],
  ['Slurm, --array=0-15:4', undefined, slurm(8, 0, 12, 4), { index: 3, of: 4, source: 'SLURM_ARRAY_TASK_ID' }],
  ['Slurm, an array of one', undefined, slurm(5, 5, 5), null],
  [
    'Slurm, the count said: the task has the number of its share',
    '/9',
    slurm(3, 1, 9),
    { index: 3, of: 9, source: 'SLURM_ARRAY_TASK_ID' },
  ],
  [
    'Slurm, the count said, --array=3,7',
    '/9',
    { ...slurm(7, 3, 7), SLURM_ARRAY_TASK_COUNT: '2' },
    { index: 7, of: 9, source: 'SLURM_ARRAY_TASK_ID' },
  ],
  ['Slurm, the count said, --array=5', '/9', slurm(5, 5, 5), { index: 5, of: 9, source: 'SLURM_ARRAY_TASK_ID' }],
  [
    'Kubernetes with a count',
    undefined,
    { JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '5' },
    { index: 1, of: 5, source: 'JOB_COMPLETION_INDEX' },
  ],
  [
    'Kubernetes, the count said',
    '/5',
    { JOB_COMPLETION_INDEX: '4' },
    { index: 5, of: 5, source: 'JOB_COMPLETION_INDEX' },
  ],
])('%s', (_what, text, environment, shard) => {
  expect(shardFrom(text, environment)).toEqual(shard);
});

describe('bad input', () => {
  test.each<[what: string, text: string | undefined, environment: Environment, message: string]>([
    ['no share', 'some', {}, '--shard: some is no share; write i/n'],
    ['share 0', '0/4', {}, '--shard: there is no share 0 of 4; shares are numbered from 1'],
    ['share 5 of 4', '5/4', {}, '--shard: there is no share 5 of 4'],
    ['/n and no environment', '/4', {}, '--shard: /4 leaves the share to the environment, which tells none'],
    ['an index too large', '/4', { JOB_COMPLETION_INDEX: '4' }, 'JOB_COMPLETION_INDEX: there is no share 5 of 4'],
    ['Kubernetes without a count', undefined, { JOB_COMPLETION_INDEX: '4' }, 'JOB_COMPLETION_INDEX: set, but not how'],
    [
      'a Slurm array with gaps',
      undefined,
      { ...slurm(1, 1, 7), SLURM_ARRAY_TASK_COUNT: '3' },
      'SLURM_ARRAY_TASK_ID: an array with gaps numbers no shares',
    ],
    [
      'a Slurm array from 0 with the count said',
      '/4',
      slurm(0, 0, 3),
      'SLURM_ARRAY_TASK_ID: with --shard /N tasks are numbered as shares, from 1; submit --array=1-N',
    ],
    ['a Slurm task beyond the count', '/4', slurm(5, 1, 6), 'SLURM_ARRAY_TASK_ID: there is no share 5 of 4'],
    ['a number that is none', undefined, { SLURM_ARRAY_TASK_ID: 'x' }, 'SLURM_ARRAY_TASK_ID: x is no whole number'],
  ])('%s', (_what, text, environment, message) => {
    expect(() => shardFrom(text, environment)).toThrow(message);
  });
});
