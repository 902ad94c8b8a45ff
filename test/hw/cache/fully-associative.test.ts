import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FullyAssociative } from '../../../src/hw/cache/fully-associative.ts';

const LINES = 12;

test('it holds the lines used last, as many as it has room for, whatever is removed meanwhile', () => {
  const step = fc.record({ what: fc.constantFrom('use', 'use', 'use', 'remove'), line: fc.nat(LINES - 1) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 300, size: 'max' }), (capacity, steps) => {
      const cache = new FullyAssociative(capacity);
      cache.reach(LINES);
      /** In order of use, the last at the end. */
      let model: number[] = [];
      for (const { what, line } of steps) {
        const held = model.includes(line);
        if (what === 'use') {
          expect(cache.use(line)).toBe(held);
          model = [...model.filter((each) => each !== line), line].slice(-capacity);
        } else {
          cache.remove(line);
          model = model.filter((each) => each !== line);
        }
        const holds = Array.from({ length: LINES }, (_, each) => each).filter((each) => cache.has(each));
        expect(holds).toEqual(model.toSorted((a, b) => a - b));
      }
    }),
    { seed: 9, numRuns: 200 },
  );
});

test('more lines may come into reach, and those held stay', () => {
  const cache = new FullyAssociative(2);
  cache.reach(1);
  cache.use(0);
  cache.reach(100);
  expect([cache.use(99), cache.use(0), cache.has(98)]).toEqual([false, true, false]);
});
