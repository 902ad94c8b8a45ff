import { describe, expect, test } from 'vitest';
import { type Access, countOf, firstDifference } from '../../../src/lab/verify/accesses.ts';
import { TouchComparison, totalTouch } from '../../../src/lab/verify/touched.ts';
import { linesOf, verify } from './recordings.ts';

const recording = linesOf('case-ctor-up32.jsonl');

/** The recording with the touches of some operations changed. */
const changed = (change: (touch: unknown[][]) => unknown[][], op: string) =>
  recording.map((line) => {
    const operation = JSON.parse(line) as { op?: string; touch?: unknown[][] };
    if (operation.op !== op || operation.touch === undefined) return line;
    return JSON.stringify({ ...operation, touch: change(operation.touch) });
  });

const comparisonOf = (lines: readonly string[]) => {
  const comparison = new TouchComparison('case touch');
  verify(lines, () => [comparison]);
  return comparison;
};
const share = (lines: readonly string[], kind: string) =>
  comparisonOf(lines)
    .summary()
    .shares.find((each) => each.kind === kind)!;

describe('one by one', () => {
  const at = (kind: Access['kind'], address: number, bytes = 4, cpu = 0): Access => ({ cpu, kind, address, bytes });

  test.each<[what: string, recorded: Access[], ours: Access[]]>([
    ['the same accesses', [at('r', 0), at('w', 8)], [at('r', 0), at('w', 8)]],
    ['memset by words, with a rest by bytes', [at('w', 100, 9)], [at('w', 100), at('w', 104), at('w', 108, 1)]],
    ['strcmp by bytes', [at('r', 7, 2)], [at('r', 7, 1), at('r', 8, 1)]],
    ['a bit turned without lock', [at('x', 32)], [at('r', 32), at('w', 32)]],
  ])('%s are the same', (_, recorded, ours) => {
    expect(firstDifference(recorded, ours)).toBeNull();
    expect(countOf(ours)).toBe(countOf(recorded));
  });

  test.each<[what: string, recorded: Access[], ours: Access[]]>([
    ['another order', [at('r', 0), at('r', 8)], [at('r', 8), at('r', 0)]],
    ['another CPU', [at('r', 0)], [at('r', 0, 4, 1)]],
    ['another kind', [at('r', 0)], [at('w', 0)]],
    ['another size', [at('r', 0, 4)], [at('r', 0, 1)]],
    ['a run that goes too far', [at('w', 0, 6)], [at('w', 0), at('w', 4)]],
    ['an access missing', [at('r', 0), at('r', 8)], [at('r', 0)]],
    ['an access besides', [at('r', 0)], [at('r', 0), at('r', 8)]],
    ['a load and a store that is locked here', [at('r', 32), at('w', 32)], [at('x', 32)]],
  ])('%s is not the same', (_, recorded, ours) => {
    expect(firstDifference(recorded, ours)).not.toBeNull();
  });
});

test('what the recorded kernel touched is what the emulated one touches, one by one on the hot paths', () => {
  const { differences, touch } = comparisonOf(recording).outcome();
  expect([differences, touch?.operations, touch?.equalWords, touch?.differences]).toEqual([0, 231, 231, []]);
  expect(share(recording, 'free on UP')).toMatchObject({ operations: 84, inOrder: 84 });
});

test('a hot path that reads one word more fails, and its first difference is told by CPU, place and field', () => {
  const outcome = comparisonOf(changed((touch) => touch.slice(1), 'free')).outcome();
  expect(outcome.differences).toBe(84);
  expect(outcome.first!.where).toMatch(/^free on UP, operation \d+ of those compared$/);
  expect(outcome.first!.expected).toMatch(/^cpu0 r 4 0x[0-9a-f]+ page\.list$/);
  expect(outcome.first!.got).toMatch(/^cpu0 r 4 0x[0-9a-f]+ mem_map_ptr$/);
});

test('accesses in another order are the same words', () => {
  const lines = changed((touch) => [touch[1]!, touch[0]!, ...touch.slice(2)], 'kmem_cache_init');
  expect(share(lines, 'kmem_cache_init')).toMatchObject({ operations: 1, inOrder: 0 });
  expect(comparisonOf(lines).summary()).toMatchObject({ operations: 231, equalWords: 231 });
});

test('a word that was read besides is named by structure and field', () => {
  const lines = changed((touch) => touch.filter(([, , where]) => !/\+0x8$/.test(String(where))), 'kmem_cache_init');
  expect(comparisonOf(lines).summary().differences).toContainEqual({
    what: 'kmem_cache_init: semaphore.wait written, besides',
    count: 1,
  });
});

test('a word that was not touched is missing', () => {
  const lines = changed((touch) => [...touch, ['w', 4, 'mem_map[7]+0x1c']], 'alloc');
  expect(
    comparisonOf(lines)
      .summary()
      .differences.map(({ what }) => what),
  ).toContain('alloc on UP: page.lru written, missing');
});

test('a case fails when the words of more than one operation in a hundred differ', () => {
  const outcome = comparisonOf(changed(() => [['r', 4, '0x00200000']], 'shrink')).outcome();
  expect(outcome.first).toEqual({ where: 'sets of words', expected: '99.00 %', got: '96.54 %' });
  expect(outcome.differences).toBe(8);
});

test('prefetches do not count', () => {
  const lines = changed((touch) => [...touch, ['p', 1, '0x00200000']], 'free');
  expect(comparisonOf(lines).outcome().differences).toBe(0);
});

test('where many operations were compared, most must be the same one by one', () => {
  const grown = comparisonOf(linesOf('case-mix-up32-touch.jsonl'));
  expect(totalTouch([grown])).toMatchObject({ compared: 2354, differences: 0 });
  const swapped = comparisonOf(
    linesOf('case-mix-up32-touch.jsonl').map((line) =>
      line.includes('"op":"shrink"') || line.includes('"op":"kmalloc"') ? line.replace('[["r",4,', '[["r",2,') : line,
    ),
  );
  expect(totalTouch([swapped])).toMatchObject({ first: { where: 'in order', expected: '95.00 %' } });
});
