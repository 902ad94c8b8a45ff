/**
 * Does an answer hang on where a boot happened to put things? The main job (experiments/colouring-models.yaml, line-fraction) after k unused
 * caches of 100 bytes were made, which move every descriptor, array and slab that comes later: on fresh kernels, and on
 * established ones. Prints the change of misses by colouring, with its interval: `npm run unused-caches [SEEDS]`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { MiB } from '../src/hw/memory.ts';
import { runPoint } from '../src/lab/experiment/point.ts';
import { compareAlong } from '../src/lab/results/compare.ts';
import type { PointResult } from '../src/lab/results/points.ts';
import { points } from '../src/lab/specification/settings.ts';
import { parseSpecification } from '../src/lab/specification/specification.ts';
import { readTrace } from '../src/lab/traces/read-trace.ts';
import type { SlabAllocator } from '../src/slab/allocator.ts';

const UNUSED = [0, 1, 2, 3, 4, 5, 6, 8];

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const file = here('../experiments/colouring-models.yaml');
const job = parseSpecification(readFileSync(file, 'utf8'), file);
const packed = readFileSync(here('../examples/tar-extract.ftrace.txt.gz'));
const trace = readTrace(gunzipSync(packed).toString().split('\n'), 'tar-extract');

const buffer = new ArrayBuffer(64 * MiB);
const zeroed = () => {
  new Uint8Array(buffer).fill(0);
  return buffer;
};

function makeUnused(allocator: SlabAllocator, count: number): void {
  const { machine } = allocator.kernel;
  const [cpu] = machine.cpus;
  for (let i = 0; i < count; i++) machine.run(cpu!, allocator.create(cpu!, { name: `unused-${i}`, size: 100 }));
}

function resultsOf(history: 'fresh' | 'established', seeds: number, count: number): PointResult[] {
  const one = { alignment: 'line-fraction', interference: 0, owners: 'off' } as const;
  const specification = { ...job, ...one, history, seeds };
  const observer = {
    poweredOn: () => {},
    booted: (allocator: SlabAllocator) => makeUnused(allocator, count),
    measured: () => {},
  };
  return points(specification).map((point) => runPoint(specification, trace, point, observer, zeroed));
}

const percent = (share: number) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)}`;

for (const history of ['fresh', 'established'] as const) {
  console.log(`\n${history}: change of misses by colouring in percent, and its interval, after k unused caches`);
  for (const count of UNUSED) {
    const results = resultsOf(history, Number(process.argv[2] ?? 10), count);
    const effects = compareAlong(results, 'colouring', 'off').map(
      ({ fixed, effects: { misses } }) =>
        `${fixed.touch} ${percent(misses!.value)} [${(misses!.interval ?? []).map(percent).join(', ')}]`,
    );
    console.log(`k = ${count}: ${effects.join('  ')}`);
  }
}
