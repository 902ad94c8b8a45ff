/**
 * An experiment is data: what varies, on which machine, under which kernel, with which workload. Read from YAML, checked,
 * defaults filled in; what is wrong is told with its file, line and key. A key that may vary holds one value or a list.
 */
import { isNode, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import { type ProtocolName, protocols } from '../../hw/cache/coherence.ts';
import { policyNames } from '../../hw/cache/replacement.ts';
import { checkGeometry } from '../../hw/cache/tag-array.ts';
import { type CpuModel, inclusions } from '../../hw/cpu-model.ts';
import { type CpuModelName, cpuModels } from '../../hw/cpu-models.ts';
import { MiB } from '../../hw/memory.ts';
import { type Limits, limitsOfAll } from '../../slab/kernel-facts.ts';
import type { KernelVersion } from '../../slab/kernel-version.ts';
import { kernels } from '../../slab/kernels.ts';
import { AS_MANY_AS_IT_TAKES } from '../results/looks.ts';
import { cachesNamed, RECORDED } from '../results/points.ts';
import { ENOUGH_SEEDS } from '../results/statistics.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { profileForm } from '../traces/touch-profile.ts';
import { workloads } from '../workloads/all.ts';
import { axis, bytes, labelOf, oneOf, valuesOf, whole } from '../workloads/parameter-types.ts';
import { touchNames } from '../workloads/touch.ts';
import type { OptionalKey, WorkloadDefinition } from '../workloads/workload.ts';
import { fieldsKey } from './fields.ts';
import { layoutsKey } from './layouts-key.ts';
import { firstLine, type JsonSchema, problemOf } from './problems.ts';

const alignments = ['word', 'line-fraction', 'whole-line'] as const;
const alignmentBytes = [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;
export type Alignment = (typeof alignments)[number] | (typeof alignmentBytes)[number];
const drawnParts = ['statics', 'ageing', 'history', 'threads', 'workload'] as const;
/** What a seed draws of a point; `workload` is what workloads do and touch, and what the machine itself draws. */
export type DrawnPart = (typeof drawnParts)[number];
const histories = ['fresh', 'established'] as const;
const colourings = ['on', 'off'] as const;
const lineBytes = [16, 32, 64, 128] as const;

const modelNames = Object.keys(cpuModels) as CpuModelName[];
const protocolNames = Object.keys(protocols) as ProtocolName[];
const workloadNames = [...workloads.keys()];

const cycles = z.number().int().min(0);

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

/** A workload as given: its name, and its parameters, each one value or, where it varies, a list. */
export interface WorkloadKey {
  readonly name: string;
  readonly [parameter: string]: string | number | readonly (string | number)[];
}

/** The schema of a workload's keys, its parameters by `parameter`. */
function workloadSchema({ name, summary, parameters }: WorkloadDefinition, parameter: (type: z.ZodType) => z.ZodType) {
  const shape = Object.entries(parameters).map(([key, type]) => [key, parameter(type as z.ZodType)]);
  return z.strictObject({ name: z.literal(name), ...Object.fromEntries(shape) }).describe(summary);
}

/** A parameter that may vary. */
function varying(type: z.ZodType): z.ZodType {
  const { description } = type;
  const several = severalOf(type);
  return description === undefined ? several : several.describe(description);
}

function severalOf(type: z.ZodType): z.ZodType {
  if (type instanceof z.ZodOptional) return axis(type.unwrap() as z.ZodType).optional();
  if (type instanceof z.ZodDefault) return axis(type.unwrap() as z.ZodType).default(type.def.defaultValue as never);
  return axis(type);
}

type WorkloadSchema = ReturnType<typeof workloadSchema>;

/** A workload by its name alone, or written out with its parameters. */
function workloadBy(parameter: (type: z.ZodType) => z.ZodType) {
  const schemas = [...workloads.values()].map((definition) => workloadSchema(definition, parameter));
  return z.union(
    [
      oneOf(workloadNames).transform((name, context) => {
        const written = schemas[workloadNames.indexOf(name)].safeParse({ name });
        if (written.success) return written.data;
        context.addIssue({
          code: 'custom',
          message: `${name} needs ${written.error.issues.map(({ path }) => path.join('.')).join(', ')}`,
        });
        return z.NEVER;
      }),
      z.discriminatedUnion('name', schemas as [WorkloadSchema, ...WorkloadSchema[]]),
    ],
    `must be one of ${workloadNames.join(', ')}, or { name: one of these, and parameters }`,
  );
}

const workload = z
  .union([
    workloadBy(varying),
    z
      .array(workloadBy((type) => type))
      .nonempty('it must name at least one')
      .refine((list) => new Set(list.map(labelOf)).size === list.length, 'it must not name one twice'),
  ])
  .describe('what kernel programs do: docs/workloads.md') as unknown as z.ZodType<WorkloadKey | readonly WorkloadKey[]>;

/** A word, or a number from `from` to `to`. */
const orWhole = <T extends z.ZodType>(word: T, from: number, to: number, problem: string) =>
  z.union([word, whole(from, to, problem)], problem);

const MOST_SEEDS = 10_000;

const seedsKey = z.union(
  [
    whole(1, MOST_SEEDS),
    z.literal('auto').transform(() => AS_MANY_AS_IT_TAKES),
    z.strictObject({ at_most: whole(ENOUGH_SEEDS, MOST_SEEDS) }),
  ],
  `must be a whole number from 1 to ${MOST_SEEDS}, auto, or { at_most: ${ENOUGH_SEEDS} or more }`,
);

const specification = z.strictObject({
  name: z
    .string()
    .regex(/^\.*[\w-][\w.-]*$/, 'must be letters, digits, dots, dashes, and not dots alone: it names files')
    .describe('names the experiment and its files'),
  machine: z.strictObject({
    model: axis(
      z.union([oneOf(modelNames), inlineModel], `must be one of ${modelNames.join(', ')}, or a model written out`),
    ).describe('the CPU: its caches and costs'),
    cpus: axis(whole(1, 32)).default(2),
    memory: axis(bytes)
      .default(64 * MiB)
      .describe('bytes, or 64M; whole pages'),
    // What is not said here is not in points and hashes of experiments from before these keys.
    nodes: axis(whole(1, 8)).optional().describe('NUMA nodes, among which memory and CPUs are divided equally; 1'),
    remote_cycles: axis(orWhole(z.literal('model'), 0, 65_535, 'must be model, or cycles up to 65535'))
      .optional()
      .describe("what another node's memory costs beyond one's own; model: two thirds of the model's memory latency"),
  }),
  kernel: z
    .strictObject({
      version: axis(oneOf([...kernels.keys()])).default('2.4.22'),
      l1_cache_bytes: axis(z.literal([...lineBytes, 'model'], 'must be model, 16, 32, 64 or 128'))
        .default('model')
        .describe("the line that the kernel was built for; model: that of the machine's model, whatever it is"),
      smp: axis(oneOf(['on', 'off']))
        .default('on')
        .describe('CONFIG_SMP; off needs a machine of one CPU'),
      numa: axis(oneOf(['on', 'off']))
        .optional()
        .describe('CONFIG_NUMA, where the machine has several nodes; off: to the kernel all memory is as near; on'),
      debug: axis(oneOf(['on', 'off']))
        .default('off')
        .describe('CONFIG_DEBUG_SLAB: red zones, poison'),
    })
    .prefault({}),
  workload,
  object_size: axis(whole(4, 131_072)).optional().describe("bytes of an object, instead of the workload's own"),
  limit: axis(whole(0, 30_000))
    .optional()
    .describe(
      "objects in the per-CPU arrays of the workload's caches; 0 for no arrays; instead of the kernel's choice",
    ),
  batchcount: axis(whole(1, 30_000)).optional().describe('objects moved at a time; half of limit'),
  shared: axis(whole(0, 1000))
    .optional()
    .describe("batches in the shared arrays of the workload's caches; 0 for none; instead of the kernel's choice"),
  placement: axis(oneOf(['thread', 'trace'] as const))
    .optional()
    .describe('thread: each thread of a trace on a CPU that the seed draws; trace: the recorded CPU'),
  ageing: axis(z.number().min(0).max(0.9)).default(0.125).describe('share of free memory that is taken before'),
  history: axis(oneOf(histories))
    .default('established')
    .describe('what stood before: fresh, nothing but a boot; established, caches and objects that the seed draws'),
  interference: z
    .union(
      [
        axis(whole(0, 100)),
        z.strictObject({
          share: axis(whole(0, 100)),
          footprint: axis(bytes).optional().describe('bytes that user mode goes round; twice the L1'),
        }),
      ],
      'must be a whole number from 0 to 100, or { share: one of these, footprint: bytes }',
    )
    .default(0)
    .describe('percent of the L1 that user mode evicts before each operation'),
  interrupts: axis(orWhole(z.literal('off'), 1000, 1_000_000_000, 'must be off, or cycles from 1000'))
    .default('off')
    .describe('cycles between timer interrupts on each CPU, whose handler allocates'),
  think: axis(whole(0, 1_000_000))
    .optional()
    .describe('cycles that a task does nothing before each operation: on average, each time drawn by the seed; 0'),
  touch: axis(oneOf(touchNames)).optional().describe('what is read and written of an object'),
  alignment: axis(z.literal([...alignments, ...alignmentBytes]))
    .default([...alignments])
    .describe("of the workload's objects: by the kernel's flags, or to a number of bytes"),
  colouring: axis(orWhole(oneOf(colourings), 1, 1000, 'must be on, off, or a number of colours from 1 to 1000'))
    .default([...colourings])
    .describe('of every cache of the kernel'),
  fields: fieldsKey.optional(),
  layouts: layoutsKey.optional(),
  profile: z
    .union([z.string(), profileForm])
    .optional()
    .describe('of the touch model profiled: the file that slabscope profile wrote, relative to the specification'),
  drawn: axis(oneOf(['all', ...drawnParts]))
    .default('all')
    .describe('what each seed draws anew; all else is as the first seed has it'),
  owners: oneOf(['on', 'off'])
    .optional()
    .describe(
      'on: misses are told by what they missed (object, slab descriptor, ...), which takes up to twice as long',
    ),
  seeds: seedsKey
    .default(10)
    .describe(
      `how many seeds; every combination runs under each; auto: until every comparison is told, at most ${AS_MANY_AS_IT_TAKES.at_most}`,
    ),
  seed: z
    .union([z.string(), z.number()])
    .transform(String)
    .default('slabscope')
    .describe('what all randomness comes from'),
});

/** A specification as understood: every default filled in, sizes in bytes. */
export type Specification = z.output<typeof specification>;

export type PlaceOf = (path: readonly PropertyKey[]) => string;

/**
 * Reads YAML; `file` names it in messages. `touches`: whether all its traces tell of touches, where they have been read: only
 * then it is known what the key `touch` may be.
 */
export function parseSpecification(text: string, file: string, touches?: boolean): Specification {
  const { document, lineOf } = yamlIn(text, file);
  const broken = document.errors[0];
  if (broken !== undefined) {
    const place = lineOf(broken.pos[0]);
    if (broken.code === 'MULTIPLE_DOCS')
      throw new InputError(place, 'a second document', 'write one specification a file');
    throw new InputError(place, firstLine(broken.message), 'write well-formed YAML');
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that come to more than memory holds.
    throw new InputError(file, firstLine((error as Error).message), 'write it out, or with fewer aliases');
  }
  return specificationFrom(value, placesIn(text, file), touches);
}

/** Tells the place of a key in the YAML of a specification as FILE:LINE; of what is not there, that of what it would be in. */
export function placesIn(text: string, file: string): PlaceOf {
  const { document, lineOf } = yamlIn(text, file);
  return (path) => lineOf(offsetOf(document, path));
}

function yamlIn(text: string, file: string) {
  const lineCounter = new LineCounter();
  // Pretty errors tell the place a second time.
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  return { document, lineOf: (offset: number) => `${file}:${lineCounter.linePos(offset).line}` };
}

/** The same from a value; `placeOf` names the place of a key in messages. */
export function specificationFrom(value: unknown, placeOf: PlaceOf, touches?: boolean): Specification {
  const result = specification.safeParse(value, { reportInput: true });
  if (!result.success) {
    const schema = specificationSchema() as JsonSchema;
    const [first, ...more] = result.error.issues.map((issue) => problemOf(issue, schema, examples));
    const others = more.map(({ path }) => `${path.join('.')} (${placeOf(path)})`);
    const remedy = others.length === 0 ? first.remedy : `${first.remedy}; wrong too: ${others.join(', ')}`;
    throw new InputError(placeOf(first.path), first.problem, remedy);
  }
  return checked(withDefaults(result.data, placeOf, touches), placeOf, touches);
}

/** What each key that not all workloads understand is, where one does and nothing is said. */
const defaults = { touch: ['init-all', 'init-head', 'hot-fields'], placement: 'thread' } as const;

/** Whether all its workloads replay a trace. */
const onlyReplays = ({ workload }: Specification): boolean => valuesOf(workload).every(({ name }) => name === 'replay');

/** Keys that no workload here understands are refused; the others have their defaults, so that a report can tell them. */
function withDefaults(given: Specification, placeOf: PlaceOf, touches: boolean | undefined): Specification {
  const used = new Set(valuesOf(given.workload).flatMap(({ name }) => workloads.get(name)!.uses));
  for (const key of ['object_size', 'placement', 'touch'] satisfies OptionalKey[]) {
    if (given[key] === undefined || used.has(key)) continue;
    const names = valuesOf(given.workload).map(({ name }) => name);
    throw new InputError(placeOf([key]), `${key} means nothing to ${names.join(', ')}`, 'leave it out');
  }
  const usual = touches === true && onlyReplays(given) ? RECORDED : [...defaults.touch];
  const { touch = used.has('touch') ? usual : undefined } = given;
  const { placement = used.has('placement') ? defaults.placement : undefined } = given;
  // In the order of the keys, which is that of the axes.
  const keys = Object.keys(specification.shape) as (keyof Specification)[];
  const filled = { ...given, touch, placement };
  return Object.fromEntries(
    keys.filter((key) => filled[key] !== undefined).map((key) => [key, filled[key]]),
  ) as unknown as Specification;
}

type Fault = [fault: boolean, path: string[], problem: string, remedy: string];

const footprintsOf = ({ interference }: Specification): readonly number[] =>
  typeof interference === 'object' && 'footprint' in interference ? valuesOf(interference.footprint ?? []) : [];

const nodesOf = ({ nodes = 1 }: Specification['machine']): readonly number[] => valuesOf(nodes);

/** Least memory of a node, which holds a kernel or nothing but its own part of one. */
const LEAST_MEMORY = 8 * MiB;

/** What the version of the kernel does not have. */
function lacks(
  { machine, kernel, limit, shared, colouring, object_size }: Specification,
  version: KernelVersion,
): Fault[] {
  const { name, features, limits } = version;
  const uniprocessor = valuesOf(kernel.smp).includes('off');
  const largest = Math.max(0, ...valuesOf(object_size ?? []));
  return [
    [
      limit !== undefined && features.cpuArrays === 'smp' && uniprocessor,
      ['limit'],
      'a kernel without SMP has no per-CPU arrays',
      'leave limit out, or set kernel.smp to on',
    ],
    [
      limit !== undefined && features.cpuArrays === 'none',
      ['limit'],
      `kernel ${name} has no per-CPU arrays`,
      'leave limit out',
    ],
    [
      features.cpuArrays !== 'none' && Math.min(...valuesOf(limit ?? Infinity)) < limits.smallestArray,
      ['limit'],
      `kernel ${name} cannot do without per-CPU arrays`,
      `its smallest hold ${limits.smallestArray}`,
    ],
    [
      shared !== undefined && !features.sharedArrays,
      ['shared'],
      `kernel ${name} has no shared arrays`,
      'leave shared out',
    ],
    [
      nodesOf(machine).some((nodes) => nodes > 1) && !features.nodes && valuesOf(kernel.numa ?? 'on').includes('on'),
      ['machine', 'nodes'],
      `kernel ${name} knows nothing of nodes`,
      'set machine.nodes to 1, or kernel.numa to off',
    ],
    [
      !features.colouring && valuesOf(colouring).some((each) => each !== 'on'),
      ['colouring'],
      `kernel ${name} has no colours`,
      'set colouring to on, which changes nothing',
    ],
    [
      !features.debug && valuesOf(kernel.debug).includes('on'),
      ['kernel', 'debug'],
      `kernel ${name} has no checks of its own`,
      'set kernel.debug to off',
    ],
    [
      largest > limits.largestObject,
      ['object_size'],
      `objects of ${largest} bytes in kernel ${name}`,
      `its largest have ${limits.largestObject}`,
    ],
  ];
}

/** What can only be told of values together. */
function checked(of: Specification, placeOf: PlaceOf, touches: boolean | undefined): Specification {
  const { machine, kernel, limit, batchcount } = of;
  for (const model of modelsOf(of)) {
    checkGeometry(model.l1, placeOf(['machine', 'model', 'l1']));
    if (model.l2 !== null) checkGeometry(model.l2, placeOf(['machine', 'model', 'l2']));
  }
  const wrongMemory = valuesOf(machine.memory).find(
    (memory) => memory % 4096 !== 0 || memory < LEAST_MEMORY || memory >= 2 ** 31,
  );
  const smallest = Math.min(...valuesOf(machine.cpus));
  const largest = Math.max(...valuesOf(machine.cpus));
  const nodes = Math.max(...nodesOf(machine));
  const largestL1 = Math.max(...modelsOf(of).map(({ l1 }) => l1.size));
  const leastFootprint = Math.min(...footprintsOf(of));
  const greedy = valuesOf(of.workload).find(({ name }) => workloads.get(name)!.cpus > smallest);
  const uniprocessor = valuesOf(kernel.smp).includes('off');
  const tracesNamed = tracesOf(of).map(traceName);
  const least = limit === undefined ? 0 : Math.min(...valuesOf(limit));
  const faults: Fault[] = [
    [
      wrongMemory !== undefined,
      ['machine', 'memory'],
      `machine.memory is ${wrongMemory} bytes`,
      'it must be whole pages of 4096 bytes, from 8M to below 2048M',
    ],
    [
      nodes > smallest,
      ['machine', 'nodes'],
      `${nodes} nodes with ${smallest === 1 ? 'one CPU' : `${smallest} CPUs`}`,
      'each node has a CPU: lower machine.nodes, or give the machine more CPUs',
    ],
    [
      Math.min(...valuesOf(machine.memory)) < nodes * LEAST_MEMORY,
      ['machine', 'nodes'],
      `${nodes} nodes of less than 8M each`,
      `give machine.memory ${(nodes * LEAST_MEMORY) / MiB}M or more`,
    ],
    ...(['remote_cycles', 'numa'] as const).map(
      (key): Fault => [
        nodes === 1 && (key === 'numa' ? kernel.numa : machine.remote_cycles) !== undefined,
        [key === 'numa' ? 'kernel' : 'machine', key],
        `${key} means nothing to a machine of one node`,
        'leave it out, or give the machine more: machine.nodes',
      ],
    ),
    [
      greedy !== undefined,
      ['machine', 'cpus'],
      `${greedy?.name} on ${smallest === 1 ? 'one CPU' : `${smallest} CPUs`}`,
      `machine.cpus must be ${greedy === undefined ? '' : workloads.get(greedy.name)!.cpus} or more`,
    ],
    [
      uniprocessor && largest > 1,
      ['kernel', 'smp'],
      `a kernel without SMP on ${largest} CPUs`,
      'set machine.cpus to 1, or smp to on',
    ],
    [
      leastFootprint < 2 * largestL1,
      ['interference', 'footprint'],
      `a footprint of ${leastFootprint} bytes, and an L1 of ${largestL1}`,
      'make it twice the L1 or more, so that a line is gone when its turn comes again',
    ],
    ...kernelsOf(of).flatMap((version) => lacks(of, version)),
    [
      batchcount !== undefined && (limit === undefined || Math.max(...valuesOf(batchcount)) > least),
      ['batchcount'],
      limit === undefined ? 'batchcount without limit' : `a batchcount above a limit of ${least}`,
      'the kernel takes a limit, and a batchcount up to it',
    ],
    [
      tracesNamed.some((name, i) => tracesNamed.indexOf(name) !== i),
      ['workload', 'trace'],
      `two traces of one name: ${tracesNamed.join(', ')}`,
      'points are named by it: name each file otherwise',
    ],
    [
      valuesOf(of.touch ?? []).includes(RECORDED) && (touches === false || !onlyReplays(of)),
      ['touch'],
      onlyReplays(of) ? 'recorded touches of a trace that has none' : 'recorded touches of a workload that is no trace',
      'replay a touch trace (docs/traces.md), or name a touch model',
    ],
    [
      valuesOf(of.touch ?? []).includes('fields') && of.fields === undefined,
      ['touch'],
      'the touch model fields without any fields',
      'name them: fields: { CACHE: [{ name: ..., offset: ..., size: ... }] }',
    ],
    [
      valuesOf(of.touch ?? []).includes('profiled') && of.profile === undefined,
      ['touch'],
      'the touch model profiled without a profile',
      'name its file, as slabscope profile writes it: profile: FILE',
    ],
    [
      of.profile !== undefined && !valuesOf(of.touch ?? []).includes('profiled'),
      ['profile'],
      'a profile that no touch model draws from',
      'leave it out, or name the touch model: touch: profiled',
    ],
  ];
  const found = faults.find(([fault]) => fault);
  if (found !== undefined) throw new InputError(placeOf(found[1]), found[2], found[3]);
  return of;
}

/** The kernels that the machine may run, in order. */
export const kernelsOf = ({ kernel }: Pick<Specification, 'kernel'>): KernelVersion[] =>
  valuesOf(kernel.version).map((name) => kernels.get(name)!);

/** What all of them take: that much of a trace is replayed. */
export const limitsOf = (specification: Specification): Limits => limitsOfAll(kernelsOf(specification));

/** The traces that the specification replays, as it names them. */
export const tracesOf = (specification: Specification): string[] =>
  valuesOf(specification.workload).flatMap(({ trace }) => valuesOf(trace ?? []).map(String));

/** What points call a trace: its file's name, without the folder and how it is packed. */
export const traceName = (path: string): string => path.replace(/^.*[\\/]/, '').replace(/(\.txt)?(\.gz)?$/, '');

/** What can only be told once the traces are read, by the names that the specification has for them. */
export function checkTraces(
  { workload }: Specification,
  traces: ReadonlyMap<string, AllocationTrace>,
  placeOf: PlaceOf,
): void {
  const caches = new Set([...traces.values()].flatMap((trace) => trace.caches.map(({ recordedName }) => recordedName)));
  const unknown = valuesOf(workload)
    .flatMap(({ pass_over }) => valuesOf(pass_over ?? []))
    .flatMap((names) => cachesNamed(String(names)))
    .find((name) => !caches.has(name));
  if (unknown === undefined) return;
  const remedy = caches.size === 0 ? 'leave it out' : `name some of ${[...caches].join(', ')}`;
  throw new InputError(placeOf(['workload', 'pass_over']), `no cache ${unknown} in any trace`, remedy);
}

/** The models that the machine may be, in order. */
export function modelsOf({ machine }: Specification): CpuModel[] {
  return valuesOf(machine.model).map(cpuModelOf);
}

/** A model by its name, or as written out. */
export function cpuModelOf(model: CpuModelName | z.output<typeof inlineModel>): CpuModel {
  if (typeof model === 'string') return cpuModels[model];
  const { l2, ...rest } = model;
  return { ...rest, l2: l2 === null ? null : { ...l2, line: model.l1.line } };
}

/** An alignment as `text` has it; `place` names it in messages. */
export function alignmentOf(text: string, place: string): Alignment {
  const all = [...alignments, ...alignmentBytes];
  const found = all.find((each) => String(each) === text);
  if (found !== undefined) return found;
  throw new InputError(place, `no alignment ${text}`, `use ${all.join(', ')}`);
}

/** The JSON Schema of specifications, for editors. */
export function specificationSchema(): object {
  return {
    title: 'slabscope specification',
    ...z.toJSONSchema(specification, { io: 'input', unrepresentable: 'any' }),
  };
}

/** What to write for keys that have several forms. */
const examples: Record<string, string> = {
  workload: `{ name: replay, trace: FILE }, or one of ${workloadNames.slice(1).join(', ')}`,
  'workload.trace': 'the file of a trace, or a list of several',
  'workload.name': workloadNames.join(', '),
  interference: 'a whole number from 0 to 100, or { share: 25, footprint: 256K }',
  'machine.model': `one of ${modelNames.join(', ')}, or a model written out`,
};

/** Where in the text the value of `path` stands, or the nearest part of the path that does. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
