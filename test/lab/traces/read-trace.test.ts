/** Which format a file is in, and files that come in pieces. */
import { describe, expect, test } from 'vitest';
import { readTrace, readTraceBytes } from '../../../src/lab/traces/read-trace.ts';
import { faultsOf, story } from './traces.ts';

const ftrace = [
  '# tracer: nop',
  '#',
  '# entries-in-buffer/entries-written: 2/2   #P:2',
  'Web: Größe 1-31187   [001] b.s1.  2302.498009: kmem_cache_alloc: call_site=f+0x3c/0x110 ptr=ffff88810f159780 name=filp bytes_req=184 bytes_alloc=192 gfp_flags=GFP_KERNEL node=-1 accounted=true',
  'Web: Größe 1-31187   [001] .....  2302.498010: kmem_cache_free: call_site=f+0x3c/0x110 ptr=ffff88810f159780 name=filp',
];
const perfScript = [
  'sh 18649 [001]  1810.988345: kmem:kmalloc: call_site=f ptr=0xffff8881043f9000 bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL node=-1 accounted=false',
  '\tffffffff811c2e5a kfree+0x8a ([kernel.kallsyms])',
  '',
  'sh 18649 [001]  1810.988346:            kmem:kfree: call_site=f ptr=(nil)',
];
const mallocs = ['# malloc trace of true', 'a 0 8', 'f 0'];

describe('the format', () => {
  test.each([
    ['ftrace', ftrace],
    ['ftrace', ['Warning: 2 guests', ...ftrace.slice(3)]],
    ['ftrace', ['sh-1 [000] ..... 1.0: sched_switch: prev_comm=sh', ...ftrace.slice(3)]],
    ['perf script', perfScript],
    ['malloc', mallocs],
    ['malloc', mallocs.slice(1)],
    ['malloc', ['', 'true: starting', ...mallocs]],
  ])('is %s by what the file holds', (format, lines) => {
    const { summary } = readTrace(lines, 'any.txt');
    expect(summary).toMatchObject({ format, lines: lines.length, file: 'any.txt' });
  });

  test.each([
    ['nothing', [], ''],
    ['only a header', ['# tracer: nop', ''], ''],
    ['another text', ['', '# letter', 'Dear reader,', 'this is no trace.'], 'line 3 begins "Dear reader,"; '],
    ['events of no known form', ['x 0 48', 'x 1 48'], 'line 1 begins "x 0 48"; '],
    ['binary data', ['PERFILE2\u0000\u0001\u0002'], 'line 1 begins "PERFILE2\\u0000\\u0001\\u0002"; '],
  ])('is told to be unknown of a file with %s', (_what, lines, seen) => {
    expect(() => readTrace(lines, 'any.txt')).toThrow(
      `any.txt: holds no event of a known trace format; ${seen}give the text of an ftrace buffer or of perf script `,
    );
  });

  test('is not sought for ever', () => {
    function* endless() {
      for (;;) yield 'y';
    }
    expect(() => readTrace(endless(), 'any.txt')).toThrow(
      /no event of a known trace format in its first 10000 lines; /,
    );
  });
});

async function* inPieces(text: string, length: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

describe('a file as bytes', () => {
  test.each([1, 2, 7, 100, 100_000])('is the same trace in pieces of %i', async (length) => {
    for (const lines of [ftrace, perfScript, mallocs]) {
      const read = await readTraceBytes(inPieces(`${lines.join('\n')}\n`, length), 'any.txt');
      expect(read).toEqual(readTrace(lines, 'any.txt'));
    }
  });

  test('needs no end of its last line', async () => {
    const read = await readTraceBytes(inPieces(mallocs.join('\n'), 4), 'any.txt');
    expect(story(read)).toEqual(['8 bytes 0', 'kfree 0']);
    expect(faultsOf(read)).toEqual([]);
  });

  test('names the line that is longer than any of a trace', async () => {
    const text = `${mallocs.join('\n')}\n${'x'.repeat(70_000)}`;
    await expect(readTraceBytes(inPieces(text, 1000), 'any.txt')).rejects.toThrow(
      'any.txt:4: a line of more than 65536 characters; a trace is text, one event a line',
    );
  });
});

test('a pointer is the same with or without 0x and leading zeros', () => {
  const free = (pointer: string) =>
    readTrace([perfScript[0]!, `sh 1 [001]  1.0: kmem:kfree: call_site=f ptr=${pointer}`, perfScript[3]!], 'any.txt');
  expect(story(free('ffff8881043f9000'))).toEqual(['8 bytes 0', 'kfree 0']);
  expect(story(free('0xffff8881043f9000'))).toEqual(['8 bytes 0', 'kfree 0']);
  expect(story(free('0xffff8880043f9000'))).toEqual(['8 bytes 0']);
  expect(story(free('0x043f9000'))).toEqual(['8 bytes 0']);
});
