/**
 * An experiment is data: what varies, on which machine, under which kernel, with which trace. Read from YAML, checked,
 * defaults filled in; what is wrong is told with its file, line and key.
 */
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type ProtocolName, protocols } from '../hw/coherence.ts';
import type { CpuModel } from '../hw/cpu-model.ts';
import { type CpuModelName, cpuModels } from '../hw/cpu-models.ts';
import { InputError } from '../hw/input-error.ts';
import { KiB, MiB } from '../hw/memory.ts';
import { policyNames } from '../hw/replacement.ts';
import { inclusions } from '../hw/second-level.ts';
import { checkGeometry } from '../hw/tag-array.ts';
import { kernelVersions } from './boot.ts';
import { type TouchModelName, touchModels } from './touch.ts';

export const alignments = ['word', 'line-fraction', 'whole-line'] as const;
export type Alignment = (typeof alignments)[number];
export const colourings = ['on', 'off'] as const;
export type Colouring = (typeof colourings)[number];

const oneOf = <T extends string>(names: readonly T[]) => z.enum(names as [T, ...T[]]);
const modelNames = Object.keys(cpuModels) as CpuModelName[];
const protocolNames = Object.keys(protocols) as ProtocolName[];
const touchNames = Object.keys(touchModels) as TouchModelName[];

const bytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = /^(\d+) ?([KM]?)B?$/i.exec(String(value));
  if (match === null || Number(match[1]) === 0) {
    context.addIssue({ code: 'custom', message: `${value} is no size: write bytes, or 16K, or 64M` });
    return z.NEVER;
  }
  const unit = { '': 1, K: KiB, M: MiB }[match[2]!.toUpperCase()]!;
  return Number(match[1]) * unit;
});
const cycles = z.number().int().min(0);
const whole = (from: number, to: number) =>
  z.number(`must be a whole number from ${from} to ${to}`).int().min(from).max(to);

/** A list without repetitions: each of its values makes points of its own. */
const listOf = <T extends string>(names: readonly T[]) =>
  z
    .array(oneOf(names))
    .nonempty('it must name at least one')
    .refine((list) => new Set(list).size === list.length, 'it must not name one twice');

const inlineModel = z.strictObject({
  name: z.string().default('inline'),
  mhz: z.number().positive().default(1000),
  l1: z.strictObject({
    size: bytes,
    ways: whole(1, 1024),
    line: whole(4, 128), // every run counts the classes of misses, which take no longer lines
    policy: oneOf(policyNames).default('lru'),
  }),
  protocol: oneOf(protocolNames).default('mesi'),
  l2: z
    .strictObject({
      size: bytes,
      ways: whole(1, 1024),
      policy: oneOf(policyNames).default('lru'),
      shared: z.boolean().default(false),
      inclusion: oneOf(inclusions).default('neither'),
    })
    .nullable()
    .default(null),
  cycles: z.strictObject({
    l1: cycles,
    l2: cycles,
    memory: cycles,
    transfer: cycles,
    locked: cycles.default(20),
    pause: cycles.min(1).default(4),
    ipi: cycles.default(300),
    interrupt: cycles.default(150),
  }),
});

const specification = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'must be letters, digits, dots, dashes: it names files'),
  trace: z.string(),
  machine: z.strictObject({
    model: z.union([oneOf(modelNames), inlineModel], `must be one of ${modelNames.join(', ')}, or a model written out`),
    cpus: whole(1, 8).default(2),
    memory: bytes.default(64 * MiB),
  }),
  kernel: z
    .strictObject({
      version: oneOf(kernelVersions).default('2.4.22'),
      l1_cache_bytes: z.literal([16, 32, 64, 128], 'must be 16, 32, 64 or 128').default(32),
    })
    .prefault({}),
  placement: oneOf(['thread', 'trace']).default('thread'),
  touch: listOf(touchNames).default(['init-all', 'init-head', 'hot-fields']),
  alignment: z
    .array(oneOf(alignments))
    .nonempty()
    .default([...alignments]),
  colouring: z
    .array(oneOf(colourings))
    .nonempty()
    .default([...colourings]),
  seeds: whole(1, 10_000).default(10),
  seed: z.union([z.string(), z.number()]).transform(String).default('slabscope'),
});

/** A specification as understood: every default filled in, sizes in bytes. */
export type Specification = z.output<typeof specification>;

/** Reads YAML; `file` names it in messages. */
export function parseSpecification(text: string, file: string): Specification {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new InputError(lineOf(broken.pos[0]), firstLine(broken.message), 'write well-formed YAML');
  }
  return specificationFrom(document.toJS(), (path) => lineOf(offsetOf(document, path)));
}

/** The same from a value; `placeOf` names the place of a key in messages. */
export function specificationFrom(value: unknown, placeOf: (path: readonly PropertyKey[]) => string): Specification {
  const result = specification.safeParse(value, { reportInput: true });
  if (!result.success) {
    const issue = innermost(result.error.issues[0]!);
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
    throw new InputError(placeOf(path), ...describeIssue(issue, path));
  }
  const model = modelOf(result.data);
  checkGeometry(model.l1, placeOf(['machine', 'model', 'l1']));
  if (model.l2 !== null) checkGeometry(model.l2, placeOf(['machine', 'model', 'l2']));
  if (
    result.data.machine.memory % 4096 !== 0 ||
    result.data.machine.memory < 8 * MiB ||
    result.data.machine.memory >= 2 ** 31
  ) {
    throw new InputError(
      placeOf(['machine', 'memory']),
      `machine.memory is ${result.data.machine.memory} bytes`,
      'it must be whole pages of 4096 bytes, from 8M to below 2048M',
    );
  }
  return result.data;
}

export function modelOf({ machine }: Specification): CpuModel {
  return typeof machine.model === 'string' ? cpuModels[machine.model] : inlineModelOf(machine.model);
}

function inlineModelOf({ l2, ...model }: z.output<typeof inlineModel>): CpuModel {
  return {
    ...model,
    l2: l2 === null ? null : { ...l2, line: model.l1.line },
  };
}

const firstLine = (text: string) => text.split('\n')[0]!.replace(/:$/, '');

/** Where in the text the value of `path` stands, or the nearest part of the path that does. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

/** How messages call what zod expects. */
const kinds: Record<string, string> = { int: 'whole number', array: 'list', object: 'group of keys' };

/** Where a value fits none of several forms, the issue with the form that it was meant to have: an object's own. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union' || typeof issue.input !== 'object') return issue;
  const inside = issue.errors.flat().find((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys');
  return inside === undefined ? issue : innermost({ ...inside, path: [...issue.path, ...inside.path] });
}

function describeIssue(issue: z.core.$ZodIssue, path: readonly PropertyKey[]): [problem: string, remedy: string] {
  const key = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
  if (issue.code === 'unrecognized_keys')
    return [`no key ${key} is known`, `known here are ${keysAt(issue.path).join(', ')}`];
  if (path.length === 0) return ['this is no specification', `write its keys: ${keysAt([]).join(', ')}`];
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return [`${key} is missing`, `give it: ${kinds[issue.expected] ?? issue.expected}`];
  if (issue.code === 'invalid_value')
    return [`${key} is none of the values it may have`, `use ${issue.values.join(', ')}`];
  if (issue.code === 'invalid_type')
    return [`${key} is of the wrong kind`, `it must be a ${kinds[issue.expected] ?? issue.expected}`];
  return [`${key}: ${firstLine(issue.message)}`, 'see docs/specification.md'];
}

/** The keys that an object at `path` of a specification may have. */
function keysAt(path: readonly PropertyKey[]): string[] {
  type Schema = { properties?: Record<string, Schema>; anyOf?: Schema[] };
  let schema = z.toJSONSchema(specification, { io: 'input', unrepresentable: 'any' }) as Schema;
  for (const key of path) {
    schema = schema.properties?.[String(key)] ?? {};
    schema = schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema;
  }
  return Object.keys(schema.properties ?? {});
}
