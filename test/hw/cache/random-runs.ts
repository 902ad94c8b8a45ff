/** Random runs on random machines, for properties: geometries, policies and steps. */

import type { PolicyName } from '../../../src/hw/cache/replacement.ts';
import type { CacheGeometry } from '../../../src/hw/cpu-model.ts';
import fc from '../../fast-check.ts';
import { geometry, type Kind } from '../tiny-machine.ts';

export interface Step {
  readonly id: number;
  readonly kind: Kind;
  readonly addr: number;
  readonly bytes: number;
}

/** Runs touch the bytes below this, and up to 40 more. */
export const BYTES = 0x200;

const anyStep = (kinds: readonly Kind[]): fc.Arbitrary<Step> =>
  fc
    .record({
      id: fc.nat(3),
      kind: fc.constantFrom(...kinds),
      addr: fc.nat(BYTES - 1),
      bytes: fc.oneof(fc.constant(4), fc.integer({ min: 1, max: 40 })),
    })
    .map((step) => (step.kind === 'x' ? { ...step, bytes: 4 } : step));

export const anySteps = (kinds: readonly Kind[]): fc.Arbitrary<Step[]> =>
  fc.array(anyStep(kinds), { maxLength: 150, size: 'max' });

/** A cache whose ways suit its policy. */
export const anyGeometry = (policies: readonly PolicyName[], lines: readonly number[]): fc.Arbitrary<CacheGeometry> =>
  fc
    .record({
      sets: fc.constantFrom(1, 2, 4),
      ways: fc.constantFrom(1, 2, 3, 4, 8),
      line: fc.constantFrom(...lines),
      policy: fc.constantFrom(...policies),
    })
    .map(({ sets, ways, line, policy }) => {
      const rounded = policy === 'lru-of-tree-plru4' ? 4 * Math.ceil(ways / 4) : ways;
      return geometry(sets, policy.startsWith('tree') && ways === 3 ? 4 : rounded, line, policy);
    });

export function linesOf({ line }: CacheGeometry, { addr, bytes }: Step): { line: number; words: number[] }[] {
  const pieces = new Map<number, Set<number>>();
  for (let byte = addr; byte < addr + bytes; byte++) {
    const words = pieces.get(Math.floor(byte / line)) ?? new Set();
    pieces.set(Math.floor(byte / line), words.add(Math.floor(byte / 4)));
  }
  return [...pieces].map(([number, words]) => ({ line: number, words: [...words] }));
}

/** `expect` takes too long for what is checked a million times. */
export function mustEqual<T>(found: T, expected: T, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${found}, should be ${expected}`);
}
