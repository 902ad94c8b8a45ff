import { expect, test } from 'vitest';
import { below, seeded } from '../../../src/base/random.ts';
import { LruStack } from '../../../src/lab/caches/lru-stack.ts';

const HOLE = -1;

/** A stack as a list, top first. */
class ListedStack {
  readonly #places: number[] = [];

  use(id: number): number {
    const depth = this.#places.indexOf(id) + 1;
    const hole = this.#places.indexOf(HOLE);
    if (hole >= 0 && (depth === 0 || hole < depth - 1)) {
      if (depth > 0) this.#places[depth - 1] = HOLE;
      this.#places.splice(hole, 1);
    } else if (depth > 0) this.#places.splice(depth - 1, 1);
    this.#places.unshift(id);
    return depth;
  }

  lose(id: number): void {
    this.#places[this.#places.indexOf(id)] = HOLE;
  }

  get lines(): number[] {
    return this.#places.filter((place) => place !== HOLE);
  }
}

test('depths are those of a list, with many holes, for longer than stamps last', () => {
  const random = seeded('lru', 'stack');
  const stack = new LruStack();
  const listed = new ListedStack();
  for (let i = 0; i < 30_000; i++) {
    const { lines } = listed;
    // At times nearly all lines are lost.
    if (lines.length > 0 && below(random, 100) < (i % 3000 < 300 ? 60 : 5)) {
      const lost = lines[below(random, lines.length)]!;
      stack.lose(lost);
      listed.lose(lost);
    } else {
      const id = below(random, below(random, 10) === 0 ? 200 : 30);
      expect(stack.use(id, 200)).toBe(listed.use(id));
    }
  }
});
