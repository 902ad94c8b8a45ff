import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccessList, MemoryTraceParser, mpLine } from '../../../src/lab/caches/memory-trace.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Accesses as `cpu kind address size`, numbers in decimal. */
function read(text: string, cpus?: number): string[] {
  const accesses: string[] = [];
  const parser = new MemoryTraceParser('t', (...access) => accesses.push(access.join(' ')), cpus);
  parser.push(bytesOf(text));
  parser.end();
  return accesses;
}

describe('the forms of a line', () => {
  test.each<[what: string, text: string, accesses: string[]]>([
    ['mp: CPU, kind, address, size in hexadecimal', '0 r 1000 4\n11 x ff 10\n', ['0 r 4096 4', '11 x 255 16']],
    ['din: as mp of CPU 0', 'r 1000 4\nw 7FFF 1\n', ['0 r 4096 4', '0 w 32767 1']],
    ['traditional din: 4 bytes, aligned', '0 1001\n1 1007\n', ['0 r 4096 4', '0 w 4100 4']],
    ['traditional din: the rest of a line is a comment', '0 1000 whatever 7\n', ['0 r 4096 4']],
    ['letters of either case, numbers with 0x', 'R 0xABC 0x4\nW 0Xabc 4\n', ['0 r 2748 4', '0 w 2748 4']],
    ['the address 0', 'r 0 1\nr 0x0 1\n', ['0 r 0 1', '0 r 0 1']],
    ['the last byte of 32 bits', 'r ffffffff 1\n', ['0 r 4294967295 1']],
    ['several blanks, tabs, blanks at both ends', '  0\tr   1000\t4  \n', ['0 r 4096 4']],
    ['lines that end as on DOS', 'r 1000 4\r\n\r\nw 2000 4 # why\r\n', ['0 r 4096 4', '0 w 8192 4']],
    ['blank lines and lines that begin with #', '\n# r 1 1\n  # too\nr 1000 4\n\n', ['0 r 4096 4']],
    ['what follows the last field', 'r 1000 4 a comment\n', ['0 r 4096 4']],
    ['no line feed at the end', 'r 1000 4\nw 2000 4', ['0 r 4096 4', '0 w 8192 4']],
  ])('%s', (_what, text, accesses) => {
    expect(read(text)).toEqual(accesses);
  });

  test('instruction fetches are counted and left out', () => {
    for (const text of ['r 1000 4\ni 2000 4\nI 2004 4\n', '0 1000\n2 2000\n2 2004\n']) {
      const parser = new MemoryTraceParser('t', () => {});
      parser.push(bytesOf(text));
      parser.end();
      expect([parser.accesses, parser.instructionFetches]).toEqual([1, 2]);
    }
  });
});

describe('what is wrong is told with its line', () => {
  const mp = '`<cpu> <r|w|x> <hex address> <hex size>`';
  const din = '`<r|w> <hex address> <hex size>`';
  const traditional = '`<0|1|2> <hex address>`';
  test.each<[what: string, text: string, message: string]>([
    ['no form at all', '\nhello\n', `t:2: not a memory access: "hello"; expected ${mp} or ${din} or ${traditional}`],
    ['a CPU where the first line has none', 'r 1 1\n0 r 1 1\n', `t:2: not a memory access: "0 r 1 1"; expected ${din}`],
    ['no CPU where the first line has one', '0 r 1 1\nr 1 1\n', `t:2: not a memory access: "r 1 1"; expected ${mp}`],
    ['an unknown kind', '0 r 1 1\n0 m 1 1\n', `t:2: not a memory access: "0 m 1 1"; expected ${mp}`],
    ['an escape record', '0 10\n4 0\n', `t:2: not a memory access: "4 0"; expected ${traditional}`],
    ['no size', 'r 1 1\nr 1000\n', `t:2: not a memory access: "r 1000"; expected ${din}`],
    ['no address', 'r 1 1\nr\n', `t:2: not a memory access: "r"; expected ${din}`],
    ['a digit that is none', 'r 1 1\nr 10g0 4\n', `t:2: not a memory access: "r 10g0 4"; expected ${din}`],
    ['a size that is none', 'r 1 1\nr 1000 4,\n', `t:2: not a memory access: "r 1000 4,"; expected ${din}`],
    ['0x without digits', 'r 1 1\nr 0x 4\n', `t:2: not a memory access: "r 0x 4"; expected ${din}`],
    [
      'line ends of the old Mac, which would make a comment of all but the first line',
      'r 1 1\rr 2 1\rr 3 1\n',
      `t:1: not a memory access: "r 1 1\\rr 2 1\\rr 3 1"; expected ${din}`,
    ],
    ['a size of 0', 'r 1 1\nr 1 0\n', 't:2: an access of 0 bytes; the size, in hexadecimal, must be from 1 to 100000'],
    [
      'a size past reason',
      'r 1 100001\n',
      't:1: an access of 1048577 bytes; the size, in hexadecimal, must be from 1 to',
    ],
    [
      'an address of 64 bits',
      'r 7ffe12345678 8\n',
      't:1: an access of 8 bytes at 0x7ffe12345678; addresses have 32 bits',
    ],
    ['an end beyond 32 bits', 'r ffffffff 2\n', 't:1: an access of 2 bytes at 0xffffffff; addresses have 32 bits here'],
    ['a CPU too many', '3 r 1 1\n4 r 1 1\n', 't:2: CPU 4 of 4; CPUs are numbered from 0 to 3 here'],
    ['an empty trace', '', `t: no access to data in it; each line of a trace is ${mp} or ${din} or ${traditional}`],
    ['fetches alone', 'i 1 1\n', `t: no access to data in it; each line of a trace is ${din}`],
    [
      'no line end at all',
      `r 1 1\n${'x'.repeat(70_000)}`,
      't:2: no end of line within 65536 bytes; each line of a trace',
    ],
  ])('%s', (_what, text, message) => {
    expect(() => read(text, 4)).toThrow(message);
  });
});

const kind = fc.constantFrom('r' as const, 'w' as const, 'x' as const);
const access = fc.tuple(fc.nat(31), kind, fc.nat(0xffff_0000), fc.integer({ min: 1, max: 0x1000 }));

test('a trace cut anywhere reads as the whole', () => {
  const noise = fc.constantFrom('', '\n', '# note\n', '  \r\n');
  const lines = fc.array(fc.tuple(noise, access), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(1000), { maxLength: 40 }), (lines, cuts) => {
      const text = lines.map(([noise, each]) => noise + mpLine(...each)).join('');
      const bytes = bytesOf(text);
      const seen: unknown[] = [];
      const parser = new MemoryTraceParser('t', (...each) => seen.push(each));
      let from = 0;
      // One buffer for all pieces, as a reader of files may have.
      const piece = new Uint8Array(bytes.length);
      for (const at of [...new Set(cuts.filter((cut) => cut < bytes.length))]
        .sort((a, b) => a - b)
        .concat(bytes.length)) {
        piece.fill(0x21).set(bytes.subarray(from, at));
        parser.push(piece.subarray(0, at - from));
        from = at;
      }
      parser.end();
      expect(seen).toEqual(lines.map(([, each]) => each));
      expect(parser.line).toBe(text.split('\n').length - 1);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('every cut of a small trace in two reads as the whole', () => {
  const text = '# a\n0 r 1000 4\r\n\n12 x ffff 20 note\n3 w 0xab 1';
  const whole = read(text);
  const bytes = bytesOf(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const seen: string[] = [];
    const parser = new MemoryTraceParser('t', (...each) => seen.push(each.join(' ')));
    parser.push(bytes.subarray(0, cut));
    parser.push(bytes.subarray(cut));
    parser.end();
    expect(seen).toEqual(whole);
  }
});

test('a list keeps all columns in order', () => {
  const list = AccessList.parse(bytesOf('1 x ff 2\n0 r 10 4\n'), 't');
  const seen: unknown[] = [];
  list.forEach((...each) => {
    seen.push(each);
  });
  expect(seen).toEqual([
    [1, 'x', 255, 2, 0],
    [0, 'r', 16, 4, 1],
  ]);
  expect(list.length).toBe(2);
});
