import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccessList, MemoryTraceParser, mpLine } from '../../../src/lab/caches/memory-trace.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Accesses as `cpu kind address size`, numbers in decimal. */
function read(text: string, cpus?: number): string[] {
  const accesses: string[] = [];
  const parser = new MemoryTraceParser('t', (...access) => accesses.push(access.slice(0, 4).join(' ')), cpus);
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
    [
      "lackey: sizes in decimal, M a read and a write, and valgrind's own lines between",
      '==7== Lackey\nI  0401ab70,3\n S 00001000,8\n L 00002000,16\n M 00003000,4\n--7-- WARNING: x\n==7== Counted\n',
      ['0 w 4096 8', '0 r 8192 16', '0 r 12288 4', '0 w 12288 4'],
    ],
    ['gem5: in decimal, the tick behind', 'r,4096,4,100\nw,8192,64,200\n', ['0 r 4096 4', '0 w 8192 64']],
    ['gem5: with flags, and PCs', 'r,4096,4,2,100,77\nw,8192,8,0,200,78\n', ['0 r 4096 4', '0 w 8192 8']],
    ['gem5: with the numbers of packets', '12,r,4096,4,2,100\n13,w,8192,8,2,200\n', ['0 r 4096 4', '0 w 8192 8']],
    [
      'memtrace_x86, with its heading',
      'Format: <instr address>,<(r)ead/(w)rite>,<data size>,<data address>\n0x7fff,w,8,0x1000\n0x8003,r,4,0x2000\n',
      ['0 w 4096 8', '0 r 8192 4'],
    ],
    [
      'memtrace_simple, with its heading, and opcodes left out',
      'Format: <data address>: <data size>, <(r)ead/(w)rite/opcode>\n0x7f59:  5, call\n0x1000:  8, w\n0x2000: 16, r\n0x7f5e:  2, rep movs\n',
      ['0 w 4096 8', '0 r 8192 16'],
    ],
    ['no line feed at the end', 'r 1000 4\nw 2000 4', ['0 r 4096 4', '0 w 8192 4']],
  ])('%s', (_what, text, accesses) => {
    expect(read(text)).toEqual(accesses);
  });

  test('what is no access of data is counted and left out', () => {
    const parser = new MemoryTraceParser('t', () => {});
    parser.push(bytesOf('r,4096,4,0,7\nr,64,4,256,8\nu,64,64,0,9\nr,64,64,16777216,9\n'));
    parser.end();
    expect([parser.accesses, parser.instructionFetches, parser.otherRecords]).toEqual([1, 1, 2]);
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
  const known = 'a line of mp, din, lackey, gem5 or DynamoRIO (slabscope cache --help)';
  const lackey = '`I  <hex address>,<size>`, ` L ...`, ` S ...` or ` M ...`';
  const gem5 = '`[<packet>,]<r|w|u>,<address>,<size>,[<flags>,]<tick>[,<pc>]`, in decimal';
  const view = '`<record> <instruction>: <thread> <read|write> <size> byte(s) @ <hex address> by PC <hex address>`';
  const memtrace = '`<hex address of the instruction>,<r|w>,<size>,<hex address>`';
  const simple = '`<hex address>: <size>, <r|w|opcode>`';
  const viewed = '  1  0:  77 read         8 byte(s) @ 0x1000 by PC 0x400';
  test.each<[what: string, text: string, message: string]>([
    ['no form at all', '\nhello\n', `t:2: not a memory access: "hello"; expected ${known}`],
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
    ['a size of 0', 'r 1 1\nr 1 0\n', 't:2: an access of 0 bytes; an access is of 1 to 1048576 bytes'],
    ['a size past reason', 'r 1 100001\n', 't:1: an access of 1048577 bytes; an access is of 1 to 1048576 bytes'],
    [
      'an address of more than 64 bits',
      'r 1 1\nr 10000000000000000 8\n',
      `t:2: not a memory access: "r 10000000000000000 8"; expected ${din}`,
    ],
    ['an end beyond 64 bits', 'r ffffffffffffffff 2\n', 't:1: an access beyond 64 bits; mend the trace'],
    ['lackey: no size', ' L 1000,4\n S 1000\n', `t:2: not a memory access: "S 1000"; expected ${lackey}`],
    ['lackey: cut short', ' L 1000,4\n S 1000,', `t:2: not a memory access: "S 1000,"; expected ${lackey}`],
    ['lackey: another kind', ' L 1000,4\n X 1000,4\n', `t:2: not a memory access: "X 1000,4"; expected ${lackey}`],
    ['lackey: what the program printed', ' L 1000,4\nhello\n', `t:2: not a memory access: "hello"; expected ${lackey}`],
    ['lackey: more on the line', ' L 1000,4 x\n', `t:1: not a memory access: "L 1000,4 x"; expected ${lackey}`],
    ['gem5: no tick', 'r,4096,4,0,7\nr,4096,4\n', `t:2: not a memory access: "r,4096,4"; expected ${gem5}`],
    [
      'gem5: too many fields',
      'r,1,4,0,7\nr,1,4,0,7,8,9\n',
      `t:2: not a memory access: "r,1,4,0,7,8,9"; expected ${gem5}`,
    ],
    ['gem5: hexadecimal', 'r,1,4,0,7\nr,0x10,4,0,7\n', `t:2: not a memory access: "r,0x10,4,0,7"; expected ${gem5}`],
    [
      'view: cut short',
      `${viewed}\n  2  0:  77 read  8 byte(s) @ 0x10`,
      `t:2: not a memory access: "2  0:  77 read  8 byte(s) @ 0x10"; expected ${view}`,
    ],
    [
      'view: another record',
      `${viewed}\n  2  0:  77 rread  8\n`,
      `t:2: not a memory access: "2  0:  77 rread  8"; expected ${view}`,
    ],
    ['memtrace: no address', '0x1,r,4,0x10\n0x1,r,4\n', `t:2: not a memory access: "0x1,r,4"; expected ${memtrace}`],
    ['memtrace_simple: no type', '0x1:  4, r\n0x1:  4, \n', `t:2: not a memory access: "0x1:  4,"; expected ${simple}`],
    ['a CPU too many', '3 r 1 1\n4 r 1 1\n', 't:2: CPU 4 of 4; CPUs are numbered from 0 to 3 here'],
    ['an empty trace', '', `t: no access to data in it; each line of a trace is ${known}`],
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

/** Of DynamoRIO's documentation of the trace format, shortened; addresses of 32 bits. */
const viewed = `Output format:
<--record#-> <--instr#->: <---tid---> <record details>
------------------------------------------------------------
           1           0:     2765542 <marker: version 5>
       47445       37770:     2765543 ifetch       5 byte(s) @ 0x0000000000404a7e 48 8b 5c 24 08       mov    0x08(%rsp), %rbx
       47446       37770:     2765543 read         8 byte(s) @ 0x0000000064e2adc8 by PC 0x0000000000404a7e
       47447       37771:     2765543 ifetch      10 byte(s) @ 0x0000000000404a83 48 b8 be 18 00 00 00 mov    $0x00000018, %esi
       47447       37771:     2765543                                             be 18 00
------------------------------------------------------------
       47452       37774:     2765542 <marker: timestamp 13334804716609227>
       47455       37775:     2765542 write        8 byte(s) @ 0x0000000090c135f0 by PC 0x000000000040257d
       47456       37775:     2765542 pref-r-L1    0 byte(s) @ 0x0000000090c13600 by PC 0x000000000040257d
       47457       37775:     2765543 write        4 byte(s) @ 0x0000000064e2adc0 by PC 0x000000000040257d
       47458       37775:     2765543 <thread 2765543 exited>
View tool results:
          37775 : total instructions
`;

test("DynamoRIO's view: CPUs are threads in order of their first access", () => {
  expect(read(viewed)).toEqual(['0 r 1692577224 8', '1 w 2428581360 8', '0 w 1692577216 4']);
});

test("DynamoRIO's view before version 5: no number of the instruction, and a T before the thread", () => {
  const text = `   173369: T1774669 ifetch       3 byte(s) @ 0x0000000000402680 f3 48 a5             rep movsq
   173370: T1774669 read         8 byte(s) @ 0x0000000081e37c70 by PC 0x0000000000402680
   173373: T1774668 write        8 byte(s) @ 0x0000000081e37a70 by PC 0x0000000000402680
`;
  expect(read(text)).toEqual(['0 r 2179169392 8', '1 w 2179168880 8']);
});

test('more threads than a bus can tell apart are told with their line', () => {
  const lines = Array.from({ length: 33 }, (_, i) => ` 1  0:  ${i} read 8 byte(s) @ 0x1000 by PC 0x4\n`);
  expect(() => read(lines.join(''))).toThrow('t:33: CPU 32 of 32; CPUs are numbered from 0 to 31 here');
});

test("a recording of valgrind's lackey reads to the end", () => {
  const lines = gunzipSync(readFileSync(new URL('data/head-of-true.lackey.gz', import.meta.url)));
  const parser = new MemoryTraceParser('t', () => {});
  parser.push(lines);
  parser.end();
  // Lines that begin with I; L, S, and M twice: counted by grep.
  expect([parser.line, parser.instructionFetches, parser.accesses, parser.folding.moved]).toEqual([5000, 4041, 973, 1]);
});

test('a trace cut anywhere reads as the whole', () => {
  const noise = fc.constantFrom('', '\n', '# note\n', '  \r\n');
  const lines = fc.array(fc.tuple(noise, access), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(1000), { maxLength: 40 }), (lines, cuts) => {
      const text = lines.map(([noise, each]) => noise + mpLine(...each)).join('');
      const bytes = bytesOf(text);
      const seen: unknown[] = [];
      const parser = new MemoryTraceParser('t', (...each) => seen.push(each.slice(0, 4)));
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
    const parser = new MemoryTraceParser('t', (...each) => seen.push(each.slice(0, 4).join(' ')));
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
