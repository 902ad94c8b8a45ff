/**
 * One point of colouring-models.yaml, warm, against its own accesses put through the machine's caches alone with the same classes;
 * each touch model in a process of its own. Recorded touches are those of a piece of a kernel's, again and again. `warm-point.ts TOUCH` prints both times, in milliseconds, as JSON. The point is timed
 * before its accesses are recorded: CPUs that are observed have other methods, which no point of a sweep meets in its process.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { CacheHierarchy } from '../src/hw/cache/hierarchy.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { MiB } from '../src/hw/memory.ts';
import { observe } from '../src/hw/observe.ts';
import { runPoint } from '../src/lab/experiment/point.ts';
import type { Point } from '../src/lab/results/points.ts';
import { RECORDED } from '../src/lab/results/points.ts';
import { points } from '../src/lab/specification/settings.ts';
import { parseSpecification, type Specification } from '../src/lab/specification/specification.ts';
import type { AllocationTrace } from '../src/lab/traces/allocation-trace.ts';
import { readTrace } from '../src/lab/traces/read-trace.ts';
import { assertCount, medianNanoseconds, report } from './measure.ts';

const file = fileURLToPath(import.meta.url);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const goals = { 'init-all': 1.5, 'init-head': 1.5, 'hot-fields': 1.5, [RECORDED]: 3.3 };
/** Passes through the piece before the one that is counted. */
const PASSES = 40;

export function benchWarmPoint(): void {
  for (const [touch, goal] of Object.entries(goals)) {
    const args = ['--import', 'tsx', file, touch, ...process.argv.slice(2)];
    const { point, bare, accesses } = JSON.parse(execFileSync('node', args, { encoding: 'utf8' })) as Times;
    const ratio = point / bare;
    const figure = `${point.toFixed(1)} ms against ${bare.toFixed(1)} ms for ${accesses} accesses, ratio ${ratio.toFixed(2)}`;
    const what =
      touch === RECORDED ? `${PASSES} passes of recorded touches` : `a warm point of colouring-models.yaml, ${touch}`;
    report(`${what}, at most ${goal} times its own accesses`, figure, ratio <= goal);
  }
}

/** In milliseconds. */
interface Times {
  readonly point: number;
  readonly bare: number;
  readonly accesses: number;
}

/** The experiment, and its trace. */
function experimentOf(touch: string): [Specification, AllocationTrace] {
  const traceIn = (file: string) =>
    readTrace(
      gunzipSync(readFileSync(here(file)))
        .toString()
        .split('\n'),
      file,
    );
  if (touch === RECORDED) {
    const text = `{ name: recorded, machine: { model: pentium-iii }, touch: [recorded], alignment: [line-fraction],
      workload: { name: replay, trace: cut-of-k-pipe.gz, warm_up: ${PASSES} }, seeds: 1 }`;
    return [parseSpecification(text, 'recorded', true), traceIn('../test/lab/touches/data/cut-of-k-pipe.gz')];
  }
  const name = here('../experiments/colouring-models.yaml');
  const specification = { ...parseSpecification(readFileSync(name, 'utf8'), name), seeds: 1, owners: 'off' as const };
  return [specification, traceIn('../examples/tar-extract.ftrace.txt.gz')];
}

async function timesOf(touch: string): Promise<Times> {
  const [specification, trace] = experimentOf(touch);
  const buffer = new ArrayBuffer(64 * MiB);
  const zeroed = () => {
    new Uint8Array(buffer).fill(0);
    return buffer;
  };
  const run = (point: Point) => runPoint(specification, trace, point, undefined, zeroed);
  // As in a worker thread, points of every combination have run before.
  const all = points(specification);
  const chosen = all.find((point) => point.touch === touch && point.alignment === 'line-fraction')!;
  for (const point of all) run(point);

  const { misses } = run(chosen).counts;
  const point = await medianNanoseconds('point', () => assertCount('misses', misses, run(chosen).counts.misses));

  const length = run(chosen).counts.accesses * (touch === RECORDED ? 4 * PASSES : 4);
  const kinds = new Uint8Array(length);
  const cpus = new Uint8Array(length);
  const sizes = new Uint8Array(length);
  const addresses = new Int32Array(length);
  let accesses = 0;
  const poweredOn: NonNullable<Parameters<typeof runPoint>[3]>['poweredOn'] = (machine) => {
    for (const cpu of machine.cpus) {
      observe(cpu, ({ id }, kind, addr, bytes) => {
        kinds[accesses] = ['r', 'w', 'x', 'p'].indexOf(kind);
        cpus[accesses] = id;
        sizes[accesses] = bytes;
        addresses[accesses++] = addr;
      });
    }
  };
  runPoint(specification, trace, chosen, { poweredOn, measured: () => {} });
  const { l1, l2, protocol, cycles: latencies } = cpuModels['pentium-iii'];
  const through = () => {
    const caches = new CacheHierarchy({ l1, l2, protocol, latencies, classes: 'bounds', present: null });
    const l1s = [caches.addL1(), caches.addL1()];
    for (let i = 0; i < accesses; i++) {
      const l1 = l1s[cpus[i]!]!;
      if (kinds[i] === 0) l1.load(addresses[i]!, sizes[i]!);
      else if (kinds[i] === 1) l1.store(addresses[i]!, sizes[i]!);
      else if (kinds[i] === 2) l1.modify(addresses[i]!, sizes[i]!);
      else l1.prefetch(addresses[i]!, false);
    }
  };
  const bare = await medianNanoseconds('accesses', through);
  return { point: point / 1e6, bare: bare / 1e6, accesses };
}

if (process.argv[1] === file) console.log(JSON.stringify(await timesOf(process.argv[2]!)));
