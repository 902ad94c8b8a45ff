/** Layouts as tools tell them (test/lab/layouts/data), against each other and against what gcc did. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { abis } from '../../../src/lab/layouts/c-abi.ts';
import { readLayouts } from '../../../src/lab/layouts/read-layouts.ts';
import { leavesOf } from '../../../src/lab/layouts/struct-layout.ts';

const recorded = (file: string) => readFileSync(new URL(`data/${file}`, import.meta.url), 'utf8');

/** Each structure as `size: name offset+size ...`. */
function layoutsIn(text: string, file: string, abi: (typeof abis)[number]): Record<string, string> {
  const { structs } = readLayouts(text, file, abi);
  return Object.fromEntries(
    [...structs].map(([name, [struct]]) => [
      name,
      'refusal' in struct!
        ? struct.refusal.message
        : `${struct!.size}: ${leavesOf(struct!)
            .map((leaf) => `${leaf.name} ${leaf.offset}+${leaf.size}`)
            .join(', ')}`,
    ]),
  );
}

describe.each(abis)('on %s', (abi) => {
  const pahole = layoutsIn(recorded(`${abi}.expanded.pahole.txt`), 'pahole', abi);

  test('computed from C, every structure is as gcc laid it out', () => {
    expect(layoutsIn(recorded('sample.c'), 'sample.c', abi)).toEqual(pahole);
  });

  test('BTF as JSON tells the same, but for what BTF has not', () => {
    const { cold, ...others } = layoutsIn(recorded(`${abi}.btf.json`), 'btf.json', abi);
    const { cold: whole, ...expected } = pahole;
    expect(others).toEqual(expected);
    expect(cold).toBe(abi === 'i386' ? whole!.replace('ld 72+12', 'ld 72+4') : whole);
  });

  test('BTF as C does, and refuses what it names without a definition', () => {
    const { cold, ...others } = layoutsIn(recorded(`${abi}.btf.h`), 'btf.h', abi);
    const { cold: whole, ...expected } = pahole;
    expect(others).toEqual(expected);
    expect(cold).toBe(
      abi === 'i386'
        ? 'btf.h:115: the type __SANITIZED_FAKE_INT__ is not in this text; give the text that defines it too'
        : whole,
    );
  });

  test('pahole without -E tells the same offsets, and takes apart what it has by name', () => {
    const plain = layoutsIn(recorded(`${abi}.pahole.txt`), 'pahole', abi);
    for (const name of ['bits', 'packed', 'cold', 'half', 'tree', 'name', 'list_head', 'of_union']) {
      expect([name, plain[name]]).toEqual([name, pahole[name]]);
    }
    // Of typedefs it has nothing but the name.
    expect(plain.dentry).toBe(
      pahole
        .dentry!.replace('d_count.counter', 'd_count')
        .replace(/d_lock\.slock (\d+)\+4, d_lock\.locked.*?d_lock\.tail \d+\+2/, 'd_lock $1+4'),
    );
  });
});

test('bits, holes, packed and aligned members, unions and arrays have their places', () => {
  const { bits, packed, cold, half, tree, dentry } = layoutsIn(recorded('sample.c'), 'sample.c', 'i386');
  expect(bits).toBe('12: first 0+1, one 1+1, six 1+1, nine 2+2, sixtyfour 3+5, last 8+1');
  expect(packed).toBe('16: c 0+1, wide 1+8, s 9+2, b 11+1, d 11+5');
  expect(cold).toBe('128: a 0+4, hot 64+4, handler 68+4, ld 72+12, d 84+8, flag 92+1, tail 93+0');
  expect(half).toBe('40: c 0+1, p 1+32, i 33+4');
  expect(tree).toBe('32: left 0+4, at.depth 4+4, at.inner 8+12, opaque 20+4, m 24+6');
  expect(dentry).toContain('hash 52+4, len 56+4, hash_len 52+8, d_lock.slock 60+4, d_lock.locked 60+1');
});

describe('text that is no layout', () => {
  test.each([
    ['', 'no layouts of structures; give text of pahole, or BTF as bpftool dumps it, as JSON or C'],
    ['{ "a": 1 }', 'JSON, but no layouts; give BTF as bpftool dumps it, or { CACHE: { struct, size, fields } }'],
    ['{ "types": [', 'not JSON: Unexpected end of JSON input; a whole JSON document is needed'],
    ['{ "types": [] }', 'no structure in it; give text of pahole, or BTF as bpftool dumps it, as JSON or C'],
    [
      '{ "types": [{ "id": 1, "kind": "STRUCT", "name": "a", "size": 4, "members": [{ "name": "b" }] }] }',
      'type 1 is not as bpftool writes it; dump it with bpftool btf dump file FILE -j',
    ],
    [
      '{ "types": [{ "id": 1, "kind": "STRUCT", "name": "a", "size": 4, "members": [{ "name": "b", "type_id": 7, "bits_offset": 0 }] }] }',
      'type 1 names type 7, which is not there; give the whole dump',
    ],
    ['{ "filp": { "struct": "file", "fields": [{ "name": "f" }] } }', ' filp.size: Invalid input: expected number'],
  ])('%s', (text, message) => {
    expect(() => readLayouts(text, 'FILE', 'i386')).toThrow(`FILE:${message.startsWith(' ') ? '' : ' '}${message}`);
  });

  test.each([
    [
      'pahole cut short',
      'struct a {\n\tint b; /* 0 4 */\n',
      'FILE:1: a has no end; give the whole text that pahole printed',
    ],
    [
      'a member without an offset',
      'struct a {\n\tint b; /* 0 4 */\n\tint c;\n};\n',
      'FILE:3: no member of a structure: "int c;"',
    ],
    ['C cut short', 'struct a {\n  int b;\n', 'FILE:2: the end where "}" was expected; give declarations of C'],
    [
      'a length that is no number',
      'struct a {\n  int b[N];\n};',
      'FILE:2: "N" where the length of an array was expected',
    ],
    ['a type that is missing', 'struct a {\n  ;\n  int b\n};', 'FILE:4: "}" where ";" was expected'],
  ])('%s is told with its line', (_, text, message) => {
    expect(() => readLayouts(text, 'FILE', 'i386')).toThrow(message);
  });

  test.each([
    [
      'an attribute of unknown effect',
      'struct a { int b; } __attribute__((randomize_layout));',
      'what the attribute randomize_layout does',
    ],
    ['a structure that is not defined', 'struct a { struct b c; };', 'struct b is not defined before'],
    ['a type that i386 has not', 'struct a { __int128 b; };', '__int128 is no type of i386'],
    [
      'a structure that has such a one',
      'struct b { __int128 c; }; struct a { struct b d; };',
      '__int128 is no type of i386',
    ],
  ])('%s is refused where it is asked for, and nothing else', (_, text, problem) => {
    const { structs } = readLayouts(`${text} struct fine { int a; };`, 'FILE', 'i386');
    expect(structs.get('a')![0]).toMatchObject({
      refusal: { place: 'FILE:1', problem: expect.stringContaining(problem) },
    });
    expect(structs.get('fine')![0]).toMatchObject({ size: 4 });
  });

  test('a structure may be defined behind a typedef that stands for it', () => {
    const text = 'typedef struct b b_t; struct b { int c; }; struct a { b_t d; b_t *e; };';
    expect(layoutsIn(text, 'FILE', 'x86-64').a).toBe('16: d.c 0+4, e 8+8');
  });

  test('an enum whose values take 64 bits has them, and one of mode(byte) has one', () => {
    const text =
      'enum e { A = 4294967296ULL }; enum f { B } __attribute__((mode(byte))); struct a { enum f f; enum e e; };';
    expect(layoutsIn(text, 'FILE', 'x86-64').a).toBe('16: f 0+1, e 8+8');
  });
});
