/** A point with its misses attributed: who owns them, and which lines go from cache to cache. */

import type { Point, PointResult } from '../results/points.ts';
import type { Specification } from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { Attribution, type FieldNames } from '../watch/attribution.ts';
import { runPoint } from './point.ts';

/** As runPoint, with `owners` and `sharing` of the measured part. */
export function attributePoint(
  specification: Specification,
  trace: AllocationTrace | null,
  point: Point,
  fields?: FieldNames,
): Required<Pick<PointResult, 'owners' | 'sharing'>> & PointResult {
  let attribution: Attribution | undefined;
  const result = runPoint(specification, trace, point, {
    poweredOn: () => {},
    measured: (allocator) => {
      attribution = new Attribution(allocator, fields);
    },
  });
  return { ...result, owners: attribution!.owners(), sharing: attribution!.sharing() };
}
