import { expect, test } from 'vitest';
import { looksOf, mostOf, type Seeds } from '../../../src/lab/results/looks.ts';

test.each<[Seeds, number[]]>([
  [20, [20]],
  [{ at_most: 10 }, [10]],
  [{ at_most: 100 }, [10, 20, 40, 80, 100]],
  [{ at_most: 160 }, [10, 20, 40, 80, 160]],
])('of %j seeds one looks at %j', (seeds, looks) => {
  expect(looksOf(seeds)).toEqual(looks);
  expect(mostOf(seeds)).toBe(looks.at(-1));
});
