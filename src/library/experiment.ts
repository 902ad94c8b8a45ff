/** `slabscope/experiment`: experiments, whole or point by point, and the traces that they replay. */
export { type AttributedResult, type AttributeOptions, attributePoint } from '../lab/experiment/attribute.ts';
export {
  type Finding,
  type FindingKind,
  findingsOf,
  type Layouts as ObjectLayouts,
  type Part as FindingPart,
  type Remedy,
} from '../lab/experiment/culprits.ts';
export { type PointObserver, runPoint } from '../lab/experiment/point.ts';
export {
  layoutsOf,
  type Move as FieldMove,
  type MovedLayout,
  parseTrial,
  type Trial,
} from '../lab/experiment/trial.ts';
export type { Abi } from '../lab/layouts/c-abi.ts';
export type { CacheLayout } from '../lab/layouts/layouts-json.ts';
export type { LayoutSource } from '../lab/layouts/name-fields.ts';
export { type Layouts, readLayouts } from '../lab/layouts/read-layouts.ts';
export type {
  CType as LaidOutType,
  Member,
  Struct as StructLayout,
  Unknown as UnknownLayout,
} from '../lab/layouts/struct-layout.ts';
export { points } from '../lab/specification/settings.ts';
export {
  type Alignment,
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
