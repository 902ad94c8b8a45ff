import { expect, test } from 'vitest';
import { seeded } from '../../src/base/random.ts';
import { zipf } from '../../src/base/zipf.ts';

test.each([
  [10, 1],
  [10, 0],
  [4, 2.5],
  [1, 1],
])('of %i ranks with exponent %f, each is drawn in its proportion', (ranks, exponent) => {
  const draws = 100_000;
  const random = seeded('zipf', 'test');
  const draw = zipf(ranks, exponent);
  const drawn = new Array<number>(ranks).fill(0);
  for (let i = 0; i < draws; i++) drawn[draw(random)]!++;
  const weights = Array.from({ length: ranks }, (_, rank) => (rank + 1) ** -exponent);
  const sum = weights.reduce((a, b) => a + b);
  for (const [rank, weight] of weights.entries()) expect(drawn[rank]! / draws).toBeCloseTo(weight / sum, 2);
});

test('the ends of the draw are the ends of the ranks', () => {
  expect([zipf(5, 1)(() => 0), zipf(5, 1)(() => 1 - Number.EPSILON)]).toEqual([0, 4]);
});
