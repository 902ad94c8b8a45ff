/**
 * Elementary functions of what IEEE 754 rounds alike everywhere: + - * / and the square root. Those of Math differ in their last
 * digits from one engine to another, and so from one version of Node to the next; what is drawn, and what results tell, may not.
 */

/** The sum of x^n / n over odd n, with alternating signs or without: atan(x) and atanh(x) where x is small. */
function oddSeries(x: number, sign: 1 | -1): number {
  const square = sign * x * x;
  let [power, sum] = [x, 0];
  for (let n = 1; sum + power / n !== sum; n += 2) {
    sum += power / n;
    power *= square;
  }
  return sum;
}

/** Of 0 or more. */
export function atan(x: number): number {
  if (x > 1) return Math.PI / 2 - atan(1 / x);
  let halvings = 0;
  for (; x > 0.1; x /= 1 + Math.sqrt(1 + x * x)) halvings++;
  return 2 ** halvings * oddSeries(x, -1);
}

/** x as a power of two and a rest from about 0.7 to 1.4; of what is more than 0, and finite. */
function scaled(x: number): { exponent: number; rest: number } {
  let [exponent, rest] = [0, x];
  for (; rest > Math.SQRT2; rest /= 2) exponent++;
  for (; rest < Math.SQRT1_2; rest *= 2) exponent--;
  return { exponent, rest };
}

const logOfRest = (rest: number): number => 2 * oddSeries((rest - 1) / (rest + 1), 1);

/** As all logarithms, of what is more than 0, and finite. */
export function log(x: number): number {
  const { exponent, rest } = scaled(x);
  return exponent * Math.LN2 + logOfRest(rest);
}

/** Exact for powers of two. */
export function log2(x: number): number {
  const { exponent, rest } = scaled(x);
  return exponent + logOfRest(rest) / Math.LN2;
}

/** Between -700 and 700. */
export function exp(x: number): number {
  const doublings = Math.round(x / Math.LN2);
  const rest = x - doublings * Math.LN2;
  let [term, sum] = [1, 0];
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= rest / n;
  }
  for (let i = 0; i < Math.abs(doublings); i++) sum *= doublings > 0 ? 2 : 0.5;
  return sum;
}
