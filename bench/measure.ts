/** Rounds of one benchmark under tinybench, and how results are told. */
import { Bench } from 'tinybench';

export const smoke = process.argv.includes('--smoke');

/** Median nanoseconds of one call of `run`, which is told again and again for `seconds` (a tenth in a smoke run). */
export async function medianNanoseconds(name: string, run: () => void, seconds = 2): Promise<number> {
  const time = (smoke ? 100 : 1000) * seconds;
  const bench = new Bench({ time, warmupTime: time / 4, throws: true });
  bench.add(name, run);
  await bench.run();
  const { result } = bench.tasks[0]!;
  if (!('latency' in result)) throw new Error(`${name} did not run`);
  return result.latency.p50 * 1e6;
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
