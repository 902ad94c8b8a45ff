import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CacheSimulator } from '../../../src/lab/caches/cache-simulator.ts';
import { MemoryTraceParser } from '../../../src/lab/caches/memory-trace.ts';
import { PageFolding } from '../../../src/lab/caches/page-folding.ts';

interface Wide {
  readonly address: bigint;
  readonly bytes: number;
}

/** Few pages, below and above 4 GB, that agree in many bits; accesses that cross pages. */
const wide = fc.record({
  address: fc
    .tuple(
      fc.constantFrom(0n, 1n, 0x7ffe1n, 0xfffff812n),
      fc.constantFrom(0n, 1n, 255n),
      fc.constantFrom(0n, 1n, 2n),
      fc.nat(4095),
    )
    .map(([high, sixteenMB, page, offset]) => (high << 32n) + (sixteenMB << 24n) + (page << 12n) + BigInt(offset)),
  bytes: fc.integer({ min: 1, max: 64 }),
});

const linesOf = (trace: readonly Wide[]) =>
  trace.map(({ address, bytes }) => `r ${address.toString(16)} ${bytes.toString(16)}\n`).join('');

function parsed(text: string, consumer: ConstructorParameters<typeof MemoryTraceParser>[1]): MemoryTraceParser {
  const parser = new MemoryTraceParser('t', consumer);
  parser.push(new TextEncoder().encode(text));
  parser.end();
  return parser;
}

/** Misses of an LRU cache with addresses of any length, by the book. */
function missesOf(trace: readonly Wide[], sets: bigint, ways: number, line: bigint): number {
  const stacks = new Map<bigint, bigint[]>();
  let misses = 0;
  for (const { address, bytes } of trace) {
    for (let number = address / line; number <= (address + BigInt(bytes) - 1n) / line; number++) {
      const stack = stacks.get(number % sets) ?? [];
      if (!stack.includes(number)) misses++;
      stacks.set(number % sets, [number, ...stack.filter((other) => other !== number)].slice(0, ways));
    }
  }
  return misses;
}

test('caches whose ways are of 16 MB at most count folded addresses as they would the whole ones', () => {
  fc.assert(
    fc.property(
      fc.array(wide, { minLength: 1, maxLength: 150, size: 'max' }),
      fc.constantFrom([64, 8, 64], [1, 16, 64], [128, 1, 32], [2 ** 12, 2, 4096], [2 ** 18, 1, 64]),
      (trace, [sets, ways, line]) => {
        const geometry = { size: sets * ways * line, ways, line, policy: 'lru' } as const;
        const simulator = new CacheSimulator({ geometry, cpus: 1, classes: 'none' });
        parsed(linesOf(trace), (...access) => simulator.access(...access));
        const [{ accesses, readMiss, straddlingAccesses }] = simulator.counts();
        const straddles = ({ address, bytes }: Wide) =>
          address / BigInt(line) !== (address + BigInt(bytes) - 1n) / BigInt(line);
        expect({ accesses, straddlingAccesses, readMiss }).toEqual({
          accesses: trace.length,
          straddlingAccesses: trace.filter(straddles).length,
          readMiss: missesOf(trace, BigInt(sets), ways, BigInt(line)),
        });
      },
    ),
    { seed: 64, numRuns: 100 },
  );
});

test('an address in a frame is told as it stands in the trace', () => {
  fc.assert(
    fc.property(fc.array(wide, { minLength: 1, maxLength: 50, size: 'max' }), (trace) => {
      const firsts: number[] = [];
      const { folding } = parsed(linesOf(trace), (_cpu, _kind, address, _bytes, goesOn) => {
        if (goesOn === undefined) firsts.push(address);
      });
      expect(firsts.map((address) => folding.unfolded(address))).toEqual(
        trace.map(({ address }) => address.toString(16)),
      );
    }),
    { seed: 64 },
  );
});

test('a page below 4 GB stays where it is, unless one from above is there already', () => {
  const folding = new PageFolding();
  expect([5, 0xff005, 5].map((page) => folding.frameOf(page))).toEqual([5, 0xff005, 5]);
  expect(folding.frameOf(0x100005)).toBe(0xfe005); // the highest free frame of those that end in 005
  expect(folding.frameOf(0xfe005)).toBe(0xfd005);
  expect(folding.moved).toBe(2);
});

test('pages that agree in their low bits have room until 4 GB are full', () => {
  const folding = new PageFolding();
  const frames = Array.from({ length: 257 }, (_, i) => folding.frameOf((i + 256) * 4096 + 7));
  expect(new Set(frames.slice(0, 256)).size).toBe(256);
  expect(frames.at(-1)).toBe(-1);
  const lines = Array.from({ length: 257 }, (_, i) => `r ${(2 ** 32 + i * 2 ** 24).toString(16)} 1\n`);
  expect(() => parsed(lines.join(''), () => {})).toThrow(
    't:257: more than 256 pages that agree in the low 24 bits of their addresses; here is room for 4 GB',
  );
});
