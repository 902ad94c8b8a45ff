/** Reading back what a run wrote, as far as it is told here: the points with all that they counted, and what they are of. */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import type { PointResult } from './points.ts';
import { RESULTS_SCHEMA, type Results } from './results.ts';
import { pointResultSchema, resultsSchema } from './results-schema.ts';

/** Of results.json, what is read here. */
export interface KnownResults {
  readonly name: string;
  readonly slabscope: string;
  readonly specification: Readonly<Record<string, unknown>>;
  readonly specificationHash: string;
  readonly seed: string;
  readonly points: readonly PointResult[];
}

/** The whole but what is computed from the points. */
export type WrittenResults = KnownResults & Pick<Results, 'schema' | 'machine' | 'trace' | 'traces'>;

/** Counts may be more or fewer, for members may be added within a version. */
const results = z.looseObject({
  schema: z.literal(RESULTS_SCHEMA),
  name: z.string(),
  slabscope: z.string(),
  specification: z.record(z.string(), z.unknown()),
  specificationHash: z.string(),
  seed: z.string(),
  ...{ machine: resultsSchema.shape.machine, trace: resultsSchema.shape.trace, traces: resultsSchema.shape.traces },
  points: z.array(pointResultSchema.extend({ counts: z.record(z.string(), z.number()) })),
});

/** `file` names the value's file in messages. */
export function knownResults(value: unknown, file: string): WrittenResults {
  const other = otherVersion(value);
  if (other !== null) {
    throw new InputError(
      file,
      `results of schema version ${other}`,
      `${VERSION} is read here: run the experiment again`,
    );
  }
  const checked = results.safeParse(value);
  if (!checked.success)
    throw new InputError(file, `no results: ${wrongKey(checked.error)}`, 'a results.json is needed');
  // Not zod's copy, which has its own order of keys.
  return value as WrittenResults;
}

const [FORM, VERSION] = RESULTS_SCHEMA.split('/');

/** The version of results of another version; null of all else. */
function otherVersion(value: unknown): string | null {
  const { schema } = (value ?? {}) as { readonly schema?: unknown };
  const [form, version] = String(schema).split('/');
  return form === FORM && version !== VERSION ? version : null;
}

export function wrongKey({ issues: [issue] }: z.ZodError): string {
  const key = issue!.path.join('.');
  return key === '' ? 'it is not of the form' : `${key} is not as it must be`;
}
