/** The stress run at length: every invariant after 10^6 operations, the same memory again by seed, and a flat cost. */
import { createHash } from 'node:crypto';
import type { Kernel } from '../src/kernel/kernel.ts';
import { booted } from '../test/machines.ts';
import { stressed } from '../test/slab/linux-2.4.22/stressed.ts';
import type { Stress } from '../test/slab/stress.ts';
import { assertStress } from '../test/slab/stress-checks.ts';
import { report, smoke } from './measure.ts';

const OPERATIONS = smoke ? 50_000 : 1_000_000;
const CPUS = 4;

export function benchStress(): void {
  const times: number[] = [];
  const begin = performance.now();
  const first = stressOf('bench', OPERATIONS, () => times.push(performance.now()));
  const seconds = (performance.now() - begin) / 1000;
  assertStress(first);
  tell(first, seconds);

  // The first tenth warms up the host: the second and the third against the last two.
  const [start, end] = [times[2]! - times[0]!, times.at(-1)! - times.at(-3)!];
  const growth = end / start;
  const figure = `${((end / OPERATIONS) * 5e6).toFixed(0)} ns an operation, ${growth.toFixed(2)} times the beginning`;
  report(
    'an operation at the end of the stress run costs at most 1.5 times one at its beginning',
    figure,
    growth <= 1.5,
  );

  const again = stressOf('bench', OPERATIONS);
  if (digest(again) !== digest(first)) throw new Error('the same stress run by seed left other bytes in memory');
  report('the stress run leaves the same memory, byte for byte, when it runs again', digest(first), true);
}

function stressOf(seed: string, operations: number, onTenth = () => {}) {
  return stressed(booted({ cpus: CPUS }), { seed, operations, onTenth });
}

const digest = <K extends Kernel>({ booted: { machine } }: Stress<K>) =>
  createHash('sha256').update(machine.memory.bytes).digest('hex');

function tell<K extends Kernel>({ operations, counts, booted: { machine } }: Stress<K>, seconds: number): void {
  const sum = (of: (counters: (typeof machine.cpus)[number]['counters']) => number) =>
    machine.cpus.reduce((total, { counters }) => total + of(counters), 0);
  const interrupts = sum((counters) => counters.interrupts);
  const calls = interrupts - counts.timerInterrupts - counts.deviceInterrupts;
  const cycles = sum((counters) => counters.spinCycles) / sum((counters) => counters.loads + counters.stores);
  const longest = Math.max(...machine.cpus.map(({ counters }) => counters.longestInterruptsOff));
  const { nested, remoteFrees, frees } = counts;
  console.log(
    `       stress: ${operations} operations in ${seconds.toFixed(1)} s, ${remoteFrees} of ${frees} frees remote; ` +
      `${interrupts} interrupts (${counts.timerInterrupts} timer, ${counts.deviceInterrupts} device, ${calls} IPIs, ` +
      `${nested} nested); ${cycles.toFixed(2)} spin cycles an access; interrupts off for ${longest} cycles at most`,
  );
}
