/** `slabscope/experiment`: experiments, whole or point by point, and the traces that they replay. */
export { type AttributedResult, attributePoint } from '../lab/experiment/attribute.ts';
export { type PointObserver, runPoint } from '../lab/experiment/point.ts';
export { points } from '../lab/specification/settings.ts';
export {
  type DrawnPart,
  parseSpecification,
  type Specification,
  specificationSchema,
  type WorkloadKey,
} from '../lab/specification/specification.ts';
export type {
  AllocationTrace,
  TouchSummary,
  TraceCache,
  TraceFormat,
  TraceSummary,
} from '../lab/traces/allocation-trace.ts';
export { eachOperation, type Operation, type Operations } from '../lab/traces/operations.ts';
export { readTrace, readTraceBytes } from '../lab/traces/read-trace.ts';
export type { Runs as TouchRuns, Sites as TouchSites, Touches } from '../lab/traces/touches.ts';
export type { WorkloadContext } from '../lab/workloads/workload.ts';
export { type ExperimentOptions, type ExperimentOutcome, runExperiment, type Traces } from './run-experiment.ts';
