/** Recorded documents as zod checks them. */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import { jsonIn } from '../../base/parse-json.ts';

/** `value` as `schema` has it; an InputError that names the first key that is wrong, and what would be right there. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, place: string, remedy: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  const key = path.map(String).join('.');
  throw new InputError(place, key === '' ? message : `${key}: ${message}`, remedy);
}

/** A document that is JSON as a whole. */
export function jsonDocument(text: string, file: string): unknown {
  const value = jsonIn(text);
  if (value === undefined) throw new InputError(file, 'not JSON', 'a whole JSON document is needed');
  return value;
}

export const powerOfTwo = (from: number, to: number) =>
  z.int().refine((n) => n >= from && n <= to && (n & (n - 1)) === 0, `must be a power of two from ${from} to ${to}`);

/** A line of a recording: one JSON object. */
export function objectIn(line: string, place: string): Readonly<Record<string, unknown>> {
  const value = jsonIn(line);
  if (value === undefined) throw new InputError(place, 'not a JSON line', 'each line of a case is one JSON object');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InputError(place, 'not a JSON object', 'each line of a case is one JSON object');
}
