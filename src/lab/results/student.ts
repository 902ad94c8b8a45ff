/**
 * Student's t with a whole number of degrees of freedom, for which its distribution has a closed form: M. Abramowitz and
 * I. A. Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
 */

/** The chance that |t| is less than that whose angle is `theta`: tan(theta) = t / sqrt(degrees). */
function within(theta: number, degrees: number): number {
  const square = Math.cos(theta) ** 2;
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? Math.cos(theta) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let power = isOdd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= (square * (power - 1)) / power;
    sum += term;
  }
  const rest = Math.sin(theta) * sum;
  return isOdd ? ((theta + rest) * 2) / Math.PI : rest;
}

/** The chance that |t| is `t` or more: the p-value of a two-sided test. */
export function twoSided(t: number, degrees: number): number {
  return Math.max(0, 1 - within(Math.atan(Math.abs(t) / Math.sqrt(degrees)), degrees));
}

/** The t that |t| stays within with this chance: 0.95 gives the half-width of a 95 % interval in standard errors. */
export function quantile(chance: number, degrees: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (within(middle, degrees) < chance) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}
