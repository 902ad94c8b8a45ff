type NumberArray = Uint8Array | Uint16Array | Int32Array;

/** A typed array that grows as it is set. What was never set is 0. */
export class Column<T extends NumberArray> {
  readonly #type: new (
    length: number,
  ) => T;
  #numbers: T;

  constructor(type: new (length: number) => T) {
    this.#type = type;
    this.#numbers = new type(1024);
  }

  get(i: number): number {
    return this.#numbers[i] ?? 0;
  }

  set(i: number, value: number): void {
    if (i >= this.#numbers.length) {
      const larger = new this.#type(Math.max(i + 1, 2 * this.#numbers.length));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[i] = value;
  }

  /** A copy of the first `length` numbers, all set before. */
  first(length: number): T {
    return this.#numbers.slice(0, length) as T;
  }
}
