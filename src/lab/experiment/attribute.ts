/** A point with its misses attributed: who owns them, and which lines go from cache to cache. */

import type { addr_t } from '../../hw/memory.ts';
import {
  type GeneralStructs,
  generalStructs,
  type LayoutSource,
  type NamedFields,
  nameFields,
} from '../layouts/name-fields.ts';
import type { FunctionMisses, OwnerCounts, Sharing, SharingOrder } from '../results/owners.ts';
import type { Point, PointResult } from '../results/points.ts';
import { settingsOf } from '../specification/settings.ts';
import { type Alignment, cpuModelOf, type Specification } from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { eachOperation } from '../traces/operations.ts';
import type { Touches } from '../traces/touches.ts';
import { accessMakers } from '../watch/access-makers.ts';
import { Attribution, type FieldNames } from '../watch/attribution.ts';
import { touchSteps } from '../workloads/touch.ts';
import type { WorkloadContext } from '../workloads/workload.ts';
import { runPoint } from './point.ts';
import { type MovedLayout, movedFields, moveFields } from './trial.ts';

export interface AttributedResult extends PointResult {
  readonly owners: readonly OwnerCounts[];
  readonly sharing: Sharing;
  /** Bytes from one object to the next, by cache. */
  readonly objectSizes: ReadonlyMap<string, number>;
  /** As they were named, before any trial; and what could not be. */
  readonly fields: FieldNames;
  readonly notes: readonly string[];
  /** Empty unless they were asked for. */
  readonly functions: readonly FunctionMisses[];
}

export interface AttributeOptions {
  /** What the fields of objects are called, by cache; and layouts of structures that name those of all other caches. */
  readonly fields?: FieldNames;
  readonly sources?: readonly LayoutSource[];
  /** Which lines are the hottest; by HITM, if it is not said. */
  readonly order?: SharingOrder;
  /** Note the functions of all misses; those of pairs always are. */
  readonly functions?: boolean;
  /** Layouts of objects that are tried, by cache. */
  readonly layouts?: ReadonlyMap<string, MovedLayout>;
}

/** As runPoint, with `owners` and `sharing` of the measured part. */
export function attributePoint(
  specification: Specification,
  trace: AllocationTrace | null,
  point: Point,
  options: AttributeOptions = {},
): AttributedResult {
  const { alignment, machine } = settingsOf(specification, point);
  const { fields = new Map(), sources = [], order, layouts = new Map() } = options;
  const general = generalStructs(sources);
  const structs = new Map<addr_t, string | undefined>();
  let attribution: Attribution | undefined;
  let named: NamedFields = { fields: new Map(), notes: [] };
  let objectSizes = (): Map<string, number> => new Map();
  const result = runPoint(specification, trace, point, {
    poweredOn: () => {},
    booted: (allocator) => {
      moveFields(allocator, layouts, multipleOf(alignment, cpuModelOf(machine.model).l1.line));
    },
    ...(trace?.touches === undefined || general.fields.size === 0
      ? {}
      : { placed: structPlacer(trace, trace.touches, general, structs) }),
    measured: (allocator, context) => {
      named = namesOf(context, fields, sources);
      const { touching } = context;
      const functions = trace?.touches?.functions ?? [];
      attribution = new Attribution(allocator, new Map([...general.fields, ...movedFields(named.fields, layouts)]), {
        makers: accessMakers({ steps: touchSteps, recorded: (cpu) => functions[touching[cpu]] || null }),
        structAt: (objp) => structs.get(objp),
        allMisses: options.functions ?? false,
      });
      objectSizes = () => new Map(allocator.caches().map(({ name, objsize }) => [name, objsize]));
    },
  });
  return {
    ...{ ...result, owners: attribution!.owners(), sharing: attribution!.sharing(order) },
    ...named,
    ...{ objectSizes: objectSizes(), functions: attribution!.functions() },
  };
}

/** Notes in `structs` what each object of a general cache is, as far as the function tells that allocated it. */
function structPlacer(
  trace: AllocationTrace,
  { functions, allocatedBy }: Touches,
  general: GeneralStructs,
  structs: Map<addr_t, string | undefined>,
): (object: number, objp: addr_t) => void {
  const sizes = new Int32Array(trace.objects);
  for (const operations of [trace.born, trace.operations]) {
    for (const operation of eachOperation(operations)) {
      if (operation.kind === 'kmalloc') sizes[operation.object] = operation.size;
    }
  }
  return (object, objp) => {
    structs.set(
      objp,
      sizes[object] === 0 ? undefined : general.structOf(functions[allocatedBy[object]], sizes[object]),
    );
  };
}

/** Fields that are named one by one come before those of layouts. */
function namesOf(
  { trace, caches }: WorkloadContext,
  fields: FieldNames,
  sources: readonly LayoutSource[],
): NamedFields {
  const sized = caches.map(({ name, size }) => ({
    ...{ name, size },
    // A kernel may take no name that long.
    recordedName: trace?.caches.find((each) => each.name === name)?.recordedName ?? name,
  }));
  const named = nameFields(sources, sized);
  return { ...named, fields: new Map([...named.fields, ...fields]) };
}

/** What sizes of objects so aligned are multiples of. */
function multipleOf(alignment: Alignment, line: number): number {
  if (typeof alignment === 'number') return alignment;
  return alignment === 'whole-line' ? line : 4;
}
