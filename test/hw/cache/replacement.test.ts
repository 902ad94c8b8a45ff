import seedrandom from 'seedrandom';
import { describe, expect, test } from 'vitest';
import { createReplacement, type PolicyName, policyNames } from '../../../src/hw/cache/replacement.ts';
import fc from '../../fast-check.ts';

/** Plays lines, one letter each, on one set: the way that each miss fills, '-' for a hit. */
function fills(policy: PolicyName, ways: number, lines: string, random = () => 0): string {
  const tags = new Int32Array(ways);
  const states = new Uint8Array(ways);
  const replacement = createReplacement(policy, 1, ways, random);
  const played = Array.from(lines, (letter) => {
    const line = letter.charCodeAt(0);
    const hit = tags.indexOf(line);
    const way = hit >= 0 ? hit : replacement.victim(0, states, -1);
    tags[way] = line;
    states[way] = 1;
    replacement.use(0, way, hit < 0);
    return hit >= 0 ? '-' : way.toString();
  });
  return played.join('');
}

test.each([
  ['lru', 4, 'invalid ways first, then the line used longest ago', 'abcdaebfa', '0123-123-'],
  ['fifo', 4, 'invalid ways first, then the line filled longest ago', 'abcdaebfa', '0123-0-12'],
  ['least-recently-allocated', 4, 'as fifo does', 'abcdaebfa', '0123-0-12'],
  ['tree-plru', 4, 'the tree, away from each use', 'abcdaebfa', '0213-213-'],
  ['tree-plru', 4, 'the tree even while a way is invalid', 'abacbad', '02-3--3'],
  ['tree-plru-invalid-first', 4, 'invalid ways first, then the tree', 'abacbade', '01-2--31'],
  ['tree-plru', 8, 'alternating halves and quarters', 'abcdefgh', '04261537'],
  ['tree-plru', 1, 'the only way', 'aba', '000'],
  ['lru-of-tree-plru4', 8, 'the group used longest ago, in it the tree', 'abcdefghijabk', '01234567042-6'],
  ['random', 2, 'invalid ways first, then what is drawn (0 here)', 'abca', '0100'],
] as const)('%s of %i ways fills %s', (policy, ways, _, lines, expected) => {
  expect(fills(policy, ways, lines)).toBe(expected);
});

const manyLines = Array.from({ length: 200 }, (_, i) => String.fromCharCode(0x61 + ((i * i) % 23))).join('');

test('random replacement with the same seed fills the same ways', () => {
  const run = (seed: string) => fills('random', 4, manyLines, seedrandom(seed));
  expect(run('slab')).toBe(run('slab'));
  expect(run('slab')).not.toBe(run('buddy'));
});

test('a tree of 64 ways fills each way once before it fills any twice', () => {
  const replacement = createReplacement('tree-plru', 1, 64, () => 0);
  const states = new Uint8Array(64);
  const ways = Array.from(states, () => {
    const way = replacement.victim(0, states, -1);
    replacement.use(0, way, true);
    return way;
  });
  expect(new Set(ways).size).toBe(64);
});

test('sets do not disturb one another', () => {
  const states = new Uint8Array(4).fill(1);
  const replacement = createReplacement('lru', 2, 2, () => 0);
  for (const way of [0, 1]) replacement.use(0, way, true);
  for (const way of [1, 0]) replacement.use(1, 2 + way, true);
  expect([replacement.victim(0, states, -1), replacement.victim(1, states, -1)]).toEqual([0, 3]);
});

describe('a way used twice in a row is as if used once', () => {
  test.each(policyNames)('%s', (policy) => {
    const anyUse = fc.record({ set: fc.nat(1), way: fc.nat(3), filled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(anyUse, { maxLength: 60 }), (uses) => {
        const full = new Uint8Array(8).fill(1);
        const once = createReplacement(policy, 2, 4, seedrandom('same'));
        const twice = createReplacement(policy, 2, 4, seedrandom('same'));
        for (const { set, way, filled } of uses) {
          const slot = set * 4 + way;
          once.use(set, slot, filled);
          twice.use(set, slot, filled);
          twice.use(set, slot, false);
          expect(twice.victim(set, full, -1)).toBe(once.victim(set, full, -1));
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

test.each([
  ['tree-plru', 12, 'policy tree-plru: 12 ways make no binary tree; ways must be a power of two'],
  [
    'tree-plru-invalid-first',
    48,
    'policy tree-plru-invalid-first: 48 ways make no binary tree; ways must be a power of two',
  ],
  ['lru-of-tree-plru4', 6, 'policy lru-of-tree-plru4: 6 ways are no groups of four; ways must be a multiple of 4'],
] as const)('%s refuses %i ways', (policy, ways, message) => {
  expect(() => createReplacement(policy, 1, ways, () => 0)).toThrow(message);
});
