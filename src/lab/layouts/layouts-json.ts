/**
 * Layouts by cache, as traces of touches have them beside them: `{ "dentry": { "struct": "dentry", "size": 192, "fields": [{ "name":
 * "d_flags", "offset": 0, "size": 4, "type": "unsigned int" }, ...] }, "kmalloc:fdtable": { ..., "allocated_by": "alloc_fdtable" } }`.
 */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import type { Struct } from './struct-layout.ts';

const bytes = z
  .number()
  .int()
  .min(0)
  .max(1 << 24);
const layout = z.looseObject({
  struct: z.string(),
  size: bytes,
  allocated_by: z.string().optional(),
  fields: z.array(z.looseObject({ name: z.string(), offset: bytes, size: bytes })),
});
const layouts = z.record(z.string(), layout);

export const isLayoutsJson = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).some(
    (each) => typeof each === 'object' && each !== null && 'struct' in each && 'fields' in each,
  );

export interface CacheLayout {
  /** Of a cache; `kmalloc:` and a structure where it comes from a general one. */
  readonly key: string;
  readonly struct: Struct;
  /** The function that allocates it from a general cache; null of a structure with a cache. */
  readonly allocatedBy: string | null;
  /** Whether it allocates several, one behind the other. */
  readonly isArray: boolean;
}

export function readLayoutsJson(value: unknown, file: string): CacheLayout[] {
  const result = layouts.safeParse(value);
  if (!result.success) {
    const [{ path, message }] = result.error.issues;
    throw new InputError(
      `${file}: ${path.join('.')}`,
      message,
      'write { CACHE: { struct, size, fields: [{ name, offset, size }] } }',
    );
  }
  return Object.entries(result.data).map(([key, { struct, size, fields, allocated_by }]) => ({
    key,
    struct: {
      ...{ name: struct, place: `${file}: ${key}`, size },
      members: fields.map(({ name, offset, size }) => ({ name, offset, type: { size, members: null } })),
    },
    isArray: allocated_by?.includes('(array)') ?? false,
    // Those without a function are told by nothing: `-`, or a remark.
    allocatedBy: key.startsWith('kmalloc:') ? (/^\w+/.exec(allocated_by ?? '')?.[0] ?? '') : null,
  }));
}
