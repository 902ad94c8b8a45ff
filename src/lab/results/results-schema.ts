/**
 * The form of results.json as a schema, for those who check or read it elsewhere: docs/results.schema.json is made of this one.
 * Members may be added within a version, so readers pass over those that they do not know; a member that goes, or changes its
 * meaning, makes a new version.
 */
import * as z from 'zod';
import { measureNames } from './measures.ts';
import { RESULTS_SCHEMA } from './results.ts';

const count = z.number().min(0);
const axisValue = z.union([z.string(), z.number()]);
const counts = z.looseObject({
  ...{ accesses: count, lineAccesses: count, hits: count, misses: count },
  ...{ fullyAssociativeMisses: count, hashedIndexMisses: count },
  ...{ cold: count, capacity: count, conflict: count, trueSharing: count, falseSharing: count },
  ...{ duboisTrueAny: count, duboisFalseAny: count, duboisTrueLoad: count, duboisFalseLoad: count },
  ...{ upgrades: count, invalidations: count, dmaInvalidations: count, c2cDirty: count, c2cClean: count },
  ...{ writeThroughs: count, l2Hits: count, l2Misses: count, l2Evictions: count, l2Writebacks: count },
  ...{ backInvalidations: count, elapsedCycles: count, cycles: count, lineWaitCycles: count, spinCycles: count },
  ...{
    interruptsOffCycles: count,
    longestInterruptsOff: count,
    locked: count,
    contendedLocks: count,
    interrupts: count,
    peakPages: count,
  },
  pages: z.number().meta({ description: 'below 0 where more was given back than taken' }),
  ...{
    peakLiveBytes: count,
    liveBytes: count,
    allocations: count,
    colouredAllocations: count,
    allocHits: count,
    allocMisses: count,
    freeHits: count,
  },
  ...{ freeMisses: count, operations: count, failed: count, userLoads: count },
  remoteMisses: count.optional().meta({ description: 'only of machines with nodes' }),
});
const sets = z.looseObject({ accesses: z.array(count), misses: z.array(count) });
export const pointResultSchema = z.looseObject({
  point: z.object({ seed: z.number().int().min(0) }).catchall(axisValue),
  counts,
  sets: sets.optional(),
  missesByRole: z
    .record(z.string(), count)
    .optional()
    .meta({ description: 'only where the specification has owners: on' }),
});

const interval = z.tuple([z.number(), z.number()]).nullable();
const estimate = z.looseObject({ value: z.number(), interval });
const effect = z.looseObject({
  value: z.number().meta({ description: 'relative: -0.1 is 10 % less' }),
  interval,
  base: z.number(),
  variant: z.number(),
  effectSize: z.number().nullable(),
  p: z.number().nullable(),
  reading: z.enum(['change', 'no-change', 'identical', 'too-few-seeds', 'one-seed']),
  seedsToTell: z.number().int().nullable(),
});
const owner = z.looseObject({ role: z.string(), value: z.number(), interval, base: count, variant: count });
const comparison = z.looseObject({
  axis: z.string(),
  base: axisValue,
  variant: axisValue,
  fixed: z.record(z.string(), axisValue),
  seeds: z.number().int().min(1),
  effects: z.looseObject(Object.fromEntries(measureNames.map((name) => [name, effect.nullable()]))),
  adjustedP: z
    .number()
    .nullable()
    .meta({ description: 'of misses of an operation, by Holm, over all comparisons along the axis' }),
  adjustedCyclesP: z
    .number()
    .nullable()
    .optional()
    .meta({ description: 'the same of cycles of an operation; results of before have none' }),
  owners: z.array(owner).nullable().meta({ description: 'shares of the base\u2019s misses' }),
  effectiveness: estimate.nullable(),
  effectivenessHashed: estimate.nullable(),
});

const trace = z.looseObject({
  ...{ name: z.string(), sha256: z.string(), format: z.string(), lines: count, events: count, threads: count },
  ...{ cpus: count, allocations: count, frees: count, resizes: count, pageAllocations: count, unseenFrees: count },
  ...{ liveAtEnd: count, peakLiveBytes: count, otherTracepoints: count, otherLines: count, lostEvents: count },
  ...{ renamedCaches: count, cachesOfSeveralSizes: count, unknownFlags: count },
  bornBefore: count.optional().meta({ description: 'objects that were there before the first event' }),
  touches: z
    .looseObject({
      ...{ reads: count, writes: count, modifies: count, skipped: count, inBornBefore: count },
      ...{ sites: count, functions: count },
    })
    .optional()
    .meta({ description: 'accesses inside objects, where the trace tells of them' }),
  skipped: z.record(z.string(), count).meta({ description: 'events left out, by reason' }),
  caches: z.array(
    z.looseObject({
      ...{ recordedName: z.string(), name: z.string(), size: count },
      ...{ objects: count.optional(), touches: count.optional() },
    }),
  ),
});

export const resultsSchema = z.looseObject({
  schema: z.literal(RESULTS_SCHEMA),
  slabscope: z.string().meta({ description: 'the version that computed them' }),
  name: z.string(),
  specification: z.unknown().meta({ description: 'as understood, defaults filled in' }),
  specificationHash: z.string(),
  seed: z.string(),
  machine: z.string(),
  trace: trace.nullable().meta({ description: 'null where none was replayed, or several' }),
  traces: z.array(trace).optional().meta({ description: 'where several were replayed' }),
  points: z.array(pointResultSchema),
  measures: z.array(
    z.looseObject({
      combination: z.record(z.string(), axisValue),
      measures: z.looseObject(Object.fromEntries(measureNames.map((name) => [name, z.number().nullable()]))),
    }),
  ),
  comparisons: z.array(comparison),
});

/** The same as JSON Schema, draft 2020-12; what stands in several places is defined once. */
export const resultsJsonSchema = () => z.toJSONSchema(resultsSchema, { reused: 'ref' });
