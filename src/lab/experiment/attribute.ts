/** A point with its misses attributed: who owns them, and which lines go from cache to cache. */

import type { FunctionMisses, OwnerCounts, Sharing, SharingOrder } from '../results/owners.ts';
import type { Point, PointResult } from '../results/points.ts';
import { settingsOf } from '../specification/settings.ts';
import { type Alignment, cpuModelOf, type Specification } from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { accessMakers } from '../watch/access-makers.ts';
import { Attribution, type FieldNames } from '../watch/attribution.ts';
import { touchSteps } from '../workloads/touch.ts';
import { runPoint } from './point.ts';
import { type MovedLayout, movedFields, moveFields } from './trial.ts';

export interface AttributedResult extends PointResult {
  readonly owners: readonly OwnerCounts[];
  readonly sharing: Sharing;
  /** Bytes from one object to the next, by cache. */
  readonly objectSizes: ReadonlyMap<string, number>;
  /** Empty unless they were asked for. */
  readonly functions: readonly FunctionMisses[];
}

export interface AttributeOptions {
  /** What the fields of objects are called, by cache. */
  readonly fields?: FieldNames;
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
  { fields = new Map(), order, functions = false, layouts = new Map() }: AttributeOptions = {},
): AttributedResult {
  const { alignment, machine } = settingsOf(specification, point);
  let attribution: Attribution | undefined;
  let objectSizes = (): Map<string, number> => new Map();
  const result = runPoint(specification, trace, point, {
    poweredOn: () => {},
    booted: (allocator) => {
      moveFields(allocator, layouts, multipleOf(alignment, cpuModelOf(machine.model).l1.line));
    },
    measured: (allocator) => {
      attribution = new Attribution(allocator, movedFields(fields, layouts), {
        makers: accessMakers({ steps: touchSteps }),
        allMisses: functions,
      });
      objectSizes = () => new Map(allocator.caches().map(({ name, objsize }) => [name, objsize]));
    },
  });
  return {
    ...{ ...result, owners: attribution!.owners(), sharing: attribution!.sharing(order) },
    ...{ objectSizes: objectSizes(), functions: attribution!.functions() },
  };
}

/** What sizes of objects so aligned are multiples of. */
function multipleOf(alignment: Alignment, line: number): number {
  if (typeof alignment === 'number') return alignment;
  return alignment === 'whole-line' ? line : 4;
}
