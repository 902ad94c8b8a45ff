/**
 * The tags of a set-associative cache with the state of each line, physically indexed: what every level is made of.
 * A line that is invalidated leaves its tag behind, as in hardware: when it comes back it may take its place again.
 */

import { InputError } from '../../base/input-error.ts';
import type { CacheGeometry } from '../cpu-model.ts';
import { Invalid, type LineState } from './coherence.ts';
import { createReplacement, type Replacement } from './replacement.ts';

export const NO_LINE = -1;

const isPowerOfTwo = (n: number) => Number.isInteger(n) && n > 0 && 2 ** Math.round(Math.log2(n)) === n;

/** Throws an InputError that says which part of a cache cannot be built. */
export function checkGeometry({ size, ways, line }: CacheGeometry, place: string): void {
  if (!isPowerOfTwo(line) || line < 4 || line > 4096) {
    throw new InputError(
      place,
      `a line of ${line} bytes cannot be built`,
      'line must be a power of two from 4 to 4096',
    );
  }
  if (!Number.isInteger(ways) || ways < 1)
    throw new InputError(place, `${ways} ways`, 'ways must be a whole number from 1');
  if (!isPowerOfTwo(size / ways / line)) {
    throw new InputError(
      place,
      `${size} bytes in ${ways} ways of ${line}-byte lines make ${Number((size / ways / line).toFixed(2))} sets`,
      'size must be ways x line x a power of two',
    );
  }
}

export class TagArray {
  readonly shift: number;
  readonly setMask: number;
  protected readonly ways: number;
  /** By slot, which is set * ways + way. */
  protected readonly tags: Int32Array;
  protected readonly states: Uint8Array;
  /** The directory's number of the line in each slot. */
  protected readonly ids: Int32Array;
  /** The slot used last in each set. */
  protected readonly newest: Int32Array;
  protected readonly policy: Replacement;

  constructor(geometry: CacheGeometry, place: string, random: () => number) {
    checkGeometry(geometry, place);
    const { size, ways, line, policy } = geometry;
    const sets = size / ways / line;
    const lines = sets * ways;
    this.shift = Math.log2(line);
    this.setMask = sets - 1;
    this.ways = ways;
    this.tags = new Int32Array(lines).fill(NO_LINE);
    this.states = new Uint8Array(lines);
    this.ids = new Int32Array(lines);
    this.newest = Int32Array.from({ length: sets }, (_, set) => set * ways);
    this.policy = createReplacement(policy, sets, ways, random);
  }

  /** The state of the line that holds `addr`: for tests and checkers. */
  stateOf(addr: number): LineState {
    const slot = this.find(addr >>> this.shift);
    return slot < 0 ? Invalid : (this.states[slot] as LineState);
  }

  /** Lines that are in `state` now. */
  countInState(state: LineState): number {
    let count = 0;
    for (let i = 0; i < this.tags.length; i++) if (this.tags[i] !== NO_LINE && this.states[i] === state) count++;
    return count;
  }

  /** The slot with the tag of `line`, in whatever state, or -1. */
  protected find(line: number): number {
    const set = line & this.setMask;
    const newest = this.newest[set];
    if (this.tags[newest] === line) return newest;
    const from = set * this.ways;
    const to = from + this.ways;
    for (let slot = from; slot < to; slot++) if (this.tags[slot] === line) return slot;
    return -1;
  }

  /** The slot to fill with `line`, whose tag, left behind by an invalidation, stands in slot `left` (-1: nowhere). */
  protected victim(line: number, left: number): number {
    const slot = this.policy.victim(line & this.setMask, this.states, left);
    if (left >= 0 && left !== slot) this.tags[left] = NO_LINE;
    return slot;
  }

  protected place(slot: number, line: number, id: number, state: LineState): void {
    this.tags[slot] = line;
    this.ids[slot] = id;
    this.states[slot] = state;
    this.uses(line & this.setMask, slot, true);
  }

  /** Tells the policy that `slot` was used; a repeat is nothing new to it. */
  protected uses(set: number, slot: number, filled: boolean): void {
    if (!filled && this.newest[set] === slot) return;
    this.newest[set] = slot;
    this.policy.use(set, slot, filled);
  }
}
