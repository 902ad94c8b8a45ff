/**
 * Student's t with a whole number of degrees of freedom, for which its distribution has a closed form: M. Abramowitz and
 * I. A. Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
 */
import { atan } from '../../base/elementary.ts';

/** The chance that |t| is less than `t`, which may be endless; by the sine and cosine of the angle of this tangent. */
function within(t: number, degrees: number): number {
  const tangent = t / Math.sqrt(degrees);
  const square = 1 / (1 + tangent * tangent);
  const cosine = Math.sqrt(square);
  const sine = 1 / Math.sqrt(1 + 1 / (tangent * tangent));
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let power = isOdd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= (square * (power - 1)) / power;
    sum += term;
  }
  const rest = sine * sum;
  return isOdd ? ((atan(tangent) + rest) * 2) / Math.PI : rest;
}

/** The chance that |t| is `t` or more: the p-value of a two-sided test. */
export const twoSided = (t: number, degrees: number): number => Math.max(0, 1 - within(Math.abs(t), degrees));

/** The t that |t| stays within with this chance: 0.95 gives the half-width of a 95 % interval in standard errors. */
export function quantile(chance: number, degrees: number): number {
  let high = 1;
  while (within(high, degrees) < chance) high *= 2;
  let low = 0;
  for (let middle = high / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (within(middle, degrees) < chance) low = middle;
    else high = middle;
  }
  return low;
}
