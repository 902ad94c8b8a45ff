/**
 * A cache of the same sets, ways and policy whose sets are told by a hash, not by address: lines are spread as evenly as chance
 * has it, whatever an allocator chose. What misses here too, no better spread over the sets would have saved. It keeps lines by
 * their number in the directory, which says nothing of where they lie once it is hashed.
 */
import { enlarged } from '../../base/column.ts';
import { seeded } from '../../base/random.ts';
import type { CacheGeometry } from '../cpu-model.ts';
import { Invalid, Shared } from './coherence.ts';
import { TagArray } from './tag-array.ts';

export class HashedIndex extends TagArray {
  /** By line number: the slot where it was last. */
  #slots = new Int32Array(0);

  constructor(geometry: CacheGeometry) {
    // Draws of its own where the policy is random: those of the cache beside it must not move.
    super(geometry, 'L1', seeded(0, 'hashed index'));
  }

  /** Line numbers below `lines` may be used from now on. */
  reach(lines: number): void {
    this.#slots = enlarged(this.#slots, lines);
  }

  /** Uses line `id`; true if it was there already. */
  use(id: number): boolean {
    const hash = hashOf(id);
    const slot = this.#slots[id];
    const wasHere = this.ids[slot] === id;
    if (wasHere && this.states[slot] !== Invalid) {
      this.uses(hash & this.setMask, slot, false);
      return true;
    }
    const filled = this.victim(hash, wasHere ? slot : -1);
    this.place(filled, hash, id, Shared);
    this.#slots[id] = filled;
    return false;
  }

  has(id: number): boolean {
    const slot = this.#slots[id];
    return this.ids[slot] === id && this.states[slot] !== Invalid;
  }

  remove(id: number): void {
    if (this.has(id)) this.states[this.#slots[id]] = Invalid;
  }
}

/** A tag, of 31 bits, and in its low bits a set: the finalizer of MurmurHash3 (A. Appleby), which mixes all bits into all. */
function hashOf(id: number): number {
  let hash = Math.imul(id ^ (id >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 1;
}
