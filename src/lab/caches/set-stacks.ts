/**
 * The LRU stacks of the sets of a cache with a given number of sets: a line at depth d of its set's is in every cache of so many
 * sets and d ways or more (Hill and Smith 1989). No deeper than the ways that are asked for; holes as in lru-stack.ts.
 */

/** An invalid way, whether it never held a line or lost it. */
const HOLE = -1;

export class SetStacks {
  readonly ways: number;
  readonly #mask: number;
  readonly #lines: Int32Array;

  constructor(sets: number, ways: number) {
    this.ways = ways;
    this.#mask = sets - 1;
    this.#lines = new Int32Array(sets * ways).fill(HOLE);
  }

  /** Uses `line`: the depth where it was, from 1; 0 if it was not here, or too deep. */
  use(line: number): number {
    const lines = this.#lines;
    const top = (line & this.#mask) * this.ways;
    if (lines[top] === line) return 1;
    const end = top + this.ways;
    // Each line moves down one place, until a hole takes the last of them up, or the place of the line itself does.
    let moving = line;
    let at = top;
    for (; at < end; at++) {
      const here = lines[at];
      lines[at] = moving;
      if (here === line) return at - top + 1;
      if (here === HOLE) break;
      moving = here;
    }
    for (at++; at < end; at++) {
      if (lines[at] !== line) continue;
      lines[at] = HOLE;
      return at - top + 1;
    }
    return 0;
  }

  /** `line` was taken away. */
  lose(line: number): void {
    const top = (line & this.#mask) * this.ways;
    const at = this.#lines.indexOf(line, top);
    if (at >= 0 && at < top + this.ways) this.#lines[at] = HOLE;
  }
}
