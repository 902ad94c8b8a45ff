import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { verifyLinuxCase } from '../../../src/lab/verify/linux-case.ts';

const recording = gunzipSync(readFileSync(new URL('../../golden/data/case-ctor-up32.jsonl.gz', import.meta.url)))
  .toString()
  .trimEnd()
  .split('\n');

/** The recording with the touches of some operations changed. */
const changed = (change: (touch: unknown[][]) => unknown[][], op: string) =>
  recording.map((line) => {
    const operation = JSON.parse(line) as { op?: string; touch?: unknown[][] };
    if (operation.op !== op || operation.touch === undefined) return line;
    return JSON.stringify({ ...operation, touch: change(operation.touch) });
  });

const touchOf = (lines: readonly string[]) => verifyLinuxCase(lines, 'case.jsonl', true)[1]!;

test('what the recorded kernel touched is what the emulated one touches', () => {
  const outcome = touchOf(recording);
  expect(outcome.differences).toBe(0);
  expect(outcome.detail).toBe('equal lines 100.0 %, equal words 100.0 %');
});

test('a word that was read besides is named by structure and field', () => {
  const { detail } = touchOf(
    changed((touch) => touch.filter(([, , where]) => !/\+0x8$/.test(String(where))), 'kmem_cache_init'),
  );
  expect(detail).toContain('1 x kmem_cache_init: semaphore.wait written, besides');
});

test('a word that was not touched is missing', () => {
  const { detail } = touchOf(changed((touch) => [...touch, ['w', 4, 'mem_map[7]+0x1c']], 'alloc'));
  expect(detail).toContain('x alloc: page.lru written, missing');
});

test('a case fails when the lines of more than one operation in a hundred differ', () => {
  const outcome = touchOf(changed(() => [['r', 4, '0x00200000']], 'alloc'));
  expect(outcome.differences).toBe(recording.filter((line) => JSON.parse(line).op === 'alloc').length);
  expect(outcome.first).toMatchObject({ where: 'line sets', expected: '99 % of the operations or more' });
});

test('prefetches do not count', () => {
  const { detail } = touchOf(changed((touch) => [...touch, ['p', 1, '0x00200000']], 'alloc'));
  expect(detail).toBe('equal lines 100.0 %, equal words 100.0 %');
});
