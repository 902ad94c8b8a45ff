/** `slabscope replay TRACE`: the experiment that has this trace, defaults, and nothing to compare. */
import { basename } from 'node:path';
import type { Point, PointResult } from '../lab/results/results.ts';
import { points } from '../lab/specification/settings.ts';
import { limitsOf, specificationFrom } from '../lab/specification/specification.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { inColour } from './colour.ts';
import { computePoints } from './compute.ts';
import { resultsOf } from './run.ts';
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
  const specification = specificationFrom(
    {
      name: basename(path).replace(/[^\w.-]/g, '-'),
      machine: { model: 'pentium-iii', memory },
      workload: { name: 'replay', trace: path },
      alignment: ['line-fraction'],
      colouring: ['on'],
      seeds,
      seed,
    },
    (key) => `--${String(key.at(-1))}`,
  );
  const trace = await readTraceFile(path, limitsOf(specification));
  const computed = new Map<Point, PointResult>();
  const all = points(specification);
  const kept = () => 'a replay keeps no part of its results';
  await computePoints(all, specification, trace.trace, workers, kept, (point, result) => computed.set(point, result));
  const results = resultsOf(
    specification,
    trace,
    all.map((point) => computed.get(point)!),
  );
  print(json === true ? resultsJson(results) : resultsTable(results, { colour: inColour() }).trimEnd());
}
