/** `slabscope replay TRACE`: the experiment that has this trace, defaults, and nothing to compare. */
import { originOf, withTraces } from '../lab/experiment/experiment.ts';
import { resultsOf } from '../lab/results/assemble.ts';
import type { Point, PointResult } from '../lab/results/points.ts';
import { points } from '../lab/specification/settings.ts';
import { type PlaceOf, specificationFrom } from '../lab/specification/specification.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { inColour } from './colour.ts';
import { computePoints } from './compute.ts';
import { nameOf, sha256 } from './experiment.ts';
import { readTraceFile } from './trace-file.ts';

export interface ReplayOptions {
  readonly memory?: string;
  readonly seed?: string;
  readonly seeds: number;
  readonly workers?: number;
  readonly json?: boolean;
}

export async function replay(path: string, options: ReplayOptions, print: (line: string) => void): Promise<void> {
  const { memory, seed, seeds, workers, json } = options;
  const placeOf: PlaceOf = (key) => `--${String(key.at(-1))}`;
  const value = {
    name: nameOf(path),
    machine: { model: 'pentium-iii', memory },
    workload: { name: 'replay', trace: path },
    alignment: ['line-fraction'],
    colouring: ['on'],
    seeds,
    seed,
  };
  const parse = (touches?: boolean) => specificationFrom(value, placeOf, touches);
  const experiment = await withTraces(parse, readTraceFile, placeOf);
  const computed = new Map<Point, PointResult>();
  const all = points(experiment.specification);
  const kept = () => 'a replay keeps no part of its results';
  await computePoints(all, experiment, workers, kept, (point, result) => computed.set(point, result));
  const results = resultsOf(
    originOf(experiment),
    all.map((point) => computed.get(point)!),
    sha256,
  );
  print(json === true ? resultsJson(results) : resultsTable(results, { colour: inColour() }).trimEnd());
}
