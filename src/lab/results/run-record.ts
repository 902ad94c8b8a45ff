/** Word that a run leaves of itself beside its store, and what the store lacks by it: who computes what. */
import { z } from 'zod';
import { InputError } from '../../base/input-error.ts';
import { type Combination, combinationOf, type Point } from './points.ts';
import { type KnownResults, wrongKey } from './read-results.ts';
import type { Identity } from './results.ts';

const RUN_SCHEMA = 'slabscope-run/1';

/** Every `of`th point, beginning with the `index`th; from 1. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

export interface RunRecord extends Identity {
  readonly schema: typeof RUN_SCHEMA;
  readonly name: string;
  /** What runs it again, but for share and folder. */
  readonly command: string;
  /** The experiment's points: each combination under each seed, seeds last. */
  readonly combinations: readonly Combination[];
  readonly seeds: number;
  /** Null: all points. */
  readonly share: Share | null;
  readonly host: string;
  readonly pid: number;
  /** What a batch system calls it. */
  readonly job: string | null;
  /** False until the process ends by itself, or by a signal of which it hears. */
  readonly ended: boolean;
}

/** A run, and whether it goes on. */
export interface ToldRun {
  readonly record: RunRecord;
  /** Ended, as it said itself; killed, since its process is gone or silent for too long; else running. */
  readonly state: 'ended' | 'killed' | 'running';
  /** Seconds since it was heard of. */
  readonly silentFor: number;
}

const runRecord = z.looseObject({
  schema: z.literal(RUN_SCHEMA),
  slabscope: z.string(),
  specificationHash: z.string(),
  name: z.string(),
  command: z.string(),
  combinations: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
  seeds: z.int().min(1),
  share: z.object({ index: z.int().min(1), of: z.int().min(1) }).nullable(),
  host: z.string(),
  pid: z.int(),
  job: z.string().nullable(),
  ended: z.boolean(),
});

type Who = Omit<RunRecord, 'schema' | 'combinations' | 'seeds' | 'ended'>;

export function runRecordOf(who: Who, points: readonly Point[]): RunRecord {
  const [first] = points;
  const ofOneSeed = points.filter(({ seed }) => seed === first.seed);
  const seeds = points.length / ofOneSeed.length;
  return { schema: RUN_SCHEMA, ...who, combinations: ofOneSeed.map(combinationOf), seeds, ended: false };
}

/** `file` names the value's file in messages. */
export function checkedRunRecord(value: unknown, file: string): RunRecord {
  const checked = runRecord.safeParse(value);
  if (checked.success) return value as RunRecord;
  throw new InputError(
    file,
    `no record of a run: ${wrongKey(checked.error)}`,
    'delete it; the next run writes it anew',
  );
}

export const pointsOf = ({ combinations, seeds }: RunRecord): Point[] =>
  Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
    combinations.map((combination) => ({ ...combination, seed })),
  );

export const runsOf = ({ slabscope, specificationHash }: Identity, runs: readonly ToldRun[]): ToldRun[] =>
  runs.filter(({ record }) => record.slabscope === slabscope && record.specificationHash === specificationHash);

/** A share of the points, or all of them, as far as they are computed, and who was the last to compute it. */
export interface ShareStatus {
  readonly share: Share | null;
  readonly points: number;
  readonly done: number;
  readonly run: ToldRun | null;
}

/** What a folder has of an experiment. */
export interface Status extends Identity {
  readonly schema: 'slabscope-status/1';
  readonly name: string;
  /** As RunRecord's; null where there are results. */
  readonly command: string | null;
  readonly points: number;
  readonly done: number;
  /** Of the division into shares that was made last; a run of all points stands behind them. */
  readonly shares: readonly ShareStatus[];
  readonly missing: readonly Point[];
}

/** `runs`: of one identity, the one heard of last first, and at least one. `isDone`: whether the store has a point. */
export function statusOf(runs: readonly ToldRun[], isDone: (point: Point) => boolean): Status {
  const [{ record }] = runs;
  const { slabscope, specificationHash, name, command } = record;
  const all = pointsOf(record);
  const statusOfShare = (share: Share | null): ShareStatus => {
    const own = share === null ? all : shareOf(all, share);
    const run = runs.find(({ record: of }) => sameShare(of.share, share)) ?? null;
    return { share, points: own.length, done: own.filter(isDone).length, run };
  };
  const of = runs.find((run) => run.record.share !== null)?.record.share?.of ?? 0;
  const shares = Array.from({ length: of }, (_, i) => statusOfShare({ index: i + 1, of }));
  const whole = runs.some((run) => run.record.share === null) ? [statusOfShare(null)] : [];
  const missing = all.filter((point) => !isDone(point));
  return {
    schema: 'slabscope-status/1',
    ...{ slabscope, specificationHash, name, command },
    ...{ points: all.length, done: all.length - missing.length, shares: [...shares, ...whole], missing },
  };
}

/** Of a folder with results, and no run since. */
export function wholeStatus({ slabscope, specificationHash, name, points }: KnownResults): Status {
  const [counts, nothing] = [
    { points: points.length, done: points.length },
    { shares: [], missing: [] },
  ];
  return { schema: 'slabscope-status/1', slabscope, specificationHash, name, command: null, ...counts, ...nothing };
}

const sameShare = (a: Share | null, b: Share | null): boolean => a?.index === b?.index && a?.of === b?.of;

export const shareOf = <T>(all: readonly T[], { index, of }: Share): T[] => all.filter((_, i) => i % of === index - 1);
