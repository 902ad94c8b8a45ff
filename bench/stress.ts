/** The stress run at length: every invariant after 10^6 operations, the same memory again by seed, and a flat cost. */
import { createHash } from 'node:crypto';
import type { Kernel } from '../src/kernel/kernel.ts';
import { booted } from '../test/machines.ts';
import { stressed } from '../test/slab/linux-2.4/stressed.ts';
import { booted26 } from '../test/slab/linux-2.6.17/booted.ts';
import { stressed26 } from '../test/slab/linux-2.6.17/stressed.ts';
import type { Stress, StressOptions } from '../test/slab/stress.ts';
import { assertStress } from '../test/slab/stress-checks.ts';
import { report, smoke } from './measure.ts';

const OPERATIONS = smoke ? 50_000 : 1_000_000;
const CPUS = 4;
const NODES = 2;

export function benchStress(): void {
  runTwice('2.4.22', (options) => stressed(booted({ cpus: CPUS }), options));
  runTwice('2.6.17', (options) =>
    stressed26(booted26({ cpus: CPUS, nodes: NODES, lockupCycles: 20_000_000 }), options),
  );
}

function runTwice<K extends Kernel>(kernel: string, run: (options: StressOptions) => Stress<K>): void {
  const options = { seed: 'bench', operations: OPERATIONS };
  const times: number[] = [];
  const begin = performance.now();
  const first = run({ ...options, onTenth: () => times.push(performance.now()) });
  const seconds = (performance.now() - begin) / 1000;
  assertStress(first);
  tell(kernel, first, seconds);

  // The first tenth warms up the host: the second and the third against the last two.
  const [start, end] = [times[2]! - times[0]!, times.at(-1)! - times.at(-3)!];
  const growth = end / start;
  const figure = `${((end / OPERATIONS) * 5e6).toFixed(0)} ns an operation, ${growth.toFixed(2)} times the beginning`;
  report(
    `an operation at the end of the stress run of ${kernel} costs at most 1.5 times one at its beginning`,
    figure,
    growth <= 1.5,
  );

  const again = run(options);
  if (digest(again) !== digest(first)) throw new Error('the same stress run by seed left other bytes in memory');
  report(`the stress run of ${kernel} leaves the same memory, byte for byte, when it runs again`, digest(first), true);
}

const digest = <K extends Kernel>({ booted: { machine } }: Stress<K>) =>
  createHash('sha256').update(machine.memory.bytes).digest('hex');

function tell<K extends Kernel>(
  kernel: string,
  { operations, counts, booted: { machine } }: Stress<K>,
  seconds: number,
): void {
  const sum = (of: (counters: (typeof machine.cpus)[number]['counters']) => number) =>
    machine.cpus.reduce((total, { counters }) => total + of(counters), 0);
  const interrupts = sum((counters) => counters.interrupts);
  const own = interrupts - counts.timerInterrupts - counts.deviceInterrupts;
  const cycles = sum((counters) => counters.spinCycles) / sum((counters) => counters.loads + counters.stores);
  const longest = Math.max(...machine.cpus.map(({ counters }) => counters.longestInterruptsOff));
  const { nested, remoteFrees, frees } = counts;
  console.log(
    `       stress of ${kernel}: ${operations} operations in ${seconds.toFixed(1)} s, ${remoteFrees} of ${frees} frees remote; ` +
      `${interrupts} interrupts (${counts.timerInterrupts} timer, ${counts.deviceInterrupts} device, ${own} of the kernel's own, ` +
      `${nested} nested); ${cycles.toFixed(2)} spin cycles an access; interrupts off for ${longest} cycles at most`,
  );
}
