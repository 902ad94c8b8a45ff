import { describe, expect, test } from 'vitest';
import { array, u8, u32 } from '../../src/kernel/struct.ts';
import { linkStatics } from '../../src/kernel/symbols.ts';

const BASE = 0x10_0000;
const page = { sizeof: 4096, align: 4096 };
const statics = [
  { name: 'byte', type: u8 },
  { name: 'large', type: page },
  { name: 'word', type: u32 },
  { name: 'words', type: array(u32, 8) },
];
const placesOf = (symbols: ReturnType<typeof linkStatics>) =>
  Object.fromEntries(statics.map(({ name }) => [name, symbols.address(name) - BASE]));

describe('statics', () => {
  test('follow one another, each at a multiple of its alignment, those of a page behind all others', () => {
    const symbols = linkStatics(statics, BASE);
    expect(placesOf(symbols)).toEqual({ byte: 0, word: 4, words: 8, large: 4096 });
    expect(symbols.end).toBe(BASE + 8192);
  });

  test('where drawn, stand in another order with gaps of up to 63 words, and of up to 7 pages', () => {
    const drawn = (number: number) => placesOf(linkStatics(statics, BASE, () => number));
    expect(drawn(0)).toEqual({ word: 0, words: 4, byte: 36, large: 4096 });
    expect(drawn(0.9999)).toEqual({ byte: 252, word: 508, words: 764, large: 8 * 4096 });
  });
});

describe('the static at an address', () => {
  const symbols = linkStatics(statics, BASE);
  test.each([
    ['its first byte', 4, 'word+0x0'],
    ['its last byte', 7, 'word+0x3'],
    ['a field further on', 8 + 20, 'words+0x14'],
    ['the gap behind one is none', 1, '0x00100001'],
    ['what lies before all is none', -1, '0x000fffff'],
    ['the last byte of all', 8191, 'large+0xfff'],
    ['what lies behind all is none', 8192, '0x00102000'],
  ])('%s', (_, offset, described) => {
    expect(symbols.describe(BASE + offset)).toBe(described);
  });

  test('is known by its name', () => {
    expect([symbols.has('word'), symbols.has('nothing')]).toEqual([true, false]);
  });
});
