/** Reading back what a run wrote, as far as it is told here: the points with all that they counted, and what they are of. */
import { z } from 'zod';
import { InputError } from '../../base/input-error.ts';
import type { PointResult } from './results.ts';

/** Of results.json, what every version of its schema has. */
export interface KnownResults {
  readonly name: string;
  readonly slabscope: string;
  readonly specification: Readonly<Record<string, unknown>>;
  readonly specificationHash: string;
  readonly seed: string;
  readonly points: readonly PointResult[];
}

/** The axes' values and the seed's number. */
export const pointSchema = z.object({ seed: z.number().int() }).catchall(z.union([z.string(), z.number()]));
export const countsSchema = z.record(z.string(), z.number());

const results = z.looseObject({
  schema: z.string().startsWith('slabscope-results/'),
  name: z.string(),
  slabscope: z.string(),
  specification: z.record(z.string(), z.unknown()),
  specificationHash: z.string(),
  seed: z.string(),
  points: z.array(z.looseObject({ point: pointSchema, counts: countsSchema })),
});

/** `file` names the value's file in messages. */
export function knownResults(value: unknown, file: string): KnownResults {
  const checked = results.safeParse(value);
  if (!checked.success)
    throw new InputError(file, `no results: ${wrongKey(checked.error)}`, 'a results.json is needed');
  // Not zod's copy, which has its own order of keys.
  return value as KnownResults;
}

export function wrongKey({ issues: [issue] }: z.ZodError): string {
  const key = issue!.path.join('.');
  return key === '' ? 'it is not of the form' : `${key} is not as it must be`;
}
