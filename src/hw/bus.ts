/**
 * The snooping bus between the L1s: one request at a time, answered by all other caches before the next begins. The
 * line directory says who holds a line, so only the holders are asked.
 */
import type { Protocol } from './coherence.ts';
import { mesi } from './coherence.ts';
import type { L1 } from './l1.ts';
import { LineDirectory } from './line-directory.ts';

export class Bus {
  readonly directory = new LineDirectory();
  readonly protocol: Protocol = mesi;
  readonly l1s: L1[] = [];

  /** `asking` wants line `id` to read. True if another cache keeps a copy. */
  read(asking: L1, line: number, id: number): boolean {
    let others = this.directory.holders[id]! & ~asking.bit;
    if (others === 0) return false;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      if (this.#lowest(others).snoopRead(line, id)) dirty = true;
    }
    if (dirty) asking.counters.c2cDirty++;
    else asking.counters.c2cClean++;
    return true;
  }

  /** `asking` wants line `id` for itself alone. */
  readExclusive(asking: L1, line: number, id: number): void {
    let others = this.directory.holders[id]! & ~asking.bit;
    if (others === 0) return;
    let dirty = false;
    for (; others !== 0; others &= others - 1) {
      if (this.#lowest(others).snoopReadExclusive(line, id)) dirty = true;
      asking.counters.invalidationsSent++;
    }
    if (dirty) asking.counters.c2cDirty++;
    else asking.counters.c2cClean++;
  }

  /** `asking` holds line `id` shared and wants all other copies gone. */
  upgrade(asking: L1, line: number, id: number): void {
    for (let others = this.directory.holders[id]! & ~asking.bit; others !== 0; others &= others - 1) {
      this.#lowest(others).snoopUpgrade(line, id);
      asking.counters.invalidationsSent++;
    }
  }

  /** Tells all who lost line `id` to a write which `words` its owner has written meanwhile. */
  announceWrites(id: number, words: number): void {
    for (let losers = this.directory.invalidated[id]!; losers !== 0; losers &= losers - 1) {
      this.#lowest(losers).classes?.hears(id, words, this.directory);
    }
  }

  /** A device reads `line` from memory; who holds it Modified hands it over, as to another CPU. */
  dmaRead(line: number): void {
    const id = this.directory.idOf(line);
    for (let holders = this.directory.holders[id]!; holders !== 0; holders &= holders - 1) {
      this.#lowest(holders).snoopRead(line, id);
    }
  }

  /** A device writes `words` of `line` to memory: all who hold it lose it. */
  dmaWrite(line: number, words: number): void {
    const id = this.directory.idOf(line);
    for (let holders = this.directory.holders[id]!; holders !== 0; holders &= holders - 1) {
      this.#lowest(holders).snoopDmaWrite(line, id);
    }
    this.announceWrites(id, words);
  }

  #lowest(cpus: number): L1 {
    return this.l1s[31 - Math.clz32(cpus & -cpus)]!;
  }
}
