/** `slabscope replay TRACE`: the experiment that has this trace, defaults, and nothing to compare. */
import { basename } from 'node:path';
import { specificationFrom } from '../lab/specification.ts';
import { resultsJson } from '../report/json.ts';
import { resultsTable } from '../report/table.ts';
import { experiment } from './run.ts';
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
  const trace = await readTraceFile(path);
  const results = await experiment(specification, trace, workers, () => 'a replay keeps no part of its results');
  print(json === true ? resultsJson(results) : resultsTable(results).trimEnd());
}
