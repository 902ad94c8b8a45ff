/** `slabscope/watch`: what looks on while programs run, and changes nothing. */
export type {
  FunctionMisses,
  LineAccesses,
  Owner,
  OwnerCounts,
  SharedLine,
  Sharing,
  SharingOrder,
  SharingPair,
  Side as SharingSide,
} from '../lab/results/owners.ts';
export { Attribution, type Field, type FieldNames, type KernelAttributionOptions } from '../lab/watch/attribution.ts';
export { type Anachronisms, type ClockSkew, measureClockSkew, type SkewedAccess } from '../lab/watch/clock-skew.ts';
export { watchHandovers } from '../lab/watch/handovers.ts';
export { unintended } from '../lab/watch/intended-races.ts';
export type { AttributionOptions, Makers as AccessMakers } from '../lab/watch/line-attribution.ts';
export { detectRaces, type Race, type RaceAccess, type RaceDetector, tellRace } from '../lab/watch/race-detector.ts';
