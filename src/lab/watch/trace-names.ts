/** Names for the addresses of a memory trace, of which nothing is known but themselves: lines, and words in them. */
import type { Owner } from '../results/owners.ts';
import type { Naming } from './line-attribution.ts';

const WORD = 4;

export class TraceNames implements Naming {
  readonly #line: number;
  readonly #addressText: (addr: number) => string;
  readonly #lines = new Map<number, Owner>();
  readonly #words = new Map<number, Owner>();

  /** `line`: bytes of one. `addressText`: an address as the trace has it. */
  constructor(line: number, addressText: (addr: number) => string) {
    this.#line = line;
    this.#addressText = addressText;
  }

  ownerOf(addr: number): Owner {
    const line = this.baseOf(addr);
    return named(this.#lines, line, () => {
      const name = this.#addressText(line);
      return { name, kind: 'memory', field: '', of: name };
    });
  }

  /** Sharing is told by words. */
  partOf(addr: number): Owner {
    const word = addr - (addr % WORD);
    return named(this.#words, word, () => ({
      ...{ name: this.#addressText(word), kind: 'memory', field: '', of: this.ownerOf(addr).name },
      offset: word % this.#line,
    }));
  }

  baseOf(addr: number): number {
    return addr - (addr % this.#line);
  }

  symbolOf(addr: number): string {
    return this.#addressText(addr);
  }
}

function named(known: Map<number, Owner>, key: number, make: () => Owner): Owner {
  const found = known.get(key);
  if (found !== undefined) return found;
  const owner = make();
  known.set(key, owner);
  return owner;
}
