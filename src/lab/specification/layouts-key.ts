/** Files with layouts of structures, as a specification names them: for reports that name fields. */
import * as z from 'zod';
import { abis } from '../layouts/c-abi.ts';
import { oneOf } from '../workloads/parameter-types.ts';

const file = z.string().min(1, 'it names no file');

const one = z.union(
  [
    file,
    z.strictObject({
      file,
      abi: oneOf(abis).default('x86-64').describe('of C declarations, which have no offsets'),
      caches: z.record(z.string(), z.string()).default({}).describe('the structure that the objects of a cache are'),
    }),
  ],
  'must be a file, or { file: FILE, and abi, caches }',
);

export const layoutsKey = z
  .union(
    [one, z.array(one).nonempty('it must name at least one')],
    'must be a file, or { file: FILE, and abi, caches }',
  )
  .describe('names fields in reports: text of pahole, or BTF as JSON or C (docs/attribution.md)');

export interface NamedLayouts {
  readonly file: string;
  readonly abi: (typeof abis)[number];
  readonly caches: Readonly<Record<string, string>>;
}

/** In the order in which they are asked. */
export function layoutsNamed(key: z.output<typeof layoutsKey> | undefined): NamedLayouts[] {
  const all = key === undefined ? [] : Array.isArray(key) ? key : [key];
  return all.map((each) => (typeof each === 'string' ? { file: each, abi: 'x86-64', caches: {} } : each));
}
