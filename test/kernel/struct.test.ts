import { describe, expect, test } from 'vitest';
import { aligned, array, bytes, fieldAt, ptr, roundUp, struct, u8, u32 } from '../../src/kernel/struct.ts';

test('fields follow one another', () => {
  expect(struct({ a: u32, b: ptr, c: u32 })).toEqual({ a: 0, b: 4, c: 8, sizeof: 12, align: 4 });
});

test('a field begins at a multiple of its alignment, and the whole ends at one', () => {
  expect(struct({ a: u8, b: u32, c: u8 })).toEqual({ a: 0, b: 4, c: 8, sizeof: 12, align: 4 });
});

test('bytes need no alignment', () => {
  expect(struct({ a: u8, name: bytes(20), b: u8 })).toEqual({ a: 0, name: 1, b: 21, sizeof: 22, align: 1 });
});

test('a struct is a type, so structs nest, with their alignment', () => {
  const inner = struct({ x: u8, y: u32 });
  expect(struct({ a: u8, inner, b: u8 })).toEqual({ a: 0, inner: 4, b: 12, sizeof: 16, align: 4 });
  expect(struct({ a: u8, all: array(inner, 3) })).toEqual({ a: 0, all: 4, sizeof: 28, align: 4 });
});

test('a type may be aligned to a cache line, and fills it', () => {
  const line = aligned(struct({ a: u32 }), 32);
  expect(line).toEqual({ sizeof: 32, align: 32 });
  expect(struct({ first: u8, line, last: u8 })).toEqual({ first: 0, line: 32, last: 64, sizeof: 96, align: 32 });
});

test('an empty struct takes no room, as a spinlock_t of gcc 3 on a uniprocessor', () => {
  const empty = struct({});
  expect(empty).toEqual({ sizeof: 0, align: 1 });
  expect(struct({ a: u32, lock: empty, b: u32 })).toEqual({ a: 0, lock: 4, b: 4, sizeof: 8, align: 4 });
});

test('each offset belongs to a field, or to the one before it if it is padding; beyond the end there is none', () => {
  const layout = struct({ b: u8, lock: struct({}), a: u32, none: struct({}), c: u8 });
  const names = Array.from({ length: layout.sizeof + 1 }, (_, offset) => fieldAt(layout, offset));
  expect(names).toEqual(['b', 'lock', 'lock', 'lock', 'a', 'a', 'a', 'a', 'c', 'c', 'c', 'c', '']);
  expect(fieldAt(layout, 0)).toBe('b');
});

test('a layout cannot be changed', () => {
  expect(Object.isFrozen(struct({ a: u32 }))).toBe(true);
});

describe('roundUp', () => {
  test.each([
    [0, 4, 0],
    [1, 4, 4],
    [4, 4, 4],
    [33, 32, 64],
    [7, 1, 7],
  ])('%i to a multiple of %i is %i', (n, align, expected) => {
    expect(roundUp(n, align)).toBe(expected);
  });
});
