import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import {
  HIDDEN_POINTER,
  type KmemAllocation,
  type KmemEvent,
  KmemReader,
} from '../../../src/lab/traces/kmem-events.ts';

function read(...lines: string[]) {
  const reader = new KmemReader('trace.txt');
  const events = lines.map((line) => reader.line(line)).filter((event) => event !== null);
  return { events, ...reader.finish() };
}
const readOne = (line: string): KmemEvent => read(line).events[0];
const at = (prefix: string) => `${prefix} kfree: call_site=f+0x1/0x2 ptr=ffff888100000000`;
const problemOf = (...lines: string[]): string => {
  try {
    read(...lines);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'no problem';
};

const ftraceAlloc =
  '         python3-31187   [001] b.s1.  2302.498009: kmem_cache_alloc: call_site=alloc_empty_file+0x3c/0x110 ptr=ffff88810f159780 name=filp bytes_req=184 bytes_alloc=192 gfp_flags=GFP_KERNEL|__GFP_ZERO node=-1 accounted=true';
const perfAlloc =
  '             gcc 24082 [001]  2085.774590: kmem:kmem_cache_alloc: call_site=mas_preallocate+0x3ef ptr=0xffff888184ca7500 name=maple_node bytes_req=256 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1 accounted=false';
const ftraceFree =
  '              sh-31126   [000] .....  2301.789996: kmem_cache_free: call_site=__fput+0x141/0x2a0 ptr=ffff88810564b7c8 name=lsm_file_cache';

describe('an event', () => {
  test('of ftrace gives all its fields', () => {
    expect(readOne(ftraceAlloc)).toEqual({
      kind: 'alloc',
      comm: 'python3',
      tid: 31187,
      cpu: 1,
      interrupt: true,
      callSite: 'alloc_empty_file+0x3c/0x110',
      pointer: 'ffff88810f159780',
      cache: 'filp',
      size: 184,
      gfpFlags: 'GFP_KERNEL|__GFP_ZERO',
    });
  });

  test('of perf script gives the same', () => {
    expect(readOne(perfAlloc)).toEqual({
      kind: 'alloc',
      comm: 'gcc',
      tid: 24082,
      cpu: 1,
      interrupt: false,
      callSite: 'mas_preallocate+0x3ef',
      pointer: '0xffff888184ca7500',
      cache: 'maple_node',
      size: 256,
      gfpFlags: 'GFP_KERNEL',
    });
  });

  test('of a kernel of 2012 has no name, and a call site in hexadecimal', () => {
    const line =
      'init-1     [000] .N..     0.180000: kmem_cache_alloc: call_site=c10b963e ptr=c1610c08 bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL|GFP_ZERO';
    expect(readOne(line)).toMatchObject({ kind: 'alloc', cache: undefined, size: 64, callSite: 'c10b963e' });
  });

  test.each(['kmalloc_node', 'kmem_cache_alloc_node'])('%s is an allocation like that without _node', (name) => {
    const line = `sh-1 [000] .... 1.0: ${name}: call_site=f ptr=c1610c08 bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL node=0`;
    expect(readOne(line)).toMatchObject({ kind: 'alloc', size: 64 });
  });

  test('may be of a cache with blanks, slashes and brackets in its name', () => {
    const line = ftraceAlloc.replace('name=filp', 'name=ext2 inode/x(1)');
    expect((readOne(line) as KmemAllocation).cache).toBe('ext2 inode/x(1)');
  });
});

test.each([
  ['ftrace', 'bash-17 [003] ..... 1.000001:', 'bash', 17, 3],
  ['ftrace, old flags of 4 characters', 'bash-17 [003] .... 1.000001:', 'bash', 17, 3],
  ['trace-cmd, no flags', 'bash-17 [003]   147.376774:', 'bash', 17, 3],
  ['ftrace with thread groups', 'bash-17   (     16) [003] ..... 1.000001:', 'bash', 17, 3],
  ['ftrace with an unknown thread group', 'bash-17   (-------) [003] ..... 1.000001:', 'bash', 17, 3],
  ['a clock that counts', 'bash-17 [003] ..... 5021:', 'bash', 17, 3],
  ['dashes and a number in the name', 'a-12-b-17 [003] ..... 1.000001:', 'a-12-b', 17, 3],
  ['colon, slash and blank in the name', 'kworker/0:1 H-17 [003] ..... 1.000001:', 'kworker/0:1 H', 17, 3],
  ['brackets in the name', 'a [001] b-17 [003] ..... 1.000001:', 'a [001] b', 17, 3],
  ['an idle task', '<idle>-0 [003] ..s1. 1.000001:', '<idle>', 0, 3],
  ['perf script', 'bash    17 [003]  1810.988345:', 'bash', 17, 3],
  ['perf script with process ids', 'bash    16/17 [003]  1810.988345:', 'bash', 17, 3],
  ['perf script, number and dash in the name', 'a-12 3 17 [003]  1810.988345:', 'a-12 3', 17, 3],
])('the beginning of a line is understood: %s', (_form, prefix, comm, tid, cpu) => {
  expect(readOne(at(prefix))).toMatchObject({ comm, tid, cpu });
});

test.each([
  ['.....', false],
  ['....', false],
  ['dN.2.', false],
  ['..s1.', true],
  ['..h.', true],
  ['d.H2.', true],
  ['d.Z..', true],
  ['b..1.', false],
])('flags %s: in an interrupt is %s', (flags, interrupt) => {
  expect(readOne(at(`sh-1 [000] ${flags} 1.0:`)).interrupt).toBe(interrupt);
});

test.each([
  ['ptr=ffff888100000000', 'ffff888100000000'],
  ['ptr=0xffff888100000000', '0xffff888100000000'],
  ['ptr=0000000000000000', null],
  ['ptr=0x0', null],
  ['ptr=(nil)', null],
  ['ptr=(null)', null],
  ['ptr=          (null)', null],
  ['ptr=(____ptrval____)', HIDDEN_POINTER],
  ['ptr=(ptrval)', HIDDEN_POINTER],
])('%s is the pointer %s', (field, pointer) => {
  expect(readOne(`sh-1 [000] ..... 1.0: kfree: call_site=f ${field}`).pointer).toBe(pointer);
});

describe('besides kmem events', () => {
  test('headers, blank lines and stacks are passed over', () => {
    const log = read(
      '# tracer: nop',
      '',
      perfAlloc,
      '\tffffffff811c2e5a kmem_cache_alloc+0x8a ([kernel.kallsyms])',
      '\t    7f12aa03 __libc_start_main+0x1 (/lib/libc.so)',
      ' => vfs_read',
      'sh-1 [000] .... 1.0: vfs_read <-ksys_read',
    );
    expect(log).toMatchObject({ lines: 7, otherTracepoints: 0, otherLines: 0 });
    expect(log.events).toHaveLength(1);
  });

  test('other tracepoints are counted, those of the page allocator apart', () => {
    const log = read(
      ftraceFree,
      'sh-1 [000] ..... 1.0: mm_page_alloc: page=0x1 pfn=1',
      'sh 1 [000] 1.0: other:kfree: call_site=f ptr=0x1',
    );
    expect(log).toMatchObject({ pageEvents: 1, otherTracepoints: 1 });
  });

  test('lines of no known form are counted', () => {
    expect(read('Warning: guest', ftraceFree).otherLines).toBe(1);
  });

  test('the header tells the number of CPUs and the lost events', () => {
    const log = read('# entries-in-buffer/entries-written: 100/350   #P:4', ftraceFree);
    expect(log).toMatchObject({ cpus: 4, lostEvents: 250 });
  });

  test('marks between the events tell lost ones too', () => {
    expect(read(ftraceFree, 'CPU:1 [LOST 40 EVENTS]', 'CPU:0 [LOST 2 EVENTS]', ftraceFree).lostEvents).toBe(42);
  });

  test('so do the marks of perf script', () => {
    const mark = 'node  6964 [000] 24897.007237: PERF_RECORD_LOST lost 96';
    expect(read(perfAlloc, mark, mark, perfAlloc)).toMatchObject({ lostEvents: 192, otherLines: 0 });
  });

  test('lines may end as on Windows', () => {
    expect(readOne(`${at('sh-1 [000] ..... 1.0:')}\r`).pointer).toBe('ffff888100000000');
  });
});

describe('what is wrong is told with file and line', () => {
  const alloc = 'call_site=f ptr=ffff888100000000 name=filp bytes_req=184 bytes_alloc=192 gfp_flags=GFP_KERNEL';
  test.each([
    ['no ptr', alloc.replace(/ptr=\S+ /, ''), 'lacks ptr'],
    ['no bytes_req', alloc.replace(/bytes_req=\S+ /, ''), 'lacks bytes_req'],
    ['no gfp_flags', alloc.replace(/ gfp_flags=.*/, ''), 'lacks gfp_flags'],
    ['nothing after gfp_flags=', alloc.replace(/GFP_KERNEL/, ''), 'lacks gfp_flags'],
    ['a negative size', alloc.replace('=184', '=-184'), 'malformed bytes_req=-184'],
    ['a size that is no number', alloc.replace('=184', '=many'), 'malformed bytes_req=many'],
    ['objects of 0 bytes', alloc.replace('=184', '=0'), 'has bytes_req=0'],
    ['a pointer that is no number', alloc.replace('=ffff8', '=here'), 'malformed ptr=here'],
    ['an empty name', alloc.replace('=filp', '='), 'has an empty name'],
    ['no field at all', '', 'lacks ptr'],
  ])('%s', (_what, fields, problem) => {
    const message = problemOf(ftraceFree, `sh-1 [000] ..... 1.0: kmem_cache_alloc: ${fields}`, ftraceFree);
    expect(message).toMatch(/^trace\.txt:2: this kmem_cache_alloc event .+; .+/);
    expect(message).toContain(problem);
  });

  test('an event that does not say where and when', () => {
    expect(problemOf(ftraceFree, 'sh-1 kfree: call_site=f ptr=ffff888100000000')).toContain(
      'trace.txt:2: a kmem event without task, CPU and time before it',
    );
  });

  test.each([
    ['nothing', []],
    ['only a header', ['# tracer: nop']],
    ['another text', ['Dear reader,', 'this is no trace.']],
    ['other tracepoints', ['sh-1 [000] ..... 1.0: sched_switch: prev_comm=sh']],
  ])('a file with %s', (_what, lines) => {
    expect(problemOf(...lines)).toMatch(/^trace\.txt: holds no kmem event; give the text/);
  });

  test.each([
    ['in the task', ftraceFree, 'python3-3'],
    ['in the time', ftraceFree, 'python3-31187   [001] b.s1.  2302.'],
    ['in the name of the event', ftraceFree, 'python3-31187   [001] b.s1.  2302.498009: kmem_ca'],
    ['after the system of the event', perfAlloc, 'gcc 24082 [001]  2085.774590: kmem:'],
    ['in the flags', ftraceAlloc, ftraceAlloc.slice(0, ftraceAlloc.indexOf('NEL|__GFP'))],
    ['after the flags', perfAlloc, perfAlloc.slice(0, perfAlloc.indexOf(' node='))],
    ['after the pointer', ftraceFree, ftraceFree.slice(0, ftraceFree.indexOf(' name='))],
    ['in the pointer', at('sh-1 [000] ..... 1.0:'), at('sh-1 [000] ..... 1.0:').slice(0, -3)],
  ])('a last line that is cut %s', (_where, before, cut) => {
    expect(problemOf(before, cut, '')).toContain('trace.txt:2: the last line is cut');
  });

  test('but not a NULL that is shorter than other pointers', () => {
    const free = 'sh 1 [000] 1.0: kmem:kfree: call_site=f';
    expect(problemOf(`${free} ptr=0xffff888100000000`, `${free} ptr=(nil)`)).toBe('no problem');
  });
});
