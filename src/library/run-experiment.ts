/** A whole experiment in one call, on the thread that calls, in Node and in browsers. */
import { InputError } from '../base/input-error.ts';
import { jsonIn } from '../base/parse-json.ts';
import { sha256 } from '../base/sha256.ts';
import { originOf, traceIn, withPlaces, withProfile, withTraces } from '../lab/experiment/experiment.ts';
import { runPoint } from '../lab/experiment/point.ts';
import { reusedBuffer } from '../lab/experiment/reused-buffer.ts';
import { resultsOf, type TracedFile } from '../lab/results/assemble.ts';
import type { PointResult } from '../lab/results/points.ts';
import type { Results } from '../lab/results/results.ts';
import { points } from '../lab/specification/settings.ts';
import { parseSpecification, placesIn } from '../lab/specification/specification.ts';
import { readTraceBytes } from '../lab/traces/read-trace.ts';
import { knownProfile } from '../lab/traces/touch-profile.ts';
import { resultsChart } from '../report/chart.ts';
import type { Limits } from '../slab/kernel-facts.ts';

/** What a specification may name: the text of a trace or a profile, or the bytes of its file, packed by gzip or not. */
export type Traces = Readonly<Record<string, string | Uint8Array>>;

export interface ExperimentOptions {
  /** What messages call the specification. */
  readonly file?: string;
  readonly traces?: Traces;
  /** Told as each point is done. What it returns is waited for, so that a page may be painted; what it throws ends the run. */
  readonly pointDone?: (result: PointResult, done: number, all: number) => unknown;
}

export interface ExperimentOutcome {
  /** As results.json of `slabscope run` has them, byte for byte once resultsJson() has written them. */
  readonly results: Results;
  /** SVG. */
  readonly picture: string;
}

/** Runs the experiment of a specification in YAML. Bad input is an InputError, as on the command line. */
export async function runExperiment(
  specification: string,
  { file = 'specification', traces = {}, pointDone }: ExperimentOptions = {},
): Promise<ExperimentOutcome> {
  const traced = await withTraces(
    (touches) => parseSpecification(specification, file, touches),
    (name, limits) => tracedFile(name, traces, limits),
    placesIn(specification, file),
  );
  const experiment = withProfile(traced, (name) => {
    const data = given(name, traces);
    return knownProfile(jsonIn(typeof data === 'string' ? data : new TextDecoder().decode(data)), name);
  });
  const all = points(experiment.specification);
  const buffer = reusedBuffer();
  const computed: PointResult[] = [];
  for (const point of all) {
    const run = () => runPoint(experiment.specification, traceIn(experiment, point), point, undefined, buffer);
    computed.push(await withPlaces(experiment, run));
    await pointDone?.(computed.at(-1)!, computed.length, all.length);
  }
  const results = resultsOf(originOf(experiment), computed, sha256);
  return { results, picture: resultsChart(results) };
}

function given(path: string, traces: Traces): string | Uint8Array {
  if (Object.hasOwn(traces, path)) return traces[path];
  const names = Object.keys(traces);
  const remedy = names.length === 0 ? 'give it among `traces`' : `those given are ${names.join(', ')}`;
  throw new InputError(path, 'no such trace was given', remedy);
}

async function tracedFile(path: string, traces: Traces, limits: Limits): Promise<TracedFile> {
  const data = given(path, traces);
  const name = path.split('/').at(-1)!;
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const pieces = isPacked ? unpacked(bytes, name) : only(bytes);
  return { name, sha256: sha256(bytes), trace: await readTraceBytes(pieces, name, limits) };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** By the stream's own reader: not all browsers let one iterate over a stream. */
async function* unpacked(bytes: Uint8Array, name: string): AsyncGenerator<Uint8Array> {
  const packed = new Blob([new Uint8Array(bytes)]).stream();
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new InputError(name, 'gzip data that cannot be unpacked', 'give one whole gzip member, or the text');
    });
    if (done) return;
    yield value;
  }
}
