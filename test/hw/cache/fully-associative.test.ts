import { expect, test } from 'vitest';
import { FullyAssociative } from '../../../src/hw/cache/fully-associative.ts';
import fc from '../../fast-check.ts';

/** A Set keeps the order of insertion: its first line is the one used longest ago. */
class Model {
  readonly lines = new Set<number>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  use(id: number): boolean {
    const wasThere = this.lines.delete(id);
    if (this.lines.size === this.#capacity) this.lines.delete(this.lines.values().next().value!);
    this.lines.add(id);
    return wasThere;
  }
}

const LINES = 24;
const anyRun = fc.record({
  capacity: fc.integer({ min: 1, max: 8 }),
  /** Time ends soon after the cache is full, or not at all. */
  spare: fc.option(fc.integer({ min: 1, max: 30 })),
  steps: fc.array(fc.record({ id: fc.nat(LINES - 1), removes: fc.boolean(), repeats: fc.nat(2) }), {
    maxLength: 400,
    size: 'max',
  }),
});

test('it holds what an LRU cache of so many lines holds, though lines are removed, and time ends', () => {
  fc.assert(
    fc.property(anyRun, ({ capacity, spare, steps }) => {
      const cache = new FullyAssociative(capacity, ...(spare === null ? [] : [capacity + spare]));
      const model = new Model(capacity);
      cache.reach(LINES);
      for (const { id, removes, repeats } of steps) {
        if (removes && repeats === 0) {
          cache.remove(id);
          model.lines.delete(id);
        } else for (let i = 0; i <= repeats; i++) expect(cache.use(id)).toBe(model.use(id));
        for (let line = 0; line < LINES; line++) expect(cache.has(line)).toBe(model.lines.has(line));
      }
    }),
    { seed: 6, numRuns: 150 },
  );
});

test('more lines may come into reach, and those held stay', () => {
  const cache = new FullyAssociative(2);
  cache.reach(1);
  cache.use(0);
  cache.reach(100);
  expect([cache.use(99), cache.use(0), cache.has(98)]).toEqual([false, true, false]);
});
