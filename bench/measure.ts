/** Rounds of one benchmark under tinybench, and how results are told. */
import { Bench } from 'tinybench';

export const smoke = process.argv.includes('--smoke');

/** Milliseconds of this process's own time, as the yardstick counts them: what else runs on the host does not. */
const cpuTime = () => process.cpuUsage().user / 1000;

/** Rounds of one benchmark; one in a smoke run. */
const ROUNDS = smoke ? 1 : 5;

/** Median nanoseconds of one call of `run`, over rounds in which it is called for `seconds` (a tenth in a smoke run). */
export async function medianNanoseconds(name: string, run: () => void, seconds = 1): Promise<number> {
  const time = (smoke ? 100 : 1000) * seconds;
  const medians: number[] = [];
  while (medians.length < ROUNDS) {
    const bench = new Bench({ time, warmupTime: medians.length === 0 ? time / 4 : 0, throws: true, now: cpuTime });
    bench.add(name, run);
    await bench.run();
    const { result } = bench.tasks[0]!;
    if (!('latency' in result)) throw new Error(`${name} did not run`);
    medians.push(result.latency.p50 * 1e6);
  }
  return medians.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

const failures: string[] = [];

/** Prints one goal's outcome; a goal missed makes the whole run fail, but in a smoke run, which is too short to tell. */
export function report(goal: string, figure: string, met: boolean): void {
  console.log(`${met ? 'ok    ' : 'MISSED'} ${goal}: ${figure}`);
  if (!met && !smoke) failures.push(goal);
}

/** What the emulator simulated must be just so, however fast. */
export function assertCount(what: string, expected: number, got: number): void {
  if (expected !== got) throw new Error(`${what}: expected ${expected}, simulated ${got}`);
}

export function finish(): void {
  process.exitCode = failures.length === 0 ? 0 : 1;
}
