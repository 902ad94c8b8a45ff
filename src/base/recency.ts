/** Things in the order of their last use: an LRU stack (Mattson and others 1970). */
export class Recency<T> {
  /** The one used last stands last. */
  readonly #items: T[] = [];

  get length(): number {
    return this.#items.length;
  }

  /** `item` is used, for the first time or again: how many others were since it was, or null where it is new. */
  use(item: T): number | null {
    const items = this.#items;
    const at = items.lastIndexOf(item);
    if (at === -1) {
      items.push(item);
      return null;
    }
    const distance = items.length - 1 - at;
    for (let i = at; i < items.length - 1; i++) items[i] = items[i + 1];
    items[items.length - 1] = item;
    return distance;
  }

  /** The item that `distance` others were used after; 0 is the last used. */
  at(distance: number): T | undefined {
    return this.#items[this.#items.length - 1 - distance];
  }

  remove(item: T): void {
    const at = this.#items.lastIndexOf(item);
    if (at !== -1) this.#items.splice(at, 1);
  }
}
