/**
 * Where the kernel's statics stand. A real kernel's linker fixes this; a seed may draw it, since no build is the build.
 */
import { type Random, shuffle } from '../base/random.ts';
import { type addr_t, PAGE_SIZE } from '../hw/memory.ts';
import { type CType, roundUp } from './struct.ts';

export interface StaticSymbol {
  readonly name: string;
  readonly type: CType;
}

interface Placed extends StaticSymbol {
  readonly address: addr_t;
}

export class Symbols {
  /** The first address behind all statics. */
  readonly end: addr_t;
  readonly #byName = new Map<string, Placed>();
  /** In order of address. */
  readonly #placed: readonly Placed[];

  constructor(placed: readonly Placed[]) {
    this.#placed = placed;
    for (const symbol of placed) this.#byName.set(symbol.name, symbol);
    const last = placed.at(-1)!;
    this.end = last.address + last.type.sizeof;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  address(name: string): addr_t {
    return this.#byName.get(name)!.address;
  }

  /** The static that holds `address`, and the offset in it. */
  find(address: addr_t): { name: string; offset: number } | null {
    let low = 0;
    let high = this.#placed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#placed[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = this.#placed[low - 1];
    if (symbol === undefined || address >= symbol.address + symbol.type.sizeof) return null;
    return { name: symbol.name, offset: address - symbol.address };
  }

  /** As recordings print it: `symbol+0x10`, or a physical address of 8 digits. */
  describe(address: addr_t): string {
    const found = this.find(address);
    if (found !== null) return `${found.name}+0x${found.offset.toString(16)}`;
    return `0x${address.toString(16).padStart(8, '0')}`;
  }
}

/** Small statics first (drawn: in random order, with random gaps), then those of a page and more. */
export function linkStatics(statics: readonly StaticSymbol[], base: addr_t, random?: Random): Symbols {
  const small = statics.filter(({ type }) => type.sizeof < PAGE_SIZE);
  const large = statics.filter(({ type }) => type.sizeof >= PAGE_SIZE);
  const draw = (limit: number) => (random === undefined ? 0 : Math.floor(random() * limit));
  if (random !== undefined) shuffle(small, random);
  let at = base;
  const place = ({ name, type }: StaticSymbol, gap: number): Placed => {
    const address = roundUp(at + gap, type.align);
    at = address + type.sizeof;
    return { name, type, address };
  };
  return new Symbols([
    ...small.map((symbol) => place(symbol, 4 * draw(64))),
    ...large.map((symbol) => place(symbol, symbol.type.align * draw(8))),
  ]);
}
