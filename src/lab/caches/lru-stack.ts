/**
 * The stack of one fully associative LRU cache of any size: a line at depth d is in every cache of d lines or more (Mattson,
 * Gecsei, Slutz and Traiger 1970). Depths are counted, not walked: each line has the stamp of its last use, and those with a later
 * one stand above it; a tree of sums over the stamps tells how many (Bennett and Kruskal 1975; Fenwick's tree).
 *
 * A line that another CPU's write took away leaves a hole, which is a place in the stack as well: caches that reach so deep have an
 * invalid way there, and fill it before they replace anything. So what is used next pushes down only what is above the first
 * hole; and where the line comes from below the hole, its own place becomes one (Thompson and Smith 1989).
 */
import { enlarged } from '../../base/column.ts';

/** What a stamp belongs to, beside line numbers. */
const [NOBODY, HOLE] = [-1, -2];
const LEAST_STAMPS = 1 << 12;

export class LruStack {
  /** By line number, the stamp of its last use; 0: it is not here. */
  #stamps = new Int32Array(0);
  /** By stamp from 1 on, whose it is. */
  #owners = new Int32Array(LEAST_STAMPS).fill(NOBODY);
  /** Fenwick's: node i has the number of places among the i & -i stamps up to i. */
  #tree = new Int32Array(LEAST_STAMPS);
  #now = 0;
  /** Lines and holes. */
  #places = 0;
  readonly #holes = new MaxHeap();

  /** Uses line `id`, a number below `ids`: the depth where it was, from 1; 0 if it was not here. */
  use(id: number, ids: number): number {
    if (id >= this.#stamps.length) this.#stamps = enlarged(this.#stamps, ids);
    const stamp = this.#stamps[id];
    if (stamp === this.#now && stamp !== 0) return 1;
    const depth = stamp === 0 ? 0 : this.#places - this.#upTo(stamp) + 1;
    if (this.#holes.max > stamp) {
      this.#remove(this.#holes.takeMax());
      if (stamp !== 0) this.#makeHole(stamp);
    } else if (stamp !== 0) this.#remove(stamp);
    if (this.#now + 1 === this.#owners.length) this.#renumber();
    this.#stamps[id] = this.#place(id);
    return depth;
  }

  /** Line `id` was taken away. */
  lose(id: number): void {
    this.#makeHole(this.#stamps[id]);
    this.#stamps[id] = 0;
  }

  #makeHole(stamp: number): void {
    this.#owners[stamp] = HOLE;
    this.#holes.add(stamp);
  }

  #place(owner: number): number {
    const stamp = ++this.#now;
    this.#owners[stamp] = owner;
    this.#places++;
    this.#count(stamp, 1);
    return stamp;
  }

  #remove(stamp: number): void {
    this.#owners[stamp] = NOBODY;
    this.#places--;
    this.#count(stamp, -1);
  }

  #count(stamp: number, change: number): void {
    const tree = this.#tree;
    for (let i = stamp; i < tree.length; i += i & -i) tree[i] += change;
  }

  /** How many places have this stamp or an earlier one. */
  #upTo(stamp: number): number {
    const tree = this.#tree;
    let places = 0;
    for (let i = stamp; i > 0; i -= i & -i) places += tree[i];
    return places;
  }

  /** Stamps have run out: gives out those of the places anew, in order, with room for three times as many uses. */
  #renumber(): void {
    const owners = this.#owners.filter((owner) => owner !== NOBODY);
    const length = Math.max(LEAST_STAMPS, 2 ** Math.ceil(Math.log2(4 * (owners.length + 1))));
    this.#owners = new Int32Array(length).fill(NOBODY);
    this.#tree = new Int32Array(length);
    this.#now = 0;
    this.#places = 0;
    this.#holes.clear();
    for (const owner of owners) {
      const stamp = this.#place(owner);
      if (owner === HOLE) this.#holes.add(stamp);
      else this.#stamps[owner] = stamp;
    }
  }
}

/** Numbers from 1 on, of which the largest is wanted. */
class MaxHeap {
  readonly #numbers: number[] = [];

  /** 0 if there is none. */
  get max(): number {
    return this.#numbers.length === 0 ? 0 : this.#numbers[0];
  }

  add(number: number): void {
    const numbers = this.#numbers;
    let at = numbers.length;
    for (let above = (at - 1) >> 1; at > 0 && numbers[above] < number; above = (at - 1) >> 1) {
      numbers[at] = numbers[above];
      at = above;
    }
    numbers[at] = number;
  }

  takeMax(): number {
    const numbers = this.#numbers;
    const max = numbers[0];
    const last = numbers.pop()!;
    if (numbers.length === 0) return max;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < numbers.length && numbers[below + 1] > numbers[below]) below++;
      if (below >= numbers.length || numbers[below] <= last) break;
      numbers[at] = numbers[below];
      at = below;
    }
    numbers[at] = last;
    return max;
  }

  clear(): void {
    this.#numbers.length = 0;
  }
}
