/** `slabscope status` as a user has it, beside runs that go on, end, and are killed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunRecord, Status } from '../../src/lab/results/run-record.ts';
import { ended, slabscope, startSlabscope } from './slabscope.ts';
import { smallExperiment } from './small-experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-status-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = join(folder, 'out');
let specification: string;
beforeAll(() => {
  specification = smallExperiment(folder, 2);
});

const status = (...args: string[]) => slabscope('status', out, ...args);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('shares that are done, and those that nobody computes; the status says that points are missing', async () => {
  await slabscope('run', specification, '--shard', '1/3', '--workers', '1', '--out', out);
  const { pid } = JSON.parse(readFileSync(join(out, 'run.1-of-3.json'), 'utf8')) as RunRecord;
  const told = await status();
  expect([told.status, told.stderr]).toEqual([1, '']);
  expect(told.stdout).toBe(
    [
      'small: 3 of 8 points are computed, 5 missing',
      '',
      'share   points  computed by',
      `1 of 3  3 of 3  process ${pid} on ${hostname()}`,
      '2 of 3  0 of 3  nobody yet',
      '3 of 3  0 of 2  nobody yet',
      '',
      'missing: touch=init-head,alignment=word,colouring=off,seed=0, and 4 more',
      'nobody computes shares 2,3 now; unless queued (in Slurm with --array=2,3):',
      `  slabscope run ${specification} --out ${out} --shard /3`,
      '',
    ].join('\n'),
  );
}, 60_000);

test('a run without shares computes what is missing; results.json then tells that nothing is', async () => {
  const { stderr } = await slabscope('run', specification, '--workers', '1', '--out', out);
  expect(stderr).toContain('3 of 8 points found');
  expect(readdirSync(out).sort()).toEqual(['points.1-of-3.jsonl', 'points.jsonl', 'results.json', 'small.svg']);
  const { status: code, stdout } = await status();
  expect([code, stdout]).toEqual([0, `small: 8 of 8 points are computed, 0 missing; ${out}/results.json has them\n`]);
}, 60_000);

test('a run that goes on is told, one that was killed is told from it, and who computes the same hears of it', async () => {
  const args = ['run', specification, '--seeds', '300', '--shard', '2/2', '--workers', '1', '--out', out];
  const child = startSlabscope(args);
  const end = ended(child);
  while (!existsSync(join(out, 'points.2-of-2.jsonl'))) await pause(5);
  const stateOf = async () => {
    const { shares } = JSON.parse((await status('--json')).stdout) as Status;
    return shares.map(({ share, run }) => [share?.index ?? 'all', run?.state ?? null]);
  };
  expect(await stateOf()).toEqual([
    [1, null],
    [2, 'running'],
  ]);
  const twin = startSlabscope(args);
  const twinsEnd = ended(twin);
  await pause(100);
  while (JSON.parse(readFileSync(join(out, 'run.2-of-2.json'), 'utf8')).pid !== twin.pid) await pause(5);
  twin.kill('SIGKILL');
  expect((await twinsEnd).stderr).toContain(
    `process ${child.pid} on ${hostname()} computes share 2 of 2 at this time: what it has not done yet is computed twice`,
  );
  child.kill('SIGKILL');
  await end;
  expect(await stateOf()).toEqual([
    [1, null],
    [2, 'killed'],
  ]);
}, 120_000);

test.each<[what: string, make: (path: string) => void, line: RegExp]>([
  ['no folder', () => {}, /no such file; name one that exists$/],
  ['a file', (path) => writeFileSync(path, ''), /is no folder; name that of a run, as results\/NAME$/],
  ['a folder without a run', (path) => mkdirSync(path), /no run has told of itself here; name the folder of a run, /],
  [
    'a damaged record',
    (path) => {
      mkdirSync(path);
      writeFileSync(join(path, 'run.json'), '{"schema":"slabscope-run/1"');
    },
    /run\.json: no record of a run: .+; delete it; the next run writes it anew$/,
  ],
])('%s gives one line that names the place, and status 2', async (what, make, line) => {
  const path = join(folder, what);
  make(path);
  const { status, stdout, stderr } = await slabscope('status', path);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
  expect(stderr.trimEnd()).toMatch(line);
});
