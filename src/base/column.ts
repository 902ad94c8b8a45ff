type NumberArray = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** A copy of `array` with room for `length` numbers; the new ones are `fill`. */
export function enlarged<T extends NumberArray>(array: T, length: number, fill = 0): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  if (fill !== 0) larger.fill(fill, array.length);
  return larger;
}

/** A typed array that grows as it is set. What was never set is 0. */
export class Column<T extends NumberArray> {
  #numbers: T;

  constructor(type: new (length: number) => T) {
    this.#numbers = new type(1024);
  }

  get(i: number): number {
    return this.#numbers[i] ?? 0;
  }

  set(i: number, value: number): void {
    if (i >= this.#numbers.length) {
      this.#numbers = enlarged(this.#numbers, Math.max(i + 1, 2 * this.#numbers.length));
    }
    this.#numbers[i] = value;
  }

  /** A copy of the first `length` numbers, all set before. */
  first(length: number): T {
    return this.#numbers.slice(0, length) as T;
  }
}
