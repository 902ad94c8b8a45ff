/** What the keys of a specification may hold. A key that may vary holds one value, or a list of them: an axis. */
import * as z from 'zod';
import { KiB, MiB } from '../../hw/memory.ts';

export const oneOf = <T extends string>(names: readonly T[]) => z.enum(names as [T, ...T[]]);

/** `problem` is what a message says of a number that is none of these. */
export const whole = (from: number, to: number, problem = `must be a whole number from ${from} to ${to}`) =>
  z.number(problem).int().min(from).max(to);

/** Bytes, as a number or with a unit. */
export const bytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = /^(\d+) ?([KM]?)B?$/i.exec(String(value));
  if (match === null || Number(match[1]) === 0) {
    context.addIssue({ code: 'custom', message: `${value} is no size: write bytes, or 16K, or 64M` });
    return z.NEVER;
  }
  const unit = { '': 1, K: KiB, M: MiB }[match[2].toUpperCase()]!;
  return Number(match[1]) * unit;
});

/** What stands in a point for a value of an axis: itself, or the name of what is written out. */
export function labelOf(value: unknown): string | number {
  if (typeof value === 'object' && value !== null && 'name' in value) return String(value.name);
  return value as string | number;
}

/** One value, or a list without repetitions: each of its values makes points of its own. */
export const axis = <T extends z.ZodType>(value: T) =>
  z.union([
    value,
    z
      .array(value)
      .nonempty('it must name at least one')
      .refine((list) => new Set(list.map(labelOf)).size === list.length, 'it must not name one twice'),
  ]);

/** The values of a key: those of its axis, or its one. */
export const valuesOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);
