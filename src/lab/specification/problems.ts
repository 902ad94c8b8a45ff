/** What zod finds wrong in a specification, told in words: what is wrong where, and what would be right. */
import type * as z from 'zod';
import { didYouMean } from '../../base/did-you-mean.ts';
import { InputError } from '../../base/input-error.ts';

export interface Problem {
  /** The key that it is about. */
  readonly path: readonly PropertyKey[];
  readonly problem: string;
  readonly remedy: string;
}

/** A key is wrong, as shows only when a point runs. Whoever knows the text tells where in it the key stands. */
export class KeyError extends InputError {
  readonly key: readonly string[];

  constructor(key: readonly string[], problem: string, remedy: string) {
    super(key.join('.'), problem, remedy);
    this.key = key;
  }

  at(place: string): InputError {
    return new InputError(place, `${this.place}: ${this.problem}`, this.remedy);
  }
}

/** `schema` tells which keys are known where; `examples`, by dotted path, what to write for keys that have several forms. */
export function problemOf(
  found: z.core.$ZodIssue,
  schema: JsonSchema,
  examples: Readonly<Record<string, string>>,
): Problem {
  const issue = innermost(found);
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]] : issue.path;
  const [problem, remedy] = describe(issue, path, schema, examples);
  return { path, problem, remedy };
}

export const firstLine = (text: string) => text.split('\n')[0].replace(/:$/, '');

/** How messages call what zod expects. */
const kinds: Record<string, string> = { int: 'whole number', array: 'list', object: 'group of keys' };

/** Where a value fits none of several forms, the issue with the form that it was meant to have. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || issue.input === undefined) return issue;
  const [inner] = issue.errors.find((form) => !form.every(isOtherForm)) ?? issue.errors[0];
  // A union with a message of its own speaks for its forms, unless what is inside one of them went wrong.
  const isInside = typeof issue.input === 'object' || inner.code === 'custom';
  if (issue.message !== 'Invalid input' && !isInside) return issue;
  return innermost({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue);
}

/** Whether the value is of another kind altogether than the form that found this issue. */
function isOtherForm({ path, ...issue }: z.core.$ZodIssue): boolean {
  if (path.length > 0) return false;
  if (issue.code === 'invalid_union')
    return issue.errors.length > 0 && issue.errors.every((form) => form.every(isOtherForm));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function describe(
  issue: z.core.$ZodIssue,
  path: readonly PropertyKey[],
  schema: JsonSchema,
  examples: Readonly<Record<string, string>>,
): [problem: string, remedy: string] {
  const key = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
  const example = examples[key.replace(/\[\d+\]/g, '')];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path, issue.input);
    return [`no key ${key} is known`, didYouMean(issue.keys[0], known, `known here are ${known.join(', ')}`)];
  }
  if (path.length === 0) return ['this is no specification', `write its keys: ${keysAt(schema, []).join(', ')}`];
  if (issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_union')) {
    const expected = issue.code === 'invalid_type' ? (kinds[issue.expected] ?? issue.expected) : example;
    return [`${key} is missing`, `give it: ${expected ?? 'see docs/specification.md'}`];
  }
  const near = isPlain(issue.input) ? didYouMean(issue.input, namesIn(issue), '') : '';
  if (near !== '') return [`${key} is ${written(issue.input)}`, near];
  if (issue.code === 'invalid_union' && issue.errors.length === 0) {
    return [`${key} is none of the values it may have`, `use ${example}`];
  }
  if (issue.code === 'invalid_value')
    return [`${key} is none of the values it may have`, `use ${issue.values.join(', ')}`];
  if (issue.code === 'invalid_type')
    return [`${key} is ${written(issue.input)}`, `it must be a ${kinds[issue.expected] ?? issue.expected}`];
  return [`${key}: ${firstLine(issue.message)}`, 'see docs/specification.md'];
}

const isPlain = (value: unknown) => typeof value === 'string' || typeof value === 'boolean';

/** What stands there, in short. */
function written(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a group of keys';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** The words that would have been right. */
function namesIn(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return [];
  return issue.errors.flatMap((form) => form.filter(({ path }) => path.length === 0).flatMap(namesIn));
}

export interface JsonSchema {
  readonly properties?: Record<string, JsonSchema>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly const?: unknown;
  readonly anyOf?: JsonSchema[];
  readonly oneOf?: JsonSchema[];
}

/** The keys that an object at `path` of a specification may have; `found` is what stands there. */
function keysAt(schema: JsonSchema, path: readonly PropertyKey[], found?: unknown): string[] {
  let schemas = formsOf(schema);
  for (const key of path) {
    schemas = schemas
      .flatMap(({ properties, additionalProperties, items }) =>
        typeof key === 'number' ? (items ?? []) : (properties?.[String(key)] ?? (additionalProperties || [])),
      )
      .flatMap(formsOf);
  }
  const objects = schemas.flatMap(({ properties }) => (properties === undefined ? [] : [properties]));
  const named = objects.find(
    (properties) => properties.name?.const !== undefined && properties.name.const === nameOf(found),
  );
  return Object.keys(named ?? objects[0] ?? {});
}

const nameOf = (value: unknown): unknown => (value as { readonly name?: unknown } | undefined)?.name;

/** A schema's alternatives, of alternatives too. */
function formsOf(schema: JsonSchema): JsonSchema[] {
  const forms = schema.anyOf ?? schema.oneOf;
  return forms === undefined ? [schema] : forms.flatMap(formsOf);
}
