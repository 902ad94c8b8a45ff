/** How much faster an experiment is on two worker threads than on one, as a user has it: start, trace and reports included. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, smoke } from './measure.ts';

const SEEDS = smoke ? 1 : 10;
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
  const results = [1, 2].map((workers) => run(folder, workers));
  const [one, two] = results.map(({ seconds }) => seconds);
  rmSync(folder, { recursive: true });
  if (results[0]!.json !== results[1]!.json)
    throw new Error('the results depend on the number of workers, or on the run');
  const figure = `${(one! / two!).toFixed(2)} (${one!.toFixed(1)} s and ${two!.toFixed(1)} s)`;
  report(`speed-up on two workers, at least ${GOAL}`, figure, one! / two! >= GOAL);
}

function run(folder: string, workers: number): { seconds: number; json: string } {
  const out = join(folder, String(workers));
  const args = ['run', 'experiments/colouring.yaml', '--seeds', SEEDS, '--workers', workers, '--out', out].map(String);
  const start = performance.now();
  execFileSync('node', [...program, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const seconds = (performance.now() - start) / 1000;
  return { seconds, json: readFileSync(join(out, 'results.json'), 'utf8') };
}
