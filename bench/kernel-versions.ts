/** What a newer kernel costs the host: an array hit, and a boot, of 2.6.17 against those of 2.4.22, taken in turn. */

import type { ClassDetail } from '../src/hw/cache/miss-classes.ts';
import type { Program } from '../src/hw/cpu.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB } from '../src/hw/memory.ts';
import { boot } from '../src/slab/boot.ts';
import { assertCount, report, smoke } from './measure.ts';

const OLD = '2.4.22';
const NEW = '2.6.17-g4776874';
const PAIRS = 20_000;
const MEMORY = 64 * MiB;
/** Runs of each in turn; the ratio is that of the medians. */
const TURNS = smoke ? 3 : 41;

export function benchKernelVersions(): void {
  for (const [classes, counted] of [
    ['none', 'counts only'],
    ['all', 'all counters and classes on'],
  ] as const) {
    const pair = `an allocation and a free that the array serves, ${counted}`;
    compare(pair, 1.2, arrayHits(OLD, classes), arrayHits(NEW, classes), PAIRS);
  }
  compare('the boot of a point', 1.5, boots(OLD), boots(NEW), 1);
}

/** Runs both in turn and tells their ratio. */
function compare(what: string, goal: number, older: () => void, newer: () => void, operations: number): void {
  const times: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS + 2; turn++) {
    for (const [i, run] of [older, newer].entries()) {
      const { user } = process.cpuUsage();
      run();
      // The first turns warm up the host.
      if (turn >= 2) times[i]!.push((process.cpuUsage().user - user) / operations);
    }
  }
  const [before, now] = times.map(medianOf) as [number, number];
  const figure = `${tell(now)} against ${tell(before)}, ratio ${(now / before).toFixed(2)}`;
  report(`${what} costs 2.6.17 at most ${goal} times what it costs 2.4.22`, figure, now / before <= goal);
}

const tell = (microseconds: number) =>
  microseconds < 1 ? `${(microseconds * 1000).toFixed(0)} ns` : `${(microseconds / 1000).toFixed(1)} ms`;

function arrayHits(version: string, classes: ClassDetail): () => void {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: MEMORY, classes });
  const allocator = boot(machine, version);
  const { GFP_KERNEL } = allocator.version.gfp;
  const cpu = machine.cpus[0];
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'bench', size: 128 }));
  const pairs = function* (): Program {
    for (let i = 0; i < PAIRS; i++) {
      const objp = yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
      yield* allocator.free(cpu, cachep, objp);
    }
  };
  machine.run(cpu, pairs());
  const { counters } = cpu.l1;
  const before = counters.accesses;
  machine.run(cpu, pairs());
  assertCount(`accesses of a pair of ${version}`, 12, (counters.accesses - before) / PAIRS);
  return () => {
    machine.run(cpu, pairs());
  };
}

/** As points boot: one buffer for all. */
function boots(version: string): () => void {
  const buffer = new ArrayBuffer(MEMORY);
  return () => {
    new Uint8Array(buffer).fill(0);
    boot(
      new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: MEMORY, buffer: () => buffer, classes: 'all' }),
      version,
    );
  };
}

const medianOf = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
