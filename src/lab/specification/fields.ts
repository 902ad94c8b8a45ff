/** Fields of the objects in a cache, as a specification names them: for touch models, and for reports that name fields. */
import * as z from 'zod';
import type { Field } from '../watch/attribution.ts';
import { whole } from '../workloads/parameter-types.ts';
import type { UsedField } from '../workloads/touch.ts';

const field = z.strictObject({
  name: z.string(),
  offset: whole(0, 131_071),
  size: whole(1, 131_072),
  heat: z.number().min(0).default(1).describe('how often it is touched, in proportion to the others'),
  write: z.number().min(0).max(1).default(0).describe('share of its touches that write'),
});

/** As no union has them: both have bytes of the other, and both of their own. */
const cuts = (one: Field, other: Field): boolean =>
  one.offset < other.offset &&
  other.offset < one.offset + one.size &&
  one.offset + one.size < other.offset + other.size;

export const fieldsKey = z
  .record(
    z.string(),
    z
      .array(field)
      .nonempty('it must name at least one')
      .refine((fields) => fields.some(({ heat }) => heat > 0), 'one of them must have heat')
      .refine((fields) => new Set(fields.map(({ name }) => name)).size === fields.length, 'two of one name')
      .refine(
        (fields) => !fields.some((one) => fields.some((other) => cuts(one, other))),
        'one of them cuts another in two',
      ),
  )
  .describe('the fields of the objects in a cache, by the name of the cache');

/** The fields by cache; no entry for a cache whose fields are not named. */
export function fieldsOf({
  fields,
}: {
  readonly fields?: Record<string, UsedField[]> | undefined;
}): Map<string, Field[]> {
  return new Map(
    Object.entries(fields ?? {}).map(([cache, of]) => [
      cache,
      of.map(({ name, offset, size }) => ({ name, offset, size })),
    ]),
  );
}
