/** What is wrong in a recording is told: the file and line, what is wrong, and what would be right. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { Verification } from '../../../src/lab/verify/formats.ts';
import { mutantOf } from './mutations.ts';
import { golden, type Line, linesOf, textOf, withLine } from './recordings.ts';

/** All outcomes of a file that holds `text`; traces beside it are those of the golden recordings. */
function outcomesOf(name: string, text: string, sidecar?: string) {
  const path = `${golden}${name}`;
  const jsonOf = (json: string) => {
    try {
      return JSON.parse(json) as unknown;
    } catch {
      throw new InputError(name, 'not JSON', 'a whole JSON document is needed');
    }
  };
  const verification = new Verification(
    {
      text: () => text,
      bytes: (trace) => gunzipSync(readFileSync(trace)),
      json: (asked) => jsonOf(asked === path ? text : sidecar!),
    },
    { touch: true },
  );
  return [...verification.verify(path), ...verification.together()];
}

const problemOf = (name: string, text: string): string => {
  try {
    outcomesOf(name, text);
  } catch (error) {
    if (error instanceof InputError) return error.message.replace(golden, '');
    throw error;
  }
  return 'none';
};

describe('a case with', () => {
  /** Boot, a cache of 16 MB, and what is done with it. */
  const lines = linesOf('case-boot-up64-1cpu-16MB.jsonl').slice(0, 8);
  const header = (change: object) => withLine(lines, 0, (line) => ({ ...line, ...change }));
  const then = (operation: object) => [...lines, JSON.stringify({ i: 8, cpu: 0, ...operation })];
  const touched = (touch: unknown) => then({ op: 'chain', touch });

  test.each<[what: string, lines: readonly string[], message: RegExp]>([
    ['null for a header', ['null', ...lines], /^case-x\.jsonl:1: not a JSON object; each line/],
    [
      'a header without cpus',
      header({ cpus: undefined }),
      /^case-x\.jsonl:1: cpus: .*; the first line of a case describes/,
    ],
    ['two CPUs and no SMP', header({ cpus: 2 }), /^case-x\.jsonl:1: cpus: a build without SMP has one; /],
    ['more CPUs than NR_CPUS', header({ smp: true, cpus: 2 }), /^case-x\.jsonl:1: cpus: more than nr_cpus; /],
    [
      'lines of 48 bytes',
      header({ l1_cache_bytes: 48 }),
      /^case-x\.jsonl:1: l1_cache_bytes: must be a power of two from/,
    ],
    ['more memory than there can be', header({ memory_mb: 64000 }), /^case-x\.jsonl:1: memory_mb: /],
    ['spinlocks of two bytes', header({ spinlock_bytes: 2 }), /^case-x\.jsonl:1: spinlock_bytes: must be 0 or 4; /],
    [
      'reserved pages beyond memory',
      header({ reserved_pfns: [[0, 4096]] }),
      /^case-x\.jsonl:1: reserved_pfns: not pairs of/,
    ],
    ['a list for a line', lines.with(3, '[]'), /^case-x\.jsonl:4: not a JSON object; /],
    ['a torn line', lines.with(3, lines[3]!.slice(0, 20)), /^case-x\.jsonl:4: not a JSON line; /],
    ['an unknown operation', then({ op: 'allocate' }), /^case-x\.jsonl:9: op: .*; a line is an operation/],
    ['no number', then({ op: 'chain', i: undefined }), /^case-x\.jsonl:9: i: /],
    ['a CPU that is not there', then({ op: 'chain', cpu: 1 }), /^case-x\.jsonl:9: cpu: /],
    ['no CPU', then({ op: 'chain', cpu: undefined }), /^case-x\.jsonl:9: no "cpu"; name the CPU/],
    [
      'an id never allocated',
      then({ op: 'kfree', id: 5 }),
      /^case-x\.jsonl:9: nothing was allocated as 5; give the id/,
    ],
    ['an id that is a text', then({ op: 'kfree', id: 'five' }), /^case-x\.jsonl:9: id: .*; kfree is called with id$/],
    ['a cache never made', then({ op: 'shrink', cache: 'dentry' }), /^case-x\.jsonl:9: no cache "dentry"; name one/],
    [
      'no size',
      then({ op: 'kmalloc', id: 1, gfp: 496 }),
      /^case-x\.jsonl:9: size: .*; kmalloc is called with id, size, gfp$/,
    ],
    ['an order below 0', then({ op: 'alloc_pages', id: 1, gfp: 496, order: -1 }), /^case-x\.jsonl:9: order: /],
    [
      'an address that is none',
      then({ op: 'kfree_raw', addr: 'here' }),
      /^case-x\.jsonl:9: addr: must be a physical address/,
    ],
    ['touches that are no list', touched(7), /^case-x\.jsonl:9: touch: not a list of \[kind, bytes, where\]; /],
    ['an unknown kind of access', touched([['q', 4, '0x00200000']]), /^case-x\.jsonl:9: touch: not a list of/],
    [
      'an access of unknown memory',
      touched([['r', 4, 'mem_mop[7]+0x4']]),
      /^case-x\.jsonl:9: no place "mem_mop\[7\]\+0x4"; /,
    ],
    ['an access beyond memory', touched([['r', 4, '0x7ffffffe']]), /^case-x\.jsonl:9: no place "0x7ffffffe"; /],
  ])('%s is an error at its line', (_, changed, message) => {
    expect(problemOf('case-x.jsonl', changed.join('\n'))).toMatch(message);
  });

  test('an operation on a block that the emulated kernel did not get differs, since it has gone another way before', () => {
    const lost = [
      ...then({ op: 'alloc_pages', id: 1, gfp: 496, order: 12, ret: '0x00400000' }),
      JSON.stringify({ i: 9, op: 'free_pages', cpu: 0, id: 1, order: 9, ret: null }),
    ];
    expect(outcomesOf('case-x.jsonl', lost.join('\n'))[0]).toMatchObject({ compared: 9, differences: 2 });
  });

  test('an operation that overwrites the kernel differs, with what became of it', () => {
    const overwritten = [
      ...then({ op: 'kmalloc', id: 1, size: 64, gfp: 496, ret: '0x00ff1080' }),
      ...[
        { op: 'poke', id: 1, off: -4096, len: 8192, byte: 0x5a, ret: null },
        { op: 'kmalloc', id: 2, size: 64, gfp: 496, ret: '0x00ff10c0' },
        { op: 'state', cache: 'size-64' },
      ].map((operation, i) => JSON.stringify({ i: 9 + i, cpu: 0, ...operation })),
    ];
    const [outcome] = outcomesOf('case-x.jsonl', overwritten.join('\n'));
    expect(JSON.stringify(outcome!.first!.got)).toMatch(/unable to handle access at physical address|"ret"/);
  });
});

describe('a document with', () => {
  const changed = (name: string, change: (document: Line) => unknown) => {
    const document = JSON.parse(textOf(name)) as Line;
    return JSON.stringify(change(document));
  };
  const build = (change: object) =>
    changed('layouts.json', ({ configs }) => {
      const [[name, first]] = Object.entries(configs as Record<string, Line>) as [[string, Line]];
      return { configs: { [name]: { ...first, ...change } } };
    });
  const directed = (change: object) => changed('directed-mesi.json', (document) => ({ ...document, ...change }));

  test.each<[what: string, name: string, text: string, message: RegExp]>([
    ['nothing in it', 'layouts.json', '', /^layouts\.json: not JSON; /],
    ['null alone', 'layouts.json', 'null', /^layouts\.json: .*; layouts\.json has "configs"/],
    ['no structs', 'layouts.json', build({ structs: undefined }), /^layouts\.json: configs\.\w+\.structs: /],
    ['no spinlock_t', 'layouts.json', build({ structs: {} }), /^layouts\.json: configs\.\w+\.structs\.spinlock_t: /],
    [
      'lines of no bytes',
      'layouts.json',
      build({ l1_cache_bytes: 0 }),
      /configs\.\w+\.l1_cache_bytes: must be a power/,
    ],
    ['no geometry', 'directed-mesi.json', directed({ geometry: undefined }), /^directed-mesi\.json: geometry: /],
    [
      'a cache of no ways',
      'directed-mesi.json',
      directed({ geometry: { size: 64, ways: 0, line: 16 } }),
      /geometry\.ways: /,
    ],
    [
      'sets that do not fit',
      'directed-mesi.json',
      directed({ geometry: { size: 96, ways: 2, line: 16 } }),
      /^directed-mesi\.json: no cache can be so/,
    ],
    [
      'an unknown policy',
      'directed-mesi.json',
      directed({ policy: 'mru' }),
      /^directed-mesi\.json: policy: no policy of this/,
    ],
    [
      'a step without states',
      'directed-mesi.json',
      directed({ cases: [{ cpus: 1, steps: ['0 r 0 4'], perCpu: [] }] }),
      /cases\.0\.steps\.0: /,
    ],
    ['no traces', 'expected.json', '{}', /^expected\.json: traces: /],
    [
      'a trace of no geometries',
      'expected-coherence.json',
      '{"traces":{"mt-fs":{"accesses":1}}}',
      /^expected-coherence\.json: traces\.mt-fs\./,
    ],
    [
      'a row of letters',
      'geometry.csv',
      textOf('geometry.csv').split('\n').slice(0, 2).join('\n').replace(/\n\d+/, '\nx'),
      /^geometry\.csv:2: 0: must be a number; /,
    ],
    [
      'a cache that no kernel makes',
      'geometry.csv',
      `${textOf('geometry.csv').split('\n')[0]}\n32,16,4,0,8,4,506,0,0,32,0,1,,,252,126`,
      /^geometry\.csv:2: objects of 4 bytes, offset 8; /,
    ],
  ])('%s is an error', (_, name, text, message) => {
    expect(problemOf(name, text)).toMatch(message);
  });
});

describe('damaged recordings end in an outcome, or in an error of one line that names the file', () => {
  const lines = (name: string, count: number) => linesOf(name).slice(0, count).join('\n');
  const dump = [
    'slabinfo - version: 1.1 (SMP)',
    'kmem_cache 80 80 244 5 5 1 : 252 126',
    'sock 272 272 928 68 68 1 : 124 62',
  ];
  const machine = JSON.stringify({
    ...{ kernelVersion: '2.4.20', wordBytes: 4, pageSizeBytes: 4096, smp: true, cpus: 4, ram: '4 GB' },
    ...{ likelyL1CacheBytes: 32, configDebugSlab: false },
  });

  test.each<[name: string, text: string, mutants: number]>([
    ['case-boot-up64-1cpu-16MB.jsonl', lines('case-boot-up64-1cpu-16MB.jsonl', 20), 6],
    ['case-boot-smp32-2cpu-64MB.jsonl', lines('case-boot-smp32-2cpu-64MB.jsonl', 20), 6],
    ['case-ctor-up32.jsonl', lines('case-ctor-up32.jsonl', 60), 6],
    ['case-debug-upold32.jsonl', lines('case-debug-upold32.jsonl', 60), 6],
    ['case-tune-smp32-2cpu.jsonl', lines('case-tune-smp32-2cpu.jsonl', 60), 6],
    ['layouts.json', textOf('layouts.json'), 12],
    ['geometry.csv', lines('geometry.csv', 12), 12],
    ['directed-mesi.json', textOf('directed-mesi.json'), 12],
    ['litmus-named.json', textOf('litmus-named.json'), 12],
    ['linux-2.4.20.txt', dump.join('\n'), 12],
  ])('%s', (name, text, mutants) => {
    for (let n = 0; n < mutants; n++) {
      try {
        for (const outcome of outcomesOf(name, mutantOf(name, text, n), machine)) expect(outcome.name).not.toBe('');
      } catch (error) {
        expect({ n, error }).toEqual({ n, error: expect.any(InputError) });
        expect((error as InputError).place).toContain(name.replace(/\.\w+$/, ''));
      }
    }
  });
});
