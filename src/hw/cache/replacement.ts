/**
 * Replacement policies: which way of a set is filled next. A policy keeps its own state and is told of every use; using
 * the same way twice in a row must be the same as using it once, since the L1 answers such repeats without asking.
 *
 * Names and definitions as in test/golden, which follow nanoBench (A. Abel and J. Reineke, "nanoBench", ISPASS 2020).
 */

import { InputError } from '../../base/input-error.ts';
import { Invalid } from './coherence.ts';

/** Slots are numbered through all sets: those of a set begin at set * ways. */
export interface Replacement {
  /** `slot` of `set` was used: hit, or filled just now. */
  use(set: number, slot: number, filled: boolean): void;
  /**
   * The slot of `set` to fill. `states` are those of all slots. `left`: the invalid slot in which this line was last, or -1. A
   * policy that fills invalid slots first, whichever they are, may take it at once.
   */
  victim(set: number, states: Uint8Array, left: number): number;
}

export const policySummaries = {
  lru: 'least recently used',
  fifo: 'first in, first out',
  'least-recently-allocated': 'fifo under the name that AMD gives it; K6',
  random: 'drawn by the seed',
  'tree-plru': 'a tree of bits points away from the lines used; P6 and later',
  'tree-plru-invalid-first': 'the same, but ways without a line are filled first',
  'lru-of-tree-plru4': 'LRU among groups of four ways, tree-PLRU within each; 12 ways',
} as const;
export type PolicyName = keyof typeof policySummaries;
export const policyNames = Object.keys(policySummaries) as PolicyName[];

/** The first invalid slot from `from` on, below `to`; -1 if there is none. */
function firstInvalid(states: Uint8Array, from: number, to: number): number {
  for (let slot = from; slot < to; slot++) if (states[slot] === Invalid) return slot;
  return -1;
}

/** True LRU, and FIFO, which is LRU that does not look at hits: the oldest stamp goes. */
class Stamps implements Replacement {
  readonly #ways: number;
  readonly #countsHits: boolean;
  readonly #stamps: Float64Array;
  #now = 0;

  constructor(sets: number, ways: number, countsHits: boolean) {
    this.#ways = ways;
    this.#countsHits = countsHits;
    this.#stamps = new Float64Array(sets * ways);
  }

  use(_set: number, slot: number, filled: boolean): void {
    if (filled || this.#countsHits) this.#stamps[slot] = ++this.#now;
  }

  victim(set: number, states: Uint8Array, left: number): number {
    if (left >= 0) return left;
    const from = set * this.#ways;
    const to = from + this.#ways;
    const invalid = firstInvalid(states, from, to);
    if (invalid >= 0) return invalid;
    let oldest = from;
    for (let slot = from + 1; slot < to; slot++) if (this.#stamps[slot] < this.#stamps[oldest]) oldest = slot;
    return oldest;
  }
}

class Random implements Replacement {
  readonly #ways: number;
  readonly #random: () => number;

  constructor(ways: number, random: () => number) {
    this.#ways = ways;
    this.#random = random;
  }

  use(): void {}

  victim(set: number, states: Uint8Array, left: number): number {
    if (left >= 0) return left;
    const from = set * this.#ways;
    const invalid = firstInvalid(states, from, from + this.#ways);
    return invalid >= 0 ? invalid : from + Math.floor(this.#random() * this.#ways);
  }
}

/**
 * Binary tree pseudo-LRU: every use points the nodes on its path away from the way; they lead to the victim. Nodes are
 * numbered from the root, 1, with children 2n and 2n+1; 0 leads to the lower half. With `invalidFirst` an invalid way is
 * taken before the tree is asked; without, the tree is followed even then (so nanoBench measured on Intel).
 */
class TreePlru implements Replacement {
  readonly #ways: number;
  readonly #invalidFirst: boolean;
  /** One byte a node; node n of a set at set * ways + n. */
  readonly #nodes: Uint8Array;

  constructor(sets: number, ways: number, invalidFirst: boolean) {
    this.#ways = ways;
    this.#invalidFirst = invalidFirst;
    this.#nodes = new Uint8Array(sets * ways);
  }

  use(set: number, slot: number): void {
    const root = set * this.#ways;
    const leaf = this.#ways + slot - root;
    for (let node = leaf; node > 1; node >>= 1) this.#nodes[root + (node >> 1)] = (node & 1) ^ 1;
  }

  victim(set: number, states: Uint8Array): number {
    const root = set * this.#ways;
    if (this.#invalidFirst) {
      const invalid = firstInvalid(states, root, root + this.#ways);
      if (invalid >= 0) return invalid;
    }
    let node = 1;
    while (node < this.#ways) node = node * 2 + this.#nodes[root + node];
    return root + node - this.#ways;
  }
}

/**
 * Ice Lake's 12 ways: groups of four ways under tree-PLRU each, the groups themselves in LRU order. A miss goes to the
 * first group with an invalid way, else to the victim of the group used longest ago. (uops.info: LRU3PLRU4.)
 */
class LruOfTreePlru4 implements Replacement {
  /** Of a set. Groups too are numbered through all sets: that of a slot is slot >> 2. */
  readonly #groups: number;
  readonly #trees: TreePlru;
  readonly #stamps: Float64Array;
  #now = 0;

  constructor(sets: number, ways: number) {
    this.#groups = ways / 4;
    this.#trees = new TreePlru(sets * this.#groups, 4, true);
    this.#stamps = new Float64Array(sets * this.#groups);
  }

  use(_set: number, slot: number): void {
    this.#stamps[slot >> 2] = ++this.#now;
    this.#trees.use(slot >> 2, slot);
  }

  victim(set: number, states: Uint8Array): number {
    const from = set * this.#groups;
    const to = from + this.#groups;
    const invalid = firstInvalid(states, from * 4, to * 4);
    if (invalid >= 0) return invalid;
    let oldest = from;
    for (let group = from + 1; group < to; group++) if (this.#stamps[group] < this.#stamps[oldest]) oldest = group;
    return this.#trees.victim(oldest, states);
  }
}

/** `random` is asked by the policy of that name alone; it must come from the run's seed. */
export function createReplacement(policy: PolicyName, sets: number, ways: number, random: () => number): Replacement {
  switch (policy) {
    case 'lru':
      return new Stamps(sets, ways, true);
    case 'fifo':
    case 'least-recently-allocated': // AMD's name for it, in the K6's manual
      return new Stamps(sets, ways, false);
    case 'random':
      return new Random(ways, random);
    case 'tree-plru':
    case 'tree-plru-invalid-first':
      if ((ways & (ways - 1)) !== 0) {
        throw new InputError(`policy ${policy}`, `${ways} ways make no binary tree`, 'ways must be a power of two');
      }
      return new TreePlru(sets, ways, policy === 'tree-plru-invalid-first');
    case 'lru-of-tree-plru4':
      if (ways % 4 !== 0) {
        throw new InputError(`policy ${policy}`, `${ways} ways are no groups of four`, 'ways must be a multiple of 4');
      }
      return new LruOfTreePlru4(sets, ways);
  }
}
