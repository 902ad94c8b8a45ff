import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atan, exp, log, log2 } from '../../src/base/elementary.ts';

const positive = fc.double({ min: 2 ** -1000, max: 2 ** 1000, noNaN: true });

test.each([
  ['atan', atan, Math.atan, positive],
  ['log', log, Math.log, positive],
  ['log2', log2, Math.log2, positive],
  ['exp', exp, Math.exp, fc.double({ min: -30, max: 30, noNaN: true })],
])('%s is what Math has, but for some last digits', (_, own, inMath, numbers) => {
  fc.assert(
    fc.property(numbers, (x) => {
      const expected = inMath(x);
      expect(Math.abs(own(x) - expected)).toBeLessThanOrEqual(1e-14 * Math.abs(expected));
    }),
  );
});

test('these are the same to the last digit, wherever they are computed', () => {
  expect([atan(0.75), log(3), log2(10), exp(-2.5)]).toEqual([
    0.6435011087932845, 1.0986122886681096, 3.321928094887362, 0.0820849986238988,
  ]);
});

test('the base-2 logarithm of a power of two is its exponent', () => {
  const exponents = Array.from({ length: 53 }, (_, i) => i);
  expect(exponents.map((exponent) => log2(2 ** exponent))).toEqual(exponents);
});
