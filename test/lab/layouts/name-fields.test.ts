import { describe, expect, test } from 'vitest';
import { generalStructs, nameFields } from '../../../src/lab/layouts/name-fields.ts';
import { readLayouts } from '../../../src/lab/layouts/read-layouts.ts';
import { fieldOf } from '../../../src/lab/watch/attribution.ts';

const c = `
struct file { int f_mode; int f_flags; };
struct pid { int count; int numbers[0]; };
struct task_struct { int state; char regs[4096]; };
struct inode { int i_mode; struct missing m; };
struct dentry { int d_flags; };
struct large { int a; int b[2]; };
`;
const source = (caches: Record<string, string> = {}) => ({ layouts: readLayouts(c, 'k.h', 'i386'), caches });
const cache = (name: string, size: number) => ({ name, recordedName: name, size });
const named = (name: string, size: number, caches?: Record<string, string>) => {
  const { fields, notes } = nameFields([source(caches)], [cache(name, size)]);
  return { fields: fields.get(name)?.map((field) => `${field.name} ${field.offset}+${field.size}`), notes };
};

describe('the fields of a cache', () => {
  test('are those of the structure that its objects are known to be, if they have its size', () => {
    expect(named('filp', 8)).toEqual({ fields: ['f_mode 0+4', 'f_flags 4+4'], notes: [] });
  });

  test('are those of the structure of its name, where no other is known', () => {
    expect(named('dentry', 4).fields).toEqual(['d_flags 0+4']);
  });

  test('are none, and that is told, where the sizes differ', () => {
    expect(named('filp', 96)).toEqual({
      fields: undefined,
      notes: ['filp: struct file (k.h:2) has 8 bytes, objects have 96'],
    });
  });

  test('reach to the end of the object where the last has no length', () => {
    expect(named('pid', 20).fields).toEqual(['count 0+4', 'numbers 4+16']);
  });

  test('end with an object that is cut within the last', () => {
    expect(named('task_struct', 1000).fields).toEqual(['state 0+4', 'regs 4+996']);
  });

  test('are those of the structure that is said, which may be smaller than an object', () => {
    expect(named('looked-up', 480, { 'looked-up': 'file' }).fields).toEqual(['f_mode 0+4', 'f_flags 4+4']);
  });

  test('have the name of the trace, where the kernel could not take it', () => {
    const { fields } = nameFields([source()], [{ name: 'fi~', recordedName: 'filp', size: 8 }]);
    expect([...fields.keys()]).toEqual(['fi~']);
  });
});

test.each([
  [
    'a cache that is not there',
    { filp: 'file', flip: 'file' },
    'k.h: no cache of the workload is named flip; name one of filp',
  ],
  [
    'a structure that is not there',
    { filp: 'flie' },
    'k.h: no structure flie, which filp should have; name one that it has',
  ],
  ['one that is larger than the objects', { filp: 'large' }, 'k.h:7: large has 12 bytes, objects of filp 8; name'],
  [
    'one whose layout is not known',
    { filp: 'inode' },
    'k.h:5: struct missing is not defined before; give the text that defines it',
  ],
])('%s in the map is refused', (_, map, message) => {
  expect(() => nameFields([source(map as never)], [cache('filp', 8)])).toThrow(message);
});

describe('structures from general caches', () => {
  const file = JSON.stringify({
    'kmalloc:pipe': {
      struct: 'pipe',
      size: 8,
      allocated_by: 'alloc_pipe',
      fields: [{ name: 'head', offset: 4, size: 4 }],
    },
    'kmalloc:buffer': {
      struct: 'buffer',
      size: 6,
      allocated_by: 'alloc_pipe (array)',
      fields: [{ name: 'page', offset: 0, size: 4 }],
    },
    'kmalloc:other': { struct: 'other', size: 8, allocated_by: '-', fields: [] },
  });
  const { structOf, fields } = generalStructs([{ layouts: readLayouts(file, 'l.json', 'i386'), caches: {} }]);

  test.each([
    ['alloc_pipe', 8, 'pipe'],
    ['alloc_pipe [module]', 8, 'pipe'],
    ['alloc_pipe', 18, 'buffer[]'],
    ['alloc_pipe', 7, undefined],
    ['alloc_other', 8, undefined],
  ])('%s of %i bytes', (fn, bytes, struct) => {
    expect(structOf(fn, bytes)).toBe(struct);
  });

  test('have fields, each element of an array its own', () => {
    expect(fields.get('pipe')).toEqual([{ name: 'head', offset: 4, size: 4 }]);
    expect(fields.get('buffer[]')!.slice(0, 2)).toEqual([
      { name: '[0].page', offset: 0, size: 4 },
      { name: '[1].page', offset: 6, size: 4 },
    ]);
  });
});

describe('of several fields at one offset', () => {
  const union = [
    { name: 'whole', offset: 0, size: 8 },
    { name: 'low', offset: 0, size: 4 },
    { name: 'byte', offset: 0, size: 1 },
    { name: 'other', offset: 0, size: 4 },
  ];
  test.each([
    ['the smallest that has the whole access', 0, 1, 'byte'],
    ['the first of as small ones', 0, 4, 'low'],
    ['the larger for a longer access', 0, 8, 'whole'],
    ['the smallest that has the first byte, for an access that no field has', 2, 16, 'low'],
    ['none beyond', 8, 4, undefined],
  ])('%s', (_, at, bytes, name) => {
    expect(fieldOf(union, at, bytes)?.name).toBe(name);
  });
});
