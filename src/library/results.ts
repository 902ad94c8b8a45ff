/** `slabscope/results`: what experiments give: points, measures, comparisons, in the form of results.json. */
export { sha256 } from '../base/sha256.ts';
export {
  type Described,
  identityOf,
  type Origin,
  resultsOf,
  type Sha256,
  type TracedFile,
} from '../lab/results/assemble.ts';
export { type Comparison, compareAll, compareAlong, type OwnerEffect } from '../lab/results/compare.ts';
export type { ClassedMisses, Counts, SetPressure } from '../lab/results/counts.ts';
export {
  type CombinationMeasures,
  type Fraction,
  type Measure,
  type MeasureName,
  measured,
  measures,
} from '../lab/results/measures.ts';
export type { AxisValue, Combination, MissesByRole, Point, PointResult } from '../lab/results/points.ts';
export type { Identity, Results, TraceReport } from '../lab/results/results.ts';
export { resultsJsonSchema, resultsSchema } from '../lab/results/results-schema.ts';
export type { Effect, Estimate, Reading } from '../lab/results/statistics.ts';
