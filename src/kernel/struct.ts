/**
 * C structures as tables of offsets, laid out as a compiler for i386 lays them out. Kernel code adds an offset to an
 * address, so that each access of memory stands in the text: `cpu.load32(slabp + slab_t.inuse)`.
 */

/** A C type: its size and alignment, bytes. A struct is one too, so structs nest. */
export interface CType {
  readonly sizeof: number;
  readonly align: number;
}
export type Struct<F> = { readonly [K in keyof F]: number } & CType;

const scalar = (bytes: number): CType => ({ sizeof: bytes, align: Math.max(1, Math.min(bytes, 4)) });

export const u8 = scalar(1);
export const u16 = scalar(2);
export const u32 = scalar(4);
export const long = scalar(4);
export const ptr = scalar(4);

export const bytes = (count: number): CType => ({ sizeof: count, align: 1 });
export const array = (type: CType, count: number): CType => ({ sizeof: type.sizeof * count, align: type.align });
export const aligned = (type: CType, align: number): CType => ({ sizeof: roundUp(type.sizeof, align), align });

/** `n` up to a multiple of `align`, a power of two. */
export function roundUp(n: number, align: number): number {
  return (n + align - 1) & -align;
}

export function struct<F extends Record<string, CType>>(fields: F): Struct<F> {
  // Cloned, then overwritten: V8 turns an object that grows by many computed keys into a slow dictionary.
  const layout: Record<string, unknown> = { ...fields, sizeof: 0, align: 0 };
  let at = 0;
  let align = 1;
  for (const [name, type] of Object.entries(fields)) {
    at = roundUp(at, type.align);
    layout[name] = at;
    at += type.sizeof;
    align = Math.max(align, type.align);
  }
  layout.sizeof = roundUp(at, align);
  layout.align = align;
  return Object.freeze(layout) as Struct<F>;
}

/** Names by offset, of each layout that was asked for. */
const fieldNames = new WeakMap<object, string[]>();

/** The field of a structure that holds `offset`. */
export function fieldAt(layout: object, offset: number): string {
  let names = fieldNames.get(layout);
  if (names === undefined) {
    names = namesByOffset(layout);
    fieldNames.set(layout, names);
  }
  return names[offset] ?? '';
}

function namesByOffset(layout: object): string[] {
  const { sizeof, align: _, ...fields } = layout as Struct<Record<string, CType>>;
  const names: string[] = new Array(sizeof).fill('');
  // Of fields at the same offset all but the last are empty in this build.
  for (const [name, at] of Object.entries(fields).sort(([, a], [, b]) => a - b)) names.fill(name, at);
  return names;
}
