/** How much faster an experiment is on two worker threads than on one, as a user has it: start, trace and reports included. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, smoke } from './measure.ts';

const SEEDS = smoke ? 1 : 10;
/** Runs of each, in turn; the fastest counts, as whatever else the machine does can only slow a run down. */
const ROUNDS = smoke ? 1 : 2;
const GOAL = 1.8;

const root = new URL('..', import.meta.url).pathname;
/** What is built starts faster, as it need not be compiled in each thread. */
const program = existsSync(join(root, 'dist/cli/main.js'))
  ? ['dist/cli/main.js']
  : ['--import', 'tsx', 'src/cli/main.ts'];

export function benchWorkers(): void {
  if (availableParallelism() < 2) {
    console.log('skipped: speed-up on two workers: this machine has one CPU');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'slabscope-bench-'));
  const runs = Array.from({ length: 2 * ROUNDS }, (_, index) => run(folder, index, 1 + (index % 2)));
  rmSync(folder, { recursive: true });
  if (runs.some(({ json }) => json !== runs[0]!.json))
    throw new Error('the results depend on the number of workers, or on the run');
  const secondsOn = (workers: number) => runs.filter((each) => each.workers === workers).map(({ seconds }) => seconds);
  const [one, two] = [Math.min(...secondsOn(1)), Math.min(...secondsOn(2))];
  const inTurn = runs.map(({ seconds }) => seconds.toFixed(1)).join(', ');
  report(
    `speed-up on two workers, at least ${GOAL}`,
    `${(one / two).toFixed(2)} (seconds on 1, 2, 1, ... workers: ${inTurn})`,
    one / two >= GOAL,
  );
}

function run(folder: string, index: number, workers: number): { workers: number; seconds: number; json: string } {
  const out = join(folder, String(index));
  const args = ['run', 'experiments/colouring-models.yaml', '--seeds', SEEDS, '--workers', workers, '--out', out].map(
    String,
  );
  const start = performance.now();
  execFileSync('node', [...program, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const seconds = (performance.now() - start) / 1000;
  return { workers, seconds, json: readFileSync(join(out, 'results.json'), 'utf8') };
}
